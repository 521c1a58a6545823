//! `mqctl info`

use std::cell::RefCell;

use posix_mqueue::{Directory, QueueName};
use serde_json::Value;

use crate::display::table::UNKNOWN;
use crate::display::{output, sanitize};
use crate::failure::Outcome;
use crate::failure::operands::each;
use crate::queue::inspect;
use crate::queue::queue_info::{self, Record};
use crate::values::{mode, owner, queue_name};

/// Show everything about some queues
///
/// Owner, mode, messages and sizes are known of any queue that can be opened. Bytes, notification
/// and the processes that have it open are known where the queue file system is mounted, or to
/// root; elsewhere they are shown as `?`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Their names
    #[arg(required = true, value_name = "NAME", value_parser = queue_name::parser())]
    names: Vec<QueueName>,
    /// Write a JSON array with an object for each; what is not known is null
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        // Where it is not to be had, less is known.
        let directory = Directory::open().ok();
        let records = RefCell::new(Vec::new());
        let outcome = each(&self.names, |name| {
            let record = look(name, directory.as_ref())?;
            if self.json {
                records.borrow_mut().push(record.json());
                return Ok(());
            }
            Ok(output::write(&in_words(&record))?)
        });
        if self.json {
            output::json(&Value::Array(records.into_inner()))?;
        }
        outcome
    }
}

fn look(name: &QueueName, directory: Option<&Directory>) -> Outcome<Record> {
    let queue = inspect::to_look(name).map_err(|error| inspect::refused(error, name))?;
    let mut record = Record::of_status(name.clone(), &queue.status()?);
    // Closed before anybody looks at who has it open.
    drop(queue);
    let Some(entry) = directory.and_then(|directory| directory.read(name).ok()) else {
        return Ok(record);
    };
    record.details = entry.details;
    if let Ok(holders) = entry.holders() {
        record.held_by(&holders);
    }
    Ok(record)
}

/// A line with the name, and a line for each thing that is to be known.
fn in_words(record: &Record) -> Vec<u8> {
    let name = record.name.as_os_str();
    let mut text = if output::is_terminal() {
        sanitize::name(name).into_bytes()
    } else {
        name.as_encoded_bytes().to_vec()
    };
    let attributes = record.attributes;
    for (what, known) in [
        ("owner", Some(owner::pair(record.uid, record.gid))),
        ("mode", Some(format!("{} {}", mode::octal(record.mode), mode::letters(record.mode)))),
        ("messages", attributes.map(|a| format!("{} of {}", a.messages, a.capacity))),
        ("bytes", record.details.map(|details| details.bytes.to_string())),
        ("msgsize", attributes.map(|a| a.message_size.to_string())),
        ("charge", record.charge().map(|charge| charge.to_string())),
        ("modified", Some(queue_info::time(record.modified))),
        ("notify", record.details.as_ref().map(queue_info::registered)),
        ("holders", record.holders.as_ref().map(queue_info::processes)),
    ] {
        let known = known.unwrap_or_else(|| UNKNOWN.into());
        text.extend(format!("\n  {what:<10}{known}").into_bytes());
    }
    text.push(b'\n');
    text
}
