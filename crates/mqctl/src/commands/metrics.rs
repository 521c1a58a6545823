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

/// Give every queue's numbers to Prometheus, once or over HTTP
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(crate) struct Args {
    /// Answer GET /metrics at this address, until a signal ends it: a port of this machine alone
    /// (9123 is 127.0.0.1:9123), or HOST:PORT
    #[arg(long, value_name = "ADDRESS", value_parser = address::parse)]
    listen: Option<Address>,
}

const HELP: &str = "\
The label `name` is the queue's. What Prometheus takes is UTF-8, and names are any bytes: each byte
of a name that is not part of UTF-8 is written as \\xff, and such a queue has a second label,
name_base64, with the very bytes, so that no two queues ever have the same labels.

A queue that may not be read has mqueue_readable 0, its modification time, and no other sample.
To look at a queue changes nothing of it but the times of its last access and status change.
Whoever may connect to the address sees all of this: there is no password.";

impl Args {
    pub(crate) fn run(self) -> Outcome {
        // What is wrong with the mount is said before anything listens.
        let directory = Directory::open()?;
        let page = || -> Outcome<String> {
            Ok(exposition::render(&Limits::read()?, &directory.entries()?))
        };
        let Some(address) = self.listen else { return Ok(output::write(page()?.as_bytes())?) };
        let listener = TcpListener::bind(address.as_pair())
            .map_err(|error| Failure::new(Code::Other, format!("{address}: {error}")))?;
        let local = listener.local_addr()?;
        // On standard error, where a log is kept; and port 0 is any that is free.
        let _ = writeln!(io::stderr(), "mqctl: answering at http://{local}/metrics");
        server::serve(&listener, &page)
    }
}
