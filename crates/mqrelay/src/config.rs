//! What a relay is to do, of the command line and the file.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::args::Args;
use crate::error::{Error, Result, Within};
use file::File;

pub use route::{InRoute, OutRoute, Sync};
pub use server::Server;
pub use stream::StreamPlan;
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

/// Everything, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The cluster, and who we are to it.
    pub server: Server,
    /// Where journals are kept, one directory a route.
    pub journal: PathBuf,
    /// This machine's name.
    pub host: String,
    /// Where to serve metrics.
    pub listen: Option<SocketAddr>,
    /// Whether missing streams and consumers are made.
    pub create: bool,
    /// How long SIGTERM waits for the broker to take the rest of the journals.
    pub drain: Duration,
    /// Queues to streams.
    pub out: Vec<OutRoute>,
    /// Streams to queues.
    pub inward: Vec<InRoute>,
    /// How streams are made that are missing.
    pub streams: Vec<StreamPlan>,
}

impl Config {
    /// Reads the file, if there is one, and puts the command line over it.
    ///
    /// # Errors
    ///
    /// Says which route and which key it is about.
    pub fn load(args: &Args) -> Result<Self> {
        let file = match &args.config {
            Some(path) => {
                let place = path.display();
                let text = fs::read_to_string(path).within(&place)?;
                File::parse(&text).map_err(|error| error.within(&place))?
            }
            None => File::default(),
        };
        Self::new(args, file)
    }

    fn new(args: &Args, file: File) -> Result<Self> {
        let host = match args.host.clone().or(file.host) {
            Some(host) => host,
            None => host_name()?,
        };
        let stream = args.stream.clone().unwrap_or_else(|| "MQ".to_owned());
        let replicas = args.replicas.or(file.replicas).unwrap_or(1);
        let mut out = Vec::new();
        let mut inward = Vec::new();
        for (name, table) in &file.out {
            out.push(file::out_route(name, table, &host, &stream)?);
        }
        for (name, table) in &file.inward {
            inward.push(file::in_route(name, table, &host, &stream)?);
        }
        for flag in &args.out {
            out.push(flags::out_flag(flag, &host, &stream)?);
        }
        for flag in &args.inward {
            inward.push(flags::in_flag(flag, &host, &stream)?);
        }
        if out.is_empty() && inward.is_empty() {
            return Err(Error::new("there are no routes: give --out or --in, or a file of them"));
        }
        conflicts::check_distinct(&out, &inward)?;
        let mut streams = stream::plans(&out, &inward, replicas);
        file::complete_plans(&mut streams, &file.streams)?;
        Ok(Self {
            server: server::of(args, file.server)?,
            journal: args.journal.clone().or(file.journal).unwrap_or_else(state_directory),
            host,
            listen: args.listen.or(file.listen),
            create: args.create || file.create,
            drain: validate::seconds("drain_seconds", file.drain_seconds, 0)?,
            out,
            inward,
            streams: streams.into_values().collect(),
        })
    }
}

fn host_name() -> Result<String> {
    let name =
        fs::read_to_string("/proc/sys/kernel/hostname").within("the host's name (--host)")?;
    Ok(name.trim().to_owned())
}

fn state_directory() -> PathBuf {
    // systemd gives one for each StateDirectory=, with colons between them.
    let given = env::var("STATE_DIRECTORY").ok();
    let first =
        given.as_deref().and_then(|all| all.split(':').next()).filter(|one| !one.is_empty());
    PathBuf::from(first.unwrap_or("/var/lib/mqrelay"))
}
