//! `mqctl limits`

mod usage;

use posix_mqueue::{Directory, Limits, charge};
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
/// In a systemd unit the line is LimitMSGQUEUE=8M, for logins `alice - msgqueue 8388608` in
/// /etc/security/limits.conf; sysctls stay if they are in a file of /etc/sysctl.d.
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

fn sysctls(limits: &Limits) -> [(&'static str, usize); 5] {
    [
        ("msg_default", limits.default_capacity),
        ("msg_max", limits.max_capacity),
        ("msgsize_default", limits.default_message_size),
        ("msgsize_max", limits.max_message_size),
        ("queues_max", limits.max_queues),
    ]
}

/// The command that doubles a sysctl, up to the value that still has an effect.
fn raise_command(name: &str, value: usize, limits: &Limits) -> String {
    // The kernel's ceiling, and for a default the maximum that applies to it.
    let (hard, max) = match name {
        "msg_default" => (Limits::HARD_CAPACITY, Some(("msg_max", limits.max_capacity))),
        "msg_max" => (Limits::HARD_CAPACITY, None),
        "msgsize_default" => {
            (Limits::HARD_MESSAGE_SIZE, Some(("msgsize_max", limits.max_message_size)))
        }
        "msgsize_max" => (Limits::HARD_MESSAGE_SIZE, None),
        _ => (usize::MAX, None),
    };
    match max {
        _ if value >= hard => NONE.to_owned(),
        Some((max, current_max)) if value >= current_max => format!("raise fs.mqueue.{max} first"),
        _ => {
            let ceiling = max.map_or(hard, |(_, current_max)| current_max);
            format!("sysctl -w fs.mqueue.{name}={}", value.saturating_mul(2).min(ceiling))
        }
    }
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
    for (name, value) in sysctls(limits) {
        let raise = raise_command(name, value, limits);
        table.push_row(vec![
            format!("fs.mqueue.{name}").into(),
            value.to_string().into(),
            raise.into(),
        ]);
    }
    for (which, bytes, raise) in [
        ("soft", limits.max_bytes, format!("ulimit -S -q {}", limits.hard_max_bytes)),
        (
            "hard",
            limits.hard_max_bytes,
            format!(
                "as root: prlimit --pid $$ --msgqueue={}",
                limits.hard_max_bytes.saturating_mul(2)
            ),
        ),
    ] {
        let (value, raise) = match if_limited(bytes) {
            None => ("unlimited".to_owned(), NONE.to_owned()),
            Some(bytes) if which == "soft" && bytes == limits.hard_max_bytes => {
                (bytes.to_string(), "raise the hard one first".to_owned())
            }
            Some(bytes) => (bytes.to_string(), raise),
        };
        table.push_row(vec![
            format!("RLIMIT_MSGQUEUE, {which}").into(),
            value.into(),
            raise.into(),
        ]);
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
    let sysctls: serde_json::Map<String, Value> = sysctls(limits)
        .into_iter()
        .map(|(name, value)| (format!("fs.mqueue.{name}"), value.into()))
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
