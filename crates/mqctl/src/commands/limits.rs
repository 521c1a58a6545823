//! `mqctl limits`

mod usage;

use posix_mqueue::{Directory, Limit, Limits, charge};
use serde_json::{Value, json};
use usage::{Usage, User};

use crate::failure::Outcome;
use crate::table::{NOTHING, Side, Table, UNKNOWN};
use crate::{account, failure, output};

/// Show what the system allows, what is used of it, and how to raise it
///
/// RLIMIT_MSGQUEUE is what the queues that a user created may be charged together: their number of
/// messages times (their size + 96), full or not. What is charged is estimated from the queues of
/// this IPC namespace and their owners. Not seen are queues that were removed and are still open,
/// and those of other namespaces.
///
/// Each sysctl belongs to the IPC namespace: as root, and for a container with --sysctl of
/// `docker run`. It stays over a reboot if it is in a file of /etc/sysctl.d.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write a JSON object; what is not known, or has no limit, is null
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        let limits = Limits::read()?;
        let entries = Directory::open().and_then(|directory| directory.entries());
        let usage = entries.as_deref().map(Usage::of);
        if self.json {
            return output::json(&as_json(&limits, usage.as_ref().ok()));
        }
        table_of(&limits).print()?;
        match &usage {
            Ok(usage) => {
                output::write(b"\n")?;
                table_of_users(&usage.users).print()?;
                output::write(format!("\n{}\n", in_words(&limits, usage)).as_bytes())
            }
            Err(error) => {
                failure::say(&format!("what is used is not known: {}", failure::why(error)));
                Ok(())
            }
        }
    }
}

/// What a queue of the default sizes is charged.
fn default_charge(limits: &Limits) -> u64 {
    charge(
        limits.default_capacity.min(limits.max_capacity),
        limits.default_message_size.min(limits.max_message_size),
    )
}

/// How many queues of the default sizes this user can still create.
fn fitting(limits: &Limits, usage: &Usage) -> u64 {
    let bytes = limits.max_bytes.saturating_sub(usage.own().charge);
    let places = limits.max_queues.saturating_sub(usage.queues) as u64;
    (bytes / default_charge(limits).max(1)).min(places)
}

const SYSCTLS: [Limit; 5] = [
    Limit::DefaultCapacity,
    Limit::MaxCapacity,
    Limit::DefaultMessageSize,
    Limit::MaxMessageSize,
    Limit::MaxQueues,
];

/// The command that doubles a sysctl, as far as that has an effect.
fn raising(sysctl: Limit, limits: &Limits) -> String {
    let value = limits.get(sysctl);
    // A default is in force up to its maximum.
    let max = match sysctl {
        Limit::DefaultCapacity => Some(Limit::MaxCapacity),
        Limit::DefaultMessageSize => Some(Limit::MaxMessageSize),
        _ => None,
    };
    let ceiling = max.map_or(sysctl.ceiling(), |max| limits.get(max));
    match max {
        _ if value >= sysctl.ceiling() => NOTHING.to_owned(),
        Some(max) if value >= ceiling => format!("raise {} first", max.name()),
        _ => command(limits, sysctl, value.saturating_mul(2).min(ceiling)),
    }
}

fn command(limits: &Limits, limit: Limit, to: u64) -> String {
    limits.remedy(limit, to).map_or_else(|| NOTHING.to_owned(), |remedy| remedy.command)
}

fn finite(bytes: u64) -> Option<u64> {
    (bytes != u64::MAX).then_some(bytes)
}

fn table_of(limits: &Limits) -> Table {
    let mut table =
        Table::new(&[("LIMIT", Side::Left), ("VALUE", Side::Right), ("TO RAISE IT", Side::Left)]);
    for sysctl in SYSCTLS {
        let (value, raise) = (limits.get(sysctl).to_string(), raising(sysctl, limits));
        table.row(vec![sysctl.name().into(), value.into(), raise.into()]);
    }
    let (soft, hard) = (limits.max_bytes, limits.hard_max_bytes);
    let raise_soft = if soft < hard {
        command(limits, Limit::MaxBytes, hard)
    } else {
        "raise the hard one first".to_owned()
    };
    let raise_hard = limits.remedy(Limit::MaxBytes, hard.saturating_mul(2));
    let raise_hard = raise_hard.map(|remedy| remedy.to_string()).unwrap_or_default();
    for (which, bytes, raise) in [("soft", soft, raise_soft), ("hard", hard, raise_hard)] {
        let (value, raise) = match finite(bytes) {
            None => ("unlimited".to_owned(), NOTHING.to_owned()),
            Some(bytes) => (bytes.to_string(), raise),
        };
        let name = format!("{}, {which}", Limit::MaxBytes.name());
        table.row(vec![name.into(), value.into(), raise.into()]);
    }
    table
}

fn table_of_users(users: &[User]) -> Table {
    let mut table =
        Table::new(&[("USER", Side::Left), ("QUEUES", Side::Right), ("CHARGED", Side::Right)]);
    for user in users {
        // What cannot be read is charged too.
        let charged = match user.unreadable {
            0 => user.charge.to_string(),
            _ => format!("{} + {UNKNOWN}", user.charge),
        };
        table.row(vec![
            account::user(user.uid).into(),
            user.queues.to_string().into(),
            charged.into(),
        ]);
    }
    table
}

fn in_words(limits: &Limits, usage: &Usage) -> String {
    let fit = fitting(limits, usage);
    let Usage { queues, .. } = usage;
    format!(
        "{queues} of {} queues exist. A queue of the default sizes is charged {} bytes; {} more of \
         them fit.",
        limits.max_queues,
        default_charge(limits),
        if usage.own().unreadable == 0 { fit.to_string() } else { format!("at most {fit}") },
    )
}

fn as_json(limits: &Limits, usage: Option<&Usage>) -> Value {
    let sysctls: serde_json::Map<String, Value> = SYSCTLS
        .into_iter()
        .map(|sysctl| (sysctl.name().to_owned(), limits.get(sysctl).into()))
        .collect();
    let users = usage.map(|usage| usage.users.iter().map(User::json).collect::<Value>());
    json!({
        "sysctls": sysctls,
        "rlimit_msgqueue": {
            "soft": finite(limits.max_bytes),
            "hard": finite(limits.hard_max_bytes),
        },
        "default_queue_charge": default_charge(limits),
        "queues": usage.map(|usage| usage.queues),
        "users": users,
        "default_queues_that_fit": usage.map(|usage| fitting(limits, usage)),
    })
}
