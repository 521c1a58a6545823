//! How to raise a limit. Only this file gives that advice, for the library and its users.

use std::fmt;

use crate::sys::Resource;

/// A limit of [`Limits`](crate::Limits) that can be raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// `fs.mqueue.msg_default`.
    DefaultCapacity,
    /// `fs.mqueue.msg_max`.
    MaxCapacity,
    /// `fs.mqueue.msgsize_default`.
    DefaultMessageSize,
    /// `fs.mqueue.msgsize_max`.
    MaxMessageSize,
    /// `fs.mqueue.queues_max`.
    MaxQueues,
    /// `RLIMIT_MSGQUEUE`, in bytes.
    MaxBytes,
}

impl Limit {
    /// Returns the name that the system gives the limit.
    ///
    /// ```
    /// assert_eq!(posix_mqueue::Limit::MaxCapacity.name(), "fs.mqueue.msg_max");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DefaultCapacity => "fs.mqueue.msg_default",
            Self::MaxCapacity => "fs.mqueue.msg_max",
            Self::DefaultMessageSize => "fs.mqueue.msgsize_default",
            Self::MaxMessageSize => "fs.mqueue.msgsize_max",
            Self::MaxQueues => "fs.mqueue.queues_max",
            Self::MaxBytes => "RLIMIT_MSGQUEUE",
        }
    }

    /// Returns the highest value that the kernel accepts.
    ///
    /// ```
    /// assert_eq!(posix_mqueue::Limit::MaxCapacity.ceiling(), 65_536);
    /// ```
    #[must_use]
    pub fn ceiling(self) -> u64 {
        match self {
            Self::DefaultCapacity | Self::MaxCapacity => 65_536,
            Self::DefaultMessageSize | Self::MaxMessageSize => 16 * 1024 * 1024,
            Self::MaxQueues => i32::MAX.unsigned_abs().into(),
            Self::MaxBytes => u64::MAX,
        }
    }
}

/// How to raise a limit, from [`Limits::remedy`](crate::Limits::remedy).
///
/// Its text names the user who may do that, and covers containers, systemd units and logins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remedy {
    /// The command to run on this machine.
    pub command: String,
    text: String,
}

impl Remedy {
    /// Sets sysctls, each to a value.
    pub(crate) fn sysctl(values: &[(Limit, u64)]) -> Self {
        let values: Vec<_> =
            values.iter().map(|(limit, value)| format!("{}={value}", limit.name())).collect();
        let command = format!("sysctl -w {}", values.join(" "));
        let options = values.join(" --sysctl ");
        let text =
            format!("`{command}` as root, or for a container `docker run --sysctl {options}`");
        Self { command, text }
    }

    /// Raises a limit of a process with this hard limit.
    pub(crate) fn rlimit(resource: Resource, to: u64, hard: u64) -> Self {
        let (letter, name) = match resource {
            Resource::QueueBytes => ('q', "msgqueue"),
            Resource::Descriptors => ('n', "nofile"),
        };
        if to <= hard {
            // Without -S, the command would lower the hard limit too, and for good.
            let command = match to {
                u64::MAX => format!("ulimit -S -{letter} unlimited"),
                _ => format!("ulimit -S -{letter} {to}"),
            };
            let text = format!("`{command}` in the shell that starts this program");
            return Self { command, text };
        }
        let command = format!("prlimit --pid PID --{name}={to}");
        let text = format!(
            "`{command}` as root of the host, `Limit{}={to}` in a systemd unit, `docker run \
             --ulimit {name}={to}`, or `USER - {name} {to}` in /etc/security/limits.conf",
            name.to_ascii_uppercase()
        );
        Self { command, text }
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
