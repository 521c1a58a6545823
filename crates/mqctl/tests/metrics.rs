//! `mqctl metrics`

#![allow(clippy::unwrap_used)]

mod fixture;

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Stdio};

use fixture::{UniqueName, can_list, mqctl, namespace, run};
use posix_mqueue::Notification;

/// The samples of the queue with these labels, without the labels.
fn samples(text: &str, labels: &str) -> Vec<String> {
    let labels = format!("{{{labels}}}");
    text.lines()
        .filter(|line| line.contains(&labels))
        .map(|line| line.replace(&labels, ""))
        .collect()
}

fn label(name: &UniqueName) -> String {
    let name: &OsStr = name.as_ref();
    format!("name=\"{}\"", name.to_str().unwrap())
}

#[test]
fn help() {
    run(["metrics", "--help"]).assert_success().assert_snapshot("metrics-help");
}

#[test]
fn every_queue_metric_is_exported() {
    if !can_list() {
        return;
    }
    let name = UniqueName::new("metrics");
    let queue = name.queue(5, 64);
    queue.send(b"four", 0).unwrap();
    queue.send(b"seven..", 0).unwrap();
    queue.notify(Notification::Silent).unwrap();
    let page = run(["metrics"]).assert_success().text();
    let samples = samples(&page, &label(&name));
    let time = queue.status().unwrap().modified;
    let time = time.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(
        samples,
        [
            "mqueue_messages 2",
            "mqueue_messages_max 5",
            "mqueue_bytes 11",
            "mqueue_message_size_max 64",
            &format!("mqueue_modified_timestamp_seconds {time}"),
            "mqueue_notification_registered 1",
            "mqueue_readable 1",
        ]
    );
    // Sampling has not cancelled the registration.
    let again = run(["metrics"]).assert_success().text();
    assert!(
        self::samples(&again, &label(&name)).contains(&"mqueue_notification_registered 1".into())
    );
}

#[test]
fn every_sample_follows_its_metric_header() {
    if !can_list() {
        return;
    }
    let name = UniqueName::new("metrics");
    name.queue(1, 8);
    let page = run(["metrics"]).assert_success().text();
    assert!(page.ends_with('\n'));
    let mut metric = String::new();
    let mut metrics = Vec::new();
    for line in page.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            metric = help.split(' ').next().unwrap().to_owned();
            metrics.push(metric.clone());
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            assert_eq!(kind, format!("{metric} gauge"));
        } else {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            assert_eq!(sample.split('{').next(), Some(metric.as_str()));
            assert!(value == "+Inf" || value.parse::<u64>().is_ok(), "{line}");
        }
    }
    let mut once = metrics.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), metrics.len());
    assert_eq!(metrics.iter().filter(|name| name.starts_with("mqueue_limit_")).count(), 6);
}

#[test]
fn arbitrary_name_is_one_utf8_line() {
    if !can_list() {
        return;
    }
    let name = UniqueName::new(OsStr::from_bytes(b"a\\b\"c\nd\xff"));
    name.queue(1, 8);
    let page = String::from_utf8(run(["metrics"]).assert_success().stdout).unwrap();
    let begin = r#"{name="/a\\b\"c\nd\\xff."#;
    let lines: Vec<&str> = page.lines().filter(|line| line.contains(begin)).collect();
    assert_eq!(lines.len(), 7);
    assert!(lines.iter().all(|line| line.contains(r#"",name_base64="L2FcYiJjCmT/"#)));
}

#[test]
fn unreadable_queue_has_no_invented_samples() {
    let script = "mqctl create /of-root --maxmsg 1 --msgsize 8 --mode 600
                  mount_queues
                  nobody mqctl metrics";
    let Some(transcript) = namespace::transcript(script) else { return };
    let page = transcript.assert_success().text();
    let samples = samples(&page, "name=\"/of-root\"");
    assert_eq!(samples.len(), 2);
    assert!(samples[0].starts_with("mqueue_modified_timestamp_seconds "));
    assert_eq!(samples[1], "mqueue_readable 0");
    assert!(page.contains("\nmqueue_queues 1\n"));
}

#[test]
fn missing_mount_error_has_the_mount_command() {
    for (arguments, snapshot) in
        [("metrics", "metrics-unmounted"), ("metrics --listen 0", "metrics-listen-unmounted")]
    {
        let script = format!("unprivileged mqctl {arguments}");
        let Some(transcript) = namespace::transcript(&script) else { return };
        transcript.assert_code(1).assert_snapshot(snapshot);
    }
}

#[test]
fn invalid_address_error_shows_valid_forms() {
    for (address, snapshot) in [(":9123", "metrics-no-host"), ("localhost", "metrics-no-port")] {
        run(["metrics", "--listen", address]).assert_code(2).assert_snapshot(snapshot);
    }
}

#[test]
fn address_in_use_is_named() {
    let Some(server) = Server::start() else { return };
    let transcript = run(["metrics", "--listen", &server.address]).assert_code(1);
    assert!(transcript.stderr.starts_with(&format!("mqctl: {}: ", server.address)));
}

/// `mqctl metrics --listen 0`, killed when dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Returns None if queues cannot be listed.
    fn start() -> Option<Self> {
        if !can_list() {
            return None;
        }
        let mut command = mqctl(["metrics", "--listen", "0"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("mqctl: listening on http://").unwrap();
        let address = address.strip_suffix("/metrics").unwrap().to_owned();
        Some(Self { child, address })
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).unwrap()
    }

    /// Sends a request and returns the headers and the body.
    fn ask(&self, request: &str) -> (String, String) {
        let mut client = self.connect();
        client.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn bare_port_listens_on_loopback() {
    let Some(server) = Server::start() else { return };
    assert!(server.address.starts_with("127.0.0.1:"));
}

#[test]
fn scrape_returns_the_current_values() {
    let Some(server) = Server::start() else { return };
    let name = UniqueName::new("metrics");
    let queue = name.queue(3, 8);
    for messages in 0..3 {
        let (head, body) = server.ask("GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"));
        assert!(head.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
        assert_eq!(samples(&body, &label(&name))[0], format!("mqueue_messages {messages}"));
        queue.send(b"", 0).unwrap();
    }
}

#[test]
fn unknown_requests_get_an_error_response() {
    let Some(server) = Server::start() else { return };
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404 "),
        ("POST /metrics HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody", "HTTP/1.1 405 "),
        ("nonsense\r\n\r\n", "HTTP/1.1 400 "),
    ] {
        assert!(server.ask(request).0.starts_with(status), "{request}");
    }
    let long = format!("GET /metrics HTTP/1.1\r\nA: {}", "b".repeat(10_000));
    assert!(server.ask(&long).0.starts_with("HTTP/1.1 431 "));
}

#[test]
fn silent_clients_do_not_block_others() {
    let Some(server) = Server::start() else { return };
    let silent: Vec<TcpStream> = (0..9).map(|_| server.connect()).collect();
    assert!(server.ask("GET /metrics HTTP/1.1\r\n\r\n").0.starts_with("HTTP/1.1 200 "));
    drop(silent);
}

#[test]
fn sigterm_ends_the_server() {
    let Some(mut server) = Server::start() else { return };
    let pid = server.child.id().to_string();
    assert!(std::process::Command::new("kill").arg(&pid).status().unwrap().success());
    assert_eq!(server.child.wait().unwrap().signal(), Some(15));
}
