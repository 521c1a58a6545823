//! A cluster of three servers, one of which is killed.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use fixture::relay::Relay;
use fixture::server::{self, Server};
use fixture::{eventually, message_number, new_queue, numbered_message, queue_name};
use posix_mqueue::OpenOptions;

mod fixture;

const TOTAL: u64 = 4000;

#[tokio::test(flavor = "multi_thread")]
async fn losing_the_stream_leader_loses_no_message() {
    if !server::is_available() {
        return;
    }
    let mut servers = Server::cluster().await;
    let urls: Vec<_> = servers.iter().map(Server::url).collect();
    let (from, to) = (new_queue(), new_queue());
    let routes = format!(
        "replicas = 3\n[out.jobs]\nqueue = {:?}\nin_flight = 64\n\
         [in.done]\nqueue = {:?}\nsubject = \"mq.*.jobs\"\n",
        queue_name(&from),
        queue_name(&to)
    );
    let mut relay = Relay::start(&urls, &routes);
    relay.wait_for_log("fetching").await;
    let name = queue_name(&from);
    let sending = tokio::task::spawn_blocking(move || {
        let queue = OpenOptions::new().write(true).open(name).unwrap();
        for number in 0..TOTAL {
            if number % 100 == 0 {
                std::thread::sleep(Duration::from_millis(50));
            }
            queue.send(&numbered_message(number), 0).unwrap();
        }
    });
    let receiving = tokio::task::spawn_blocking(move || {
        let data = (0..TOTAL).map(|_| message_number(&to.receive_message().unwrap().data));
        let mut numbers: Vec<_> = data.collect();
        numbers.sort_unstable();
        (numbers, to)
    });
    tokio::time::sleep(Duration::from_millis(800)).await;
    // Kill the leader of the stream, which disrupts the most.
    let jetstream = server::jetstream_at(&urls).await;
    let stream = jetstream.get_stream("MQ").await.unwrap();
    assert_eq!(stream.cached_info().config.num_replicas, 3);
    let leader = stream.cached_info().cluster.as_ref().unwrap().leader.clone().unwrap();
    let index: usize = leader.strip_prefix("node-").unwrap().parse().unwrap();
    servers[index].kill();
    sending.await.unwrap();
    let (numbers, to) = receiving.await.unwrap();
    assert!(numbers.iter().copied().eq(0..TOTAL), "once each");
    eventually("stored", async || server::stored_count(&jetstream, "MQ").await == TOTAL).await;
    assert!(relay.terminate().await.success());
    assert_eq!(to.attributes().unwrap().messages, 0, "no duplicates");
}
