//! `mqctl rm`

use std::io::{self, BufRead as _, ErrorKind, IsTerminal as _, Write as _};

use posix_mqueue::{Directory, QueueName};

use crate::display::plural::messages;
use crate::display::sanitize;
use crate::failure::exit_code::Code;
use crate::failure::operands::for_each_operand;
use crate::failure::{Failure, Outcome};
use crate::queue::inspect;
use crate::values::queue_name;

/// Remove queues
///
/// The messages in a queue are removed with it. Processes that have the queue open can keep using
/// it; the kernel destroys it when the last of them closes it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Names of the queues
    #[arg(value_name = "NAME", required_unless_present = "all", value_parser = queue_name::parser())]
    names: Vec<QueueName>,
    /// Remove all queues of this IPC namespace, after confirmation
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// Remove only empty queues; others are an error, or skipped with --all
    #[arg(long)]
    if_empty: bool,
    /// Do not ask for confirmation
    #[arg(long, short = 'y', requires = "all")]
    yes: bool,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        if !self.all {
            return for_each_operand(&self.names, |name| self.remove(name));
        }
        let names = Directory::open()?.names()?;
        if !self.yes && !names.is_empty() {
            self.confirm(&names)?;
        }
        // A queue that another process has just removed is not an error here.
        for_each_operand(&names, |name| match self.remove(name) {
            Err(failure) if failure.has_code(Code::NotFound) => Ok(()),
            outcome => outcome,
        })
    }

    fn remove(&self, name: &QueueName) -> Outcome {
        if !self.if_empty {
            return Ok(posix_mqueue::unlink(name)?);
        }
        let queue = inspect::open_for_inspection(name)?;
        match queue.attributes()?.messages {
            0 => queue.unlink()?,
            _ if self.all => return Ok(()),
            n => {
                let text = format!("not empty: it has {}", messages(n as u64));
                return Err(Failure::for_queue(name, Code::Refused, text));
            }
        }
        // The kernel has no atomic "unlink if empty", so report messages that arrived in between.
        match queue.attributes()?.messages {
            0 => Ok(()),
            n => {
                let text = format!(
                    "{} arrived during the removal and were removed with it",
                    messages(n as u64)
                );
                Err(Failure::for_queue(name, Code::Other, text))
            }
        }
    }

    fn confirm(&self, names: &[QueueName]) -> Outcome {
        let mut terminal = io::stderr();
        if !io::stdin().is_terminal() || !terminal.is_terminal() {
            return Err(Failure::usage(
                "rm --all asks for confirmation on a terminal; without a terminal, use --yes",
            ));
        }
        for name in names {
            writeln!(terminal, "{}", sanitize::name(name.as_os_str()))?;
        }
        let which = if self.if_empty { "the empty ones" } else { "all of them" };
        write!(terminal, "Remove {which} ({})? [y/N] ", names.len())?;
        let mut answer = String::new();
        match io::stdin().lock().read_line(&mut answer) {
            Err(error) if error.kind() != ErrorKind::InvalidData => Err(error.into()),
            _ if matches!(answer.trim(), "y" | "Y" | "yes") => Ok(()),
            _ => Err(Failure::new(Code::Other, "nothing was removed")),
        }
    }
}
