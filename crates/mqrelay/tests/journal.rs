//! The journal alone: what it keeps, what it drops, and what it does with a torn tail.

#![allow(clippy::unwrap_used)]

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use mqrelay::journal::{Journal, Room};
use proptest::prelude::*;

mod fixture;

const SIZE: u64 = 1 << 20;
const LARGEST: usize = 1000;

fn open(directory: &Path) -> Journal {
    Journal::open(directory, SIZE, LARGEST).unwrap().0
}

fn add(journal: &Journal, data: &[u8]) -> u64 {
    assert_eq!(journal.reserve(LARGEST).unwrap(), Room::Ready);
    journal.append(7, 42, data).unwrap()
}

fn rest(journal: &Journal) -> Vec<Vec<u8>> {
    let mut place = journal.start();
    let mut found = Vec::new();
    loop {
        let records = journal.read(&mut place, journal.last()).unwrap();
        if records.is_empty() {
            return found;
        }
        for record in records {
            assert_eq!((record.priority, record.time), (7, 42));
            found.push(record.data.to_vec());
        }
    }
}

fn message(number: u32) -> Vec<u8> {
    number.to_string().repeat(usize::try_from(number % 200).unwrap()).into_bytes()[..]
        .iter()
        .copied()
        .take(LARGEST)
        .collect()
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "segment")).collect();
    paths.sort();
    paths
}

/// Those of a journal that is filled and closed.
fn several_segments(directory: &Path) -> Vec<PathBuf> {
    let journal = open(directory);
    for _ in 0..300 {
        add(&journal, &[3; LARGEST]);
    }
    drop(journal);
    let paths = segments(directory);
    assert!(paths.len() > 2);
    paths
}

#[test]
fn nobody_else_can_read_it() {
    let directory = fixture::Directory::new();
    let above = directory.path().join("above");
    drop(open(&above.join("journal")));
    for made in [&above, &above.join("journal")] {
        assert_eq!(fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn what_was_appended_is_there_after_reopening_and_what_was_acknowledged_is_not() {
    let directory = fixture::Directory::new();
    let journal = open(directory.path());
    let id = journal.id();
    for number in 0..100 {
        add(&journal, &message(number));
    }
    journal.acknowledge(40).unwrap();
    drop(journal);
    let (journal, found) = Journal::open(directory.path(), SIZE, LARGEST).unwrap();
    assert_eq!((found.pending, found.torn, journal.id()), (60, None, id));
    assert_eq!(rest(&journal), (40..100).map(message).collect::<Vec<_>>());
    assert_eq!(add(&journal, b""), 101);
}

#[test]
fn it_takes_no_more_of_the_disk_than_it_was_given_and_uses_room_again() {
    let directory = fixture::Directory::new();
    let journal = open(directory.path());
    let mut count = 0_u64;
    for _ in 0..5 {
        while journal.reserve(LARGEST).unwrap() == Room::Ready {
            count = journal.append(7, 42, &[1; LARGEST]).unwrap();
        }
        assert!(journal.size() <= SIZE);
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
fn a_record_torn_anywhere_is_put_aside_and_no_other_is_lost() {
    let directory = fixture::Directory::new();
    let journal = open(directory.path());
    for number in 0..10 {
        add(&journal, &message(number + 100));
    }
    drop(journal);
    let path = segments(directory.path()).remove(0);
    let whole = fs::read(&path).unwrap();
    let used = whole.iter().rposition(|&byte| byte != 0).unwrap() + 1;
    let last = 32 + message(109).len();
    // The last record, from its first byte but one to its last but one.
    for cut in (1..last - 8).step_by(7) {
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(&whole, 0).unwrap();
        file.write_all_at(&vec![0; cut], (used - cut) as u64).unwrap();
        let (journal, found) = Journal::open(directory.path(), SIZE, LARGEST).unwrap();
        assert_eq!(found.pending, 9, "cut {cut}");
        let kept = fs::read(found.torn.unwrap()).unwrap();
        let from = used - last - (8 - last % 8) % 8;
        assert!(whole[used - last..].starts_with(&kept) || whole[from..].starts_with(&kept));
        assert_eq!(rest(&journal), (100..109).map(message).collect::<Vec<_>>());
        assert_eq!(add(&journal, b"next"), 10);
        drop(journal);
        let (journal, found) = Journal::open(directory.path(), SIZE, LARGEST).unwrap();
        assert_eq!((found.torn, rest(&journal).last().unwrap().as_slice()), (None, &b"next"[..]));
    }
}

#[test]
fn a_hole_before_whole_records_counts_as_torn_and_is_kept() {
    let directory = fixture::Directory::new();
    let journal = open(directory.path());
    for _ in 0..3 {
        add(&journal, &[9; 100]);
    }
    drop(journal);
    let path = segments(directory.path()).remove(0);
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[0; 136], 32 + 136).unwrap();
    let (journal, found) = Journal::open(directory.path(), SIZE, LARGEST).unwrap();
    assert_eq!(rest(&journal), [[9; 100]]);
    assert_eq!(fs::read(found.torn.unwrap()).unwrap().len(), 136 + 132);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..Default::default() })]
    /// Nothing comes out that did not go in, and nothing else than the end is missing.
    #[test]
    fn whatever_is_written_over_a_segment_is_found(
        offset in 0_u64..6000,
        bytes in proptest::collection::vec(any::<u8>(), 1..200),
    ) {
        let directory = fixture::Directory::new();
        let journal = open(directory.path());
        let messages: Vec<_> = (0..20).map(|number| message(number * 11)).collect();
        for message in &messages {
            add(&journal, message);
        }
        drop(journal);
        let path = segments(directory.path()).remove(0);
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(&bytes, offset).unwrap();
        match Journal::open(directory.path(), SIZE, LARGEST) {
            Ok((journal, _)) => prop_assert!(messages.starts_with(&rest(&journal))),
            Err(error) => prop_assert!(error.to_string().contains("is no journal segment")),
        }
    }
}

#[test]
fn damage_that_is_not_at_the_tail_is_refused() {
    let directory = fixture::Directory::new();
    let paths = several_segments(directory.path());
    let file = OpenOptions::new().write(true).open(&paths[0]).unwrap();
    file.write_all_at(b"!", 5000).unwrap();
    let error = Journal::open(directory.path(), SIZE, LARGEST).unwrap_err().to_string();
    assert!(error.contains("are missing or damaged; move the directory aside"), "{error}");
}

#[test]
fn a_segment_that_is_missing_is_refused() {
    for missing in 0..2 {
        let directory = fixture::Directory::new();
        let paths = several_segments(directory.path());
        fs::remove_file(&paths[missing]).unwrap();
        let error = Journal::open(directory.path(), SIZE, LARGEST).unwrap_err().to_string();
        assert!(error.contains("are missing or damaged; move the directory aside"), "{error}");
    }
}

#[test]
fn two_cannot_have_one() {
    let directory = fixture::Directory::new();
    let _journal = open(directory.path());
    let error = Journal::open(directory.path(), SIZE, LARGEST).unwrap_err().to_string();
    assert!(error.contains("another process has it"), "{error}");
}

#[test]
fn a_size_without_room_for_two_messages_is_refused() {
    let directory = fixture::Directory::new();
    let error = Journal::open(directory.path(), 1000, LARGEST).unwrap_err().to_string();
    assert!(error.contains("journal_size = 1000 is too small"), "{error}");
}
