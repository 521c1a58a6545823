//! `mqctl info`

use std::cell::RefCell;

use posix_mqueue::{Directory, QueueName};
use serde_json::Value;

use crate::display::table::UNKNOWN;
use crate::display::{output, sanitize};
use crate::failure::Outcome;
use crate::failure::operands::for_each_operand;
use crate::queue::inspect;
use crate::queue::queue_info::{self, QueueInfo};
use crate::values::{mode, owner, queue_name};

/// Show all details of queues
///
/// Owner, mode, messages and sizes are known for any queue that you can open. Bytes, notification
/// and holders (the processes that have the queue open) require a mounted queue file system or
/// root; otherwise they are shown as `?`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Names of the queues
    #[arg(required = true, value_name = "NAME", value_parser = queue_name::parser())]
    names: Vec<QueueName>,
    /// Print a JSON array with one object per queue; unknown values are null
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        // Without the directory, fewer details are known.
        let directory = Directory::open().ok();
        let infos = RefCell::new(Vec::new());
        let outcome = for_each_operand(&self.names, |name| {
            let info = query(name, directory.as_ref())?;
            if self.json {
                infos.borrow_mut().push(info.json());
                return Ok(());
            }
            Ok(output::write(&render_text(&info))?)
        });
        if self.json {
            output::write_json(&Value::Array(infos.into_inner()))?;
        }
        outcome
    }
}

fn query(name: &QueueName, directory: Option<&Directory>) -> Outcome<QueueInfo> {
    let queue = inspect::open_for_inspection(name)?;
    let mut info = QueueInfo::from_status(name.clone(), &queue.status()?);
    // Close the queue first, so that this process is not listed as a holder.
    drop(queue);
    let Some(entry) = directory.and_then(|directory| directory.read(name).ok()) else {
        return Ok(info);
    };
    info.details = entry.details;
    if let Ok(holders) = entry.holders() {
        info.set_holders(&holders);
    }
    Ok(info)
}

/// Renders the name and one line for each detail.
fn render_text(info: &QueueInfo) -> Vec<u8> {
    let name = info.name.as_os_str();
    let mut text = if output::is_terminal() {
        sanitize::name(name).into_bytes()
    } else {
        name.as_encoded_bytes().to_vec()
    };
    let attributes = info.attributes;
    for (what, known) in [
        ("owner", Some(owner::format_owner(info.uid, info.gid))),
        (
            "mode",
            Some(format!("{} {}", mode::format_octal(info.mode), mode::format_symbolic(info.mode))),
        ),
        ("messages", attributes.map(|a| format!("{} of {}", a.messages, a.capacity))),
        ("bytes", info.details.map(|details| details.bytes.to_string())),
        ("msgsize", attributes.map(|a| a.message_size.to_string())),
        ("charge", info.charge().map(|charge| charge.to_string())),
        ("modified", Some(queue_info::format_time(info.modified))),
        ("notify", info.details.as_ref().map(queue_info::format_registration)),
        ("holders", info.holders.as_ref().map(queue_info::format_holders)),
    ] {
        let known = known.unwrap_or_else(|| UNKNOWN.into());
        text.extend(format!("\n  {what:<10}{known}").into_bytes());
    }
    text.push(b'\n');
    text
}
