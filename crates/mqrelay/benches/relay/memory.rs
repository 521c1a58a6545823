//! Memory of an outbound and an inbound relay over many messages.

use posix_mqueue::OpenOptions;

use crate::MESSAGE_LEN;
use crate::fixture::relay::Relay;
use crate::fixture::server::Server;
use crate::fixture::{new_queue_with, queue_name};
use crate::process::resident_kib;

const SAMPLES: u64 = 20;

pub(crate) async fn run(messages: u64) {
    let server = Server::start().await;
    let (from, to) = (new_queue_with(10, MESSAGE_LEN), new_queue_with(10, MESSAGE_LEN));
    let urls = [server.url()];
    let out = Relay::start(&urls, &format!("[out.there]\nqueue = {:?}\n", queue_name(&from)));
    let inbound = format!("[in.here]\nqueue = {:?}\nsubject = \"mq.*.there\"\n", queue_name(&to));
    let inbound = Relay::start(&urls, &inbound);
    let sender = OpenOptions::new().write(true).open(queue_name(&from)).unwrap();
    let sending = std::thread::spawn(move || {
        (0..messages).for_each(|_| sender.send(&[b'.'; MESSAGE_LEN], 0).unwrap());
    });
    let (outbound_pid, inbound_pid) = (out.pid(), inbound.pid());
    let receiver = OpenOptions::new().read(true).open(queue_name(&to)).unwrap();
    println!("\n| messages so far | KiB of the outbound relay | KiB of the inbound relay |");
    println!("|---:|---:|---:|");
    let receiving = tokio::task::spawn_blocking(move || {
        let mut buffer = [0; MESSAGE_LEN];
        for sample in 1..=SAMPLES {
            for _ in 0..messages / SAMPLES {
                receiver.receive(&mut buffer).unwrap();
            }
            let count = sample * (messages / SAMPLES);
            println!(
                "| {count} | {} | {} |",
                resident_kib(outbound_pid),
                resident_kib(inbound_pid)
            );
        }
    });
    receiving.await.unwrap();
    sending.join().unwrap();
}
