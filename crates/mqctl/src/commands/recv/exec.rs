//! The shell command that receives each message.

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

    /// Runs the command to its end, with the message as its input. Fails unless it succeeds.
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
            // The command may close its input early.
            (_, Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
            _ if status.success() => Ok(()),
            // Ctrl-C reaches the command too; report the signal, not a failed command.
            (Some(signal), _) if TERMINATION_SIGNALS.contains(&signal) => {
                Err(Failure::by_signal(signal))
            }
            (Some(signal), _) => Err(Failure::new(
                Code::Other,
                format!("the command was terminated by signal {signal}"),
            )),
            (None, _) => {
                let code = status.code().unwrap_or_default();
                Err(Failure::new(Code::Other, format!("the command failed with exit code {code}")))
            }
        }
    }
}
