//! The last acknowledged sequence number, in a file of two slots that are written alternately.
//!
//! The file is synced only when a segment is recycled. After a power loss the checkpoint can be older,
//! and the relay publishes some messages again; the server detects them by their ids.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::record::read_u64;

/// The sequence number and its complement, which detects a torn slot.
const SLOT_SIZE: usize = 16;

/// The last acknowledged sequence number of a journal.
#[derive(Debug)]
pub(super) struct AckCheckpoint {
    file: File,
    sequence: u64,
    active_slot: u64,
}

impl AckCheckpoint {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        // Allocate both slots now, so that a later write cannot fail on a full disk.
        if file.metadata()?.len() < 2 * SLOT_SIZE as u64 {
            file.write_all_at(&[0; 2 * SLOT_SIZE], 0)?;
        }
        let mut slots = [0; 2 * SLOT_SIZE];
        file.read_exact_at(&mut slots, 0)?;
        let valid = slots.chunks(SLOT_SIZE).map(|slot| (read_u64(slot, 0), read_u64(slot, 8)));
        let valid = valid.filter(|(number, complement)| *number == !complement);
        let (sequence, active_slot) = (0..)
            .zip(valid)
            .map(|(active_slot, (number, _))| (number, active_slot))
            .max()
            .unwrap_or((0, 0));
        Ok(Self { file, sequence, active_slot })
    }

    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    pub(super) fn advance(&mut self, sequence: u64) -> io::Result<()> {
        if sequence <= self.sequence {
            return Ok(());
        }
        let active_slot = 1 - self.active_slot;
        let mut slot = [0; SLOT_SIZE];
        let halves = sequence.to_le_bytes().into_iter().chain((!sequence).to_le_bytes());
        slot.iter_mut().zip(halves).for_each(|(target, byte)| *target = byte);
        self.file.write_all_at(&slot, active_slot * SLOT_SIZE as u64)?;
        (self.sequence, self.active_slot) = (sequence, active_slot);
        Ok(())
    }
}
