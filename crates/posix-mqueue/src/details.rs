//! What the text of a queue's file says: the bytes in the queue, and who is registered.

use crate::attributes::Attributes;

/// What a queue holds and who is registered for it. Source: `mq_getattr(3)`, `mq_overview(7)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Details {
    /// Its sizes and the number of its messages. `nonblocking` belongs to a descriptor, not to the
    /// queue, and is false here.
    pub attributes: Attributes,
    /// The bytes of all its messages together (`QSIZE`).
    pub bytes: u64,
    /// The process that waits to be notified, if one does. There can be one only.
    pub registration: Option<Registration>,
}

/// Who has `mq_notify(3)` tell of a message that arrives, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Registration {
    /// How the kernel is to tell.
    pub method: NotifyMethod,
    /// The process, `None` for one outside of this pid namespace.
    pub pid: Option<u32>,
}

/// The ways of [`Notification`](crate::Notification), as another process sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum NotifyMethod {
    /// Not at all (`SIGEV_NONE`).
    Silent,
    /// By a signal (`SIGEV_SIGNAL`).
    Signal {
        /// 1 to 64, or 0, which the kernel takes and never sends.
        number: i32,
    },
    /// By a callback (`SIGEV_THREAD`).
    Thread,
}

/// The bytes and the registration from the text that a queue's file has:
/// `QSIZE:129 NOTIFY:2 SIGNO:0 NOTIFY_PID:8260`, padded.
pub(crate) fn parse(text: &str) -> Option<(u64, Option<Registration>)> {
    let mut fields = text.split_ascii_whitespace();
    let mut field = |key| fields.next()?.strip_prefix(key)?.strip_prefix(':');
    let bytes = field("QSIZE")?.parse().ok()?;
    let notify = field("NOTIFY")?.parse().ok()?;
    let number = field("SIGNO")?.parse().ok()?;
    let pid = field("NOTIFY_PID")?.parse().ok()?;
    let method = match notify {
        libc::SIGEV_SIGNAL => NotifyMethod::Signal { number },
        libc::SIGEV_NONE => NotifyMethod::Silent,
        libc::SIGEV_THREAD => NotifyMethod::Thread,
        _ => return None,
    };
    // All zero means nobody. A process that has no number here still shows in the others.
    let registered = (notify, number, pid) != (0, 0, 0);
    let pid = (pid != 0).then_some(pid);
    Some((bytes, registered.then_some(Registration { method, pid })))
}

#[cfg(test)]
mod tests {
    use super::{NotifyMethod, Registration, parse};

    #[test]
    fn every_kind_of_registration_is_read() {
        let pid = Some(9);
        for (text, method) in [
            ("QSIZE:7 NOTIFY:1 SIGNO:0 NOTIFY_PID:9\n", NotifyMethod::Silent),
            ("QSIZE:7 NOTIFY:2 SIGNO:0 NOTIFY_PID:9\n", NotifyMethod::Thread),
            ("QSIZE:7 NOTIFY:0 SIGNO:0 NOTIFY_PID:9\n", NotifyMethod::Signal { number: 0 }),
            (
                "QSIZE:7          NOTIFY:0     SIGNO:10    NOTIFY_PID:9     \n",
                NotifyMethod::Signal { number: 10 },
            ),
        ] {
            assert_eq!(parse(text), Some((7, Some(Registration { method, pid }))));
        }
    }

    #[test]
    fn registration_from_another_pid_namespace_has_no_pid() {
        for (text, method) in [
            ("QSIZE:0 NOTIFY:1 SIGNO:0 NOTIFY_PID:0\n", NotifyMethod::Silent),
            ("QSIZE:0 NOTIFY:0 SIGNO:10 NOTIFY_PID:0\n", NotifyMethod::Signal { number: 10 }),
        ] {
            let registration = Registration { method, pid: None };
            assert_eq!(parse(text), Some((0, Some(registration))));
        }
    }

    #[test]
    fn nobody_is_registered_where_all_is_zero() {
        assert_eq!(parse("QSIZE:7 NOTIFY:0 SIGNO:0 NOTIFY_PID:0\n"), Some((7, None)));
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "QSIZE:", "QSIZE:1 NOTIFY:0", "QSIZE:1 NOTIFY:9 SIGNO:0 NOTIFY_PID:0"] {
            assert_eq!(parse(text), None);
        }
    }
}
