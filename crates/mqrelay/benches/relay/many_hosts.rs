//! The cost of a host for the server: a connection like a relay's, a consumer, and one fetch.

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::stream;
use futures_util::StreamExt;

use crate::fixture::server::{self, Server};
use crate::process::{cpu_seconds, find_pid, resident_kib};

const STEPS: usize = 4;

pub(crate) async fn run(hosts: usize) {
    let server = Server::start().await;
    let jetstream = server.jetstream().await;
    server::create_stream(&jetstream).await;
    let stream = jetstream.get_stream("MQ").await.unwrap();
    let pid = find_pid(server.directory().to_str().unwrap());
    println!("\n| hosts | KiB of the server | messages fetched | ms of CPU time of the server |");
    println!("|---:|---:|---:|---:|");
    println!("| 0 | {} | - | - |", resident_kib(pid));
    let mut connected = Vec::new();
    for step in 1..=STEPS {
        while connected.len() < hosts * step / STEPS {
            connected.push(connect(&server, &stream, connected.len()).await);
        }
        // Publish one message for each host, which then fetches it.
        for host in 0..connected.len() {
            let sent = jetstream.publish(format!("mq.h{host}.x"), "hello".into()).await;
            sent.unwrap().await.unwrap();
        }
        let before = cpu_seconds(pid);
        let mut fetched = 0;
        for (_, consumer) in &connected {
            let mut batch = consumer.fetch().max_messages(1).messages().await.unwrap();
            while let Some(message) = batch.next().await {
                message.unwrap().double_ack().await.unwrap();
                fetched += 1;
            }
        }
        let cpu_milliseconds = (cpu_seconds(pid) - before) * 1e3;
        println!(
            "| {} | {} | {fetched} | {cpu_milliseconds:.0} |",
            connected.len(),
            resident_kib(pid)
        );
    }
}

async fn connect(
    server: &Server,
    stream: &stream::Stream,
    host: usize,
) -> (async_nats::Client, PullConsumer) {
    let client = async_nats::connect(server.url()).await.unwrap();
    let config = pull::Config {
        durable_name: Some(format!("h{host}-done")),
        filter_subject: format!("mq.h{host}.>"),
        ack_policy: AckPolicy::Explicit,
        ..pull::Config::default()
    };
    stream.create_consumer(config.clone()).await.unwrap();
    let own = async_nats::jetstream::new(client.clone());
    let consumer = own.get_consumer_from_stream(format!("h{host}-done"), "MQ").await.unwrap();
    (client, consumer)
}
