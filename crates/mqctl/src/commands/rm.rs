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
/// A queue is removed with the messages in it. Who has one open can go on using it; it goes when
/// the last of them closes it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Their names
    #[arg(value_name = "NAME", required_unless_present = "all", value_parser = queue_name::parser())]
    names: Vec<QueueName>,
    /// Remove every queue of this IPC namespace, after a question
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// Only those without messages; with --all the others are left alone, else they are an error
    #[arg(long)]
    if_empty: bool,
    /// Do not ask
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
        // What somebody else removed meanwhile is what was wanted; what is not empty stays.
        for_each_operand(&names, |name| match self.remove(name) {
            Err(failure) if failure.has_code(Code::NotFound) => Ok(()),
            outcome => outcome,
        })
    }

    fn remove(&self, name: &QueueName) -> Outcome {
        if !self.if_empty {
            return Ok(posix_mqueue::unlink(name)?);
        }
        let queue = inspect::open_for_inspection(name)
            .map_err(|error| inspect::explain_refusal(error, name))?;
        match queue.attributes()?.messages {
            0 => queue.unlink()?,
            _ if self.all => return Ok(()),
            n => {
                let text = format!("is not empty: it holds {}", messages(n as u64));
                return Err(Failure::for_queue(name, Code::Refused, text));
            }
        }
        // The kernel cannot do both at once. What came in between is not passed over in silence.
        match queue.attributes()?.messages {
            0 => Ok(()),
            n => {
                let text = format!(
                    "{} arrived while it was removed, and went with it",
                    messages(n as u64)
                );
                Err(Failure::for_queue(name, Code::Other, text))
            }
        }
    }

    fn confirm(&self, names: &[QueueName]) -> Outcome {
        let mut terminal = io::stderr();
        if !io::stdin().is_terminal() || !terminal.is_terminal() {
            return Err(Failure::usage("rm --all asks on a terminal; without one it needs --yes"));
        }
        for name in names {
            writeln!(terminal, "{}", sanitize::name(name.as_os_str()))?;
        }
        let which = if self.if_empty { "those of them that are empty" } else { "all of them" };
        write!(terminal, "Remove {which} ({})? [y/N] ", names.len())?;
        let mut answer = String::new();
        match io::stdin().lock().read_line(&mut answer) {
            Err(error) if error.kind() != ErrorKind::InvalidData => Err(error.into()),
            _ if matches!(answer.trim(), "y" | "Y" | "yes") => Ok(()),
            _ => Err(Failure::new(Code::Other, "nothing was removed")),
        }
    }
}
