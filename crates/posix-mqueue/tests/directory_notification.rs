//! That looking at queues leaves the notifications of this process alone, and shows them.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::os::unix::process::ExitStatusExt;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use fixture::directory::{
    Peer, descriptors, directory, entry, queue_of_peer, run_in_namespaces, stay,
};
use fixture::{TEST_TIMEOUT, child, claim, eventually, notified, queue_with_unique_name};
use posix_mqueue::{
    Directory, MessageQueue, Notification, NotifyMethod, Registration, Result, list_queues,
};

const SIGUSR1: i32 = 10;

fn registration(
    directory: &Directory,
    queue: &MessageQueue,
) -> Option<(NotifyMethod, Option<u32>)> {
    let registration = entry(directory, queue).details.unwrap().registration;
    registration.map(|Registration { method, pid, .. }| (method, pid))
}

fn is_registered(queue: &MessageQueue) -> bool {
    let refused = queue.notify(Notification::Silent);
    refused.is_err_and(|error| error.raw_os_error() == libc::EBUSY)
}

/// In every way that there is.
fn look(queue: &MessageQueue) -> Result<()> {
    let directory = Directory::open()?;
    directory.read(queue.name().unwrap())?;
    directory.entries()?;
    directory.names()?;
    list_queues()?;
    Ok(())
}

#[test]
fn reading_keeps_a_callback_registration() {
    let test = "reading_keeps_a_callback_registration";
    let Some(directory) = directory(test) else { return };
    let queue = queue_with_unique_name();
    let told = notified(&queue).unwrap();
    for _ in 0..3 {
        look(&queue).unwrap();
        let expected = Some((NotifyMethod::Thread, Some(process::id())));
        assert_eq!(registration(&directory, &queue), expected);
    }
    assert!(told.try_recv().is_err());
    queue.send(b"x", 0).unwrap();
    assert!(claim(told.recv_timeout(TEST_TIMEOUT).unwrap()));
    assert_eq!(registration(&directory, &queue), None);
}

#[test]
fn a_silent_registration_stays() {
    let Some(directory) = directory("a_silent_registration_stays") else { return };
    let queue = queue_with_unique_name();
    queue.notify(Notification::Silent).unwrap();
    look(&queue).unwrap();
    assert_eq!(registration(&directory, &queue), Some((NotifyMethod::Silent, Some(process::id()))));
    assert!(is_registered(&queue));
}

#[test]
fn reading_keeps_a_signal_registration() {
    let test = "reading_keeps_a_signal_registration";
    if let Some(queue) = queue_of_peer() {
        queue.notify(Notification::Signal { number: SIGUSR1, value: 0 }).unwrap();
        look(&queue).unwrap();
        let directory = Directory::open().unwrap();
        let expected = Some((NotifyMethod::Signal { number: SIGUSR1 }, Some(process::id())));
        assert_eq!(registration(&directory, &queue), expected);
        // The signal kills: nobody handles it.
        queue.send(b"x", 0).unwrap();
        return stay();
    }
    let Some(_) = directory(test) else { return };
    let queue = queue_with_unique_name();
    assert_eq!(Peer::start(&queue, test).wait().signal(), Some(SIGUSR1));
}

#[test]
fn the_registration_of_another_process_is_shown() {
    let test = "the_registration_of_another_process_is_shown";
    if let Some(queue) = queue_of_peer() {
        queue.notify(Notification::Signal { number: SIGUSR1, value: 0 }).unwrap();
        return stay();
    }
    let Some(directory) = directory(test) else { return };
    let queue = queue_with_unique_name();
    let peer = Peer::start(&queue, test);
    assert!(eventually(|| registration(&directory, &queue).is_some()));
    let expected = Some((NotifyMethod::Signal { number: SIGUSR1 }, Some(peer.id())));
    assert_eq!(registration(&directory, &queue), expected);
    // One descriptor: that of the test.
    assert_eq!(descriptors(&entry(&directory, &queue)), 1);
    drop(peer);
    assert_eq!(registration(&directory, &queue), None);
}

