//! Whether memory stays flat, over as many messages as there may ever be.

use posix_mqueue::OpenOptions;

use crate::LENGTH;
use crate::fixture::relay::Relay;
use crate::fixture::server::Server;
use crate::fixture::{name_of, queue_of};
use crate::process::resident;

const SAMPLES: u64 = 20;

pub(crate) async fn run(messages: u64) {
    let server = Server::start().await;
    let (from, to) = (queue_of(10, LENGTH), queue_of(10, LENGTH));
    let urls = [server.url()];
    let out = Relay::start(&urls, &format!("[out.there]\nqueue = {:?}\n", name_of(&from)));
    let inward = format!("[in.here]\nqueue = {:?}\nsubject = \"mq.*.there\"\n", name_of(&to));
    let inward = Relay::start(&urls, &inward);
    let sender = OpenOptions::new().write(true).open(name_of(&from)).unwrap();
    let sending = std::thread::spawn(move || {
        (0..messages).for_each(|_| sender.send(&[b'.'; LENGTH], 0).unwrap());
    });
    let (out_pid, in_pid) = (out.pid(), inward.pid());
    let receiver = OpenOptions::new().read(true).open(name_of(&to)).unwrap();
    println!("\n| messages so far | KiB of the relay out | KiB of the relay in |");
    println!("|---:|---:|---:|");
    let receiving = tokio::task::spawn_blocking(move || {
        let mut buffer = [0; LENGTH];
        for sample in 1..=SAMPLES {
            for _ in 0..messages / SAMPLES {
                receiver.receive(&mut buffer).unwrap();
            }
            let count = sample * (messages / SAMPLES);
            println!("| {count} | {} | {} |", resident(out_pid), resident(in_pid));
        }
    });
    receiving.await.unwrap();
    sending.join().unwrap();
}
