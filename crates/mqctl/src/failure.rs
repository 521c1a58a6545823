//! Why a verb ended early: what is said on standard error, and the exit code.

use std::fmt::{self, Display};
use std::io::{self, Write as _};
use std::process::ExitCode;

use posix_mqueue::{Error, QueueName};
use signal_hook::consts::SIGPIPE;
use signal_hook::low_level::emulate_default_handler;

use crate::exit_code::Code;
use crate::sanitize;

/// How every verb ends.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// A sentence and its exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    code: Code,
    /// Empty once it is said.
    text: String,
    /// Nobody reads standard output any more, and nobody is told.
    unread: bool,
}

impl Failure {
    pub(crate) fn new(code: Code, text: impl Display) -> Self {
        Self { code, text: text.to_string(), unread: false }
    }

    /// With the name of the queue before the sentence.
    pub(crate) fn about(name: &QueueName, code: Code, text: impl Display) -> Self {
        Self::new(code, format!("{}: {text}", sanitize::name(name.as_os_str())))
    }

    pub(crate) fn usage(text: impl Display) -> Self {
        Self::new(Code::Usage, text)
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// Says it now, and only now.
    pub(crate) fn said(mut self) -> Self {
        if !self.text.is_empty() && !self.unread {
            say(&self.text);
            self.text.clear();
        }
        self
    }

    /// Says it, and gives the code for the shell.
    pub(crate) fn report(self) -> ExitCode {
        if self.unread {
            // As a program that does not ignore the signal. It returns only if that fails.
            let _ = emulate_default_handler(SIGPIPE);
        }
        ExitCode::from(self.said().code as u8)
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
            Some(name) => format!("{}: {}", sanitize::name(name), why(&error)),
            None => why(&error),
        };
        Self::new(code, text)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let unread = error.kind() == io::ErrorKind::BrokenPipe;
        Self { unread, ..Self::new(Code::Failed, error) }
    }
}

/// What the library knows of it. That a file is missing is no help to who asked for a queue.
pub(crate) fn why(error: &Error) -> String {
    match error.explanation() {
        Some(why) if error.kind() == io::ErrorKind::NotFound => why.to_owned(),
        None if error.kind() == io::ErrorKind::NotFound => "there is no queue of this name".into(),
        _ => error.message(),
    }
}

/// A remark on standard error.
pub(crate) fn say(text: &str) {
    // Where nobody can be told, the code is all there is.
    let _ = writeln!(io::stderr(), "mqctl: {}", sanitize::line(text));
}
