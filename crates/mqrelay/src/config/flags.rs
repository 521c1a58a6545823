//! Routes from `--out` and `--in`.

use posix_mqueue::QueueName;

use super::defaults::{self, BATCH, IN_FLIGHT, JOURNAL_SIZE};
use super::route::{InboundRoute, OutboundRoute, SyncPolicy};
use super::subject::{check_subject, expand_host, token};
use crate::error::{Error, Result, ResultExt};

pub(super) fn outbound_flag(flag: &str, host: &str, stream: &str) -> Result<OutboundRoute> {
    let (queue, subject) = flag.split_once('=').unwrap_or((flag, ""));
    let location = format!("--out {flag}");
    let queue = QueueName::new(queue).context(&location)?;
    let name = token(queue.as_os_str().as_encoded_bytes().get(1..).unwrap_or_default());
    let subject = if subject.is_empty() {
        defaults::outbound_subject(host, &name)
    } else {
        expand_host(subject, host)
    };
    check_subject(&subject, false).map_err(|error| error.context(&location))?;
    Ok(OutboundRoute {
        name,
        queue,
        subject,
        stream: stream.to_owned(),
        in_flight: IN_FLIGHT,
        journal_size: JOURNAL_SIZE,
        sync: SyncPolicy::default(),
    })
}

pub(super) fn inbound_flag(flag: &str, host: &str, stream: &str) -> Result<InboundRoute> {
    let location = format!("--in {flag}");
    let Some((queue, subject)) = flag.split_once('=') else {
        return Err(Error::new("the subject is missing; give QUEUE=SUBJECT").context(location));
    };
    let queue = QueueName::new(queue).context(&location)?;
    let name = token(queue.as_os_str().as_encoded_bytes().get(1..).unwrap_or_default());
    let subject = expand_host(subject, host);
    check_subject(&subject, true).map_err(|error| error.context(&location))?;
    Ok(InboundRoute {
        queue,
        stream: stream.to_owned(),
        consumer: defaults::consumer_name(host, &name),
        subject,
        dead_letter: defaults::dead_letter_subject(host, &name),
        batch: BATCH,
        priority: 0,
        name,
    })
}
