//! Serves `/metrics` and `/healthz` over a minimal subset of HTTP/1.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::{debug, info};

use super::prometheus;
use super::registry::Metrics;
use crate::error::{Result, ResultExt};

/// The limit on concurrent connections; further ones wait.
const MAX_CLIENTS: usize = 16;
/// How long one connection may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait after a failed accept.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_secs(5);
/// The limit on the bytes of a request.
const MAX_REQUEST_LEN: usize = 8 << 10;

/// Binds the address, and returns a future that serves connections forever.
pub(crate) async fn bind(
    address: SocketAddr,
    metrics: Arc<Metrics>,
) -> Result<impl Future<Output = ()> + Send + use<>> {
    let location = || format!("listening on {address}");
    let listener = TcpListener::bind(address).await.context(location())?;
    let bound = listener.local_addr().context(location())?;
    info!(address = %bound, "serving /metrics and /healthz");
    Ok(serve(listener, metrics))
}

async fn serve(listener: TcpListener, metrics: Arc<Metrics>) {
    let permits = Arc::new(Semaphore::new(MAX_CLIENTS));
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let metrics = Arc::clone(&metrics);
                tokio::spawn(async move {
                    let handled =
                        timeout(REQUEST_TIMEOUT, handle_connection(stream, &metrics)).await;
                    if !matches!(handled, Ok(Ok(()))) {
                        debug!("a client disconnected or timed out");
                    }
                    drop(permit);
                });
            }
            // Most likely the process is out of descriptors.
            Err(_) => tokio::time::sleep(ACCEPT_RETRY_DELAY).await,
        }
    }
}

async fn handle_connection(mut stream: TcpStream, metrics: &Metrics) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if request.len() > MAX_REQUEST_LEN || stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let line = request.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let mut fields = line.split(|&byte| byte == b' ');
    let (method, target) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
    let path = target.split(|&byte| byte == b'?').next().unwrap_or_default();
    let (status, body) = match (method, path) {
        (b"GET" | b"HEAD", b"/metrics") => ("200 OK", prometheus::render(metrics)),
        (b"GET" | b"HEAD", b"/healthz") => {
            let problems = metrics.problems();
            if problems.is_empty() {
                ("200 OK", "ok\n".to_owned())
            } else {
                ("503 Service Unavailable", problems.join("\n") + "\n")
            }
        }
        (b"GET" | b"HEAD", _) => {
            ("404 Not Found", "not found; try /metrics or /healthz\n".to_owned())
        }
        _ => ("405 Method Not Allowed", "method not allowed; use GET\n".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    if method != b"HEAD" {
        stream.write_all(body.as_bytes()).await?;
    }
    stream.shutdown().await
}