#[test]
fn repeated_reads_keep_one_descriptor() {
    let test = "repeated_reads_keep_one_descriptor";
    let Some(directory) = directory(test) else { return };
    let queue = queue_with_unique_name();
    assert_eq!(descriptors(&entry(&directory, &queue)), 1);
    queue.notify(Notification::Silent).unwrap();
    for _ in 0..10 {
        look(&queue).unwrap();
        assert_eq!(descriptors(&entry(&directory, &queue)), 2);
    }
    // The registration is used up, and whichever queue is read next, the descriptor goes.
    queue.send(b"x", 0).unwrap();
    let read = entry(&directory, &queue);
    assert_eq!((descriptors(&read), read.details.unwrap().registration), (1, None));
}

#[test]
fn the_descriptor_goes_when_another_queue_is_read() {
    let Some(directory) = directory("the_descriptor_goes_when_another_queue_is_read") else {
        return;
    };
    let (queue, other) = (queue_with_unique_name(), queue_with_unique_name());
    queue.notify(Notification::Silent).unwrap();
    let read = entry(&directory, &queue);
    assert_eq!(descriptors(&read), 2);
    queue.send(b"x", 0).unwrap();
    entry(&directory, &other);
    assert_eq!(descriptors(&read), 1);
}

#[test]
fn deferred_descriptor_closes_after_the_callback() {
    let Some(directory) = directory("deferred_descriptor_closes_after_the_callback") else {
        return;
    };
    let queue = queue_with_unique_name();
    let told = notified(&queue).unwrap();
    let read = entry(&directory, &queue);
    assert_eq!(descriptors(&read), 2);
    queue.send(b"x", 0).unwrap();
    assert!(claim(told.recv_timeout(TEST_TIMEOUT).unwrap()));
    assert_eq!(descriptors(&read), 1);
}

#[test]
fn deferred_descriptor_closes_after_the_queue() {
    let Some(directory) = directory("deferred_descriptor_closes_after_the_queue") else {
        return;
    };
    let queue = queue_with_unique_name();
    let _told = notified(&queue).unwrap();
    let read = entry(&directory, &queue);
    let _name = queue.into_name();
    assert!(eventually(|| descriptors(&read) == 0));
}

#[test]
fn the_descriptor_goes_when_the_notification_is_cancelled() {
    let Some(directory) = directory("the_descriptor_goes_when_the_notification_is_cancelled")
    else {
        return;
    };
    let queue = queue_with_unique_name();
    queue.notify(Notification::Silent).unwrap();
    let read = entry(&directory, &queue);
    queue.cancel_notification().unwrap();
    assert_eq!(descriptors(&read), 1);
}

#[test]
fn a_registration_made_while_another_thread_reads_stays() {
    let Some(directory) = directory("a_registration_made_while_another_thread_reads_stays") else {
        return;
    };
    let queue = queue_with_unique_name();
    let done = AtomicBool::new(false);
    let reads = AtomicU32::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                entry(&directory, &queue);
                reads.fetch_add(1, Ordering::SeqCst);
            }
        });
        let goes_on = || {
            let before = reads.load(Ordering::SeqCst);
            eventually(|| reads.load(Ordering::SeqCst) >= before + 2)
        };
        let stays = |register: &dyn Fn()| {
            // So that it comes at any moment of a reading, and that one is over afterwards.
            let began = goes_on();
            register();
            let over = goes_on();
            let stays = began && over && is_registered(&queue);
            queue.cancel_notification().unwrap();
            stays
        };
        let stay = (0..200).all(|_| {
            stays(&|| queue.notify(Notification::Silent).unwrap())
                && stays(&|| drop(notified(&queue).unwrap()))
        });
        done.store(true, Ordering::SeqCst);
        assert!(stay);
    });
}

#[test]
fn namespace_check_keeps_the_registration() {
    let test = "namespace_check_keeps_the_registration";
    if !child::is_this() {
        return run_in_namespaces("mount -t mqueue none $M", "-sys_admin", test);
    }
    // The only queue there is, so it is what the proof opens.
    let queue = queue_with_unique_name();
    let told = notified(&queue).unwrap();
    for _ in 0..3 {
        assert_eq!(&list_queues().unwrap(), &[queue.name().unwrap().clone()]);
    }
    queue.send(b"x", 0).unwrap();
    assert!(claim(told.recv_timeout(TEST_TIMEOUT).unwrap()));
}
