//! The text of a queue's file: the bytes in the queue, and the registration.

use crate::attributes::Attributes;

/// The depth and the registration of a queue. Source: `mq_getattr(3)`, `mq_overview(7)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Details {
    /// Its sizes and the number of its messages. `nonblocking` belongs to a descriptor, not to the
    /// queue, and is false here.
    pub attributes: Attributes,
    /// The bytes of all its messages together (`QSIZE`).
    pub bytes: u64,
    /// The registered process, if there is one. There can be only one.
    pub registration: Option<Registration>,
}

/// A registration by `mq_notify(3)`: which process, and how the kernel notifies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Registration {
    /// How the kernel notifies the process.
    pub method: NotifyMethod,
    /// The process, `None` if it is outside of this pid namespace.
    pub pid: Option<u32>,
}

/// The kind of a [`Notification`](crate::Notification), as other processes see it: `sigev_notify` in
/// `sigevent(3type)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum NotifyMethod {
    /// No notification (`SIGEV_NONE`).
    Silent,
    /// By a signal (`SIGEV_SIGNAL`).
    Signal {
        /// 1 to 64, or 0, which the kernel accepts and never sends.
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
    // All zero means no registration. A process without a number here still shows in the others.
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
    fn all_zero_means_no_registration() {
        assert_eq!(parse("QSIZE:7 NOTIFY:0 SIGNO:0 NOTIFY_PID:0\n"), Some((7, None)));
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "QSIZE:", "QSIZE:1 NOTIFY:0", "QSIZE:1 NOTIFY:9 SIGNO:0 NOTIFY_PID:0"] {
            assert_eq!(parse(text), None);
        }
    }
}
