//! Opening, creating, adopting and removing queues.

#![allow(clippy::unwrap_used)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd};

use mq_user::{small, small_queue};
use posix_mqueue::{MessageQueue, OpenOptions, OwnedQueue, QueueName, Result, unlink};

const O_RDONLY: i32 = 0o0;
const O_WRONLY: i32 = 0o1;
const O_NONBLOCK: i32 = 0o4000;

fn errno<T>(outcome: Result<T>) -> Option<i32> {
    outcome.err().map(|error| error.raw_os_error())
}

#[test]
fn queue_is_created_once_and_opened_by_name() -> Result<()> {
    let queue = small().mode(0o640).create_unique("/mq-user-")?;
    let name: &QueueName = queue.name().unwrap();
    let sender = OpenOptions::new().write(true).nonblocking(true).open(name)?;
    let exclusive = small().create(true).exclusive(true).open(name);
    let found = small().create(true).open(name)?;
    unlink(name)?;

    assert!(queue.is_created() && !sender.is_created() && !found.is_created());
    assert_eq!(errno(exclusive), Some(17)); // EEXIST
    assert_eq!((sender.capacity(), sender.message_size()), (4, 64));
    assert_eq!(sender.flags()?, O_WRONLY | O_NONBLOCK);
    assert!(sender.attributes()?.nonblocking);
    let status = queue.status()?;
    assert_eq!(status.mode & !0o777, 0o100_000); // a regular file, less the umask
    assert!(status.unlinked && status.modified <= std::time::SystemTime::now());
    assert_eq!((status.uid, status.gid), (sender.status()?.uid, sender.status()?.gid));
    assert_eq!(errno(OpenOptions::new().read(true).open(name)), Some(2)); // ENOENT
    assert_eq!(errno(queue.unlink()), Some(2));
    Ok(())
}

#[test]
fn flags_are_those_of_mq_open() -> Result<()> {
    let queue = OpenOptions::from_flags(O_RDONLY | O_NONBLOCK)?
        .capacity(1)
        .message_size(8)
        .create_unique("/mq-user-")?;
    queue.unlink()?;
    assert_eq!(queue.flags()?, O_RDONLY | O_NONBLOCK);
    assert_eq!(errno(OpenOptions::from_flags(0o3)), Some(22)); // EINVAL
    Ok(())
}

#[test]
fn a_descriptor_goes_out_and_comes_back() -> Result<()> {
    let queue = small_queue()?;
    queue.send(b"kept", 5)?;
    let number = queue.as_raw_fd();
    assert_eq!(queue.as_fd().as_raw_fd(), number);
    let fd = OwnedFd::from(queue);
    let adopted = MessageQueue::try_from(fd).map_err(|(error, _)| error)?;
    assert_eq!(adopted.as_raw_fd(), number);
    assert_eq!(adopted.name(), None);
    assert_eq!(adopted.receive_message()?.priority, 5);
    assert_eq!(OwnedQueue::new(adopted).into_raw_fd(), number);
    Ok(())
}

#[test]
fn adoption_returns_other_descriptors() -> io::Result<()> {
    let (mut reader, writer) = io::pipe()?;
    let outcome = MessageQueue::try_from(OwnedFd::from(writer));
    let (error, fd) = outcome.err().unwrap();
    assert_eq!(error.raw_os_error(), 9); // EBADF
    // Open still, and what it was.
    io::Write::write_all(&mut std::fs::File::from(fd), b"pipe")?;
    assert_eq!(io::read_to_string(&mut reader)?, "pipe");
    Ok(())
}

#[test]
fn nonblocking_is_shared_by_clones_not_reopened_handles() -> Result<()> {
    let queue = small_queue()?;
    let (shared, private) = (queue.try_clone()?, queue.reopen()?);
    let reader = queue.reopen_with(OpenOptions::new().read(true))?;
    queue.set_nonblocking(true)?;
    assert!(shared.attributes()?.nonblocking);
    assert!(!private.attributes()?.nonblocking);
    assert_eq!(errno(reader.send(b"", 0)), Some(9)); // EBADF
    Ok(())
}

#[test]
fn owner_unlinks_unless_ownership_is_given_up() -> Result<()> {
    let owned = OwnedQueue::new(small().create_unique("/mq-user-")?);
    let name = owned.name().cloned().unwrap();
    assert!(owned.is_owner());
    owned.set_owner(false);
    owned.release()?;
    assert!(!owned.status()?.unlinked);
    owned.set_owner(true);
    drop(owned);
    assert_eq!(errno(unlink(&name)), Some(2)); // ENOENT
    Ok(())
}

#[test]
fn names_are_checked_before_anything_else() -> Result<()> {
    assert_eq!(QueueName::new("/jobs")?.as_os_str(), "/jobs");
    for (name, number) in [("jobs", 22), ("", 22), ("/", 2), ("/jobs/today", 13), ("/..", 13)] {
        assert_eq!(errno(QueueName::new(name)), Some(number), "{name}");
        assert_eq!(errno(small().open(name)), Some(number), "{name}");
    }
    Ok(())
}

#[test]
fn an_error_says_what_to_do() {
    let error = small().capacity(1 << 30).create_unique("/mq-user-").unwrap_err();
    assert!(error.is_limit() && !error.is_interrupted());
    assert_eq!((error.raw_os_error(), error.call()), (22, "mq_open"));
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.explanation().is_some_and(|why| why.contains("msg_max")));
    assert!(error.message().starts_with("maxmsg 1073741824 exceeds "));
    assert!(error.name().is_some());
    let error = io::Error::from(error);
    assert!(error.to_string().contains("fs.mqueue.msg_max"));
}

#[test]
fn from_systemd_is_empty_without_a_service_manager() -> Result<()> {
    posix_mqueue::prepare_for_fork();
    assert!(posix_mqueue::from_systemd()?.is_empty());
    Ok(())
}
