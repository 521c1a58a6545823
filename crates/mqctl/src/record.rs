//! What is known of a queue, as JSON and in words. What is not known is null, and `?`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use posix_mqueue::{
    Attributes, Details, Entry, Holders, NotifyMethod, QueueName, Registration, Status,
};
use serde_json::{Map, Value, json};

use crate::counted::counted;
use crate::table::{NOTHING, UNKNOWN};
use crate::{account, mode, sanitize};

/// One queue.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) name: QueueName,
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) modified: SystemTime,
    pub(crate) attributes: Option<Attributes>,
    /// What its file tells besides.
    pub(crate) details: Option<Details>,
    pub(crate) holders: Option<Holding>,
}

/// The processes that have one queue open.
#[derive(Debug)]
pub(crate) struct Holding {
    pub(crate) processes: Vec<Process>,
    /// Whether every process was looked into.
    pub(crate) is_complete: bool,
}

#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) descriptors: Vec<i32>,
}

impl From<Entry> for Record {
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

impl Record {
    /// What an open queue tells of itself.
    pub(crate) fn of_status(name: QueueName, status: &Status) -> Self {
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

    /// Takes from the holders of many queues those of this one.
    pub(crate) fn held_by(&mut self, holders: &Holders) {
        let of_this = holders.found.iter().filter(|holder| holder.name == self.name);
        let processes = of_this
            .map(|holder| Process { pid: holder.pid, descriptors: holder.descriptors.clone() })
            .collect();
        self.holders = Some(Holding { processes, is_complete: holders.is_complete() });
    }

    /// The bytes that its creator is charged for it.
    pub(crate) fn charge(&self) -> Option<u64> {
        self.attributes.map(|a| posix_mqueue::charge(a.capacity, a.message_size))
    }

    pub(crate) fn json(&self) -> Value {
        let attribute = |get: fn(&Attributes) -> usize| self.attributes.as_ref().map(get);
        let mut map = Map::new();
        insert_name(&mut map, "name", self.name.as_os_str());
        for (key, value) in [
            ("owner", json!(account::user_name(self.uid))),
            ("group", json!(account::group_name(self.gid))),
            ("uid", json!(self.uid)),
            ("gid", json!(self.gid)),
            ("mode", json!(mode::octal(self.mode))),
            ("messages", json!(attribute(|a| a.messages))),
            ("maxmsg", json!(attribute(|a| a.capacity))),
            ("bytes", json!(self.details.map(|details| details.bytes))),
            ("msgsize", json!(attribute(|a| a.message_size))),
            ("charge", json!(self.charge())),
            ("modified", json!(time(self.modified))),
            ("notify", json!(self.details.map(|details| notify(details.registration.as_ref())))),
        ] {
            map.insert(key.into(), value);
        }
        if let Some(holding) = &self.holders {
            map.insert("holders".into(), holding.processes.iter().map(Process::json).collect());
            map.insert("holders_complete".into(), holding.is_complete.into());
        }
        Value::Object(map)
    }
}

impl Process {
    fn json(&self) -> Value {
        json!({
            "pid": self.pid,
            "command": command(self.pid),
            "descriptors": self.descriptors,
        })
    }
}

/// Under this key where it is UTF-8, and otherwise under it and `_base64`.
fn insert_name(map: &mut Map<String, Value>, key: &str, name: &OsStr) {
    match name.to_str() {
        Some(name) => map.insert(key.into(), name.into()),
        None => map.insert(format!("{key}_base64"), BASE64_STANDARD.encode(name.as_bytes()).into()),
    };
}

fn notify(registration: Option<&Registration>) -> Value {
    let Some(registration) = registration else { return json!({ "kind": "nobody" }) };
    let mut map = Map::new();
    match registration.method {
        NotifyMethod::Signal { number } => {
            map.insert("kind".into(), "signal".into());
            map.insert("signal".into(), number.into());
        }
        other => {
            map.insert("kind".into(), kind(other).into());
        }
    }
    map.insert("pid".into(), registration.pid.into());
    map.insert("command".into(), registration.pid.and_then(command).into());
    Value::Object(map)
}

/// How a registered process is told: `thread`, `silent`, `SIGUSR1`.
fn kind(delivery: NotifyMethod) -> String {
    match delivery {
        NotifyMethod::Thread => "thread".into(),
        NotifyMethod::Silent => "silent".into(),
        NotifyMethod::Signal { number } => signal_hook::low_level::signal_name(number)
            .map_or_else(|| format!("signal {number}"), str::to_owned),
        _ => UNKNOWN.into(),
    }
}

/// `1234 python3`
fn process(pid: u32) -> String {
    match command(pid) {
        // Any process may give itself any name.
        Some(command) => format!("{pid} {}", sanitize::line(&command)),
        None => pid.to_string(),
    }
}

/// The processes, or that there are none.
pub(crate) fn processes(holding: &Holding) -> String {
    let mut all: Vec<_> = holding.processes.iter().map(|p| process(p.pid)).collect();
    if !holding.is_complete {
        all.push(UNKNOWN.into());
    }
    if all.is_empty() { NOTHING.into() } else { all.join(", ") }
}

/// The name of a process, as `ps -o comm` has it.
fn command(pid: u32) -> Option<String> {
    let name = std::fs::read(format!("/proc/{pid}/comm")).ok()?;
    Some(String::from_utf8_lossy(name.strip_suffix(b"\n").unwrap_or(&name)).into_owned())
}

/// To the second, as the kernel has it: `2026-11-26T10:00:00Z`.
pub(crate) fn time(moment: SystemTime) -> String {
    humantime::format_rfc3339_seconds(moment).to_string()
}

/// How, and which process: `SIGUSR1 to 1234 python3`.
pub(crate) fn registered(details: &Details) -> String {
    let Some(registration) = details.registration else { return NOTHING.into() };
    let who = registration.pid.map_or_else(|| UNKNOWN.into(), process);
    format!("{} to {who}", kind(registration.method))
}

/// What is missing where not every process could be looked into.
pub(crate) fn out_of_reach(holders: &Holders) -> String {
    let more = if holders.hidden { " or more" } else { "" };
    let processes = counted(holders.unreadable as u64, "process", "processes");
    format!("{processes}{more} could not be looked into, which takes CAP_SYS_PTRACE")
}
