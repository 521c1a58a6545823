//! `mqctl send`

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use posix_mqueue::{Deadline, MessageQueue, OpenOptions, QueueName};

use crate::display::plural::messages;
use crate::display::sanitize;
use crate::failure::exit_code;
use crate::failure::signals::Signals;
use crate::failure::{Failure, Outcome};
use crate::messages::framing::{Coding, Framing};
use crate::queue::timed;
use crate::values::queue_name;
use crate::values::timeout::Waiting;

/// Send messages
///
/// Each argument is a message. Without arguments and --file, standard input is one, or as many as
/// --lines, --null or --length-prefixed cut it into. All of them are read and checked before the
/// first one is sent; with --stream each is sent as soon as it is read.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The queue's name, as in /jobs
    #[arg(value_parser = queue_name::parser())]
    name: QueueName,
    /// The messages
    #[arg(conflicts_with_all = ["file", "framing"])]
    messages: Vec<OsString>,
    /// Send what is in a file, as standard input would be; may be given several times
    #[arg(long, short, value_name = "FILE")]
    file: Vec<PathBuf>,
    #[command(flatten)]
    cut: Cut,
    #[command(flatten)]
    code: Code,
    /// 0 (low) to 32767 (high)
    #[arg(long, short, value_name = "N", default_value_t = 0)]
    priority: u32,
    /// Send each message as soon as it is read, without looking at those behind it
    #[arg(long, requires = "framing")]
    stream: bool,
    #[command(flatten)]
    waiting: Waiting,
}

#[derive(Debug, clap::Args)]
#[group(id = "framing", multiple = false)]
struct Cut {
    /// Each line is a message, without its line feed
    #[arg(long, short)]
    lines: bool,
    /// Each part that a NUL byte ends is a message, without it
    #[arg(long, short = '0')]
    null: bool,
    /// Four bytes before each message have its length, the highest first
    #[arg(long)]
    length_prefixed: bool,
}

#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct Code {
    /// The messages are given as hexadecimal digits
    #[arg(long)]
    hex: bool,
    /// The messages are given in base64
    #[arg(long)]
    base64: bool,
}

/// A message, and what it is called if it is at fault.
struct Record {
    label: String,
    data: Vec<u8>,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        let queue = Arc::new(OpenOptions::new().write(true).open(&self.name)?);
        queue.check_priority(self.priority)?;
        let mut sender = Sender {
            queue: &queue,
            priority: self.priority,
            deadline: self.waiting.deadline(),
            sent: 0,
        };
        if self.stream {
            let sent = self.each_record(&queue, &mut |record| {
                sender.send(&record).map_err(|failure| at(&record.label, failure))
            });
            return sent.map_err(|failure| {
                failure.and(format!("{} sent before", messages(sender.sent as u64)))
            });
        }
        let mut records = Vec::new();
        self.each_record(&queue, &mut |record| {
            records.push(record);
            Ok(())
        })?;
        // Not while input is read, which a signal ends at once.
        let signals = Signals::watch(vec![Arc::clone(&queue)])?;
        for record in &records {
            let sent = signals.check().and_then(|()| sender.send(record));
            sent.map_err(|failure| {
                let failure = signals.reason(failure);
                match records.len() {
                    1 => failure,
                    all => failure.and(format!("{} of {} sent", sender.sent, messages(all as u64))),
                }
            })?;
        }
        Ok(())
    }

    /// Reads, decodes and checks one message after the other.
    fn each_record(
        &self,
        queue: &MessageQueue,
        take: &mut impl FnMut(Record) -> Outcome,
    ) -> Outcome {
        for (argument, number) in self.messages.iter().zip(1..) {
            let label = format!("argument {number}");
            take(self.record(queue, label, argument.clone().into_vec())?)?;
        }
        for path in &self.file {
            let shown = sanitize::name(path.as_os_str());
            let input = File::open(path).map_err(|error| Failure::from(error).and(&shown))?;
            self.each_of_input(queue, &mut BufReader::new(input), &format!("{shown}: "), take)?;
        }
        if self.messages.is_empty() && self.file.is_empty() {
            self.each_of_input(queue, &mut io::stdin().lock(), "", take)?;
        }
        Ok(())
    }

    fn each_of_input(
        &self,
        queue: &MessageQueue,
        input: &mut impl BufRead,
        source: &str,
        take: &mut impl FnMut(Record) -> Outcome,
    ) -> Outcome {
        let framing = self.cut.framing();
        let most = self.code.coding().most(queue.message_size());
        for number in 1_u64.. {
            let label = match framing {
                Framing::Whole => format!("{source}{}", framing.noun()),
                _ => format!("{source}{} {number}", framing.noun()),
            };
            let read = framing.next(input, most);
            let Some(data) = read.map_err(|error| at(&label, Failure::from(error)))? else { break };
            take(self.record(queue, label, data)?)?;
            if framing == Framing::Whole {
                break;
            }
        }
        Ok(())
    }

    fn record(&self, queue: &MessageQueue, label: String, data: Vec<u8>) -> Outcome<Record> {
        let decoded = self.code.coding().decode(data).map_err(Failure::usage);
        let data = decoded.map_err(|failure| at(&label, failure))?;
        let most = queue.message_size();
        if data.len() > most {
            // How much longer is not known of what was read only as far as is needed to see it.
            let text =
                format!("longer than the {most} bytes that a message of this queue can have");
            return Err(at(&label, Failure::about(&self.name, exit_code::Code::Failed, text)));
        }
        Ok(Record { label, data })
    }
}

impl Cut {
    fn framing(&self) -> Framing {
        match self {
            Self { lines: true, .. } => Framing::Lines,
            Self { null: true, .. } => Framing::Null,
            Self { length_prefixed: true, .. } => Framing::LengthPrefixed,
            _ => Framing::Whole,
        }
    }
}

impl Code {
    fn coding(&self) -> Coding {
        match self {
            Self { hex: true, .. } => Coding::Hex,
            Self { base64: true, .. } => Coding::Base64,
            _ => Coding::Plain,
        }
    }
}

struct Sender<'a> {
    queue: &'a MessageQueue,
    priority: u32,
    deadline: Deadline,
    sent: usize,
}

impl Sender<'_> {
    fn send(&mut self, record: &Record) -> Outcome {
        timed::send(self.queue, &record.data, self.priority, self.deadline)?;
        self.sent += 1;
        Ok(())
    }
}

/// A failure, with which message it is about.
fn at(label: &str, failure: Failure) -> Failure {
    failure.and(format!("this is {label}"))
}
