//! Why a verb ended early: what is said on standard error, and what the shell is told.

pub(crate) mod exit_code;
pub(crate) mod operands;
pub(crate) mod signals;

use std::fmt::{self, Display};
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use posix_mqueue::{Error, QueueName};
use signal_hook::consts::SIGPIPE;
use signal_hook::low_level::emulate_default_handler;

use crate::display::sanitize;
use crate::failure::exit_code::Code;

/// How every verb ends.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// A sentence, and how the program ends.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    /// Empty where nothing needs to be said, or once it is said.
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Code(Code),
    Signal(i32),
}

impl Failure {
    pub(crate) fn new(code: Code, text: impl Display) -> Self {
        Self { exit: Exit::Code(code), text: text.to_string() }
    }

    /// With the name of the queue before the sentence.
    pub(crate) fn for_queue(name: &QueueName, code: Code, text: impl Display) -> Self {
        Self::new(code, format!("{}: {text}", sanitize::name(name.as_os_str())))
    }

    /// What is wrong with a file.
    pub(crate) fn for_file(path: &Path, text: impl Display) -> Self {
        let text = text.to_string();
        Self::new(
            Code::Other,
            format!("{}: {}", sanitize::name(path.as_os_str()), strip_os_error(&text)),
        )
    }

    pub(crate) fn usage(text: impl Display) -> Self {
        Self::new(Code::Usage, text)
    }

    /// To end as this signal ends a program: shells see it, and nothing needs to be said.
    pub(crate) fn by_signal(signal: i32) -> Self {
        Self { exit: Exit::Signal(signal), text: String::new() }
    }

    /// The same end, with this said as well.
    pub(crate) fn with_context(mut self, text: impl Display) -> Self {
        let separator = if self.text.is_empty() { "" } else { "; " };
        self.text = format!("{}{separator}{text}", self.text);
        self
    }

    /// The same said, and this code for the shell.
    pub(crate) fn with_code(self, code: Code) -> Self {
        Self { exit: Exit::Code(code), ..self }
    }

    pub(crate) fn has_code(&self, code: Code) -> bool {
        self.exit == Exit::Code(code)
    }

    /// Says it now, and only now.
    pub(crate) fn print(mut self) -> Self {
        if !self.text.is_empty() {
            warn(&self.text);
            self.text.clear();
        }
        self
    }

    /// Says it, and ends as it says: by the signal here, by the code that `main` returns.
    pub(crate) fn report(self) -> ExitCode {
        match self.print().exit {
            Exit::Code(code) => ExitCode::from(code as u8),
            Exit::Signal(signal) => {
                // It returns only for a signal that does not end programs.
                let _ = emulate_default_handler(signal);
                ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
            }
        }
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
            _ if error.is_limit() => Code::LimitExceeded,
            // Without a name it is the directory of all queues that is not there.
            io::ErrorKind::NotFound if error.name().is_some() => Code::NotFound,
            io::ErrorKind::TimedOut => Code::TimedOut,
            io::ErrorKind::WouldBlock if sending => Code::Full,
            io::ErrorKind::WouldBlock => Code::Empty,
            io::ErrorKind::PermissionDenied | io::ErrorKind::AlreadyExists => Code::Refused,
            _ => Code::Other,
        };
        let why = match code {
            Code::Empty => "the queue is empty".to_owned(),
            Code::Full => "the queue is full".to_owned(),
            Code::TimedOut if sending => "the queue stayed full until the time was over".to_owned(),
            Code::TimedOut => "nothing came until the time was over".to_owned(),
            _ => explain(&error),
        };
        let text = match error.name() {
            Some(name) => format!("{}: {why}", sanitize::name(name)),
            None => why,
        };
        Self::new(code, text)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            // Who reads no more knows why: quiet, as any program in a pipeline.
            return Self::by_signal(SIGPIPE);
        }
        Self::new(Code::Other, strip_os_error(&error.to_string()))
    }
}

/// What a missing file is to who asked for a queue.
pub(crate) const NO_QUEUE: &str = "there is no queue of this name";

/// What the library knows of it. That a file is missing is no help to who asked for a queue.
pub(crate) fn explain(error: &Error) -> String {
    match error.explanation() {
        Some(why) if error.kind() == io::ErrorKind::NotFound => why.to_owned(),
        None if error.kind() == io::ErrorKind::NotFound => NO_QUEUE.into(),
        _ => error.message(),
    }
}

/// An error of the system without its number, which is in no error of this program.
fn strip_os_error(text: &str) -> &str {
    text.split(" (os error ").next().unwrap_or_default()
}

/// A remark on standard error.
pub(crate) fn warn(text: &str) {
    // Where nobody can be told, the code is all there is.
    let _ = writeln!(io::stderr(), "mqctl: {}", sanitize::line(text));
}
