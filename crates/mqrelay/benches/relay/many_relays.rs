//! The cost of each of many relays, as processes with a queue each, at one server.

use std::thread;
use std::time::{Duration, Instant};

use posix_mqueue::{OpenOptions, OwnedQueue};

use crate::MESSAGE_LEN;
use crate::fixture::relay::Relay;
use crate::fixture::server::{self, Server};
use crate::fixture::{eventually, new_queue_with, queue_name};
use crate::process::{cpu_seconds, resident_kib};

const RELAY_COUNTS: [usize; 6] = [1, 2, 4, 8, 16, 32];
/// The total of all relays.
const MESSAGES: usize = 16_000;
const IDLE_PERIOD: Duration = Duration::from_secs(4);

struct Sample {
    seconds: f64,
    /// Resident KiB of a relay, the median.
    resident_kib: u64,
    /// CPU time of all relays for one message.
    microseconds: f64,
    /// CPU time of an idle relay per second.
    idle_milliseconds: f64,
}

pub(crate) async fn run(rounds: usize) {
    let mut samples: Vec<Vec<Sample>> = RELAY_COUNTS.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (count, samples) in RELAY_COUNTS.into_iter().zip(&mut samples) {
            samples.push(sample(count).await);
        }
    }
    println!("\n{rounds} rounds in turns, {MESSAGES} messages of {MESSAGE_LEN} bytes in total\n");
    println!(
        "| relays | messages/s in total | relative to one relay | µs of CPU per message | \
         KiB per relay | idle: ms of CPU per second and relay |"
    );
    println!("|---:|---:|---:|---:|---:|---:|");
    let mut first = None;
    for (count, samples) in RELAY_COUNTS.into_iter().zip(&samples) {
        let of = |value: fn(&Sample) -> f64| median(samples.iter().map(value));
        let seconds = of(|sample| sample.seconds);
        let ratio = *first.get_or_insert(seconds) / seconds;
        println!(
            "| {count} | {:.0} | {ratio:.2} | {:.0} | {:.0} | {:.2} |",
            MESSAGES as f64 / seconds,
            of(|sample| sample.microseconds),
            of(|sample| sample.resident_kib as f64),
            of(|sample| sample.idle_milliseconds),
        );
    }
}

async fn sample(count: usize) -> Sample {
    let server = Server::start().await;
    let jetstream = server.jetstream().await;
    server::create_stream(&jetstream).await;
    let queues: Vec<OwnedQueue> = (0..count).map(|_| new_queue_with(10, MESSAGE_LEN)).collect();
    let relays: Vec<_> = queues
        .iter()
        .enumerate()
        .map(|(index, queue)| {
            let routes = format!(
                "[out.jobs]\nqueue = {:?}\nsubject = \"mq.h{index}.jobs\"\njournal_size = \"4M\"\n",
                queue_name(queue)
            );
            Relay::start(&[server.url()], &routes)
        })
        .collect();
    let mut stored = 0;
    // Each relay publishes one message before the measurement.
    for queue in &queues {
        queue.send(b"first", 0).unwrap();
        stored += 1;
    }
    eventually("all began", async || server::stored_count(&jetstream, "MQ").await == stored).await;

    let time = || relays.iter().map(|relay| cpu_seconds(relay.pid())).sum::<f64>();
    let before = time();
    tokio::time::sleep(IDLE_PERIOD).await;
    let idle = (time() - before) / IDLE_PERIOD.as_secs_f64() / count as f64;

    let (before, start) = (time(), Instant::now());
    let senders: Vec<_> = queues
        .iter()
        .map(|queue| {
            let queue = OpenOptions::new().write(true).open(queue_name(queue)).unwrap();
            thread::spawn(move || {
                (0..MESSAGES / count).for_each(|_| queue.send(&[b'.'; MESSAGE_LEN], 0).unwrap());
            })
        })
        .collect();
    stored += (MESSAGES / count * count) as u64;
    while server::stored_count(&jetstream, "MQ").await < stored {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let seconds = start.elapsed().as_secs_f64();
    for sender in senders {
        sender.join().unwrap();
    }
    let busy = time() - before;
    let mut sizes: Vec<_> = relays.iter().map(|relay| resident_kib(relay.pid())).collect();
    sizes.sort_unstable();
    Sample {
        seconds,
        resident_kib: sizes[count / 2],
        microseconds: busy * 1e6 / stored as f64,
        idle_milliseconds: idle * 1e3,
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
