//! Looks for a time that panics as a deadline, has more left than was given, or that the kernel
//! refuses.

#![no_main]

use std::cell::LazyCell;
use std::time::{Duration, Instant, SystemTime};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use posix_mqueue::{Deadline, MessageQueue, OpenOptions};

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Input {
    In(Duration),
    After(Duration),
    Before(Duration),
    AfterNow(Duration),
    BeforeNow(Duration),
    AfterTheEpoch(Duration),
    BeforeTheEpoch(Duration),
}

thread_local! {
    static QUEUE: LazyCell<MessageQueue> = LazyCell::new(|| queue().expect("a queue"));
}

fuzz_target!(|input: Input| {
    let Some((deadline, most)) = deadline(input) else { return };
    let left = deadline.remaining();
    assert!(left.is_none_or(|left| left <= most));
    assert!(!deadline.is_elapsed() || left.is_none_or(|left| left < Duration::from_secs(60)));
    assert!(left != Some(Duration::ZERO) || deadline.is_elapsed());
    QUEUE.with(|queue| check_calls(queue, deadline));
});

/// The deadline, and the longest that it can be away; None for what no clock holds.
fn deadline(input: Input) -> Option<(Deadline, Duration)> {
    let (now, today, epoch) = (Instant::now(), SystemTime::now(), SystemTime::UNIX_EPOCH);
    // The wall clock may be set back while this runs.
    let stepped = |time: Duration| time.saturating_add(Duration::from_secs(60));
    Some(match input {
        Input::In(time) => (time.into(), time),
        Input::After(time) => (now.checked_add(time)?.into(), time),
        Input::Before(time) => (now.checked_sub(time)?.into(), Duration::ZERO),
        Input::AfterNow(time) => (today.checked_add(time)?.into(), stepped(time)),
        Input::BeforeNow(time) => (today.checked_sub(time)?.into(), stepped(Duration::ZERO)),
        Input::AfterTheEpoch(time) => (epoch.checked_add(time)?.into(), stepped(time)),
        Input::BeforeTheEpoch(time) => (epoch.checked_sub(time)?.into(), Duration::ZERO),
    })
}

/// Where nothing is to be waited for, no deadline is refused; where there is, one that is over is.
fn check_calls(queue: &MessageQueue, deadline: Deadline) {
    queue.send_interruptible(b"", 0, deadline).expect("there is room");
    if deadline.is_elapsed() {
        let error = queue.send_interruptible(b"", 0, deadline).expect_err("the queue is full");
        assert_eq!(error.raw_os_error(), libc::ETIMEDOUT);
    }
    queue.receive_interruptible(&mut [0], deadline).expect("there is a message");
}

fn queue() -> posix_mqueue::Result<MessageQueue> {
    let name = format!("/fuzz-deadlines-{}", std::process::id());
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).exclusive(true).capacity(1).message_size(1);
    let queue = options.open(name)?;
    queue.unlink()?;
    Ok(queue)
}
