//! Every form of the calls that send and receive, so that a test can go through them all.

// Each test file is a crate of its own and uses a part of this.
#![allow(dead_code)]

use std::mem::MaybeUninit;
use std::time::{Duration, Instant, SystemTime};

use posix_mqueue::{Deadline, Message, MessageQueue, Result};

/// How a call is told how long to wait.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    Plain,
    Try,
    Timeout(Duration),
    Deadline(Instant),
    Until(SystemTime),
}

/// What a message is received into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Slice,
    Uninit,
    Message,
    /// A message that was used before. It takes deadlines only, so `Try` is one of zero there.
    Again,
}

pub(crate) const TARGETS: [Target; 4] =
    [Target::Slice, Target::Uninit, Target::Message, Target::Again];

const LATE: Duration = Duration::from_secs(3600);

/// Forms that wait for what does not come while a test runs.
pub(crate) fn far_off() -> [Form; 6] {
    let end_of_time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(i64::MAX as u64));
    [
        Form::Plain,
        Form::Timeout(Duration::MAX),
        Form::Timeout(LATE),
        Form::Deadline(Instant::now() + LATE),
        Form::Until(SystemTime::now() + LATE),
        Form::Until(end_of_time.unwrap()),
    ]
}

/// Forms whose deadline is over.
pub(crate) fn over() -> [Form; 5] {
    let a_while_ago = Instant::now().checked_sub(Duration::from_millis(1)).unwrap();
    [
        Form::Timeout(Duration::ZERO),
        Form::Deadline(Instant::now()),
        Form::Deadline(a_while_ago),
        Form::Until(SystemTime::UNIX_EPOCH),
        Form::Until(SystemTime::UNIX_EPOCH - LATE),
    ]
}

/// Forms whose deadline comes after so long.
pub(crate) fn within(time: Duration) -> [Form; 3] {
    [
        Form::Timeout(time),
        Form::Deadline(Instant::now() + time),
        Form::Until(SystemTime::now() + time),
    ]
}

impl Form {
    /// What the call fails with that would have to wait on a descriptor that waits.
    pub(crate) fn gives_up_with(self, target: Option<Target>) -> i32 {
        match self {
            Self::Try if target != Some(Target::Again) => libc::EAGAIN,
            _ => libc::ETIMEDOUT,
        }
    }

    fn deadline(self) -> Deadline {
        match self {
            Self::Plain => Deadline::Never,
            Self::Try => Duration::ZERO.into(),
            Self::Timeout(timeout) => timeout.into(),
            Self::Deadline(deadline) => deadline.into(),
            Self::Until(time) => time.into(),
        }
    }
}

pub(crate) fn send(queue: &MessageQueue, form: Form, message: &[u8], priority: u32) -> Result<()> {
    match form {
        Form::Plain => queue.send(message, priority),
        Form::Try => queue.try_send(message, priority),
        Form::Timeout(timeout) => queue.send_timeout(message, priority, timeout),
        Form::Deadline(deadline) => queue.send_deadline(message, priority, deadline),
        Form::Until(time) => queue.send_until(message, priority, time),
    }
}

pub(crate) fn receive(queue: &MessageQueue, target: Target, form: Form) -> Result<Message> {
    match target {
        Target::Slice => receive_slice(queue, form, queue.message_size()),
        Target::Uninit => receive_uninit(queue, form, queue.message_size()),
        Target::Message => match form {
            Form::Plain => queue.receive_message(),
            Form::Try => queue.try_receive_message(),
            Form::Timeout(timeout) => queue.receive_message_timeout(timeout),
            Form::Deadline(deadline) => queue.receive_message_deadline(deadline),
            Form::Until(time) => queue.receive_message_until(time),
        },
        Target::Again => {
            let mut message = Message { data: b"old".to_vec(), priority: 99 };
            queue.receive_again(&mut message, form.deadline()).map(|()| message)
        }
    }
}

/// Into a buffer of so many bytes.
pub(crate) fn receive_slice(queue: &MessageQueue, form: Form, size: usize) -> Result<Message> {
    let mut buffer = vec![0; size];
    let (length, priority) = match form {
        Form::Plain => queue.receive(&mut buffer),
        Form::Try => queue.try_receive(&mut buffer),
        Form::Timeout(timeout) => queue.receive_timeout(&mut buffer, timeout),
        Form::Deadline(deadline) => queue.receive_deadline(&mut buffer, deadline),
        Form::Until(time) => queue.receive_until(&mut buffer, time),
    }?;
    buffer.truncate(length);
    Ok(Message { data: buffer, priority })
}

/// The same into memory that holds nothing yet.
pub(crate) fn receive_uninit(queue: &MessageQueue, form: Form, size: usize) -> Result<Message> {
    let mut buffer = vec![MaybeUninit::uninit(); size];
    let (message, priority) = match form {
        Form::Plain => queue.receive_uninit(&mut buffer),
        Form::Try => queue.try_receive_uninit(&mut buffer),
        Form::Timeout(timeout) => queue.receive_uninit_timeout(&mut buffer, timeout),
        Form::Deadline(deadline) => queue.receive_uninit_deadline(&mut buffer, deadline),
        Form::Until(time) => queue.receive_uninit_until(&mut buffer, time),
    }?;
    Ok(Message { data: message.to_vec(), priority })
}
