//! As much of HTTP/1.1 as a scrape takes: one request a connection, answered or cut off in time.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Outcome;

/// How many clients are served at once. So many slow ones make another wait for [`PATIENCE`] at
/// most.
const WORKERS: usize = 8;
/// How long a client has to ask and to take the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it has to take its leave afterwards.
const PARTING: Duration = Duration::from_millis(500);
/// Bytes of a request with all its headers.
const REQUEST_MAX: usize = 8192;
/// Before the next try, where a connection cannot be taken: for want of descriptors, mostly.
const RESPITE: Duration = Duration::from_millis(100);

/// Goes on until the process ends.
pub(super) fn serve<P>(listener: &TcpListener, page: &P) -> Outcome
where
    P: Fn() -> Outcome<String> + Sync,
{
    thread::scope(|scope| {
        for _ in 1..WORKERS {
            thread::Builder::new().spawn_scoped(scope, || work(listener, page))?;
        }
        work(listener, page)
    })
}

fn work<P>(listener: &TcpListener, page: &P) -> !
where
    P: Fn() -> Outcome<String>,
{
    loop {
        match listener.accept() {
            // A client that goes away is its own business.
            Ok((client, _)) => drop(attend(&client, page)),
            Err(_) => thread::sleep(RESPITE),
        }
    }
}

fn attend<P>(client: &TcpStream, page: &P) -> io::Result<()>
where
    P: Fn() -> Outcome<String>,
{
    let mut patient = Patient { client, until: Instant::now() + PATIENCE };
    let answer = match request(&mut patient)? {
        Some(line) => answer(&line, page),
        None => Answer::new("431 Request Header Fields Too Large", "the request is too long\n"),
    };
    patient.write_all(answer.to_http().as_bytes())?;
    // To close a connection with something unread in it may throw the answer away.
    client.shutdown(Shutdown::Write)?;
    patient.until = Instant::now() + PARTING;
    io::copy(&mut patient, &mut io::sink())?;
    Ok(())
}

/// The request's first line, once its headers have ended; `None` if they take too long to.
fn request(client: &mut impl Read) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    while head.len() <= REQUEST_MAX {
        let length = client.read(&mut piece)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(piece.get(..length).unwrap_or_default());
        let text = String::from_utf8_lossy(&head);
        if let Some((lines, _)) = text.split_once("\r\n\r\n") {
            return Ok(Some(lines.lines().next().unwrap_or_default().to_owned()));
        }
    }
    Ok(None)
}

/// What is said to a request that begins with this line.
fn answer<P>(line: &str, page: &P) -> Answer
where
    P: Fn() -> Outcome<String>,
{
    let mut words = line.split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Answer::new("400 Bad Request", "this is no HTTP request\n");
    };
    let path = target.split('?').next().unwrap_or_default();
    if !version.starts_with("HTTP/1.") {
        Answer::new("505 HTTP Version Not Supported", "HTTP/1.1 is spoken here\n")
    } else if path != "/metrics" {
        Answer::new("404 Not Found", "the metrics are at /metrics\n")
    } else if method != "GET" {
        let answer = Answer::new("405 Method Not Allowed", "GET is all that there is\n");
        Answer { more: "Allow: GET\r\n", ..answer }
    } else {
        match page() {
            Ok(text) => Answer { kind: "text/plain; version=0.0.4", ..Answer::new("200 OK", text) },
            Err(failure) => Answer::new("500 Internal Server Error", format!("{failure}\n")),
        }
    }
}

struct Answer {
    status: &'static str,
    kind: &'static str,
    more: &'static str,
    body: String,
}

impl Answer {
    fn new(status: &'static str, body: impl Into<String>) -> Self {
        Self { status, kind: "text/plain", more: "", body: body.into() }
    }

    fn to_http(&self) -> String {
        let Self { status, kind, more, body } = self;
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\n\
             Content-Length: {length}\r\nConnection: close\r\n{more}\r\n{body}"
        )
    }
}

/// A connection that is given up at a moment, however little it has done at a time until then.
struct Patient<'a> {
    client: &'a TcpStream,
    until: Instant,
}

impl Patient<'_> {
    /// Fails once nothing remains: the system takes no time-out of zero.
    fn remaining(&self) -> io::Result<Option<Duration>> {
        let remaining = self.until.saturating_duration_since(Instant::now());
        if remaining.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(remaining)) }
    }
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.client.set_read_timeout(self.remaining()?)?;
        self.client.read(buffer)
    }
}

impl Write for Patient<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.client.set_write_timeout(self.remaining()?)?;
        self.client.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.client.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read as _};

    use super::{answer, request};
    use crate::failure::exit_code::Code;
    use crate::failure::{Failure, Outcome};

    fn status(line: &str, page: impl Fn() -> Outcome<String>) -> String {
        answer(line, &page).status.chars().take(3).collect()
    }

    #[test]
    fn only_get_of_the_metrics_is_answered() {
        for (line, expected) in [
            ("GET /metrics HTTP/1.1", "200"),
            ("GET /metrics?name=a HTTP/1.0", "200"),
            ("GET / HTTP/1.1", "404"),
            ("GET /metrics/ HTTP/1.1", "404"),
            ("POST / HTTP/1.1", "404"),
            ("POST /metrics HTTP/1.1", "405"),
            ("HEAD /metrics HTTP/1.1", "405"),
            ("GET /metrics HTTP/2", "505"),
            ("GET /metrics", "400"),
            ("GET /a b HTTP/1.1", "400"),
            ("", "400"),
        ] {
            assert_eq!(status(line, || Ok(String::new())), expected, "{line}");
        }
    }

    #[test]
    fn what_keeps_the_queues_from_being_read_is_the_servers_fault() {
        let page = || Err(Failure::new(Code::Failed, "no descriptor is left"));
        assert_eq!(status("GET /metrics HTTP/1.1", page), "500");
    }

    #[test]
    fn a_request_that_comes_in_pieces_is_one() -> io::Result<()> {
        let mut pieces = (&b"GET /metrics HT"[..]).chain(&b"TP/1.1\r\nHost: a\r"[..]);
        let mut pieces = (&mut pieces).chain(&b"\n\r\n"[..]);
        assert_eq!(request(&mut pieces)?.as_deref(), Some("GET /metrics HTTP/1.1"));
        Ok(())
    }

    #[test]
    fn a_request_that_never_ends_is_cut_off() -> io::Result<()> {
        assert!(request(&mut io::repeat(b'a'))?.is_none());
        assert!(request(&mut &b"GET /metrics HTTP/1.1\r\n"[..]).is_err());
        Ok(())
    }
}
