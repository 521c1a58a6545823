//! The program: parses arguments, runs the relay, handles signals.

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
                    info!("reloaded the configuration");
                }
                Err(error) => error!(%error, "reload failed; the running configuration stays in effect"),
            }
        }
    }
    info!("draining; a second signal aborts");
    tokio::select! {
        () = relay.drain() => {
            info!("drained");
            Ok(())
        }
        _ = terminate.recv() => Err(Error::new("aborted by a second signal before draining finished")),
        _ = interrupt.recv() => Err(Error::new("aborted by a second signal before draining finished")),
    }
}

fn init_logging(args: &Args) -> Result<()> {
    // The client logs every lost connection; `broker` logs it already, once.
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
