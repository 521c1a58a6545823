//! Names and subjects: those of flags, those that follow from others, and which clash.

use std::collections::BTreeSet;

use posix_mqueue::QueueName;

use crate::error::{Error, Result, Within};
use crate::route::{InRoute, OutRoute, Sync, covers};

/// The stream of dead letters, where it is made here.
pub(super) const DEAD_LETTERS: &str = "MQ-DEAD";
/// What a route has where the file does not say.
pub(super) const IN_FLIGHT: usize = 512;
pub(super) const JOURNAL_SIZE: u64 = 256 << 20;
pub(super) const BATCH: usize = 256;

pub(super) fn out_flag(flag: &str, host: &str, stream: &str) -> Result<OutRoute> {
    let (queue, subject) = flag.split_once('=').unwrap_or((flag, ""));
    let place = format!("--out {flag}");
    let queue = QueueName::new(queue).within(&place)?;
    let name = token(queue.as_os_str().as_encoded_bytes().get(1..).unwrap_or_default());
    let subject =
        if subject.is_empty() { out_subject(host, &name) } else { expanded(subject, host) };
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
        consumer: consumer(host, &name),
        subject,
        dead_letter: dead_letter(host, &name),
        batch: BATCH,
        priority: 0,
        name,
    })
}

pub(super) fn out_subject(host: &str, route: &str) -> String {
    format!("mq.{}.{}", token(host.as_bytes()), token(route.as_bytes()))
}

pub(super) fn consumer(host: &str, route: &str) -> String {
    format!("{}-{}", token(host.as_bytes()), token(route.as_bytes()))
}

pub(super) fn dead_letter(host: &str, route: &str) -> String {
    format!("mq-dead.{}.{}", token(host.as_bytes()), token(route.as_bytes()))
}

/// Puts the host's name in place of `{host}`.
pub(super) fn expanded(subject: &str, host: &str) -> String {
    subject.replace("{host}", &token(host.as_bytes()))
}

/// What may be one word of a subject, and a file's name.
fn token(bytes: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    bytes.iter().map(|byte| if plain(byte) { char::from(*byte) } else { '_' }).collect()
}

pub(super) fn check_subject(subject: &str, wildcards: bool) -> Result<()> {
    let count = subject.split('.').count();
    let is_word = |(index, word): (usize, &str)| match word {
        "*" => wildcards,
        ">" => wildcards && index + 1 == count,
        _ => {
            let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"*>".contains(c);
            !word.is_empty() && word.chars().all(plain)
        }
    };
    if subject.split('.').enumerate().all(is_word) {
        return Ok(());
    }
    let wild = if wildcards { "" } else { " and no * or >" };
    Err(Error::new(format!("subject = {subject:?} must be words with dots between them{wild}")))
}

/// Names of streams and consumers are parts of subjects and of the server's file names; those of
/// routes are labels of metrics.
pub(super) fn check_name(key: &str, name: &str) -> Result<()> {
    if name.is_empty()
        || name.contains(|c: char| c.is_whitespace() || c.is_control() || ".*>/\\\"".contains(c))
    {
        return Err(Error::new(format!(
            "{key} = {name:?} must not be empty or hold spaces, dots, slashes, quotes, * or >"
        )));
    }
    Ok(())
}

/// No two routes may have a directory, a queue to take from, or a consumer in common, or carry the
/// same messages round and round.
pub(super) fn check_distinct(out: &[OutRoute], inward: &[InRoute]) -> Result<()> {
    let mut seen = BTreeSet::new();
    let mut once = |route: String, what: String| {
        let clash = Error::new(format!("another route has {what} already")).within(route);
        if seen.insert(what) { Ok(()) } else { Err(clash) }
    };
    for route in out {
        let place = format!("route out.{}", route.name);
        once(place.clone(), format!("the name out.{}", route.name))?;
        once(place, format!("the queue {:?} to take from", route.queue))?;
    }
    for route in inward {
        let place = format!("route in.{}", route.name);
        once(place.clone(), format!("the name in.{}", route.name))?;
        once(place, format!("the consumer {} of stream {}", route.consumer, route.stream))?;
    }
    for (from, to) in out.iter().flat_map(|from| inward.iter().map(move |to| (from, to))) {
        let is_back = to.subject.is_empty() || covers(&to.subject, &from.subject);
        if from.queue == to.queue && from.stream == to.stream && is_back {
            let words =
                format!("it would bring back to {:?} what out.{} takes", to.queue, from.name);
            return Err(Error::new(words).within(format!("route in.{}", to.name)));
        }
    }
    Ok(())
}
