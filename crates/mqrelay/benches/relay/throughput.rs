//! Messages per second: the queue alone, the broker alone, and from queue to queue through two relays.

use std::thread;
use std::time::Instant;

use async_nats::jetstream;
use posix_mqueue::{Limits, OpenOptions, OwnedQueue};

use crate::MESSAGE_LEN;
use crate::fixture::relay::Relay;
use crate::fixture::server::{self, Server};
use crate::fixture::{eventually, new_queue_with, queue_name};

const MESSAGES: usize = 4000;
/// The default of a route.
const IN_FLIGHT: usize = 512;
/// The default capacity of a queue, and ten times that.
const CAPACITIES: [usize; 2] = [10, 100];

/// Two queues, and the relays from one to the other.
struct RelayedPath {
    capacity: usize,
    from: OwnedQueue,
    to: OwnedQueue,
    _relays: [Relay; 2],
}

pub(crate) async fn run(rounds: usize) {
    let server = Server::start().await;
    let jetstream = server.jetstream().await;
    server::create_stream(&jetstream).await;
    let mut names = vec!["publish, 512 in flight".to_owned()];
    let mut paths = Vec::new();
    for capacity in CAPACITIES {
        if capacity > Limits::read().unwrap().max_capacity {
            println!("skipped: queues of {capacity}, which exceed fs.mqueue.msg_max");
            continue;
        }
        paths.push(path(&server, &jetstream, capacity).await);
        names.push(format!("queue of {capacity} alone"));
        names.push(format!("queue of {capacity} to stream"));
        names.push(format!("queue to queue, of {capacity}"));
    }
    let mut seconds = vec![Vec::new(); names.len()];
    for _ in 0..rounds {
        let mut times = vec![publish(&jetstream).await];
        for path in &paths {
            times.push(queue_alone(path));
            let (stored, received) = relayed(path, &jetstream).await;
            times.extend([stored, received]);
        }
        jetstream.get_stream("MQ").await.unwrap().purge().await.unwrap();
        seconds.iter_mut().zip(times).for_each(|(all, time)| all.push(time));
    }
    println!("\n{rounds} rounds in turns, {MESSAGES} messages of {MESSAGE_LEN} bytes in each\n");
    println!(
        "| | messages/s | middle half of the rounds | relative to publish | relative to the queue alone |"
    );
    println!("|---|---:|---:|---:|---:|");
    let (mut publish, mut queue_alone) = (None, None);
    for (name, times) in names.iter().zip(&seconds) {
        let speeds = times.iter().map(|time| MESSAGES as f64 / time);
        let (low, speed, high) = quartiles(speeds);
        let publish = *publish.get_or_insert(speed);
        if name.ends_with("alone") {
            queue_alone = Some(speed);
        }
        let relative_to_queue =
            queue_alone.map_or("-".to_owned(), |queue_alone| format!("{:.3}", speed / queue_alone));
        let relative_to_publish = speed / publish;
        println!(
            "| {name} | {speed:.0} | {low:.0} to {high:.0} | {relative_to_publish:.2} | {relative_to_queue} |"
        );
    }
}

async fn path(server: &Server, jetstream: &jetstream::Context, capacity: usize) -> RelayedPath {
    let (from, to) = (new_queue_with(capacity, MESSAGE_LEN), new_queue_with(capacity, MESSAGE_LEN));
    let subject = format!("mq.path.{capacity}");
    let out = format!("[out.there]\nqueue = {:?}\nsubject = {subject:?}\n", queue_name(&from));
    let inbound = format!(
        "[in.here]\nqueue = {:?}\nsubject = {subject:?}\nconsumer = \"c{capacity}\"\n",
        queue_name(&to)
    );
    let urls = [server.url()];
    let relays = [Relay::start(&urls, &out), Relay::start(&urls, &inbound)];
    eventually("the consumer", async || {
        let stream = jetstream.get_stream("MQ").await.unwrap();
        stream.consumer_info(format!("c{capacity}")).await.is_ok()
    })
    .await;
    RelayedPath { capacity, from, to, _relays: relays }
}

/// Publishes messages directly, as a program without a relay would.
async fn publish(jetstream: &jetstream::Context) -> f64 {
    let start = Instant::now();
    let mut acks = std::collections::VecDeque::new();
    for _ in 0..MESSAGES {
        if acks.len() == IN_FLIGHT {
            let ack: jetstream::context::PublishAckFuture = acks.pop_front().unwrap();
            ack.await.unwrap();
        }
        acks.push_back(
            jetstream.publish("mq.direct", vec![b'.'; MESSAGE_LEN].into()).await.unwrap(),
        );
    }
    for ack in acks {
        ack.await.unwrap();
    }
    start.elapsed().as_secs_f64()
}

fn send_all(queue: &OwnedQueue) -> thread::JoinHandle<()> {
    let queue = OpenOptions::new().write(true).open(queue_name(queue)).unwrap();
    thread::spawn(move || (0..MESSAGES).for_each(|_| queue.send(&[b'.'; MESSAGE_LEN], 0).unwrap()))
}

fn receive_all(queue: &OwnedQueue) -> thread::JoinHandle<Instant> {
    let queue = OpenOptions::new().read(true).open(queue_name(queue)).unwrap();
    thread::spawn(move || {
        let mut buffer = [0; MESSAGE_LEN];
        for _ in 0..MESSAGES {
            queue.receive(&mut buffer).unwrap();
        }
        Instant::now()
    })
}

/// Measures a queue of the same size without a relay.
fn queue_alone(path: &RelayedPath) -> f64 {
    let queue = new_queue_with(path.capacity, MESSAGE_LEN);
    let start = Instant::now();
    let (sending, receiving) = (send_all(&queue), receive_all(&queue));
    sending.join().unwrap();
    receiving.join().unwrap().duration_since(start).as_secs_f64()
}

/// Measures the time until all messages are stored, then the time until all are received from the
/// other queue. In the first part, nothing is received until all are stored.
async fn relayed(path: &RelayedPath, jetstream: &jetstream::Context) -> (f64, f64) {
    let stored = server::stored_count(jetstream, "MQ").await + MESSAGES as u64;
    let start = Instant::now();
    let sending = send_all(&path.from);
    while server::stored_count(jetstream, "MQ").await < stored {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let until_stored = start.elapsed().as_secs_f64();
    sending.join().unwrap();
    receive_all(&path.to).join().unwrap();

    let start = Instant::now();
    let (sending, receiving) = (send_all(&path.from), receive_all(&path.to));
    let end = tokio::task::spawn_blocking(move || {
        sending.join().unwrap();
        receiving.join().unwrap()
    });
    (until_stored, end.await.unwrap().duration_since(start).as_secs_f64())
}

/// Returns the quartiles; the middle one is the median.
fn quartiles(values: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = |part: usize| values[(values.len() - 1) * part / 4];
    (at(1), at(2), at(3))
}
