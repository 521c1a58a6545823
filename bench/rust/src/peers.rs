//! Each library by its calls for one message. An error is its errno.

use std::io;
use std::time::Duration;

use nix::errno::Errno;
use nix::mqueue::{self, MQ_OFlag, MqdT};
use nix::sys::stat::Mode;
use nix::sys::time::TimeSpec;
use posix_mqueue::{MessageQueue, OpenOptions};
use posixmq::PosixMq;

const EAGAIN: i32 = Errno::EAGAIN as i32;
const ETIMEDOUT: i32 = Errno::ETIMEDOUT as i32;

pub(crate) type Done = Result<(), i32>;

/// A queue that is open for both directions.
pub(crate) trait Peer {
    fn send(&self, message: &[u8]) -> Done;
    fn receive(&self, buffer: &mut [u8]) -> Done;
    /// Whether the try to receive found nothing.
    fn finds_nothing(&self, buffer: &mut [u8]) -> bool;
}

fn errno_of(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(Errno::UnknownErrno as i32)
}

pub(crate) struct Posixmq(PosixMq);

impl Posixmq {
    pub(crate) fn open(name: &str) -> Result<Self, i32> {
        posixmq::OpenOptions::readwrite().open(name).map(Self).map_err(|e| errno_of(&e))
    }
}

impl Peer for Posixmq {
    #[inline]
    fn send(&self, message: &[u8]) -> Done {
        self.0.send(0, message).map_err(|e| errno_of(&e))
    }

    #[inline]
    fn receive(&self, buffer: &mut [u8]) -> Done {
        self.0.recv(buffer).map(drop).map_err(|e| errno_of(&e))
    }

    #[inline]
    fn finds_nothing(&self, buffer: &mut [u8]) -> bool {
        self.0.recv_timeout(buffer, Duration::ZERO).is_err_and(|e| errno_of(&e) == ETIMEDOUT)
    }
}

pub(crate) struct Nix(MqdT);

impl Nix {
    pub(crate) fn open(name: &str) -> Result<Self, i32> {
        mqueue::mq_open(name, MQ_OFlag::O_RDWR, Mode::empty(), None)
            .map(Self)
            .map_err(|errno| errno as i32)
    }
}

impl Peer for Nix {
    #[inline]
    fn send(&self, message: &[u8]) -> Done {
        mqueue::mq_send(&self.0, message, 0).map_err(|errno| errno as i32)
    }

    #[inline]
    fn receive(&self, buffer: &mut [u8]) -> Done {
        let mut priority = 0;
        mqueue::mq_receive(&self.0, buffer, &mut priority).map(drop).map_err(|errno| errno as i32)
    }

    #[inline]
    fn finds_nothing(&self, buffer: &mut [u8]) -> bool {
        let mut priority = 0;
        let now = TimeSpec::new(0, 0);
        mqueue::mq_timedreceive(&self.0, buffer, &mut priority, &now) == Err(Errno::ETIMEDOUT)
    }
}

pub(crate) struct Ours(MessageQueue);

impl Ours {
    pub(crate) fn open(name: &str) -> Result<Self, i32> {
        OpenOptions::new().read(true).write(true).open(name).map(Self).map_err(|e| e.raw_os_error())
    }

    /// One that tries for that long before it sleeps.
    pub(crate) fn open_spinning(name: &str, time: Duration) -> Result<Self, i32> {
        let queue = Self::open(name)?;
        queue.0.set_busy_poll(time);
        Ok(queue)
    }
}

impl Peer for Ours {
    #[inline]
    fn send(&self, message: &[u8]) -> Done {
        self.0.send(message, 0).map_err(|e| e.raw_os_error())
    }

    #[inline]
    fn receive(&self, buffer: &mut [u8]) -> Done {
        self.0.receive(buffer).map(drop).map_err(|e| e.raw_os_error())
    }

    #[inline]
    fn finds_nothing(&self, buffer: &mut [u8]) -> bool {
        self.0.try_receive(buffer).is_err_and(|e| e.raw_os_error() == EAGAIN)
    }
}

/// The library's calls that do not wait.
pub(crate) struct OursTrying(Ours);

impl OursTrying {
    pub(crate) fn open(name: &str) -> Result<Self, i32> {
        Ours::open(name).map(Self)
    }
}

impl Peer for OursTrying {
    #[inline]
    fn send(&self, message: &[u8]) -> Done {
        self.0.0.try_send(message, 0).map_err(|e| e.raw_os_error())
    }

    #[inline]
    fn receive(&self, buffer: &mut [u8]) -> Done {
        self.0.0.try_receive(buffer).map(drop).map_err(|e| e.raw_os_error())
    }

    #[inline]
    fn finds_nothing(&self, buffer: &mut [u8]) -> bool {
        self.0.finds_nothing(buffer)
    }
}
