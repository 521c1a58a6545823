//! Every wait mode of the calls that send and receive, so that a test can go through them all.

// Each test file is a crate of its own and uses a part of this.
#![allow(dead_code)]

use std::mem::MaybeUninit;
use std::time::{Duration, Instant, SystemTime};

use posix_mqueue::{Deadline, Message, MessageQueue, Result};

/// How long a call waits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WaitMode {
    Plain,
    Try,
    Timeout(Duration),
    Deadline(Instant),
    Realtime(SystemTime),
}

/// What a message is received into. `Uninit` and `Reused` take only deadlines, so `Try` is a
/// timeout of zero there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BufferKind {
    Slice,
    Uninit,
    Message,
    /// A message that was used before.
    Reused,
}

pub(crate) const BUFFER_KINDS: [BufferKind; 4] =
    [BufferKind::Slice, BufferKind::Uninit, BufferKind::Message, BufferKind::Reused];

const LATE: Duration = Duration::from_secs(3600);

/// Wait modes that are still waiting when a test ends.
pub(crate) fn pending_modes() -> [WaitMode; 6] {
    let end_of_time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(i64::MAX as u64));
    [
        WaitMode::Plain,
        WaitMode::Timeout(Duration::MAX),
        WaitMode::Timeout(LATE),
        WaitMode::Deadline(Instant::now() + LATE),
        WaitMode::Realtime(SystemTime::now() + LATE),
        WaitMode::Realtime(end_of_time.unwrap()),
    ]
}

/// Wait modes whose deadline has passed.
pub(crate) fn expired_modes() -> [WaitMode; 5] {
    let a_while_ago = Instant::now().checked_sub(Duration::from_millis(1)).unwrap();
    [
        WaitMode::Timeout(Duration::ZERO),
        WaitMode::Deadline(Instant::now()),
        WaitMode::Deadline(a_while_ago),
        WaitMode::Realtime(SystemTime::UNIX_EPOCH),
        WaitMode::Realtime(SystemTime::UNIX_EPOCH - LATE),
    ]
}

/// Wait modes whose deadline comes after this time.
pub(crate) fn within(time: Duration) -> [WaitMode; 3] {
    [
        WaitMode::Timeout(time),
        WaitMode::Deadline(Instant::now() + time),
        WaitMode::Realtime(SystemTime::now() + time),
    ]
}

impl BufferKind {
    /// Whether there is a `try_` call for it.
    pub(crate) fn has_try(self) -> bool {
        matches!(self, Self::Slice | Self::Message)
    }
}

impl WaitMode {
    /// The errno of a call that would block, on a descriptor without `O_NONBLOCK`.
    pub(crate) fn gives_up_with(self, kind: Option<BufferKind>) -> i32 {
        match self {
            Self::Try if kind.is_none_or(BufferKind::has_try) => libc::EAGAIN,
            _ => libc::ETIMEDOUT,
        }
    }

    fn deadline(self) -> Deadline {
        match self {
            Self::Plain => Deadline::Never,
            Self::Try => Duration::ZERO.into(),
            Self::Timeout(timeout) => timeout.into(),
            Self::Deadline(deadline) => deadline.into(),
            Self::Realtime(time) => time.into(),
        }
    }
}

pub(crate) fn send(
    queue: &MessageQueue,
    mode: WaitMode,
    message: &[u8],
    priority: u32,
) -> Result<()> {
    match mode {
        WaitMode::Plain => queue.send(message, priority),
        WaitMode::Try => queue.try_send(message, priority),
        WaitMode::Timeout(timeout) => queue.send_timeout(message, priority, timeout),
        WaitMode::Deadline(deadline) => queue.send_deadline(message, priority, deadline),
        WaitMode::Realtime(time) => queue.send_deadline(message, priority, time),
    }
}

pub(crate) fn receive(queue: &MessageQueue, kind: BufferKind, mode: WaitMode) -> Result<Message> {
    match kind {
        BufferKind::Slice => receive_slice(queue, mode, queue.message_size()),
        BufferKind::Uninit => receive_uninit(queue, mode, queue.message_size()),
        BufferKind::Message => match mode {
            WaitMode::Plain => queue.receive_message(),
            WaitMode::Try => queue.try_receive_message(),
            WaitMode::Timeout(timeout) => queue.receive_message_timeout(timeout),
            WaitMode::Deadline(deadline) => queue.receive_message_deadline(deadline),
            WaitMode::Realtime(time) => queue.receive_message_deadline(time),
        },
        BufferKind::Reused => {
            let mut message = Message { data: b"old".to_vec(), priority: 99 };
            queue.receive_message_into(&mut message, mode.deadline()).map(|()| message)
        }
    }
}

/// Into a buffer of `size` bytes.
pub(crate) fn receive_slice(queue: &MessageQueue, mode: WaitMode, size: usize) -> Result<Message> {
    let mut buffer = vec![0; size];
    let (length, priority) = match mode {
        WaitMode::Plain => queue.receive(&mut buffer),
        WaitMode::Try => queue.try_receive(&mut buffer),
        WaitMode::Timeout(timeout) => queue.receive_timeout(&mut buffer, timeout),
        WaitMode::Deadline(deadline) => queue.receive_deadline(&mut buffer, deadline),
        WaitMode::Realtime(time) => queue.receive_deadline(&mut buffer, time),
    }?;
    buffer.truncate(length);
    Ok(Message { data: buffer, priority })
}

/// Into uninitialized memory of `size` bytes.
pub(crate) fn receive_uninit(queue: &MessageQueue, mode: WaitMode, size: usize) -> Result<Message> {
    let mut buffer = vec![MaybeUninit::uninit(); size];
    let (message, priority) = queue.receive_uninit(&mut buffer, mode.deadline())?;
    Ok(Message { data: message.to_vec(), priority })
}
