//! A command of the shell that a message is given to.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use posix_mqueue::{Message, QueueName};

use crate::failure::exit_code::Code;
use crate::failure::signals::TERMINATION_SIGNALS;
use crate::failure::{Failure, Outcome};

pub(super) struct ShellCommand {
    command: OsString,
    queue: OsString,
}

impl ShellCommand {
    pub(super) fn new(command: OsString, queue: &QueueName) -> Self {
        Self { command, queue: queue.as_os_str().to_owned() }
    }

    /// Runs it to its end. It fails unless the command succeeds.
    pub(super) fn run(&self, message: &Message) -> Outcome {
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(&self.command)
            .env("MQCTL_QUEUE", &self.queue)
            .env("MQCTL_PRIORITY", message.priority.to_string())
            .stdin(Stdio::piped())
            .spawn()?;
        let written = match child.stdin.take() {
            Some(mut stdin) => stdin.write_all(&message.data),
            None => Ok(()),
        };
        let status = child.wait()?;
        match (status.signal(), written) {
            // A command need not read all of it.
            (_, Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
            _ if status.success() => Ok(()),
            // What ended both is what the user asked for.
            (Some(signal), _) if TERMINATION_SIGNALS.contains(&signal) => {
                Err(Failure::by_signal(signal))
            }
            (Some(signal), _) => {
                Err(Failure::new(Code::Other, format!("the command was ended by signal {signal}")))
            }
            (None, _) => {
                let code = status.code().unwrap_or_default();
                Err(Failure::new(Code::Other, format!("the command failed with exit code {code}")))
            }
        }
    }
}
