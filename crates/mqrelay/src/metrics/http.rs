//! `/metrics` and `/healthz`, over as much of HTTP/1 as a scraper speaks.

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

/// How many are served at once; the others wait.
const MAX_CLIENTS: usize = 16;
/// How long a request may take, and how long it may be.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
const ACCEPT_RETRY_DELAY: Duration = Duration::from_secs(5);
const MAX_REQUEST_LEN: usize = 8 << 10;

/// Binds the address; the future that comes back serves it, without end.
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
                        debug!("a client went away, or count_received too long");
                    }
                    drop(permit);
                });
            }
            // No descriptor is left, most likely.
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
    let mut words = line.split(|&byte| byte == b' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
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
        (b"GET" | b"HEAD", _) => ("404 Not Found", "/metrics and /healthz are here\n".to_owned()),
        _ => ("405 Method Not Allowed", "only GET is answered\n".to_owned()),
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
