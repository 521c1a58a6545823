//! The TOML file. A key that means nothing is refused, with its route.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use posix_mqueue::{PRIORITY_MAX, QueueName};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::defaults;
use super::route::{InRoute, OutRoute, Sync};
use super::size::Size;
use super::stream::StreamPlan;
use super::subject::{check_subject, expanded};
use super::validate::{check_name, range, seconds};
use crate::args;
use crate::error::{Error, Result, Within};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) host: Option<String>,
    pub(super) journal: Option<PathBuf>,
    #[serde(deserialize_with = "listen")]
    pub(super) listen: Option<SocketAddr>,
    pub(super) create: bool,
    pub(super) replicas: Option<usize>,
    pub(super) drain_seconds: u64,
    pub(super) server: Server,
    pub(super) streams: BTreeMap<String, toml::Table>,
    // Read one by one, so that an error can name the route.
    pub(super) out: BTreeMap<String, toml::Table>,
    #[serde(rename = "in")]
    pub(super) inward: BTreeMap<String, toml::Table>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            host: None,
            journal: None,
            listen: None,
            create: false,
            replicas: None,
            drain_seconds: 10,
            server: Server::default(),
            streams: BTreeMap::new(),
            out: BTreeMap::new(),
            inward: BTreeMap::new(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Server {
    pub(super) urls: Option<Vec<String>>,
    pub(super) user: Option<String>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) credentials: Option<PathBuf>,
    pub(super) ca: Option<PathBuf>,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) tls: bool,
    pub(super) timeout_seconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Out {
    queue: String,
    subject: Option<String>,
    stream: Option<String>,
    in_flight: Option<usize>,
    journal_size: Option<Size>,
    #[serde(default)]
    sync: Sync,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct In {
    queue: String,
    subject: Option<String>,
    stream: Option<String>,
    consumer: Option<String>,
    dead_letter: Option<String>,
    batch: Option<usize>,
    priority: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stream {
    subjects: Option<Vec<String>>,
    replicas: Option<usize>,
    duplicate_window_seconds: Option<u64>,
    max_bytes: Option<Size>,
    work_queue: Option<bool>,
}

impl File {
    pub(super) fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| Error::new(error.to_string().trim_end()))
    }
}

pub(super) fn out_route(
    name: &str,
    table: &toml::Table,
    host: &str,
    stream: &str,
) -> Result<OutRoute> {
    let place = format!("route out.{name}");
    let within = |error: Error| error.within(&place);
    let out: Out = read(table).map_err(within)?;
    let subject = out.subject.map(|subject| expanded(&subject, host));
    let route = OutRoute {
        name: name.to_owned(),
        queue: QueueName::new(&out.queue).within("queue").map_err(within)?,
        subject: subject.unwrap_or_else(|| defaults::out_subject(host, name)),
        stream: out.stream.unwrap_or_else(|| stream.to_owned()),
        in_flight: out.in_flight.unwrap_or(defaults::IN_FLIGHT),
        journal_size: out.journal_size.map_or(defaults::JOURNAL_SIZE, |size| size.0),
        sync: out.sync,
    };
    check_name("the route's name", name).map_err(within)?;
    check_name("stream", &route.stream).map_err(within)?;
    check_subject(&route.subject, false).map_err(within)?;
    range("in_flight", route.in_flight, 65_536).map_err(within)?;
    Ok(route)
}

pub(super) fn in_route(
    name: &str,
    table: &toml::Table,
    host: &str,
    stream: &str,
) -> Result<InRoute> {
    let place = format!("route in.{name}");
    let within = |error: Error| error.within(&place);
    let inward: In = read(table).map_err(within)?;
    let dead_letter = inward.dead_letter.map(|subject| expanded(&subject, host));
    let route = InRoute {
        name: name.to_owned(),
        queue: QueueName::new(&inward.queue).within("queue").map_err(within)?,
        stream: inward.stream.unwrap_or_else(|| stream.to_owned()),
        consumer: inward.consumer.unwrap_or_else(|| defaults::consumer(host, name)),
        subject: inward.subject.map_or(String::new(), |subject| expanded(&subject, host)),
        dead_letter: dead_letter.unwrap_or_else(|| defaults::dead_letter(host, name)),
        batch: inward.batch.unwrap_or(defaults::BATCH),
        priority: inward.priority.unwrap_or(0),
    };
    check_name("the route's name", name).map_err(within)?;
    check_name("stream", &route.stream).map_err(within)?;
    check_name("consumer", &route.consumer).map_err(within)?;
    if !route.subject.is_empty() {
        check_subject(&route.subject, true).map_err(within)?;
    }
    check_subject(&route.dead_letter, false).within("dead_letter").map_err(within)?;
    range("batch", route.batch, 10_000).map_err(within)?;
    if route.priority > PRIORITY_MAX {
        let words = format!("priority = {} is over {PRIORITY_MAX}", route.priority);
        return Err(within(Error::new(words)));
    }
    Ok(route)
}

/// Puts what the file says of streams over what follows from the routes.
pub(super) fn complete_plans(
    plans: &mut BTreeMap<String, StreamPlan>,
    tables: &BTreeMap<String, toml::Table>,
) -> Result<()> {
    for (name, table) in tables {
        let Some(plan) = plans.get_mut(name) else {
            return Err(Error::new("no route names this stream").within(format!("streams.{name}")));
        };
        complete_plan(plan, table)?;
    }
    Ok(())
}

fn complete_plan(plan: &mut StreamPlan, table: &toml::Table) -> Result<()> {
    let place = format!("streams.{}", plan.name);
    let given: Stream = read(table).map_err(|error| error.within(&place))?;
    for subject in given.subjects.iter().flatten() {
        check_subject(subject, true).map_err(|error| error.within(&place))?;
    }
    if let Some(subjects) = given.subjects {
        plan.subjects = subjects;
    }
    plan.replicas = given.replicas.unwrap_or(plan.replicas);
    if let Some(window) = given.duplicate_window_seconds {
        seconds("duplicate_window_seconds", window, 1).map_err(|error| error.within(&place))?;
        plan.duplicate_window = window;
    }
    if let Some(Size(bytes)) = given.max_bytes {
        plan.max_bytes = i64::try_from(bytes).within("max_bytes").map_err(|e| e.within(&place))?;
    }
    plan.work_queue = given.work_queue.unwrap_or(plan.work_queue);
    Ok(())
}

fn read<T: DeserializeOwned>(table: &toml::Table) -> Result<T> {
    let words = |error: toml::de::Error| Error::new(error.message());
    table.clone().try_into().map_err(words)
}

fn listen<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    args::address(&text).map(Some).map_err(serde::de::Error::custom)
}
