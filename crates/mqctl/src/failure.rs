//! How a verb fails: the message on standard error, and the exit code or signal.

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

/// The result of a verb.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// An error message, and the exit code or signal with which the program ends.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    /// Empty if there is nothing to print, or if it has been printed.
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Code(Code),
    Signal(i32),
}

impl Failure {
    pub(crate) fn new(code: Code, text: impl Display) -> Self {
        Self { exit: Exit::Code(code), text: strip_errno(&text.to_string()) }
    }

    /// A failure of one queue: its name precedes the text.
    pub(crate) fn for_queue(name: &QueueName, code: Code, text: impl Display) -> Self {
        Self::new(code, format!("{}: {text}", sanitize::name(name.as_os_str())))
    }

    /// A failure of one file: its path precedes the text.
    pub(crate) fn for_file(path: &Path, text: impl Display) -> Self {
        Self::new(Code::Other, format!("{}: {text}", sanitize::name(path.as_os_str())))
    }

    pub(crate) fn usage(text: impl Display) -> Self {
        Self::new(Code::Usage, text)
    }

    /// Ends the program by this signal, so that the shell sees it. Prints nothing by itself.
    pub(crate) fn by_signal(signal: i32) -> Self {
        Self { exit: Exit::Signal(signal), text: String::new() }
    }

    /// Appends text to the message.
    pub(crate) fn with_context(mut self, text: impl Display) -> Self {
        let separator = if self.text.is_empty() { "" } else { "; " };
        self.text = format!("{}{separator}{}", self.text, strip_errno(&text.to_string()));
        self
    }

    /// Replaces the exit code or signal.
    pub(crate) fn with_code(self, code: Code) -> Self {
        Self { exit: Exit::Code(code), ..self }
    }

    pub(crate) fn has_code(&self, code: Code) -> bool {
        self.exit == Exit::Code(code)
    }

    /// Prints the message now, so that `report` does not print it again.
    pub(crate) fn print(mut self) -> Self {
        if !self.text.is_empty() {
            warn(&self.text);
            self.text.clear();
        }
        self
    }

    /// Prints the message. Ends the process if it is to end by a signal, and otherwise returns the
    /// exit code for `main`.
    pub(crate) fn report(self) -> ExitCode {
        match self.print().exit {
            Exit::Code(code) => ExitCode::from(code as u8),
            Exit::Signal(signal) => {
                // This returns only for a signal that does not terminate processes.
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
            // An error without a queue name is about the queue directory.
            io::ErrorKind::NotFound if error.name().is_some() => Code::NotFound,
            io::ErrorKind::TimedOut => Code::TimedOut,
            io::ErrorKind::WouldBlock if sending => Code::Full,
            io::ErrorKind::WouldBlock => Code::Empty,
            io::ErrorKind::PermissionDenied | io::ErrorKind::AlreadyExists => Code::Refused,
            _ => Code::Other,
        };
        let text = match error.name() {
            Some(name) => format!("{}: {}", sanitize::name(name), explain(&error)),
            None => explain(&error),
        };
        Self::new(code, text)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            // As in any pipeline: the reader closed the pipe, so there is nothing to report.
            return Self::by_signal(SIGPIPE);
        }
        Self::new(Code::Other, error)
    }
}

/// The message for a queue that does not exist, instead of the system's "No such file".
pub(crate) const NO_QUEUE: &str = "no such queue";

/// The library's explanation of an error, or the system's message.
pub(crate) fn explain(error: &Error) -> String {
    match error.explanation() {
        Some(why) if error.kind() == io::ErrorKind::NotFound => why.to_owned(),
        None if error.kind() == io::ErrorKind::NotFound => NO_QUEUE.into(),
        _ => error.message(),
    }
}

/// Removes the errno number that the standard library appends to an error of the system.
fn strip_errno(text: &str) -> String {
    match text.split_once(" (os error ").map(|(before, after)| (before, after.split_once(')'))) {
        Some((before, Some((_, after)))) => format!("{before}{}", strip_errno(after)),
        _ => text.to_owned(),
    }
}

/// Prints a warning to standard error.
pub(crate) fn warn(text: &str) {
    // If standard error cannot be written, the exit code remains.
    let _ = writeln!(io::stderr(), "mqctl: {}", sanitize::line(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_has_an_errno_number() {
        let error = || io::Error::from_raw_os_error(28);
        let file = Path::new("/tmp/dump");
        for failure in [
            Failure::from(error()),
            Failure::new(Code::Other, error()),
            Failure::for_file(file, error()),
            Failure::usage("stopped").with_context(format!("not saved ({})", error())),
        ] {
            let text = failure.to_string();
            assert!(text.contains("No space left on device") && !text.contains("28"), "{text}");
        }
        let text = format!("first: {}; second: {}, twice", error(), error());
        let stripped = "first: No space left on device; second: No space left on device, twice";
        assert_eq!(strip_errno(&text), stripped);
    }
}
