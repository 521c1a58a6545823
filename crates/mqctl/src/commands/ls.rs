//! `mqctl ls`

use posix_mqueue::{Directory, holders};
use serde_json::Value;

use crate::display::output;
use crate::display::table::{Align, Table, UNKNOWN};
use crate::failure;
use crate::failure::Outcome;
use crate::queue::queue_info::{self, QueueInfo};
use crate::values::{mode, owner};

/// List all queues
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show the processes that have each queue open
    #[arg(long)]
    holders: bool,
    /// Print a JSON array with one object per queue; unknown values are null
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        let entries = Directory::open()?.entries()?;
        let holders = if self.holders { Some(holders(&entries)?) } else { None };
        let mut infos: Vec<QueueInfo> = entries.into_iter().map(QueueInfo::from).collect();
        if let Some(holders) = &holders {
            for info in &mut infos {
                info.set_holders(holders);
            }
        }
        if self.json {
            return Ok(output::write_json(&infos.iter().map(QueueInfo::json).collect::<Value>())?);
        }
        let mut table = Table::new(&COLUMNS[..if self.holders { 8 } else { 7 }]);
        for info in &infos {
            table.push_row(cells(info));
        }
        table.print()?;
        if let Some(holders) = holders.filter(|holders| !holders.is_complete()) {
            failure::warn(&queue_info::describe_unreadable(&holders));
        }
        Ok(())
    }
}

const COLUMNS: [(&str, Align); 8] = [
    ("NAME", Align::Left),
    ("OWNER", Align::Left),
    ("MODE", Align::Left),
    ("MESSAGES", Align::Right),
    ("BYTES", Align::Right),
    ("MSGSIZE", Align::Right),
    ("NOTIFY", Align::Left),
    ("HOLDERS", Align::Left),
];

fn cells(info: &QueueInfo) -> Vec<Vec<u8>> {
    let unknown = || UNKNOWN.to_owned();
    let attributes = info.attributes;
    let mut cells = vec![info.name.as_os_str().as_encoded_bytes().to_vec()];
    let words = [
        Some(owner::format_owner(info.uid, info.gid)),
        Some(mode::format_symbolic(info.mode)),
        attributes.map(|a| format!("{}/{}", a.messages, a.capacity)),
        info.details.map(|details| details.bytes.to_string()),
        attributes.map(|a| a.message_size.to_string()),
        info.details.as_ref().map(queue_info::format_registration),
    ];
    cells.extend(words.into_iter().map(|word| word.unwrap_or_else(unknown).into_bytes()));
    cells.extend(info.holders.as_ref().map(|h| queue_info::format_holders(h).into_bytes()));
    cells
}
