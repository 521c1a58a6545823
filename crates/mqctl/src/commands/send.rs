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
/// Each argument is a message. Without arguments and --file, standard input is one message, or is
/// split into several by --lines, --null or --length-prefixed. All messages are read and checked
/// before the first is sent; with --stream, each is sent as soon as it is read.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the queue, such as /jobs
    #[arg(value_parser = queue_name::parser())]
    name: QueueName,
    /// Messages to send
    #[arg(value_name = "MESSAGE", conflicts_with_all = ["file", "framing"])]
    messages: Vec<OsString>,
    /// Read FILE instead of standard input; can be given several times
    #[arg(long, short, value_name = "FILE")]
    file: Vec<PathBuf>,
    #[command(flatten)]
    framing: FramingArgs,
    #[command(flatten)]
    encoding: EncodingArgs,
    /// Priority, 0 (low) to 32767 (high)
    #[arg(long, short, value_name = "N", default_value_t = 0)]
    priority: u32,
    /// Send each message as soon as it is read, without checking the following ones
    #[arg(long, requires = "framing")]
    stream: bool,
    #[command(flatten)]
    timeout: TimeoutArgs,
}

#[derive(Debug, clap::Args)]
#[group(id = "framing", multiple = false)]
struct FramingArgs {
    /// Send each line as a message, without its line feed
    #[arg(long, short)]
    lines: bool,
    /// Send each part that ends with a NUL byte as a message, without that byte
    #[arg(long, short = '0')]
    null: bool,
    /// Read a length of 4 bytes, big-endian, before each message
    #[arg(long)]
    length_prefixed: bool,
}

#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct EncodingArgs {
    /// Decode the messages from hexadecimal digits
    #[arg(long)]
    hex: bool,
    /// Decode the messages from base64
    #[arg(long)]
    base64: bool,
}

/// A message, and its name in error messages.
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
                failure.with_context(format!("{} sent before it", messages(sender.sent as u64)))
            });
        }
        let mut inputs = Vec::new();
        self.for_each_message(&queue, &mut |input_message| {
            inputs.push(input_message);
            Ok(())
        })?;
        // Watch only now: while input is read, a signal should end the program at once.
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

    /// Reads, decodes and checks all messages and passes each to `consume`.
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
            // The exact length is unknown, because reading stopped at the limit.
            let text = format!("message exceeds this queue's msgsize of {max_len}");
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

/// Adds which message a failure is about.
fn with_label(label: &str, failure: Failure) -> Failure {
    failure.with_context(format!("at {label}"))
}
