//! Measures the relay relative to the broker alone and the queue alone, its memory, and many relays
//! or hosts at one server.
//!
//! `make bench-relay` runs all parts in some minutes. `BENCH=quick` shortens them; `throughput`,
//! `memory`, `relays` or `hosts` selects one. Compared cases take turns within one run.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss)]

use std::fs;

use fixture::server::{self, Server};

#[path = "../../tests/fixture/mod.rs"]
mod fixture;
mod many_hosts;
mod many_relays;
mod memory;
mod process;
mod throughput;

/// The length of a message in bytes.
const MESSAGE_LEN: usize = 64;

#[tokio::main]
async fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let is_quick = has("quick");
    let all = !["throughput", "memory", "relays", "hosts"].into_iter().any(has);
    if !server::is_available() {
        return;
    }
    describe_machine().await;
    if all || has("throughput") {
        throughput::run(if is_quick { 5 } else { 21 }).await;
    }
    if all || has("memory") {
        memory::run(if is_quick { 50_000 } else { 1_000_000 }).await;
    }
    if all || has("relays") {
        many_relays::run(if is_quick { 1 } else { 5 }).await;
    }
    if all || has("hosts") {
        many_hosts::run(if is_quick { 200 } else { 1000 }).await;
    }
}

async fn describe_machine() {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("?");
    let server = Server::start().await;
    let client = async_nats::connect(server.url()).await.unwrap();
    let processors = std::thread::available_parallelism().unwrap();
    println!("processor: {}, {processors} of them", model.trim_start_matches(['\t', ' ', ':']));
    println!("kernel: {}", read("/proc/sys/kernel/osrelease").trim());
    println!("nats-server: {}", client.server_info().version);
    println!("load: {}", read("/proc/loadavg").trim());
}
