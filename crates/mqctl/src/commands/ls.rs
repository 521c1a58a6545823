//! `mqctl ls`

use posix_mqueue::{Directory, holders};
use serde_json::Value;

use crate::display::output;
use crate::display::table::{Side, Table, UNKNOWN};
use crate::failure;
use crate::failure::Outcome;
use crate::queue::queue_info::{self, Record};
use crate::values::{mode, owner};

/// List all queues
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show which processes have each of them open
    #[arg(long)]
    holders: bool,
    /// Write a JSON array with an object for each; what is not known is null
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        let entries = Directory::open()?.entries()?;
        let holders = if self.holders { Some(holders(&entries)?) } else { None };
        let mut records: Vec<Record> = entries.into_iter().map(Record::from).collect();
        if let Some(holders) = &holders {
            for record in &mut records {
                record.held_by(holders);
            }
        }
        if self.json {
            return Ok(output::json(&records.iter().map(Record::json).collect::<Value>())?);
        }
        let mut table = Table::new(&COLUMNS[..if self.holders { 8 } else { 7 }]);
        for record in &records {
            table.row(cells(record));
        }
        table.print()?;
        if let Some(holders) = holders.filter(|holders| !holders.is_complete()) {
            failure::say(&queue_info::out_of_reach(&holders));
        }
        Ok(())
    }
}

const COLUMNS: [(&str, Side); 8] = [
    ("NAME", Side::Left),
    ("OWNER", Side::Left),
    ("MODE", Side::Left),
    ("MESSAGES", Side::Right),
    ("BYTES", Side::Right),
    ("MSGSIZE", Side::Right),
    ("NOTIFY", Side::Left),
    ("HOLDERS", Side::Left),
];

fn cells(record: &Record) -> Vec<Vec<u8>> {
    let unknown = || UNKNOWN.to_owned();
    let attributes = record.attributes;
    let mut cells = vec![record.name.as_os_str().as_encoded_bytes().to_vec()];
    let words = [
        Some(owner::pair(record.uid, record.gid)),
        Some(mode::letters(record.mode)),
        attributes.map(|a| format!("{}/{}", a.messages, a.capacity)),
        record.details.map(|details| details.bytes.to_string()),
        attributes.map(|a| a.message_size.to_string()),
        record.details.as_ref().map(queue_info::registered),
    ];
    cells.extend(words.into_iter().map(|word| word.unwrap_or_else(unknown).into_bytes()));
    cells.extend(record.holders.as_ref().map(|h| queue_info::processes(h).into_bytes()));
    cells
}
