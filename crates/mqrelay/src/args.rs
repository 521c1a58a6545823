//! Defines the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Relay messages between POSIX message queues and NATS JetStream
///
/// Define routes with --out and --in, in a TOML file, or both. Passwords are not accepted on the
/// command line: set MQRELAY_USER and MQRELAY_PASSWORD, or use the table "server" of the file.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Args {
    /// Read routes and settings from a TOML FILE; SIGHUP reloads it
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Publish the messages of QUEUE to a stream [default subject: mq.HOST.QUEUE]
    #[arg(long = "out", value_name = "QUEUE[=SUBJECT]")]
    pub outbound: Vec<String>,

    /// Deliver the messages of SUBJECT to QUEUE
    #[arg(long = "in", value_name = "QUEUE=SUBJECT")]
    pub inbound: Vec<String>,

    /// Connect to the server at URL; repeat for more [default: nats://127.0.0.1:4222]
    #[arg(short, long, value_name = "URL", env = "MQRELAY_SERVER", value_delimiter = ',')]
    pub server: Vec<String>,

    /// Use the stream NAME for --out and --in [default: MQ]
    #[arg(long, value_name = "NAME")]
    pub stream: Option<String>,

    /// Store journals in DIRECTORY [default: $STATE_DIRECTORY, or /var/lib/mqrelay]
    #[arg(long, value_name = "DIRECTORY")]
    pub journal: Option<PathBuf>,

    /// Create missing streams and consumers
    #[arg(long)]
    pub create: bool,

    /// Create streams with N replicas [default: 1]
    #[arg(long, value_name = "N")]
    pub replicas: Option<usize>,

    /// Authenticate with the credentials FILE (JWT and seed)
    #[arg(long, value_name = "FILE")]
    pub credentials: Option<PathBuf>,

    /// Trust the certificate authorities in FILE (PEM); implies TLS
    #[arg(long, value_name = "FILE")]
    pub tls_ca: Option<PathBuf>,

    /// Use NAME for this machine in subjects and headers [default: its host name]
    #[arg(long, value_name = "NAME")]
    pub host: Option<String>,

    /// Serve /metrics and /healthz over HTTP [default ADDRESS: 127.0.0.1]
    #[arg(long, value_name = "[ADDRESS:]PORT", value_parser = parse_address)]
    pub listen: Option<SocketAddr>,

    /// Check configuration, server, streams and consumers, then exit
    #[arg(long)]
    pub check: bool,

    /// Write the log to standard error in this format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,

    /// Log events that match FILTER: a level, or tracing directives
    #[arg(long, value_name = "FILTER", env = "MQRELAY_LOG", default_value = "info")]
    pub log: String,
}

/// The format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Human-readable lines.
    Text,
    /// One JSON object per line.
    Json,
}

/// Parses an address to listen on. A port alone means the loopback address.
pub(crate) fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let address = if text.contains(':') { text.to_owned() } else { format!("127.0.0.1:{text}") };
    address.parse().map_err(|_| format!("{text:?} is not a port or ADDRESS:PORT"))
}
