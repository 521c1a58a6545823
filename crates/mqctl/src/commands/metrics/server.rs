//! A minimal HTTP/1.1 server: one request per connection, each with a deadline.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Outcome;

/// The number of clients served concurrently. If all are slow, another client waits at most
/// [`CLIENT_TIMEOUT`].
const WORKERS: usize = 8;
/// The time limit for one request and its response.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(5);
/// The time limit for the client to close the connection after the response.
const LINGER_TIMEOUT: Duration = Duration::from_millis(500);
/// The maximum length of a request with all headers, in bytes.
const MAX_REQUEST_LEN: usize = 8192;
/// The delay after a failed accept(2), which is usually caused by a lack of descriptors.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Serves requests until the process ends.
pub(super) fn serve<P>(listener: &TcpListener, page: &P) -> Outcome
where
    P: Fn() -> Outcome<String> + Sync,
{
    thread::scope(|scope| {
        for _ in 1..WORKERS {
            thread::Builder::new().spawn_scoped(scope, || accept_loop(listener, page))?;
        }
        accept_loop(listener, page)
    })
}

fn accept_loop<P>(listener: &TcpListener, page: &P) -> !
where
    P: Fn() -> Outcome<String>,
{
    loop {
        match listener.accept() {
            // Errors of a single connection concern only its client.
            Ok((client, _)) => drop(handle_connection(&client, page)),
            Err(_) => thread::sleep(ACCEPT_RETRY_DELAY),
        }
    }
}

fn handle_connection<P>(client: &TcpStream, page: &P) -> io::Result<()>
where
    P: Fn() -> Outcome<String>,
{
    let mut stream = DeadlineStream { client, deadline: Instant::now() + CLIENT_TIMEOUT };
    let response = match read_request_line(&mut stream)? {
        Some(line) => respond(&line, page),
        None => Response::new("431 Request Header Fields Too Large", "the request is too long\n"),
    };
    stream.write_all(response.to_http().as_bytes())?;
    // Read to the end: closing a connection with unread input can discard the response.
    client.shutdown(Shutdown::Write)?;
    stream.deadline = Instant::now() + LINGER_TIMEOUT;
    io::copy(&mut stream, &mut io::sink())?;
    Ok(())
}

/// Reads the request and returns its first line; `None` if its headers are too long.
fn read_request_line(client: &mut impl Read) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    while head.len() <= MAX_REQUEST_LEN {
        let length = client.read(&mut chunk)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(chunk.get(..length).unwrap_or_default());
        let text = String::from_utf8_lossy(&head);
        if let Some((lines, _)) = text.split_once("\r\n\r\n") {
            return Ok(Some(lines.lines().next().unwrap_or_default().to_owned()));
        }
    }
    Ok(None)
}

/// Returns the response to a request with this first line.
fn respond<P>(line: &str, page: &P) -> Response
where
    P: Fn() -> Outcome<String>,
{
    let mut parts = line.split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Response::new("400 Bad Request", "not an HTTP request\n");
    };
    let path = target.split('?').next().unwrap_or_default();
    if !version.starts_with("HTTP/1.") {
        Response::new("505 HTTP Version Not Supported", "use HTTP/1.1\n")
    } else if path != "/metrics" {
        Response::new("404 Not Found", "the metrics are at /metrics\n")
    } else if method != "GET" {
        let response = Response::new("405 Method Not Allowed", "use GET\n");
        Response { extra_headers: "Allow: GET\r\n", ..response }
    } else {
        match page() {
            Ok(text) => Response {
                content_type: "text/plain; version=0.0.4",
                ..Response::new("200 OK", text)
            },
            Err(failure) => Response::new("500 Internal Server Error", format!("{failure}\n")),
        }
    }
}

struct Response {
    status: &'static str,
    content_type: &'static str,
    extra_headers: &'static str,
    body: String,
}

impl Response {
    fn new(status: &'static str, body: impl Into<String>) -> Self {
        Self { status, content_type: "text/plain", extra_headers: "", body: body.into() }
    }

    fn to_http(&self) -> String {
        let Self { status, content_type, extra_headers, body } = self;
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: {content_type}; charset=utf-8\r\n\
             Content-Length: {length}\r\nConnection: close\r\n{extra_headers}\r\n{body}"
        )
    }
}

/// A connection whose reads and writes fail after a deadline, even if each makes some progress.
struct DeadlineStream<'a> {
    client: &'a TcpStream,
    deadline: Instant,
}

impl DeadlineStream<'_> {
    /// Returns the remaining time. Fails if there is none, because a socket timeout of 0 is invalid.
    fn remaining(&self) -> io::Result<Option<Duration>> {
        let remaining = self.deadline.saturating_duration_since(Instant::now());
        if remaining.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(remaining)) }
    }
}

impl Read for DeadlineStream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.client.set_read_timeout(self.remaining()?)?;
        self.client.read(buffer)
    }
}

impl Write for DeadlineStream<'_> {
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

    use super::{read_request_line, respond};
    use crate::failure::exit_code::Code;
    use crate::failure::{Failure, Outcome};

    fn status(line: &str, page: impl Fn() -> Outcome<String>) -> String {
        respond(line, &page).status.chars().take(3).collect()
    }

    #[test]
    fn only_get_metrics_succeeds() {
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
    fn sampling_failure_is_a_server_error() {
        let page = || Err(Failure::new(Code::Other, "no descriptor is left"));
        assert_eq!(status("GET /metrics HTTP/1.1", page), "500");
    }

    #[test]
    fn request_in_several_reads_is_assembled() -> io::Result<()> {
        let mut pieces = (&b"GET /metrics HT"[..]).chain(&b"TP/1.1\r\nHost: a\r"[..]);
        let mut pieces = (&mut pieces).chain(&b"\n\r\n"[..]);
        assert_eq!(read_request_line(&mut pieces)?.as_deref(), Some("GET /metrics HTTP/1.1"));
        Ok(())
    }

    #[test]
    fn endless_request_is_rejected() -> io::Result<()> {
        assert!(read_request_line(&mut io::repeat(b'a'))?.is_none());
        assert!(read_request_line(&mut &b"GET /metrics HTTP/1.1\r\n"[..]).is_err());
        Ok(())
    }
}
