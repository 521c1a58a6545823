//! The journal: appending, acknowledging, disk use, and recovery of torn or corrupt files.

#![allow(clippy::unwrap_used)]

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use mqrelay::journal::{Journal, Reservation};
use proptest::prelude::*;

mod fixture;

const SIZE: u64 = 1 << 20;
const MAX_MESSAGE_SIZE: usize = 1000;

fn open(directory: &Path) -> Journal {
    Journal::open(directory, SIZE, MAX_MESSAGE_SIZE).unwrap().0
}

fn append(journal: &Journal, data: &[u8]) -> u64 {
    assert_eq!(journal.reserve(MAX_MESSAGE_SIZE).unwrap(), Reservation::Ready);
    journal.append(7, 42, data).unwrap()
}

fn read_pending(journal: &Journal) -> Vec<Vec<u8>> {
    let mut cursor = journal.cursor();
    let mut report = Vec::new();
    loop {
        let records = journal.read(&mut cursor, journal.last_sequence()).unwrap();
        if records.is_empty() {
            return report;
        }
        for record in records {
            assert_eq!((record.priority, record.time), (7, 42));
            report.push(record.data.to_vec());
        }
    }
}

fn message(number: u32) -> Vec<u8> {
    number.to_string().repeat(usize::try_from(number % 200).unwrap()).into_bytes()[..]
        .iter()
        .copied()
        .take(MAX_MESSAGE_SIZE)
        .collect()
}

fn segment_paths(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "segment")).collect();
    paths.sort();
    paths
}

/// Fills and closes a journal, and returns the paths of its segments.
fn fill_several_segments(directory: &Path) -> Vec<PathBuf> {
    let journal = open(directory);
    for _ in 0..300 {
        append(&journal, &[3; MAX_MESSAGE_SIZE]);
    }
    drop(journal);
    let paths = segment_paths(directory);
    assert!(paths.len() > 2);
    paths
}

