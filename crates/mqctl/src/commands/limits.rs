//! `mqctl limits`

mod usage;

use posix_mqueue::{Directory, Limit, Limits, charge};
use serde_json::{Value, json};
use usage::{Usage, UserUsage};

use crate::display::output;
use crate::display::table::{Align, NONE, Table, UNKNOWN};
use crate::failure;
use crate::failure::Outcome;
use crate::values::owner;

/// Show system limits, their usage, and how to raise them
///
/// RLIMIT_MSGQUEUE limits the bytes of all queues that a user has created. Each counts maxmsg times
/// (msgsize + 96), even when empty. The usage is an estimate from the queues of this IPC namespace
/// and their owners. It does not include removed queues that are still open, or queues of other
/// namespaces.
///
/// Each IPC namespace has its own sysctls. Set them as root; for a container, use `docker run
/// --sysctl`. To keep a value after a reboot, put it into a file in /etc/sysctl.d.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print a JSON object; unknown values and missing limits are null
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        let limits = Limits::read()?;
        let entries = Directory::open().and_then(|directory| directory.entries());
        let usage = entries.as_deref().map(Usage::from_entries);
        if self.json {
            return Ok(output::write_json(&to_json(&limits, usage.as_ref().ok()))?);
        }
        limits_table(&limits).print()?;
        match &usage {
            Ok(usage) => {
                output::write(b"\n")?;
                users_table(&usage.users).print()?;
                Ok(output::write(format!("\n{}\n", summary(&limits, usage)).as_bytes())?)
            }
            Err(error) => {
                failure::warn(&format!("the usage is unknown: {}", failure::explain(error)));
                Ok(())
            }
        }
    }
}

/// The bytes that a queue of the default sizes counts.
fn default_queue_charge(limits: &Limits) -> u64 {
    charge(
        limits.default_capacity.min(limits.max_capacity),
        limits.default_message_size.min(limits.max_message_size),
    )
}

/// The number of queues of the default sizes that this user can still create.
fn queues_that_fit(limits: &Limits, usage: &Usage) -> u64 {
    let bytes = limits.max_bytes.saturating_sub(usage.current_user().charge);
    let places = limits.max_queues.saturating_sub(usage.queues) as u64;
    (bytes / default_queue_charge(limits).max(1)).min(places)
}

const SYSCTLS: [Limit; 5] = [
    Limit::DefaultCapacity,
    Limit::MaxCapacity,
    Limit::DefaultMessageSize,
    Limit::MaxMessageSize,
    Limit::MaxQueues,
];

/// The command that doubles a sysctl, up to the value that still has an effect.
fn raise_command(sysctl: Limit, limits: &Limits) -> String {
    let value = limits.get(sysctl);
    // The kernel applies a default only up to its maximum.
    let max = match sysctl {
        Limit::DefaultCapacity => Some(Limit::MaxCapacity),
        Limit::DefaultMessageSize => Some(Limit::MaxMessageSize),
        _ => None,
    };
    let ceiling = max.map_or(sysctl.ceiling(), |max| limits.get(max));
    match max {
        _ if value >= sysctl.ceiling() => NONE.to_owned(),
        Some(max) if value >= ceiling => format!("raise {} first", max.name()),
        _ => remedy_command(limits, sysctl, value.saturating_mul(2).min(ceiling)),
    }
}

fn remedy_command(limits: &Limits, limit: Limit, to: u64) -> String {
    limits.remedy(limit, to).map_or_else(|| NONE.to_owned(), |remedy| remedy.command)
}

fn if_limited(bytes: u64) -> Option<u64> {
    (bytes != u64::MAX).then_some(bytes)
}

fn limits_table(limits: &Limits) -> Table {
    let mut table = Table::new(&[
        ("LIMIT", Align::Left),
        ("VALUE", Align::Right),
        ("TO RAISE IT", Align::Left),
    ]);
    for sysctl in SYSCTLS {
        let (value, raise) = (limits.get(sysctl).to_string(), raise_command(sysctl, limits));
        table.push_row(vec![sysctl.name().into(), value.into(), raise.into()]);
    }
    let (soft, hard) = (limits.max_bytes, limits.hard_max_bytes);
    let raise_soft = if soft < hard {
        remedy_command(limits, Limit::MaxBytes, hard)
    } else {
        "raise the hard limit first".to_owned()
    };
    let raise_hard = limits.remedy(Limit::MaxBytes, hard.saturating_mul(2));
    let raise_hard = raise_hard.map(|remedy| remedy.to_string()).unwrap_or_default();
    for (which, bytes, raise) in [("soft", soft, raise_soft), ("hard", hard, raise_hard)] {
        let (value, raise) = match if_limited(bytes) {
            None => ("unlimited".to_owned(), NONE.to_owned()),
            Some(bytes) => (bytes.to_string(), raise),
        };
        let name = format!("{}, {which}", Limit::MaxBytes.name());
        table.push_row(vec![name.into(), value.into(), raise.into()]);
    }
    table
}

fn users_table(users: &[UserUsage]) -> Table {
    let mut table =
        Table::new(&[("USER", Align::Left), ("QUEUES", Align::Right), ("CHARGED", Align::Right)]);
    for user in users {
        // Unreadable queues count too, but their sizes are unknown.
        let charged = match user.unreadable {
            0 => user.charge.to_string(),
            _ => format!("{} + {UNKNOWN}", user.charge),
        };
        table.push_row(vec![
            owner::format_user(user.uid).into(),
            user.queues.to_string().into(),
            charged.into(),
        ]);
    }
    table
}

fn summary(limits: &Limits, usage: &Usage) -> String {
    let fit = queues_that_fit(limits, usage);
    let Usage { queues, .. } = usage;
    format!(
        "{queues} of {} queues exist. A queue of the default sizes is charged {} bytes; {} more of \
         them fit.",
        limits.max_queues,
        default_queue_charge(limits),
        if usage.current_user().unreadable == 0 {
            fit.to_string()
        } else {
            format!("at most {fit}")
        },
    )
}

fn to_json(limits: &Limits, usage: Option<&Usage>) -> Value {
    let sysctls: serde_json::Map<String, Value> = SYSCTLS
        .into_iter()
        .map(|sysctl| (sysctl.name().to_owned(), limits.get(sysctl).into()))
        .collect();
    let users = usage.map(|usage| usage.users.iter().map(UserUsage::json).collect::<Value>());
    json!({
        "sysctls": sysctls,
        "rlimit_msgqueue": {
            "soft": if_limited(limits.max_bytes),
            "hard": if_limited(limits.hard_max_bytes),
        },
        "default_queue_charge": default_queue_charge(limits),
        "queues": usage.map(|usage| usage.queues),
        "users": users,
        "default_queues_that_fit": usage.map(|usage| queues_that_fit(limits, usage)),
    })
}
