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
use crate::messages::framing::{Encoding, Framing};
use crate::queue::timed;
use crate::values::queue_name;
use crate::values::timeout::TimeoutArgs;

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
    framing: FramingArgs,
    #[command(flatten)]
    encoding: EncodingArgs,
    /// 0 (low) to 32767 (high)
    #[arg(long, short, value_name = "N", default_value_t = 0)]
    priority: u32,
    /// Send each message as soon as it is read, without looking at those behind it
    #[arg(long, requires = "framing")]
    stream: bool,
    #[command(flatten)]
    timeout: TimeoutArgs,
}

#[derive(Debug, clap::Args)]
#[group(id = "framing", multiple = false)]
struct FramingArgs {
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
struct EncodingArgs {
    /// The messages are given as hexadecimal digits
    #[arg(long)]
    hex: bool,
    /// The messages are given in base64
    #[arg(long)]
    base64: bool,
}

/// A message, and what it is called if it is at fault.
struct InputMessage {
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
            deadline: self.timeout.deadline(),
            sent: 0,
        };
        if self.stream {
            let sent = self.for_each_message(&queue, &mut |input_message| {
                sender
                    .send(&input_message)
                    .map_err(|failure| with_label(&input_message.label, failure))
            });
            return sent.map_err(|failure| {
                failure.with_context(format!("{} sent before", messages(sender.sent as u64)))
            });
        }
        let mut inputs = Vec::new();
        self.for_each_message(&queue, &mut |input_message| {
            inputs.push(input_message);
            Ok(())
        })?;
        // Not while input is read, which a signal ends at once.
        let signals = Signals::watch(vec![Arc::clone(&queue)])?;
        for input_message in &inputs {
            let sent = signals.check().and_then(|()| sender.send(input_message));
            sent.map_err(|failure| {
                let failure = signals.signal_or(failure);
                match inputs.len() {
                    1 => failure,
                    all => failure.with_context(format!(
                        "{} of {} sent",
                        sender.sent,
                        messages(all as u64)
                    )),
                }
            })?;
        }
        Ok(())
    }

    /// Reads, decodes and checks one message after the other.
    fn for_each_message(
        &self,
        queue: &MessageQueue,
        consume: &mut impl FnMut(InputMessage) -> Outcome,
    ) -> Outcome {
        for (argument, number) in self.messages.iter().zip(1..) {
            let label = format!("argument {number}");
            consume(self.decode(queue, label, argument.clone().into_vec())?)?;
        }
        for path in &self.file {
            let shown = sanitize::name(path.as_os_str());
            let input =
                File::open(path).map_err(|error| Failure::from(error).with_context(&shown))?;
            self.for_each_in_input(
                queue,
                &mut BufReader::new(input),
                &format!("{shown}: "),
                consume,
            )?;
        }
        if self.messages.is_empty() && self.file.is_empty() {
            self.for_each_in_input(queue, &mut io::stdin().lock(), "", consume)?;
        }
        Ok(())
    }

    fn for_each_in_input(
        &self,
        queue: &MessageQueue,
        input: &mut impl BufRead,
        source: &str,
        consume: &mut impl FnMut(InputMessage) -> Outcome,
    ) -> Outcome {
        let framing = self.framing.framing();
        let max_len = self.encoding.encoding().max_encoded_len(queue.message_size());
        for number in 1_u64.. {
            let label = match framing {
                Framing::Single => format!("{source}{}", framing.noun()),
                _ => format!("{source}{} {number}", framing.noun()),
            };
            let read = framing.next_message(input, max_len);
            let Some(data) = read.map_err(|error| with_label(&label, Failure::from(error)))? else {
                break;
            };
            consume(self.decode(queue, label, data)?)?;
            if framing == Framing::Single {
                break;
            }
        }
        Ok(())
    }

    fn decode(&self, queue: &MessageQueue, label: String, data: Vec<u8>) -> Outcome<InputMessage> {
        let decoded = self.encoding.encoding().decode(data).map_err(Failure::usage);
        let data = decoded.map_err(|failure| with_label(&label, failure))?;
        let max_len = queue.message_size();
        if data.len() > max_len {
            // How much longer is not known of what was read only as far as is needed to see it.
            let text =
                format!("longer than the {max_len} bytes that a message of this queue can have");
            return Err(with_label(
                &label,
                Failure::for_queue(&self.name, exit_code::Code::Other, text),
            ));
        }
        Ok(InputMessage { label, data })
    }
}

impl FramingArgs {
    fn framing(&self) -> Framing {
        match self {
            Self { lines: true, .. } => Framing::Lines,
            Self { null: true, .. } => Framing::Null,
            Self { length_prefixed: true, .. } => Framing::LengthPrefixed,
            _ => Framing::Single,
        }
    }
}

impl EncodingArgs {
    fn encoding(&self) -> Encoding {
        match self {
            Self { hex: true, .. } => Encoding::Hex,
            Self { base64: true, .. } => Encoding::Base64,
            _ => Encoding::Raw,
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
    fn send(&mut self, message: &InputMessage) -> Outcome {
        timed::send(self.queue, &message.data, self.priority, self.deadline)?;
        self.sent += 1;
        Ok(())
    }
}

/// A failure, with which message it is about.
fn with_label(label: &str, failure: Failure) -> Failure {
    failure.with_context(format!("this is {label}"))
}
