//! The message in hand: taken from a queue, and not yet where it goes. It is never dropped.

use std::cell::Cell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use posix_mqueue::{Message, MessageQueue, QueueName};

use crate::display::sanitize;
use crate::failure::exit_code::Code;
use crate::failure::{Failure, Outcome};

/// Opens a queue to receive from, and to put back into where its permissions allow it.
pub(crate) fn open(name: &QueueName) -> posix_mqueue::Result<MessageQueue> {
    let mut options = posix_mqueue::OpenOptions::new();
    options.read(true);
    options.write(true).open(name).or_else(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => options.write(false).open(name),
        _ => Err(error),
    })
}

/// What becomes of a message that cannot go on.
#[derive(Debug)]
pub(crate) struct Requeuer<'a> {
    queue: &'a MessageQueue,
    rescue_file: Option<RescueFile>,
}

impl<'a> Requeuer<'a> {
    pub(crate) fn new(queue: &'a MessageQueue, rescue_file: Option<RescueFile>) -> Self {
        Self { queue, rescue_file }
    }

    /// Puts a message back for this reason, with its priority, behind others of the same. Where it
    /// cannot be, it is put aside. The reason tells where it is now.
    pub(crate) fn requeue(&self, message: &Message, reason: Failure) -> Failure {
        match self.try_requeue(message) {
            Ok(()) => reason.with_context("the message in hand was put back into the queue"),
            Err(why) => self.rescue(message, reason, &why),
        }
    }

    fn try_requeue(&self, message: &Message) -> Result<(), String> {
        // What is put into a queue without a name goes with the last who has it open.
        if self.queue.status().is_ok_and(|status| status.unlinked) {
            return Err("the queue was removed meanwhile".into());
        }
        // Without waiting: whoever is to be served next may be what waits for us.
        let sent = self.queue.try_send(&message.data, message.priority);
        sent.map_err(|error| error.message())
    }

    fn rescue(&self, message: &Message, reason: Failure, why: &str) -> Failure {
        let reason = reason.with_code(Code::NotRequeued).with_context(format!(
            "the message in hand, of priority {}, could not be put back ({why})",
            message.priority
        ));
        let Some(rescue_file) = &self.rescue_file else { return with_base64(message, reason) };
        match rescue_file.write(&message.data) {
            Ok(()) => reason.with_context(format!("it is in {}", rescue_file.shown_path())),
            Err(error) => with_base64(
                message,
                reason.with_context(format!("nor in {} ({error})", rescue_file.shown_path())),
            ),
        }
    }
}

/// Tells the message itself, in letters that every terminal and log keeps.
fn with_base64(message: &Message, reason: Failure) -> Failure {
    reason.with_context(format!("it is, in base64: {}", BASE64_STANDARD.encode(&message.data)))
}

/// The file of `--spill`: made before anything is taken, so that it is known to be there, and
/// removed if nothing was written to it.
#[derive(Debug)]
pub(crate) struct RescueFile {
    file: File,
    path: PathBuf,
    is_used: Cell<bool>,
}

impl RescueFile {
    pub(crate) fn create(path: &Path) -> Outcome<Self> {
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(file) => Ok(Self { file, path: path.to_owned(), is_used: Cell::new(false) }),
            Err(error) => Err(Failure::from(error).with_context(format!(
                "--rescue-file wants a new file, and this is {}",
                sanitize::name(path.as_os_str())
            ))),
        }
    }

    fn write(&self, data: &[u8]) -> io::Result<()> {
        self.is_used.set(true);
        let mut file = &self.file;
        file.write_all(data)?;
        file.sync_all()
    }

    fn shown_path(&self) -> String {
        sanitize::name(self.path.as_os_str())
    }
}

impl Drop for RescueFile {
    fn drop(&mut self) {
        if !self.is_used.get() {
            let _ = fs::remove_file(&self.path);
        }
    }
}
