//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Carries POSIX message queues to a NATS JetStream cluster and back, losing nothing
///
/// Routes are given by --out and --in, or by a TOML file, or both. Passwords are never given here:
/// use MQRELAY_USER and MQRELAY_PASSWORD, or the file's table "server".
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Args {
    /// The TOML file of routes; SIGHUP has it read again
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Carry a queue to a stream; by default under mq.HOST.QUEUE
    #[arg(long = "out", value_name = "QUEUE[=SUBJECT]")]
    pub outbound: Vec<String>,

    /// Carry what a stream has under a subject to a queue
    #[arg(long = "in", value_name = "QUEUE=SUBJECT")]
    pub inbound: Vec<String>,

    /// A server of the cluster; may be given several times [default: nats://127.0.0.1:4222]
    #[arg(short, long, value_name = "URL", env = "MQRELAY_SERVER", value_delimiter = ',')]
    pub server: Vec<String>,

    /// The stream of --out and --in [default: MQ]
    #[arg(long, value_name = "NAME")]
    pub stream: Option<String>,

    /// Where journals are kept [default: $STATE_DIRECTORY, or /var/lib/mqrelay]
    #[arg(long, value_name = "DIRECTORY")]
    pub journal: Option<PathBuf>,

    /// Make streams and consumers that are missing
    #[arg(long)]
    pub create: bool,

    /// On how many servers new streams are kept [default: 1]
    #[arg(long, value_name = "N")]
    pub replicas: Option<usize>,

    /// A credentials file (JWT and seed)
    #[arg(long, value_name = "FILE")]
    pub credentials: Option<PathBuf>,

    /// Certificates of the authorities that servers are signed by (PEM); implies TLS
    #[arg(long, value_name = "FILE")]
    pub tls_ca: Option<PathBuf>,

    /// This machine's name in subjects and headers [default: its host name]
    #[arg(long, value_name = "NAME")]
    pub host: Option<String>,

    /// Serve /metrics and /healthz; a port alone means 127.0.0.1
    #[arg(long, value_name = "[ADDRESS:]PORT", value_parser = parse_address)]
    pub listen: Option<SocketAddr>,

    /// Check the configuration, the server, streams and consumers; then exit
    #[arg(long)]
    pub check: bool,

    /// The form of the log, on the standard error
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub log_format: LogFormat,

    /// What is logged: a level, or as tracing filters have it
    #[arg(long, value_name = "FILTER", env = "MQRELAY_LOG", default_value = "info")]
    pub log: String,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// An address to listen on: loopback, unless one is given.
pub(crate) fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let address = if text.contains(':') { text.to_owned() } else { format!("127.0.0.1:{text}") };
    address.parse().map_err(|_| format!("{text:?} is neither a port nor ADDRESS:PORT"))
}
