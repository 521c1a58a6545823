//! What a relay is to do, of the command line and the file.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::args::Args;
use crate::error::{Error, Result, Within};
use crate::route::{InRoute, OutRoute, StreamPlan};
use file::File;

mod file;
mod names;

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

/// The cluster, and who we are to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    /// Any of them will do.
    pub urls: Vec<String>,
    /// A user's name and password.
    pub user: Option<(String, String)>,
    /// A file with JWT and seed.
    pub credentials: Option<PathBuf>,
    /// Certificates of authorities.
    pub ca: Option<PathBuf>,
    /// Our own certificate and its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Whether to refuse to talk without TLS.
    pub tls: bool,
    /// How long to wait for an answer before the connection is given up.
    pub timeout: Duration,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("urls", &self.urls).finish_non_exhaustive()
    }
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
            out.push(names::out_flag(flag, &host, &stream)?);
        }
        for flag in &args.inward {
            inward.push(names::in_flag(flag, &host, &stream)?);
        }
        if out.is_empty() && inward.is_empty() {
            return Err(Error::new("there are no routes: give --out or --in, or a file of them"));
        }
        names::check_distinct(&out, &inward)?;
        let streams = stream_plans(&file.streams, &out, &inward, replicas)?;
        Ok(Self {
            server: server(args, file.server)?,
            journal: args.journal.clone().or(file.journal).unwrap_or_else(state_directory),
            host,
            listen: args.listen.or(file.listen),
            create: args.create || file.create,
            drain: file::seconds("drain_seconds", file.drain_seconds, 0)?,
            out,
            inward,
            streams,
        })
    }
}

/// One for each stream that a route names, and one for dead letters.
fn stream_plans(
    given: &BTreeMap<String, toml::Table>,
    out: &[OutRoute],
    inward: &[InRoute],
    replicas: usize,
) -> Result<Vec<StreamPlan>> {
    let mut plans = BTreeMap::<String, StreamPlan>::new();
    let named = out.iter().map(|route| (&route.stream, &route.subject));
    let named = named.chain(inward.iter().map(|route| (&route.stream, &route.subject)));
    let dead = names::DEAD_LETTERS.to_owned();
    for (stream, subject) in named.chain(inward.iter().map(|route| (&dead, &route.dead_letter))) {
        // What this and other machines put there has the first word in common.
        let wide = match subject.split('.').next() {
            None | Some("" | "*" | ">") => "mq.>".to_owned(),
            Some(word) => format!("{word}.>"),
        };
        let plan = plans.entry(stream.clone()).or_insert_with(|| StreamPlan {
            name: stream.clone(),
            subjects: Vec::new(),
            replicas,
            duplicate_window: 120,
            max_bytes: -1,
            work_queue: false,
        });
        if !plan.subjects.contains(&wide) {
            plan.subjects.push(wide);
        }
    }
    for (name, table) in given {
        let Some(plan) = plans.get_mut(name) else {
            return Err(Error::new("no route names this stream").within(format!("streams.{name}")));
        };
        file::complete_plan(plan, table)?;
    }
    Ok(plans.into_values().collect())
}

fn server(args: &Args, file: file::Server) -> Result<Server> {
    let urls = match (&args.server, file.urls) {
        (given, Some(urls)) if given.is_empty() => urls,
        (given, _) if given.is_empty() => vec!["nats://127.0.0.1:4222".to_owned()],
        (given, _) => given.clone(),
    };
    for url in &urls {
        if url.contains('@') {
            return Err(Error::new(
                "a server's URL must hold no password, which every user of the machine could read: \
                 set MQRELAY_USER and MQRELAY_PASSWORD, or user and password_file in [server]",
            ));
        }
        url.parse::<async_nats::ServerAddr>().within(format!("server {url:?}"))?;
    }
    let password = match &file.password_file {
        Some(path) => Some(secret(path)?),
        None => env::var("MQRELAY_PASSWORD").ok(),
    };
    let user = match (file.user.or_else(|| env::var("MQRELAY_USER").ok()), password) {
        (Some(user), Some(password)) => Some((user, password)),
        (None, None) => None,
        (Some(_), None) => {
            let missing = "a user has no password: set MQRELAY_PASSWORD, or server.password_file";
            return Err(Error::new(missing));
        }
        (None, Some(_)) => {
            return Err(Error::new("a password has no user: set MQRELAY_USER, or server.user"));
        }
    };
    let certificate = match (file.certificate, file.key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => return Err(Error::new("server.certificate and server.key belong together")),
    };
    let ca = args.tls_ca.clone().or(file.ca);
    Ok(Server {
        urls,
        user,
        credentials: args.credentials.clone().or(file.credentials),
        tls: file.tls || ca.is_some() || certificate.is_some(),
        ca,
        certificate,
        timeout: file::seconds("server.timeout_seconds", file.timeout_seconds.unwrap_or(10), 1)?,
    })
}

fn secret(path: &Path) -> Result<String> {
    let text =
        fs::read_to_string(path).within(format!("server.password_file {}", path.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
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
