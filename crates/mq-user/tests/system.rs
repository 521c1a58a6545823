//! Notifications, the queues of the system, and its limits.

#![allow(clippy::unwrap_used)]

use std::os::fd::AsRawFd;
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use mq_user::{small, small_queue};
use posix_mqueue::{
    Callback, Claim, Details, Directory, Entry, Event, Holder, Holders, Limit, Limits,
    Notification, NotifyMethod, OwnedQueue, Registration, Remedy, Result, charge, holders,
    list_queues,
};

const TEST_TIMEOUT: Duration = Duration::from_secs(30);

#[test]
fn callback_gets_arrival_and_removal() -> Result<()> {
    let queue = small_queue()?;
    let (tell, told) = mpsc::channel();
    let callback = || -> Callback {
        let tell = tell.clone();
        Box::new(move |event| {
            let claimed = match event {
                Event::Arrived(claim) => Some(Claim::take(claim)),
                Event::Removed => None,
            };
            let _ = tell.send(claimed);
        })
    };
    queue.notify(Notification::Callback(callback()))?;
    queue.send(b"!", 0)?;
    assert_eq!(told.recv_timeout(TEST_TIMEOUT), Ok(Some(true)));
    queue.notify(Notification::Callback(callback()))?;
    queue.cancel_notification()?;
    assert_eq!(told.recv_timeout(TEST_TIMEOUT), Ok(None));
    Ok(())
}

/// Where the process may see the queues of its namespace; elsewhere the error says what to do.
fn directory() -> Option<Directory> {
    Directory::open()
        .inspect_err(|error| {
            assert!(error.explanation().is_some_and(|why| why.contains("mount -t mqueue")));
        })
        .ok()
}

#[test]
fn directory_shows_registration_and_holders() -> Result<()> {
    let queue = OwnedQueue::new(small().create_unique("/mq-user-")?);
    queue.send(b"four", 0)?;
    let Some(directory) = directory() else { return Ok(()) };
    let name = queue.name().cloned().unwrap();
    assert!(list_queues()?.contains(&name) && directory.names()?.contains(&name));

    for (how, expected) in [
        (Notification::Silent, NotifyMethod::Silent),
        (Notification::Signal { number: 10, value: 0 }, NotifyMethod::Signal { number: 10 }),
        (Notification::Callback(Box::new(drop)), NotifyMethod::Thread),
    ] {
        queue.notify(how)?;
        let Entry { details, .. } = directory.read(&name)?;
        let Details { attributes, bytes, registration, .. } = details.unwrap();
        assert_eq!((attributes.messages, attributes.capacity, bytes), (1, 4, 4));
        let Registration { method, pid, .. } = registration.unwrap();
        assert_eq!((method, pid), (expected, Some(std::process::id())));
        queue.cancel_notification()?;
    }

    let entries: Vec<Entry> = directory.entries()?;
    let entry = entries.iter().find(|entry| entry.name == name).unwrap();
    let status = queue.status()?;
    assert_eq!((entry.mode, entry.uid, entry.gid), (status.mode, status.uid, status.gid));
    assert_eq!((entry.modified, entry.modified <= SystemTime::now()), (status.modified, true));
    let same = directory.read(&name)?;
    assert_eq!((entry.device, entry.inode), (same.device, same.inode));

    let Holders { found, unreadable, hidden, .. } = entry.holders()?;
    let Holder { name: of, pid, descriptors, .. } = &found[0];
    assert_eq!((of, *pid), (&name, std::process::id()));
    assert!(descriptors.contains(&queue.as_raw_fd()));
    let all = holders(std::slice::from_ref(entry))?;
    assert_eq!(all.is_complete(), all.unreadable == 0 && !all.hidden);
    assert_eq!((all.found, all.hidden), (found, hidden));
    assert!(unreadable < usize::MAX);
    Ok(())
}

#[test]
fn limits_match_a_default_queue() -> Result<()> {
    let limits = Limits::read()?;
    assert!(limits.default_capacity >= 1 && limits.max_capacity >= 1);
    assert!(limits.default_message_size >= 1 && limits.max_message_size >= 1);
    assert!(limits.max_queues >= 1);
    assert_eq!(charge(10, 8192), 82_880);
    assert!(limits.max_bytes > charge(4, 64));
    assert!(limits.hard_max_bytes >= limits.max_bytes);
    for limit in [
        Limit::DefaultCapacity,
        Limit::MaxCapacity,
        Limit::DefaultMessageSize,
        Limit::MaxMessageSize,
        Limit::MaxQueues,
        Limit::MaxBytes,
    ] {
        assert!(limits.get(limit) <= limit.ceiling(), "{}", limit.name());
        let remedy: Option<Remedy> = limits.remedy(limit, limits.get(limit));
        assert!(remedy.is_some_and(|remedy| remedy.to_string().contains(&remedy.command)));
    }
    Ok(())
}
