//! What happens to an in-flight message that cannot be delivered: it is requeued, or rescued to a
//! file or to standard error. It is never dropped.

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

/// Opens a queue for receiving, and for requeuing if its permissions allow that.
pub(crate) fn open(name: &QueueName) -> posix_mqueue::Result<MessageQueue> {
    let mut options = posix_mqueue::OpenOptions::new();
    options.read(true);
    options.write(true).open(name).or_else(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => options.write(false).open(name),
        _ => Err(error),
    })
}

/// Requeues or rescues in-flight messages of one queue.
#[derive(Debug)]
pub(crate) struct Requeuer<'a> {
    queue: &'a MessageQueue,
    rescue_file: Option<RescueFile>,
}

impl<'a> Requeuer<'a> {
    pub(crate) fn new(queue: &'a MessageQueue, rescue_file: Option<RescueFile>) -> Self {
        Self { queue, rescue_file }
    }

    /// Sends the message back to its queue with its priority, after others of the same priority. If
    /// that fails, rescues it. Returns `reason` with the place of the message added.
    pub(crate) fn requeue(&self, message: &Message, reason: Failure) -> Failure {
        match self.try_requeue(message) {
            Ok(()) => reason.with_context("the message was requeued"),
            Err(why) => self.rescue(message, reason, &why),
        }
    }

    fn try_requeue(&self, message: &Message) -> Result<(), String> {
        // An unlinked queue is destroyed, with its messages, when the last process closes it.
        if self.queue.status().is_ok_and(|status| status.unlinked) {
            return Err("the queue was removed".into());
        }
        // Do not wait for room: the next receiver may be waiting for this process.
        let sent = self.queue.try_send(&message.data, message.priority);
        sent.map_err(|error| error.message())
    }

    fn rescue(&self, message: &Message, reason: Failure, why: &str) -> Failure {
        let reason = reason.with_code(Code::NotRequeued).with_context(format!(
            "the message, of priority {}, could not be requeued ({why})",
            message.priority
        ));
        let Some(rescue_file) = &self.rescue_file else { return with_base64(message, reason) };
        match rescue_file.write(&message.data) {
            Ok(()) => reason.with_context(format!("it was saved in {}", rescue_file.shown_path())),
            Err(error) => with_base64(
                message,
                reason.with_context(format!(
                    "it could not be saved in {} ({error})",
                    rescue_file.shown_path()
                )),
            ),
        }
    }
}

/// Adds the message in base64, which every terminal and log preserves.
fn with_base64(message: &Message, reason: Failure) -> Failure {
    reason.with_context(format!("in base64 it is: {}", BASE64_STANDARD.encode(&message.data)))
}

/// The file of `--rescue-file`. It is created before the first message is received, so that it is
/// known to be writable, and removed when dropped if nothing was written to it.
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
                "--rescue-file must name a new file, not {}",
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
