//! The description of a queue, as JSON and as text. Unknown values are null and `?`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use posix_mqueue::{
    Attributes, Details, Entry, Holders, NotifyMethod, QueueName, Registration, Status,
};
use serde_json::{Map, Value, json};

use crate::display::plural::pluralize;
use crate::display::sanitize;
use crate::display::table::{NONE, UNKNOWN};
use crate::values::{mode, owner};

/// Everything known about one queue.
#[derive(Debug)]
pub(crate) struct QueueInfo {
    pub(crate) name: QueueName,
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) modified: SystemTime,
    pub(crate) attributes: Option<Attributes>,
    /// What only the queue's file in the mounted file system shows.
    pub(crate) details: Option<Details>,
    pub(crate) holders: Option<QueueHolders>,
}

/// The processes that have the queue open.
#[derive(Debug)]
pub(crate) struct QueueHolders {
    pub(crate) processes: Vec<Process>,
    /// Whether every process could be inspected.
    pub(crate) is_complete: bool,
}

#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) descriptors: Vec<i32>,
}

impl From<Entry> for QueueInfo {
    fn from(entry: Entry) -> Self {
        Self {
            name: entry.name,
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            modified: entry.modified,
            attributes: entry.details.map(|details| details.attributes),
            details: entry.details,
            holders: None,
        }
    }
}

impl QueueInfo {
    /// Describes an open queue.
    pub(crate) fn from_status(name: QueueName, status: &Status) -> Self {
        Self {
            name,
            mode: status.mode,
            uid: status.uid,
            gid: status.gid,
            modified: status.modified,
            attributes: Some(status.attributes),
            details: None,
            holders: None,
        }
    }

    /// Sets the holders of this queue, selected from the holders of many queues.
    pub(crate) fn set_holders(&mut self, holders: &Holders) {
        let of_this = holders.found.iter().filter(|holder| holder.name == self.name);
        let processes = of_this
            .map(|holder| Process { pid: holder.pid, descriptors: holder.descriptors.clone() })
            .collect();
        self.holders = Some(QueueHolders { processes, is_complete: holders.is_complete() });
    }

    /// Returns the bytes that count against its creator's RLIMIT_MSGQUEUE.
    pub(crate) fn charge(&self) -> Option<u64> {
        self.attributes.map(|a| posix_mqueue::charge(a.capacity, a.message_size))
    }

    pub(crate) fn json(&self) -> Value {
        let attribute = |get: fn(&Attributes) -> usize| self.attributes.as_ref().map(get);
        let mut map = Map::new();
        insert_name(&mut map, "name", self.name.as_os_str());
        for (key, value) in [
            ("owner", json!(owner::user_name(self.uid))),
            ("group", json!(owner::group_name(self.gid))),
            ("uid", json!(self.uid)),
            ("gid", json!(self.gid)),
            ("mode", json!(mode::format_octal(self.mode))),
            ("messages", json!(attribute(|a| a.messages))),
            ("maxmsg", json!(attribute(|a| a.capacity))),
            ("bytes", json!(self.details.map(|details| details.bytes))),
            ("msgsize", json!(attribute(|a| a.message_size))),
            ("charge", json!(self.charge())),
            ("modified", json!(format_time(self.modified))),
            (
                "notify",
                json!(self.details.map(|details| notify_json(details.registration.as_ref()))),
            ),
        ] {
            map.insert(key.into(), value);
        }
        if let Some(holders) = &self.holders {
            map.insert("holders".into(), holders.processes.iter().map(Process::json).collect());
            map.insert("holders_complete".into(), holders.is_complete.into());
        }
        Value::Object(map)
    }
}

impl Process {
    fn json(&self) -> Value {
        json!({
            "pid": self.pid,
            "command": command_name(self.pid),
            "descriptors": self.descriptors,
        })
    }
}

/// Inserts a UTF-8 name under `key`, any other name under `key` plus `_base64`.
fn insert_name(map: &mut Map<String, Value>, key: &str, name: &OsStr) {
    match name.to_str() {
        Some(name) => map.insert(key.into(), name.into()),
        None => map.insert(format!("{key}_base64"), BASE64_STANDARD.encode(name.as_bytes()).into()),
    };
}

fn notify_json(registration: Option<&Registration>) -> Value {
    let Some(registration) = registration else { return json!({ "kind": "none" }) };
    let mut map = Map::new();
    match registration.method {
        NotifyMethod::Signal { number } => {
            map.insert("kind".into(), "signal".into());
            map.insert("signal".into(), number.into());
        }
        other => {
            map.insert("kind".into(), notify_kind(other).into());
        }
    }
    map.insert("pid".into(), registration.pid.into());
    map.insert("command".into(), registration.pid.and_then(command_name).into());
    Value::Object(map)
}

/// How a registered process is notified: `thread`, `silent`, `SIGUSR1`.
fn notify_kind(delivery: NotifyMethod) -> String {
    match delivery {
        NotifyMethod::Thread => "thread".into(),
        NotifyMethod::Silent => "silent".into(),
        NotifyMethod::Signal { number } => signal_hook::low_level::signal_name(number)
            .map_or_else(|| format!("signal {number}"), str::to_owned),
        _ => UNKNOWN.into(),
    }
}

/// Returns the process id and the name: `1234 python3`.
fn format_process(pid: u32) -> String {
    match command_name(pid) {
        // A process can set its name to any bytes.
        Some(command) => format!("{pid} {}", sanitize::line(&command)),
        None => pid.to_string(),
    }
}

/// Lists the processes, or returns `-` if there are none.
pub(crate) fn format_holders(holders: &QueueHolders) -> String {
    let mut all: Vec<_> = holders.processes.iter().map(|p| format_process(p.pid)).collect();
    if !holders.is_complete {
        all.push(UNKNOWN.into());
    }
    if all.is_empty() { NONE.into() } else { all.join(", ") }
}

/// Returns the name of a process, as `ps -o comm` prints it.
fn command_name(pid: u32) -> Option<String> {
    let name = std::fs::read(format!("/proc/{pid}/comm")).ok()?;
    Some(String::from_utf8_lossy(name.strip_suffix(b"\n").unwrap_or(&name)).into_owned())
}

/// Formats a time in UTC, to the second as the kernel stores it: `2026-11-26T10:00:00Z`.
pub(crate) fn format_time(moment: SystemTime) -> String {
    humantime::format_rfc3339_seconds(moment).to_string()
}

/// Formats a registration: `SIGUSR1 to 1234 python3`.
pub(crate) fn format_registration(details: &Details) -> String {
    let Some(registration) = details.registration else { return NONE.into() };
    let who = registration.pid.map_or_else(|| UNKNOWN.into(), format_process);
    format!("{} to {who}", notify_kind(registration.method))
}

/// Describes the processes that could not be inspected.
pub(crate) fn describe_unreadable(holders: &Holders) -> String {
    let more = if holders.hidden { " or more" } else { "" };
    let processes = pluralize(holders.unreadable as u64, "process", "processes");
    format!("{processes}{more} could not be inspected; that requires CAP_SYS_PTRACE")
}
