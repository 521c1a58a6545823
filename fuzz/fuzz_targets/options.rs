//! Looks for flags that are accepted or refused against the manual page, for sizes and modes that
//! make opening panic or leave a queue behind, and for a charge that overflows.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use posix_mqueue::{OpenOptions, QueueName, charge, unlink};

#[derive(Arbitrary, Debug)]
struct Input {
    flags: i32,
    mode: u32,
    capacity: Option<usize>,
    message_size: Option<usize>,
}

static NAME: LazyLock<QueueName> = LazyLock::new(|| {
    QueueName::new(format!("/fuzz-options-{}", std::process::id())).expect("a name")
});

fuzz_target!(|input: Input| {
    check_charge(input.capacity.unwrap_or(0), input.message_size.unwrap_or(0));
    match OpenOptions::from_flags(input.flags) {
        Ok(options) => {
            assert!(is_known(input.flags));
            check_open(options, &input);
        }
        Err(error) => {
            assert!(!is_known(input.flags));
            assert_eq!(error.raw_os_error(), libc::EINVAL);
        }
    }
});

fn is_known(flags: i32) -> bool {
    let more = [libc::O_CLOEXEC, libc::O_CREAT, libc::O_EXCL, libc::O_NONBLOCK];
    let access = more.iter().fold(flags, |rest, flag| rest & !flag);
    [libc::O_RDONLY, libc::O_WRONLY, libc::O_RDWR].contains(&access)
}

fn check_open(mut options: OpenOptions, input: &Input) {
    options.mode(input.mode);
    input.capacity.map(|capacity| options.capacity(capacity));
    input.message_size.map(|size| options.message_size(size));
    match options.open(&*NAME) {
        Ok(queue) => {
            queue.unlink().expect("the queue has its name");
            assert!(queue.is_created() && input.flags & libc::O_CREAT != 0);
            assert!(input.capacity.is_none_or(|capacity| capacity == queue.capacity()));
            assert!(input.message_size.is_none_or(|size| size == queue.message_size()));
            let nonblocking = queue.attributes().expect("attributes").nonblocking;
            assert_eq!(nonblocking, input.flags & libc::O_NONBLOCK != 0);
        }
        Err(error) => {
            assert_eq!(error.name(), Some(NAME.as_os_str()));
            assert!(error.raw_os_error() > 0 && !error.message().is_empty());
            assert!(unlink(&*NAME).is_err(), "a queue is left");
        }
    }
}

fn check_charge(capacity: usize, message_size: usize) {
    let (messages, size) = (capacity as u128, message_size as u128);
    let structures = 48 * (messages + messages.min(32_768));
    let exact = (messages * size).saturating_add(structures);
    assert_eq!(u128::from(charge(capacity, message_size)), exact.min(u64::MAX.into()));
}
