//! Up to which message a journal is done, in a file of two slots that are written in turn.
//!
//! It is synced only when a segment goes: a machine that fails may forget the last steps, and then
//! publishes again what the server knows by its id.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::record::double;

/// The number, then its complement, which tells a slot that was written half.
const SLOT: usize = 16;

#[derive(Debug)]
pub(super) struct Acknowledged {
    file: File,
    sequence: u64,
    turn: u64,
}

impl Acknowledged {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        // Both slots, so that no later write needs room on the disk.
        if file.metadata()?.len() < 2 * SLOT as u64 {
            file.write_all_at(&[0; 2 * SLOT], 0)?;
        }
        let mut slots = [0; 2 * SLOT];
        file.read_exact_at(&mut slots, 0)?;
        let valid = slots.chunks(SLOT).map(|slot| (double(slot, 0), double(slot, 8)));
        let valid = valid.filter(|(number, complement)| *number == !complement);
        let (sequence, turn) =
            (0..).zip(valid).map(|(turn, (number, _))| (number, turn)).max().unwrap_or((0, 0));
        Ok(Self { file, sequence, turn })
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
        let turn = 1 - self.turn;
        let mut slot = [0; SLOT];
        let halves = sequence.to_le_bytes().into_iter().chain((!sequence).to_le_bytes());
        slot.iter_mut().zip(halves).for_each(|(place, byte)| *place = byte);
        self.file.write_all_at(&slot, turn * SLOT as u64)?;
        (self.sequence, self.turn) = (sequence, turn);
        Ok(())
    }
}
