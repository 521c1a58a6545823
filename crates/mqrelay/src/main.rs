//! The program: reads its arguments, runs the relay, obeys signals.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use mqrelay::args::{Args, LogFormat};
use mqrelay::config::Config;
use mqrelay::{Error, Relay, Result};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "mqrelay: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    init_logging(args)?;
    let config = Config::load(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::new(error.to_string()))?;
    if args.check {
        return runtime.block_on(mqrelay::check(&config));
    }
    runtime.block_on(serve(args, config))
}

async fn serve(args: &Args, config: Config) -> Result<()> {
    let signal_error = |error: std::io::Error| Error::new(format!("signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(signal_error)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(signal_error)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(signal_error)?;
    let mut relay = Relay::start(config).await?;
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => match Config::load(args) {
                Ok(config) => {
                    relay.reload(config);
                    info!("reloaded");
                }
                Err(error) => error!(%error, "not reloaded: everything goes on as before"),
            }
        }
    }
    info!("draining; a second signal ends that");
    tokio::select! {
        () = relay.drain() => {
            info!("drained");
            Ok(())
        }
        _ = terminate.recv() => Err(Error::new("a second signal: not drained")),
        _ = interrupt.recv() => Err(Error::new("a second signal: not drained")),
    }
}

fn init_logging(args: &Args) -> Result<()> {
    // The client tells of every connection that ends; here that is told once, by the broker.
    let filter = format!("{},async_nats=off", args.log);
    let filter =
        EnvFilter::try_new(filter).map_err(|error| Error::new(format!("--log: {error}")))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let builder = builder.with_ansi(false);
    match args.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}
