//! `mqctl recv`

mod exec;
mod stop_condition;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use posix_mqueue::{Message, QueueName};

use self::exec::ShellCommand;
use self::stop_condition::StopCondition;
use crate::display::output;
use crate::failure::signals::Signals;
use crate::failure::{Failure, Outcome};
use crate::messages::format::{Format, MessageFormatter};
use crate::messages::requeue::{self, Requeuer, RescueFile};
use crate::messages::stdout;
use crate::queue::timed;
use crate::values::queue_name;
use crate::values::timeout::TimeoutArgs;

/// Receive messages
///
/// Messages arrive in priority order, oldest first within a priority. Each message is written and
/// flushed before the next is received. If writing or --exec fails, or a signal arrives, the message
/// is requeued with its priority, after others of the same priority. If it cannot be requeued, it is
/// written to the --rescue-file, or to standard error in base64, and the exit code is 9.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the queue, such as /jobs
    #[arg(value_parser = queue_name::parser())]
    name: QueueName,
    #[command(flatten)]
    stop: StopCondition,
    #[command(flatten)]
    timeout: TimeoutArgs,
    /// Output format [default: raw for one message, lines for several]
    #[arg(long, short, value_enum, hide_possible_values = false)]
    format: Option<Format>,
    /// Write the priority and a tab before each message
    #[arg(long, short)]
    priority: bool,
    /// Run COMMAND in a shell for each message, with the message as its standard input
    ///
    /// The environment has MQCTL_QUEUE and MQCTL_PRIORITY. If COMMAND fails, the message is requeued
    /// and mqctl ends.
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["format", "priority"])]
    exec: Option<OsString>,
    /// Create FILE for a message that can be neither written nor requeued
    #[arg(long, value_name = "FILE")]
    rescue_file: Option<PathBuf>,
}

/// Where to write messages.
enum Sink {
    Stdout(MessageFormatter),
    Command(ShellCommand),
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        let sink = self.choose_sink()?;
        let queue = Arc::new(requeue::open(&self.name)?);
        let rescue_file = self.rescue_file.as_deref().map(RescueFile::create).transpose()?;
        let signals = Signals::watch(vec![Arc::clone(&queue)])?;
        let requeuer = Requeuer::new(&queue, rescue_file);
        let deadline = self.timeout.deadline();
        let mut message = Message::default();
        let mut received = 0;
        while self.stop.should_receive(received) {
            signals.check()?;
            sink.check()?;
            if let Err(error) =
                timed::receive(&queue, &mut message, self.stop.next_deadline(deadline))
            {
                let idle = error.is_timed_out() || error.is_would_block();
                if idle && self.stop.is_met_when_idle(deadline) {
                    break;
                }
                return Err(self.stop.with_count(received, signals.signal_or(error)));
            }
            if let Err(reason) = sink.write(&message, &signals) {
                return Err(self.stop.with_count(received, requeuer.requeue(&message, reason)));
            }
            received += 1;
        }
        Ok(())
    }

    fn choose_sink(&self) -> Outcome<Sink> {
        if let Some(command) = &self.exec {
            return Ok(Sink::Command(ShellCommand::new(command.clone(), &self.name)));
        }
        let one = if self.stop.is_single() { Format::Raw } else { Format::Lines };
        let formatter = MessageFormatter {
            format: self.format.unwrap_or(one),
            with_priority: self.priority,
            for_terminal: output::is_terminal(),
        };
        formatter.validate()?;
        Ok(Sink::Stdout(formatter))
    }
}

impl Sink {
    /// Fails if a message certainly cannot be written.
    fn check(&self) -> Outcome {
        match self {
            Self::Stdout(_) => stdout::check_reader(),
            Self::Command(_) => Ok(()),
        }
    }

    fn write(&self, message: &Message, signals: &Signals) -> Result<(), Failure> {
        match self {
            Self::Stdout(formatter) => stdout::write(&formatter.format(message), signals),
            Self::Command(exec) => exec.run(message),
        }
    }
}