#[test]
fn journal_directories_are_private() {
    let directory = fixture::TempDirectory::new();
    let above = directory.path().join("above");
    drop(open(&above.join("journal")));
    for created in [&above, &above.join("journal")] {
        assert_eq!(fs::metadata(created).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn reopening_keeps_unacknowledged_messages() {
    let directory = fixture::TempDirectory::new();
    let journal = open(directory.path());
    let id = journal.id();
    for number in 0..100 {
        append(&journal, &message(number));
    }
    journal.acknowledge(40).unwrap();
    drop(journal);
    let (journal, report) = Journal::open(directory.path(), SIZE, MAX_MESSAGE_SIZE).unwrap();
    assert_eq!((report.pending, report.quarantined, journal.id()), (60, None, id));
    assert_eq!(read_pending(&journal), (40..100).map(message).collect::<Vec<_>>());
    assert_eq!(append(&journal, b""), 101);
}

#[test]
fn disk_use_is_bounded_and_segments_are_recycled() {
    let directory = fixture::TempDirectory::new();
    let journal = open(directory.path());
    let mut count = 0_u64;
    for _ in 0..5 {
        while journal.reserve(MAX_MESSAGE_SIZE).unwrap() == Reservation::Ready {
            count = journal.append(7, 42, &[1; MAX_MESSAGE_SIZE]).unwrap();
        }
        assert!(journal.disk_size() <= SIZE);
        assert!(journal.pending() > 500, "{}", journal.pending());
        journal.acknowledge(count).unwrap();
    }
    let bytes = |path: &PathBuf| path.metadata().unwrap().len();
    assert!(
        fs::read_dir(directory.path()).unwrap().map(|e| bytes(&e.unwrap().path())).sum::<u64>()
            < 2 * SIZE
    );
    assert!(count > 2500);
}

#[test]
fn torn_last_record_is_quarantined() {
    let directory = fixture::TempDirectory::new();
    let journal = open(directory.path());
    for number in 0..10 {
        append(&journal, &message(number + 100));
    }
    drop(journal);
    let path = segment_paths(directory.path()).remove(0);
    let intact = fs::read(&path).unwrap();
    let used = intact.iter().rposition(|&byte| byte != 0).unwrap() + 1;
    let last = 32 + message(109).len();
    // Clear a part of the last record: from its last byte only to all but its first byte.
    for torn_len in (1..last - 8).step_by(7) {
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(&intact, 0).unwrap();
        file.write_all_at(&vec![0; torn_len], (used - torn_len) as u64).unwrap();
        let (journal, report) = Journal::open(directory.path(), SIZE, MAX_MESSAGE_SIZE).unwrap();
        assert_eq!(report.pending, 9, "torn_len {torn_len}");
        let kept = fs::read(report.quarantined.unwrap()).unwrap();
        let from = used - last - (8 - last % 8) % 8;
        assert!(intact[used - last..].starts_with(&kept) || intact[from..].starts_with(&kept));
        assert_eq!(read_pending(&journal), (100..109).map(message).collect::<Vec<_>>());
        assert_eq!(append(&journal, b"next"), 10);
        drop(journal);
        let (journal, report) = Journal::open(directory.path(), SIZE, MAX_MESSAGE_SIZE).unwrap();
        assert_eq!(
            (report.quarantined, read_pending(&journal).last().unwrap().as_slice()),
            (None, &b"next"[..])
        );
    }
}

#[test]
fn hole_before_complete_records_is_quarantined() {
    let directory = fixture::TempDirectory::new();
    let journal = open(directory.path());
    for _ in 0..3 {
        append(&journal, &[9; 100]);
    }
    drop(journal);
    let path = segment_paths(directory.path()).remove(0);
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[0; 136], 32 + 136).unwrap();
    let (journal, report) = Journal::open(directory.path(), SIZE, MAX_MESSAGE_SIZE).unwrap();
    assert_eq!(read_pending(&journal), [[9; 100]]);
    assert_eq!(fs::read(report.quarantined.unwrap()).unwrap().len(), 136 + 132);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..Default::default() })]
    /// Reads a prefix of the appended messages, or fails to open.
    #[test]
    fn overwritten_segment_yields_only_appended_messages(
        offset in 0_u64..6000,
        bytes in proptest::collection::vec(any::<u8>(), 1..200),
    ) {
        let directory = fixture::TempDirectory::new();
        let journal = open(directory.path());
        let messages: Vec<_> = (0..20).map(|number| message(number * 11)).collect();
        for message in &messages {
            append(&journal, message);
        }
        drop(journal);
        let path = segment_paths(directory.path()).remove(0);
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(&bytes, offset).unwrap();
        match Journal::open(directory.path(), SIZE, MAX_MESSAGE_SIZE) {
            Ok((journal, _)) => prop_assert!(messages.starts_with(&read_pending(&journal))),
            Err(error) => prop_assert!(error.to_string().contains("is not a journal segment")),
        }
    }
}

#[test]
fn corruption_before_the_tail_is_rejected() {
    let directory = fixture::TempDirectory::new();
    let paths = fill_several_segments(directory.path());
    let file = OpenOptions::new().write(true).open(&paths[0]).unwrap();
    file.write_all_at(b"!", 5000).unwrap();
    let error = Journal::open(directory.path(), SIZE, MAX_MESSAGE_SIZE).unwrap_err().to_string();
    assert!(
        error.contains("are missing or corrupt; to continue without them, move the directory away"),
        "{error}"
    );
}

#[test]
fn missing_segment_is_rejected() {
    for missing in 0..2 {
        let directory = fixture::TempDirectory::new();
        let paths = fill_several_segments(directory.path());
        fs::remove_file(&paths[missing]).unwrap();
        let error =
            Journal::open(directory.path(), SIZE, MAX_MESSAGE_SIZE).unwrap_err().to_string();
        assert!(
            error.contains(
                "are missing or corrupt; to continue without them, move the directory away"
            ),
            "{error}"
        );
    }
}

#[test]
fn second_open_is_rejected() {
    let directory = fixture::TempDirectory::new();
    let _journal = open(directory.path());
    let error = Journal::open(directory.path(), SIZE, MAX_MESSAGE_SIZE).unwrap_err().to_string();
    assert!(error.contains("another process uses this directory"), "{error}");
}

#[test]
fn size_below_two_segments_is_rejected() {
    let directory = fixture::TempDirectory::new();
    let error = Journal::open(directory.path(), 1000, MAX_MESSAGE_SIZE).unwrap_err().to_string();
    assert!(error.contains("journal_size = 1000 is too small"), "{error}");
}
