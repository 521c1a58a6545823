//! Which limit refused a call, with its value and the remedy. Looked up after the refusal.

use std::fs;

use super::charge::{self, charge};
use super::current::{default_capacity, default_message_size, sysctl};
use super::remedy::{Limit, Remedy};
use crate::error::{Error, Result};
use crate::sys::{self, Resource};

/// The sizes of a new queue as `mq_open` takes them, `None` for the kernel's own defaults.
///
/// The kernel takes both or neither. If only one is given, the other is looked up.
pub(crate) fn sizes(
    capacity: Option<usize>,
    message_size: Option<usize>,
) -> Result<Option<(usize, usize)>> {
    Ok(match (capacity, message_size) {
        (None, None) => None,
        (Some(capacity), Some(size)) => Some((capacity, size)),
        (Some(capacity), None) => Some((capacity, default_message_size().map_err(needs_both)?)),
        (None, Some(size)) => Some((default_capacity().map_err(needs_both)?, size)),
    })
}

/// Returns the `EINVAL` that the kernel gives for one size without the other. The errno of the file in
/// `/proc` would be read as an error of the queue.
fn needs_both(unread: Error) -> Error {
    if matches!(unread.raw_os_error(), sys::EMFILE | sys::ENFILE) {
        return explain_open(unread).with_call("mq_open");
    }
    Error::from_errno("mq_open", sys::EINVAL).with_explanation(format!(
        "only one of maxmsg and msgsize is given, and the default of the other cannot be read \
         ({}); give both, or mount /proc",
        unread.message(),
    ))
}

/// Adds to an error of `mq_open` the limit that was reached, with the numbers.
///
/// Only after the call failed: a process with `CAP_SYS_RESOURCE` may exceed some of the limits.
pub(crate) fn explain_create(error: Error, sizes: Option<(usize, usize)>) -> Error {
    let error = explain_open(error);
    match (error.raw_os_error(), sizes) {
        _ if error.is_limit() => error,
        (sys::EINVAL, Some((0, _) | (_, 0))) => {
            error.with_explanation("a queue holds 1 message of 1 byte at least")
        }
        (sys::EINVAL, Some(sizes)) => match too_large(sizes) {
            Some(why) => error.with_limit(why),
            None => error,
        },
        (sys::EMFILE, sizes) => error.with_limit(too_many_bytes(sizes)),
        (sys::ENOSPC, _) => error.with_limit(too_many_queues()),
        _ => error,
    }
}

/// Explains an error of opening an existing file: only the limit on descriptors applies.
pub(crate) fn explain_open(error: Error) -> Error {
    if error.raw_os_error() != sys::EMFILE || !is_out_of_descriptors() {
        return error;
    }
    let (soft, hard) = sys::getrlimit(Resource::Descriptors).unwrap_or((0, 0));
    let double = soft.saturating_mul(2);
    // Up to the hard limit, if the soft limit is lower: this user can do that.
    let to = if soft < hard { double.min(hard) } else { double };
    error.with_limit(format!(
        "this process has as many descriptors open as RLIMIT_NOFILE allows ({soft}); close some, \
         or raise it with {}",
        Remedy::rlimit(Resource::Descriptors, to, hard),
    ))
}

/// Lists each size that exceeds its sysctl, with one remedy for all of them. A sysctl that cannot be
/// read is assumed to be the cause.
fn too_large((capacity, message_size): (usize, usize)) -> Option<String> {
    let (mut exceeded, mut remedy) = (Vec::new(), Vec::new());
    for (what, asked, limit) in [
        ("maxmsg", capacity as u64, Limit::MaxCapacity),
        ("msgsize", message_size as u64, Limit::MaxMessageSize),
    ] {
        let max = sysctl(limit).ok();
        if max.is_some_and(|max| asked <= max as u64) {
            continue;
        }
        let text = format!("{what} {asked} exceeds {} ({})", limit.name(), in_words(max));
        exceeded.push(if asked > limit.ceiling() {
            format!("{text}, and the kernel's own ceiling is {}", limit.ceiling())
        } else {
            remedy.push((limit, asked));
            text
        });
    }
    let raise = match remedy.len() {
        0 => String::new(),
        1 => format!("; raise it with {}", Remedy::sysctl(&remedy)),
        _ => format!("; raise both with {}", Remedy::sysctl(&remedy)),
    };
    (!exceeded.is_empty()).then(|| exceeded.join("; ") + &raise)
}

fn too_many_bytes(sizes: Option<(usize, usize)>) -> String {
    let (max, hard) = sys::getrlimit(Resource::QueueBytes).unwrap_or((0, 0));
    let (capacity, message_size) = sizes.unwrap_or_else(|| {
        // The kernel's own defaults, if /proc cannot be read.
        (default_capacity().unwrap_or(10), default_message_size().unwrap_or(8192))
    });
    let needed = charge(capacity, message_size);
    // Other processes of the user may use more than this process's limit, so the remedy goes up to
    // the hard limit.
    let to = if max < hard && needed <= hard { hard } else { hard.saturating_add(needed) };
    format!(
        "RLIMIT_MSGQUEUE: {}; unlink some, ask for less, or raise the limit with {}",
        charge::refused(max, capacity, message_size),
        Remedy::rlimit(Resource::QueueBytes, to, hard),
    )
}

fn too_many_queues() -> String {
    let max = sysctl(Limit::MaxQueues).ok();
    let to = (max.unwrap_or(0) as u64).saturating_mul(2).max(256).min(Limit::MaxQueues.ceiling());
    format!(
        "there are as many queues as {} allows ({}); unlink some, or raise it with {}",
        Limit::MaxQueues.name(),
        in_words(max),
        Remedy::sysctl(&[(Limit::MaxQueues, to)]),
    )
}

fn in_words(sysctl: Option<usize>) -> String {
    sysctl.map_or_else(|| "which /proc does not tell".to_owned(), |value| value.to_string())
}

/// `EMFILE` stands for two limits. If the descriptors are used up, no other file can be opened either.
fn is_out_of_descriptors() -> bool {
    fs::File::open("/").is_err_and(|e| e.raw_os_error() == Some(sys::EMFILE))
}
