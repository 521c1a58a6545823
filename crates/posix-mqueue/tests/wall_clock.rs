//! Timeouts and instants do not depend on the wall clock, whatever an administrator or a time
//! server does to it.
//!
//! To step the real clock would disturb everything else on the machine. So it is shown in two
//! parts. What this process asks of the clock goes through `clock_gettime`; a library loaded before
//! libc fakes the answers there, and the wall clock of that one child jumps by two hours each time
//! that anybody looks. What the kernel counts is told by the call that it sleeps in: `ppoll`, whose
//! timeout is relative and monotonic; that is asserted in `calls.rs`, for every mode.

#![cfg(target_env = "gnu")] // elsewhere a program may be static, and loads nothing before libc
#![allow(clippy::unwrap_used)]

mod fixture;
mod wait_modes;

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use fixture::{QueueWithUniqueName, child, in_time, queue_with_unique_name};
use posix_mqueue::{MessageQueue, Result};
use wait_modes::{BUFFER_KINDS, WaitMode, receive, send};

const SOON: Duration = Duration::from_millis(20);
const HOUR: Duration = Duration::from_secs(3600);

const JUMPING_CLOCK: &str = r"
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time)
{
    static atomic_uint looks;
    int outcome = syscall(SYS_clock_gettime, clock, time);
    if (clock == CLOCK_REALTIME)
        time->tv_sec += atomic_fetch_add(&looks, 1) % 2 ? 3600 : -3600;
    return outcome;
}
";

fn jumping_clock() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let number = std::process::id();
    let source = folder.join(format!("jumping_clock_{number}.c"));
    let library = source.with_extension("so");
    std::fs::write(&source, JUMPING_CLOCK).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).args([&library, &source]);
    assert!(compiler.status().unwrap().success());
    std::fs::remove_file(source).unwrap();
    library
}

/// How far two looks at the wall clock are apart.
fn jump() -> Duration {
    let (first, second) = (SystemTime::now(), SystemTime::now());
    second.duration_since(first).unwrap_or_else(|e| e.duration())
}

#[test]
fn wall_clock_steps_do_not_change_monotonic_waits() {
    if !child::is_this() {
        let library = jumping_clock();
        let test = "wall_clock_steps_do_not_change_monotonic_waits";
        child::assert_passes(child::test_by(&["env"], test).env("LD_PRELOAD", &library));
        return std::fs::remove_file(library).unwrap();
    }
    assert!(jump() > HOUR);
    let (empty, full) = (queue_with_unique_name(), queue_with_unique_name());
    full.fill();
    for mode in [|| WaitMode::Timeout(SOON), || WaitMode::Deadline(Instant::now() + SOON)] {
        for target in BUFFER_KINDS {
            times_out(&empty, move |queue| receive(queue, target, mode()));
        }
        times_out(&full, move |queue| send(queue, mode(), b"x", 0));
    }
    times_out(&empty, |queue| queue.wait_readable(SOON));
    times_out(&empty, |queue| queue.wait_readable(Instant::now() + SOON));
    times_out(&full, |queue| queue.wait_writable(SOON));
    times_out(&full, |queue| queue.wait_writable(Instant::now() + SOON));
}

/// Neither early nor an hour late.
fn times_out<T: Debug + Send + 'static>(
    queue: &QueueWithUniqueName,
    call: impl FnOnce(&MessageQueue) -> Result<T> + Send + 'static,
) {
    let (shared, start) = (queue.share(), Instant::now());
    let outcome = in_time(move || call(&shared)).unwrap();
    assert!(start.elapsed() >= SOON);
    assert_eq!(outcome.unwrap_err().raw_os_error(), libc::ETIMEDOUT);
}
