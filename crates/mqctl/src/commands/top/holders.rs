//! Finds the processes that have the selected queue open, on request.

use std::fmt::Write as _;
use std::fs;

use posix_mqueue::{Directory, Holders};

use super::history::Row;
use super::sample::QueueId;
use crate::display::plural::pluralize;
use crate::display::sanitize;

/// The holders of one queue, as text.
#[derive(Debug)]
pub(super) struct HolderReport {
    pub(super) id: QueueId,
    pub(super) text: String,
}

/// Inspects all processes that this user may inspect.
pub(super) fn find_holders(directory: &Directory, row: &Row) -> HolderReport {
    let id = row.sample.id;
    let found = directory.read(&row.sample.name).and_then(|entry| {
        let same = (entry.device, entry.inode) == id;
        same.then(|| entry.holders()).transpose()
    });
    let text = match found {
        Ok(Some(holders)) => describe(&holders),
        Ok(None) => "this queue was removed, and a new queue has its name".to_owned(),
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
    let mut text = if found.is_empty() { "none found".to_owned() } else { found.join(", ") };
    if holders.unreadable > 0 {
        let _ = write!(text, "; {}", describe_unreadable(holders.unreadable));
    }
    if holders.hidden {
        text.push_str("; /proc hides other processes");
    }
    text
}

fn describe_unreadable(number: usize) -> String {
    let processes = pluralize(number as u64, "more process", "more processes");
    format!("{processes} could not be inspected")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uninspected_processes_are_counted() {
        assert_eq!(describe_unreadable(1), "1 more process could not be inspected");
        assert_eq!(describe_unreadable(2), "2 more processes could not be inspected");
    }
}
