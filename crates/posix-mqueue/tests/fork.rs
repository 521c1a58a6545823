//! `fork(2)` in one thread while other threads are in the library.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread;

use fixture::child;

/// Forks by `fork(3)`, which runs the handlers of `pthread_atfork(3)`: a command with a user id
/// cannot be started by `posix_spawn(3)`.
fn fork() {
    let user = fs::metadata("/proc/self").unwrap().uid();
    assert!(Command::new("true").uid(user).status().unwrap().success());
}

struct Forks;

impl Drop for Forks {
    fn drop(&mut self) {
        fork();
    }
}

thread_local! {
    static FORKS: Forks = const { Forks };
}

#[test]
fn thread_local_destructor_may_fork() {
    if !child::is_this() {
        return child::assert_passes(&mut child::test_by(&[], "thread_local_destructor_may_fork"));
    }
    posix_mqueue::prepare_for_fork();
    let thread = thread::spawn(|| {
        // Destructors run in reverse order: this one after those of all that the fork uses.
        FORKS.with(|_| {});
        fork();
    });
    thread.join().unwrap();
}
