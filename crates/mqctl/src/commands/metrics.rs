//! `mqctl metrics`

mod address;
mod exposition;
mod label;
mod server;

use std::io::{self, Write as _};
use std::net::TcpListener;

use posix_mqueue::{Directory, Limits};

use crate::display::output;
use crate::failure::exit_code::Code;
use crate::failure::{Failure, Outcome};
use address::Address;

/// Export queue metrics for Prometheus
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// Serve GET /metrics at ADDRESS until a signal arrives, instead of printing once: PORT, which
    /// listens on 127.0.0.1 only, or HOST:PORT
    #[arg(long, value_name = "ADDRESS", value_parser = address::parse)]
    listen: Option<Address>,
}

const HELP: &str = "\
The label `name` is the name of the queue. Prometheus requires UTF-8, but names are arbitrary bytes:
bytes that are not UTF-8 are written in the form \\xff, and such a queue has a second label,
name_base64, with the exact bytes. So no two queues have the same labels.

A queue that this user may not read has mqueue_readable 0, its modification time, and no other
sample. Sampling changes only the times of the queue's last access and status change.
Anyone who can connect to ADDRESS can read the metrics: there is no authentication.";

impl Args {
    pub(crate) fn run(self) -> Outcome {
        // Report a missing mount before listening.
        let directory = Directory::open()?;
        let page = || -> Outcome<String> {
            Ok(exposition::render(&Limits::read()?, &directory.entries()?))
        };
        let Some(address) = self.listen else { return Ok(output::write(page()?.as_bytes())?) };
        let listener = TcpListener::bind(address.host_and_port())
            .map_err(|error| Failure::new(Code::Other, format!("{address}: {error}")))?;
        let local = listener.local_addr()?;
        // Report the actual port: 0 means any free one. Standard error usually goes to a log.
        let _ = writeln!(io::stderr(), "mqctl: listening on http://{local}/metrics");
        server::serve(&listener, &page)
    }
}
