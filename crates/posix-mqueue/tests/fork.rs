//! `fork(2)` in one thread while other threads are in the library.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use fixture::directory::{directory, entry};
use fixture::{child, in_time, queue_with_unique_name};
use posix_mqueue::Notification;

/// Forks by `fork(3)`, which runs the handlers of `pthread_atfork(3)`: a command with a user id
/// cannot be started by `posix_spawn(3)`.
fn fork() {
    let user = fs::metadata("/proc/self").unwrap().uid();
    assert!(Command::new("true").uid(user).status().unwrap().success());
}

/// Where the C library has another lock order, a library with the older one to preload.
#[allow(clippy::print_stderr)]
fn old_fork(test: &str) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture/old_fork.c");
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.so"));
    let mut compiler = Command::new(env::var_os("CC").unwrap_or_else(|| "gcc".into()));
    compiler.args(["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"]);
    match compiler.arg(&library).arg(source).arg("-ldl").status() {
        Ok(status) => {
            assert!(status.success());
            Some(library)
        }
        Err(error) => {
            eprintln!("{test} is skipped: there is no C compiler: {error}");
            None
        }
    }
}

/// Runs the test again with a C library whose `fork` holds the lock of its handlers.
fn run_with_old_fork(test: &str) {
    if let Some(library) = old_fork(test) {
        child::assert_passes(child::test_by(&[], test).env("LD_PRELOAD", library));
    }
}

#[test]
fn first_directory_read_of_a_registered_queue_allows_forks() {
    let test = "first_directory_read_of_a_registered_queue_allows_forks";
    let Some(directory) = directory(test) else { return };
    if env::var_os("LD_PRELOAD").is_none() {
        return run_with_old_fork(test);
    }
    let queue = queue_with_unique_name();
    queue.notify(Notification::Silent).unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let forking = Arc::clone(&is_over);
    let forks = thread::spawn(move || {
        while !forking.load(Ordering::SeqCst) {
            fork();
        }
    });
    let read = in_time(move || drop(entry(&directory, &queue)));
    is_over.store(true, Ordering::SeqCst);
    assert!(read.is_some(), "fork and the reading thread wait for each other");
    forks.join().unwrap();
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
