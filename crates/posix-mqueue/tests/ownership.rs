//! Who removes a queue's name, and when.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::thread;

use fixture::{UniqueName, creating, queue_with_unique_name};
use posix_mqueue::{OpenOptions, OwnedQueue};

fn exists(name: &UniqueName) -> bool {
    match OpenOptions::new().read(true).open(name) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.raw_os_error(), libc::ENOENT);
            false
        }
    }
}

fn owned(name: &UniqueName) -> OwnedQueue {
    OwnedQueue::new(creating().open(name).unwrap())
}

#[test]
fn dropping_a_queue_leaves_it_in_the_system() {
    let name = queue_with_unique_name().into_name();
    assert!(exists(&name));
}

#[test]
fn dropping_an_owner_removes_what_it_created() {
    let name = UniqueName::new();
    let queue = owned(&name);
    assert!(queue.is_owner());
    assert!(exists(&name));
    drop(queue);
    assert!(!exists(&name));
}

#[test]
fn opened_queue_is_not_owned() {
    let name = UniqueName::new();
    let _creator = creating().open(&name).unwrap();
    let queue = owned(&name);
    assert!(!queue.is_owner());
    drop(queue);
    assert!(exists(&name));
}

#[test]
fn ownership_can_be_given_up() {
    let name = UniqueName::new();
    let queue = owned(&name);
    queue.set_owner(false);
    assert!(!queue.is_owner());
    drop(queue);
    assert!(exists(&name));
}

#[test]
fn ownership_can_be_taken() {
    let name = UniqueName::new();
    let _creator = creating().open(&name).unwrap();
    let queue = owned(&name);
    queue.set_owner(true);
    assert!(queue.is_owner());
    drop(queue);
    assert!(!exists(&name));
}

#[test]
fn an_owner_is_a_queue() {
    let queue = owned(&UniqueName::new());
    queue.send(b"x", 0).unwrap();
    assert_eq!(queue.receive_message().unwrap().data, b"x");
}

#[test]
fn an_owner_owns_in_every_thread() {
    let name = UniqueName::new();
    let queue = owned(&name);
    thread::spawn(move || assert!(queue.is_owner())).join().unwrap();
    assert!(!exists(&name));
}

#[test]
fn release_unlinks_and_keeps_the_queue_open() {
    let name = UniqueName::new();
    let queue = owned(&name);
    queue.release().unwrap();
    assert!(!exists(&name));
    assert!(!queue.is_owner());
    queue.send(b"still open", 0).unwrap();
}

#[test]
fn release_removes_the_name_once() {
    let name = UniqueName::new();
    let queue = owned(&name);
    queue.release().unwrap();
    let _next = creating().open(&name).unwrap();
    queue.release().unwrap();
    drop(queue);
    assert!(exists(&name));
}

#[test]
fn release_after_unlink_is_not_an_error() {
    let name = UniqueName::new();
    let queue = owned(&name);
    posix_mqueue::unlink(&name).unwrap();
    queue.release().unwrap();
}

#[test]
fn release_without_ownership_does_nothing() {
    let name = UniqueName::new();
    let queue = owned(&name);
    queue.set_owner(false);
    queue.release().unwrap();
    assert!(exists(&name));
}

#[test]
fn owner_keeps_a_name_of_another_queue() {
    let name = UniqueName::new();
    let queue = owned(&name);
    posix_mqueue::unlink(&name).unwrap();
    let other = creating().open(&name).unwrap();
    drop(queue);
    assert!(exists(&name));
    assert!(!other.status().unwrap().unlinked);
}

#[test]
fn unlink_removes_the_name() {
    let queue = queue_with_unique_name();
    queue.unlink().unwrap();
    assert!(!exists(&queue.into_name()));
}

#[test]
fn unlink_keeps_a_name_of_another_queue() {
    let queue = queue_with_unique_name();
    posix_mqueue::unlink(queue.name().unwrap()).unwrap();
    let other = creating().open(queue.name().unwrap()).unwrap();
    let error = queue.unlink().unwrap_err();
    assert_eq!((error.raw_os_error(), error.call()), (libc::ENOENT, "mq_unlink"));
    assert_eq!(error.name(), Some(queue.name().unwrap().as_os_str()));
    assert!(!other.status().unwrap().unlinked);
}

#[test]
fn a_name_is_unlinked_once() {
    let queue = queue_with_unique_name();
    queue.unlink().unwrap();
    assert_eq!(queue.unlink().unwrap_err().raw_os_error(), libc::ENOENT);
    let error = posix_mqueue::unlink(queue.name().unwrap()).unwrap_err();
    assert_eq!((error.raw_os_error(), error.call()), (libc::ENOENT, "mq_unlink"));
}

#[test]
fn a_queue_without_a_name_works_on() {
    let queue = queue_with_unique_name();
    queue.send(b"before", 0).unwrap();
    queue.unlink().unwrap();
    queue.send(b"after", 1).unwrap();
    assert_eq!(queue.receive_message().unwrap().data, b"after");
    assert_eq!(queue.receive_message().unwrap().data, b"before");
}
