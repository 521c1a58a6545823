//! Opening and creating: options, flags, modes.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::sync::Barrier;
use std::thread;

use fixture::{UniqueName, creating, descriptor_flags, queue_with_unique_name};
use posix_mqueue::OpenOptions;

#[test]
fn flags_stand_for_options() {
    let all = libc::O_RDWR | libc::O_CLOEXEC | libc::O_CREAT | libc::O_EXCL | libc::O_NONBLOCK;
    let new = OpenOptions::new;
    let table = [
        (libc::O_RDONLY, new().read(true).clone()),
        (libc::O_WRONLY, new().write(true).clone()),
        (libc::O_RDWR, new().read(true).write(true).clone()),
        (libc::O_RDONLY | libc::O_CLOEXEC, new().read(true).clone()),
        (libc::O_RDONLY | libc::O_NONBLOCK, new().read(true).nonblocking(true).clone()),
        (libc::O_RDONLY | libc::O_CREAT, new().read(true).create(true).clone()),
        (libc::O_WRONLY | libc::O_EXCL, new().write(true).exclusive(true).clone()),
        (all, new().read(true).write(true).create(true).exclusive(true).nonblocking(true).clone()),
    ];
    for (flags, options) in table {
        let from_flags = OpenOptions::from_flags(flags).unwrap();
        // Options have no getters: their Debug form shows every one.
        assert_eq!(format!("{from_flags:?}"), format!("{options:?}"));
    }
}

#[test]
fn flags_without_an_access_mode_are_refused() {
    let both = libc::O_WRONLY | libc::O_RDWR;
    for flags in [both, both | libc::O_CREAT] {
        let error = OpenOptions::from_flags(flags).unwrap_err();
        assert_eq!(error.raw_os_error(), libc::EINVAL);
        let sentence = "exactly one of O_RDONLY, O_WRONLY and O_RDWR is needed";
        assert_eq!(error.explanation(), Some(sentence));
    }
}

#[test]
fn unknown_flags_are_refused_and_shown() {
    for unknown in [libc::O_APPEND, libc::O_PATH, libc::O_TRUNC, libc::O_DIRECTORY, 1 << 30] {
        let error = OpenOptions::from_flags(libc::O_RDWR | libc::O_CREAT | unknown).unwrap_err();
        assert_eq!(error.raw_os_error(), libc::EINVAL);
        let shown = format!("flags {unknown:#o} mean nothing to a message queue");
        assert!(error.explanation().unwrap().starts_with(&shown));
    }
}

#[test]
fn negative_flags_are_refused() {
    assert_eq!(OpenOptions::from_flags(-1).unwrap_err().raw_os_error(), libc::EINVAL);
}

#[test]
fn default_options_are_new_options() {
    assert_eq!(format!("{:?}", OpenOptions::default()), format!("{:?}", OpenOptions::new()));
}

#[test]
fn neither_to_read_nor_to_write_is_refused() {
    let name = UniqueName::new();
    let error = creating().read(false).write(false).open(&name).unwrap_err();
    assert_eq!(error.raw_os_error(), libc::EINVAL);
    assert_eq!(error.explanation(), Some("open it to read, to write or both"));
    assert_eq!(error.name(), Some(name.as_os_str()));
}

#[test]
fn missing_queue_is_not_found() {
    let name = UniqueName::new();
    let error = OpenOptions::new().read(true).open(&name).unwrap_err();
    assert_eq!((error.raw_os_error(), error.call()), (libc::ENOENT, "mq_open"));
    assert_eq!(error.name(), Some(name.as_os_str()));
}

#[test]
fn the_one_that_creates_knows_it() {
    let name = UniqueName::new();
    let first = creating().open(&name).unwrap();
    let second = creating().open(&name).unwrap();
    let third = OpenOptions::new().read(true).open(&name).unwrap();
    assert!(first.is_created());
    assert!(!second.is_created());
    assert!(!third.is_created());
}

