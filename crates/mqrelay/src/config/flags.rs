//! Routes of the command line.

use posix_mqueue::QueueName;

use super::defaults::{self, BATCH, IN_FLIGHT, JOURNAL_SIZE};
use super::route::{InRoute, OutRoute, Sync};
use super::subject::{check_subject, expanded, token};
use crate::error::{Error, Result, Within};

pub(super) fn out_flag(flag: &str, host: &str, stream: &str) -> Result<OutRoute> {
    let (queue, subject) = flag.split_once('=').unwrap_or((flag, ""));
    let place = format!("--out {flag}");
    let queue = QueueName::new(queue).within(&place)?;
    let name = token(queue.as_os_str().as_encoded_bytes().get(1..).unwrap_or_default());
    let subject = if subject.is_empty() {
        defaults::out_subject(host, &name)
    } else {
        expanded(subject, host)
    };
    check_subject(&subject, false).map_err(|error| error.within(&place))?;
    Ok(OutRoute {
        name,
        queue,
        subject,
        stream: stream.to_owned(),
        in_flight: IN_FLIGHT,
        journal_size: JOURNAL_SIZE,
        sync: Sync::default(),
    })
}

pub(super) fn in_flag(flag: &str, host: &str, stream: &str) -> Result<InRoute> {
    let place = format!("--in {flag}");
    let Some((queue, subject)) = flag.split_once('=') else {
        return Err(Error::new("a subject is missing: QUEUE=SUBJECT").within(place));
    };
    let queue = QueueName::new(queue).within(&place)?;
    let name = token(queue.as_os_str().as_encoded_bytes().get(1..).unwrap_or_default());
    let subject = expanded(subject, host);
    check_subject(&subject, true).map_err(|error| error.within(&place))?;
    Ok(InRoute {
        queue,
        stream: stream.to_owned(),
        consumer: defaults::consumer(host, &name),
        subject,
        dead_letter: defaults::dead_letter(host, &name),
        batch: BATCH,
        priority: 0,
        name,
    })
}
