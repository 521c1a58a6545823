//! Who has the selected queue open, looked up when it is asked for.

use std::fmt::Write as _;
use std::fs;

use posix_mqueue::{Directory, Holders};

use super::history::Row;
use super::sample::QueueId;
use crate::display::sanitize;

/// Of one queue, in words.
#[derive(Debug)]
pub(super) struct HolderReport {
    pub(super) id: QueueId,
    pub(super) text: String,
}

/// Looks into every process that this one may look into.
pub(super) fn find_holders(directory: &Directory, row: &Row) -> HolderReport {
    let id = row.sample.id;
    let found = directory.read(&row.sample.name).and_then(|entry| {
        let same = (entry.device, entry.inode) == id;
        same.then(|| entry.holders()).transpose()
    });
    let text = match found {
        Ok(Some(holders)) => describe(&holders),
        Ok(None) => "this queue has lost its name, and another has it now".to_owned(),
        Err(error) => sanitize::line(&error.message()),
    };
    HolderReport { id, text }
}

fn describe(holders: &Holders) -> String {
    let process = |pid: u32| {
        let name = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
        format!("{} {pid}", sanitize::bytes(name.trim_ascii_end()))
    };
    let found: Vec<String> = holders.found.iter().map(|holder| process(holder.pid)).collect();
    let mut text = if found.is_empty() { "nobody was found".to_owned() } else { found.join(", ") };
    if holders.unreadable > 0 {
        let _ = write!(text, "; {} more may not be looked into", holders.unreadable);
    }
    if holders.hidden {
        text.push_str("; /proc hides some");
    }
    text
}