#[test]
fn creating_exclusively_makes_a_new_queue() {
    assert!(creating().exclusive(true).open(&UniqueName::new()).unwrap().is_created());
}

#[test]
fn creating_exclusively_refuses_a_queue_that_is_there() {
    let queue = queue_with_unique_name();
    let error = creating().exclusive(true).open(queue.name().unwrap()).unwrap_err();
    assert_eq!((error.raw_os_error(), error.call()), (libc::EEXIST, "mq_open"));
    assert_eq!(error.name(), Some(queue.name().unwrap().as_os_str()));
    assert!(!queue.status().unwrap().unlinked);
}

#[test]
fn exclusive_means_nothing_unless_creating() {
    let queue = queue_with_unique_name();
    let options = OpenOptions::from_flags(libc::O_RDONLY | libc::O_EXCL).unwrap();
    assert!(!options.open(queue.name().unwrap()).unwrap().is_created());
}

#[test]
fn a_queue_that_is_there_keeps_its_sizes() {
    let queue = queue_with_unique_name();
    let again = creating().capacity(1).message_size(8).open(queue.name().unwrap()).unwrap();
    assert_eq!((again.capacity(), again.message_size()), (4, 64));
}

#[test]
fn concurrent_creation_creates_once() {
    let name = UniqueName::new();
    let together = Barrier::new(8);
    let opened = thread::scope(|scope| {
        let open = || {
            together.wait();
            creating().open(&name).unwrap()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(opened.iter().filter(|queue| queue.is_created()).count(), 1);
}

#[test]
fn creating_succeeds_while_another_unlinks() {
    let name = UniqueName::new();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..2000 {
                    creating().open(&name).unwrap();
                    let _ = posix_mqueue::unlink(&name);
                }
            });
        }
    });
}

fn umask() -> u32 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let umask = status.lines().find_map(|line| line.strip_prefix("Umask:")).unwrap();
    u32::from_str_radix(umask.trim(), 8).unwrap()
}

#[test]
fn mode_gives_the_permissions_less_the_umask() {
    for mode in [0, 0o400, 0o600, 0o644, 0o777, 0o7777] {
        let queue = creating().mode(mode).open(&UniqueName::new()).unwrap();
        assert_eq!(queue.status().unwrap().mode & 0o7777, mode & !umask());
    }
}

#[test]
fn mode_is_0600_unless_given() {
    let queue = queue_with_unique_name();
    assert_eq!(queue.status().unwrap().mode & 0o7777, 0o600 & !umask());
}

#[test]
fn mode_from_status_can_create_a_queue() {
    let queue = queue_with_unique_name();
    let mode = queue.status().unwrap().mode;
    let name = UniqueName::new();
    assert_eq!(creating().mode(mode).open(&name).unwrap().status().unwrap().mode, mode);
}

#[test]
fn a_mode_that_no_file_has_is_refused() {
    for mode in [0o10_000, libc::S_IFDIR | 0o700, u32::MAX] {
        let name = UniqueName::new();
        let error = creating().mode(mode).open(&name).unwrap_err();
        assert_eq!(error.raw_os_error(), libc::EINVAL);
        let sentence = format!("mode {mode:#o} is not between 0 and 0o7777");
        assert_eq!(error.explanation(), Some(&*sentence));
        assert_eq!(posix_mqueue::unlink(&name).unwrap_err().raw_os_error(), libc::ENOENT);
    }
}

#[test]
fn nonblocking_is_set_only_where_asked_for() {
    let queue = queue_with_unique_name();
    let other = creating().nonblocking(true).open(queue.name().unwrap()).unwrap();
    assert!(!queue.attributes().unwrap().nonblocking);
    assert!(other.attributes().unwrap().nonblocking);
}

#[test]
fn the_descriptor_is_closed_on_exec() {
    assert_eq!(descriptor_flags(&*queue_with_unique_name()) & libc::O_CLOEXEC, libc::O_CLOEXEC);
}
