//! Why a verb ended early: what is said on standard error, and the exit code.

use std::fmt::{self, Display};
use std::io::{self, Write as _};
use std::process::ExitCode;

use posix_mqueue::Error;

use crate::exit_code::Code;
use crate::sanitize;

/// How every verb ends.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// A sentence and its exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    code: Code,
    text: String,
}

impl Failure {
    pub(crate) fn new(code: Code, text: impl Display) -> Self {
        Self { code, text: text.to_string() }
    }

    pub(crate) fn usage(text: impl Display) -> Self {
        Self::new(Code::Usage, text)
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// Says it, and gives the code for the shell.
    pub(crate) fn report(self) -> ExitCode {
        // Where nobody can be told, the code is all there is.
        let _ = writeln!(io::stderr(), "mqctl: {}", sanitize::line(&self.text));
        ExitCode::from(self.code as u8)
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sanitize::line(&self.text))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let sending = error.call().contains("send");
        let code = match error.kind() {
            _ if error.is_limit() => Code::Limit,
            // Without a name it is the directory of all queues that is not there.
            io::ErrorKind::NotFound if error.name().is_some() => Code::NotFound,
            io::ErrorKind::TimedOut => Code::TimedOut,
            io::ErrorKind::WouldBlock if sending => Code::Full,
            io::ErrorKind::WouldBlock => Code::Empty,
            io::ErrorKind::PermissionDenied | io::ErrorKind::AlreadyExists => Code::Refused,
            _ => Code::Failed,
        };
        let text = match error.name() {
            Some(name) => format!("{}: {}", sanitize::name(name), error.message()),
            None => error.message(),
        };
        Self { code, text }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(Code::Failed, error)
    }
}
