//! The configuration: command line, environment and TOML file, merged and validated.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::args::Args;
use crate::error::{Error, Result, ResultExt};
use file::ConfigFile;

pub use route::{InboundRoute, OutboundRoute, SyncPolicy};
pub use server::ServerConfig;
pub use stream::StreamSpec;
pub(crate) use subject::covers;

mod conflicts;
mod defaults;
mod file;
mod flags;
mod route;
mod server;
mod size;
mod stream;
mod subject;
mod validate;

/// A validated configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How to connect to the cluster.
    pub server: ServerConfig,
    /// The parent of the routes' state directories.
    pub journal_directory: PathBuf,
    /// This machine's name in subjects, headers and consumers.
    pub host: String,
    /// The address that serves metrics, if any.
    pub listen: Option<SocketAddr>,
    /// Whether to create missing streams and consumers.
    pub create_missing: bool,
    /// How long SIGTERM waits until the journals are published.
    pub drain_timeout: Duration,
    /// Routes from queues to streams.
    pub outbound: Vec<OutboundRoute>,
    /// Routes from streams to queues.
    pub inbound: Vec<InboundRoute>,
    /// How to create missing streams.
    pub streams: Vec<StreamSpec>,
}

impl Config {
    /// Loads the configuration. The command line takes precedence over the file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or a value is invalid. The error names the route and the key.
    pub fn load(args: &Args) -> Result<Self> {
        let file = match &args.config {
            Some(path) => {
                let location = path.display();
                let text = fs::read_to_string(path).context(&location)?;
                ConfigFile::parse(&text).map_err(|error| error.context(&location))?
            }
            None => ConfigFile::default(),
        };
        Self::new(args, file)
    }

    fn new(args: &Args, file: ConfigFile) -> Result<Self> {
        let host = match args.host.clone().or(file.host) {
            Some(host) => host,
            None => host_name()?,
        };
        let stream = args.stream.clone().unwrap_or_else(|| "MQ".to_owned());
        let replicas = args.replicas.or(file.replicas).unwrap_or(1);
        let mut outbound = Vec::new();
        let mut inbound = Vec::new();
        for (name, table) in &file.outbound {
            outbound.push(file::outbound_route(name, table, &host, &stream)?);
        }
        for (name, table) in &file.inbound {
            inbound.push(file::inbound_route(name, table, &host, &stream)?);
        }
        for flag in &args.outbound {
            outbound.push(flags::outbound_flag(flag, &host, &stream)?);
        }
        for flag in &args.inbound {
            inbound.push(flags::inbound_flag(flag, &host, &stream)?);
        }
        if outbound.is_empty() && inbound.is_empty() {
            return Err(Error::new(
                "there are no routes: give --out or --in, or a file that defines some",
            ));
        }
        conflicts::check(&outbound, &inbound)?;
        let mut streams = stream::for_routes(&outbound, &inbound, replicas);
        file::apply_stream_tables(&mut streams, &file.streams)?;
        Ok(Self {
            server: server::merge(args, file.server)?,
            journal_directory: args
                .journal
                .clone()
                .or(file.journal)
                .unwrap_or_else(state_directory),
            host,
            listen: args.listen.or(file.listen),
            create_missing: args.create || file.create,
            drain_timeout: validate::seconds("drain_seconds", file.drain_seconds, 0)?,
            outbound,
            inbound,
            streams: streams.into_values().collect(),
        })
    }
}

fn host_name() -> Result<String> {
    let name =
        fs::read_to_string("/proc/sys/kernel/hostname").context("the host's name (--host)")?;
    Ok(name.trim().to_owned())
}

fn state_directory() -> PathBuf {
    // systemd lists the directories of StateDirectory=, separated by colons.
    let given = env::var("STATE_DIRECTORY").ok();
    let first =
        given.as_deref().and_then(|all| all.split(':').next()).filter(|one| !one.is_empty());
    PathBuf::from(first.unwrap_or("/var/lib/mqrelay"))
}
