//! `mqctl recv`

mod exec;
mod stop_condition;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use posix_mqueue::{Message, QueueName};

use self::exec::Exec;
use self::stop_condition::Extent;
use crate::display::output;
use crate::failure::signals::Signals;
use crate::failure::{Failure, Outcome};
use crate::messages::format::{Format, Layout};
use crate::messages::requeue::{self, Hand, Spill};
use crate::messages::stdout;
use crate::queue::timed;
use crate::values::queue_name;
use crate::values::timeout::Waiting;

/// Receive messages
///
/// The message with the highest priority comes first, of equals the oldest. Each one is written and
/// flushed before the next one is taken. If it cannot be written, or --exec fails, or a signal
/// comes, the message in hand is put back into the queue with its priority, behind others of the
/// same; where that cannot be, it is written to the file of --spill, or, in base64, to standard
/// error, and the exit code is 9.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The queue's name, as in /jobs
    #[arg(value_parser = queue_name::parser())]
    name: QueueName,
    #[command(flatten)]
    extent: Extent,
    #[command(flatten)]
    waiting: Waiting,
    /// How messages are written [default: raw for one, lines for several]
    #[arg(long, short, value_enum, hide_possible_values = false)]
    format: Option<Format>,
    /// Write the priority and a tab before each message
    #[arg(long, short)]
    priority: bool,
    /// Give each message to this shell command, on its standard input, instead of writing it
    ///
    /// MQCTL_QUEUE and MQCTL_PRIORITY are in its environment. A message is taken for good when the
    /// command succeeds; when it fails the message is put back, and mqctl ends.
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["format", "priority"])]
    exec: Option<OsString>,
    /// A new file for a message that can neither be written nor put back
    #[arg(long, value_name = "FILE")]
    spill: Option<PathBuf>,
}

/// Where messages go.
enum Sink {
    Output(Layout),
    Exec(Exec),
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        let sink = self.sink()?;
        let queue = Arc::new(requeue::open(&self.name)?);
        let spill = self.spill.as_deref().map(Spill::create).transpose()?;
        let signals = Signals::watch(vec![Arc::clone(&queue)])?;
        let hand = Hand::new(&queue, spill);
        let deadline = self.waiting.deadline();
        let mut message = Message::default();
        let mut taken = 0;
        while self.extent.wants(taken) {
            signals.check()?;
            sink.check()?;
            if let Err(error) = timed::receive(&queue, &mut message, self.extent.next(deadline)) {
                let idle = error.is_timed_out() || error.is_would_block();
                if idle && self.extent.ends_when_idle(deadline) {
                    break;
                }
                return Err(self.extent.account(taken, signals.reason(error)));
            }
            if let Err(reason) = sink.deliver(&message, &signals) {
                return Err(self.extent.account(taken, hand.put_back(&message, reason)));
            }
            taken += 1;
        }
        Ok(())
    }

    fn sink(&self) -> Outcome<Sink> {
        if let Some(command) = &self.exec {
            return Ok(Sink::Exec(Exec::new(command.clone(), &self.name)));
        }
        let one = if self.extent.is_one() { Format::Raw } else { Format::Lines };
        let layout = Layout {
            format: self.format.unwrap_or(one),
            priority: self.priority,
            terminal: output::is_terminal(),
        };
        layout.check()?;
        Ok(Sink::Output(layout))
    }
}

impl Sink {
    /// Fails where no message could go.
    fn check(&self) -> Outcome {
        match self {
            Self::Output(_) => stdout::check(),
            Self::Exec(_) => Ok(()),
        }
    }

    fn deliver(&self, message: &Message, signals: &Signals) -> Result<(), Failure> {
        match self {
            Self::Output(layout) => stdout::write(&layout.bytes(message), signals),
            Self::Exec(exec) => exec.run(message),
        }
    }
}
