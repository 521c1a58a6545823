//! The TOML file. An unknown key is an error that names the route.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use posix_mqueue::{PRIORITY_MAX, QueueName};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::defaults;
use super::route::{InboundRoute, OutboundRoute, SyncPolicy};
use super::size::Size;
use super::stream::StreamSpec;
use super::subject::{check_subject, expand_host};
use super::validate::{check_name, range, seconds};
use crate::args;
use crate::error::{Error, Result, ResultExt};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ConfigFile {
    pub(super) host: Option<String>,
    pub(super) journal: Option<PathBuf>,
    #[serde(deserialize_with = "parse_listen")]
    pub(super) listen: Option<SocketAddr>,
    pub(super) create: bool,
    pub(super) replicas: Option<usize>,
    pub(super) drain_seconds: u64,
    pub(super) server: ServerTable,
    pub(super) streams: BTreeMap<String, toml::Table>,
    // Tables are parsed one by one so that an error can name the route.
    #[serde(rename = "out")]
    pub(super) outbound: BTreeMap<String, toml::Table>,
    #[serde(rename = "in")]
    pub(super) inbound: BTreeMap<String, toml::Table>,
}

impl Default for ConfigFile {
    fn default() -> Self {
        Self {
            host: None,
            journal: None,
            listen: None,
            create: false,
            replicas: None,
            drain_seconds: 10,
            server: ServerTable::default(),
            streams: BTreeMap::new(),
            outbound: BTreeMap::new(),
            inbound: BTreeMap::new(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ServerTable {
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
struct OutboundTable {
    queue: String,
    subject: Option<String>,
    stream: Option<String>,
    in_flight: Option<usize>,
    journal_size: Option<Size>,
    #[serde(default)]
    sync: SyncPolicy,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InboundTable {
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
struct StreamTable {
    subjects: Option<Vec<String>>,
    replicas: Option<usize>,
    duplicate_window_seconds: Option<u64>,
    max_bytes: Option<Size>,
    work_queue: Option<bool>,
}

impl ConfigFile {
    pub(super) fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| Error::new(error.to_string().trim_end()))
    }
}

pub(super) fn outbound_route(
    name: &str,
    table: &toml::Table,
    host: &str,
    stream: &str,
) -> Result<OutboundRoute> {
    let location = format!("route out.{name}");
    let in_table = |error: Error| error.context(&location);
    let given: OutboundTable = parse_table(table).map_err(in_table)?;
    let subject = given.subject.map(|subject| expand_host(&subject, host));
    let route = OutboundRoute {
        name: name.to_owned(),
        queue: QueueName::new(&given.queue).context("queue").map_err(in_table)?,
        subject: subject.unwrap_or_else(|| defaults::outbound_subject(host, name)),
        stream: given.stream.unwrap_or_else(|| stream.to_owned()),
        in_flight: given.in_flight.unwrap_or(defaults::IN_FLIGHT),
        journal_size: given.journal_size.map_or(defaults::JOURNAL_SIZE, |size| size.0),
        sync: given.sync,
    };
    check_name("the route's name", name).map_err(in_table)?;
    check_name("stream", &route.stream).map_err(in_table)?;
    check_subject(&route.subject, false).map_err(in_table)?;
    range("in_flight", route.in_flight, 65_536).map_err(in_table)?;
    Ok(route)
}

pub(super) fn inbound_route(
    name: &str,
    table: &toml::Table,
    host: &str,
    stream: &str,
) -> Result<InboundRoute> {
    let location = format!("route in.{name}");
    let in_table = |error: Error| error.context(&location);
    let given: InboundTable = parse_table(table).map_err(in_table)?;
    let dead_letter = given.dead_letter.map(|subject| expand_host(&subject, host));
    let route = InboundRoute {
        name: name.to_owned(),
        queue: QueueName::new(&given.queue).context("queue").map_err(in_table)?,
        stream: given.stream.unwrap_or_else(|| stream.to_owned()),
        consumer: given.consumer.unwrap_or_else(|| defaults::consumer_name(host, name)),
        subject: given.subject.map_or(String::new(), |subject| expand_host(&subject, host)),
        dead_letter: dead_letter.unwrap_or_else(|| defaults::dead_letter_subject(host, name)),
        batch: given.batch.unwrap_or(defaults::BATCH),
        priority: given.priority.unwrap_or(0),
    };
    check_name("the route's name", name).map_err(in_table)?;
    check_name("stream", &route.stream).map_err(in_table)?;
    check_name("consumer", &route.consumer).map_err(in_table)?;
    if !route.subject.is_empty() {
        check_subject(&route.subject, true).map_err(in_table)?;
    }
    check_subject(&route.dead_letter, false).context("dead_letter").map_err(in_table)?;
    range("batch", route.batch, 10_000).map_err(in_table)?;
    if route.priority > PRIORITY_MAX {
        let message = format!("priority = {} exceeds {PRIORITY_MAX}", route.priority);
        return Err(in_table(Error::new(message)));
    }
    Ok(route)
}

/// Applies the file's stream tables to the specifications derived from the routes.
pub(super) fn apply_stream_tables(
    specs: &mut BTreeMap<String, StreamSpec>,
    tables: &BTreeMap<String, toml::Table>,
) -> Result<()> {
    for (name, table) in tables {
        let Some(spec) = specs.get_mut(name) else {
            return Err(Error::new("no route names this stream").context(format!("streams.{name}")));
        };
        apply_stream_table(spec, table)?;
    }
    Ok(())
}

fn apply_stream_table(spec: &mut StreamSpec, table: &toml::Table) -> Result<()> {
    let location = format!("streams.{}", spec.name);
    let given: StreamTable = parse_table(table).map_err(|error| error.context(&location))?;
    for subject in given.subjects.iter().flatten() {
        check_subject(subject, true).map_err(|error| error.context(&location))?;
    }
    if let Some(subjects) = given.subjects {
        spec.subjects = subjects;
    }
    spec.replicas = given.replicas.unwrap_or(spec.replicas);
    if let Some(window) = given.duplicate_window_seconds {
        seconds("duplicate_window_seconds", window, 1).map_err(|error| error.context(&location))?;
        spec.duplicate_window = window;
    }
    if let Some(Size(bytes)) = given.max_bytes {
        spec.max_bytes =
            i64::try_from(bytes).context("max_bytes").map_err(|e| e.context(&location))?;
    }
    spec.work_queue = given.work_queue.unwrap_or(spec.work_queue);
    Ok(())
}

fn parse_table<T: DeserializeOwned>(table: &toml::Table) -> Result<T> {
    let without_position = |error: toml::de::Error| Error::new(error.message());
    table.clone().try_into().map_err(without_position)
}

fn parse_listen<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    args::parse_address(&text).map(Some).map_err(serde::de::Error::custom)
}
