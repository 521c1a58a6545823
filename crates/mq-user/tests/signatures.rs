//! What programs are compiled against: each public function as the type that it has.
//!
//! A change that breaks programs does not compile here. Nothing is named but the library, std, and
//! what the features are for.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use posix_mqueue::{
    Attributes, Claim, Deadline, Directory, Entry, Error, Holders, Limit, Limits, Message,
    MessageQueue, Messages, Notification, OpenOptions, OwnedQueue, QueueName, Remedy, Result,
    Status,
};

type Received = Result<(usize, u32)>;
type Attempted<T = (usize, u32)> = Result<Option<T>>;
type Filling<'a> = Attempted<(&'a mut [u8], u32)>;
type Filled<'a> = Result<(&'a mut [u8], u32)>;
type Uninit = [MaybeUninit<u8>];
type Setter<T> = fn(&mut OpenOptions, T) -> &mut OpenOptions;

#[test]
fn opening() {
    let _: fn() -> OpenOptions = OpenOptions::new;
    let _: fn(i32) -> Result<OpenOptions> = OpenOptions::from_flags;
    let _: Setter<bool> = OpenOptions::read;
    let _: Setter<bool> = OpenOptions::write;
    let _: Setter<bool> = OpenOptions::create;
    let _: Setter<bool> = OpenOptions::exclusive;
    let _: Setter<bool> = OpenOptions::nonblocking;
    let _: Setter<u32> = OpenOptions::mode;
    let _: Setter<usize> = OpenOptions::capacity;
    let _: Setter<usize> = OpenOptions::message_size;
    let _: fn(&OpenOptions, &'static OsStr) -> Result<MessageQueue> = OpenOptions::open;
    let _: fn(&OpenOptions, OsString) -> Result<MessageQueue> = OpenOptions::open;
    let _: fn(&OpenOptions, &'static QueueName) -> Result<MessageQueue> = OpenOptions::open;
    let _: fn(&OpenOptions, &'static str) -> Result<MessageQueue> = OpenOptions::create_unique;
    let _: fn(&'static str) -> Result<()> = posix_mqueue::unlink;
    let _: fn(&'static str) -> Result<QueueName> = QueueName::new;
    let _: fn(&QueueName) -> &OsStr = QueueName::as_os_str;
    let _: fn() -> Result<Vec<(OsString, MessageQueue)>> = posix_mqueue::from_systemd;
    let _: fn(&MessageQueue) -> Result<MessageQueue> = MessageQueue::try_clone;
    let _: fn(&MessageQueue) -> Result<MessageQueue> = MessageQueue::reopen;
    let _: fn(&MessageQueue, &OpenOptions) -> Result<MessageQueue> = MessageQueue::reopen_with;
    let _: fn(OwnedFd) -> std::result::Result<MessageQueue, (Error, OwnedFd)> =
        MessageQueue::try_from;
    let _: fn() = posix_mqueue::prepare_for_fork;
}

#[test]
fn sending() {
    type Queue = MessageQueue;
    let _: fn(&Queue, &[u8], u32) -> Result<()> = MessageQueue::send;
    let _: fn(&Queue, &[u8], u32) -> Result<()> = MessageQueue::try_send;
    let _: fn(&Queue, &[u8], u32, Duration) -> Result<()> = MessageQueue::send_timeout;
    let _: fn(&Queue, &[u8], u32, Instant) -> Result<()> = MessageQueue::send_deadline;
    let _: fn(&Queue, &[u8], u32, SystemTime) -> Result<()> = MessageQueue::send_deadline;
    let _: fn(&Queue, &[u8], u32, Deadline) -> Result<()> = MessageQueue::send_deadline;
    let _: fn(&Queue, &[u8], u32) -> Attempted<()> = MessageQueue::attempt_send;
    let _: fn(&Queue, &[u8], u32, Deadline) -> Attempted<()> = MessageQueue::spin_send;
    let _: fn(&Queue, &[u8], u32, Deadline) -> Result<()> = MessageQueue::send_interruptible;
    let _: fn(&Queue, usize) -> Result<()> = MessageQueue::check_length;
    let _: fn(&Queue, u32) -> Result<()> = MessageQueue::check_priority;
}

#[test]
fn receiving() {
    type Queue = MessageQueue;
    let _: fn(&Queue, &mut [u8]) -> Received = MessageQueue::receive;
    let _: fn(&Queue, &mut [u8]) -> Received = MessageQueue::try_receive;
    let _: fn(&Queue, &mut [u8], Duration) -> Received = MessageQueue::receive_timeout;
    let _: fn(&Queue, &mut [u8], Instant) -> Received = MessageQueue::receive_deadline;
    let _: fn(&Queue, &mut [u8], SystemTime) -> Received = MessageQueue::receive_deadline;
    let _: fn(&Queue, &mut [u8], Deadline) -> Received = MessageQueue::receive_deadline;
    let _: fn(&Queue, &mut [u8]) -> Attempted = MessageQueue::attempt_receive;
    let _: fn(&Queue, &mut [u8], Deadline) -> Attempted = MessageQueue::spin_receive;
    let _: fn(&Queue, &mut [u8], Deadline) -> Received = MessageQueue::receive_interruptible;

    let _: for<'a> fn(&Queue, &'a mut Uninit, Duration) -> Filled<'a> =
        MessageQueue::receive_uninit;
    let _: for<'a> fn(&Queue, &'a mut Uninit) -> Filling<'a> = MessageQueue::attempt_receive_uninit;

    let _: fn(&Queue) -> Result<Message> = MessageQueue::receive_message;
    let _: fn(&Queue) -> Result<Message> = MessageQueue::try_receive_message;
    let _: fn(&Queue, Duration) -> Result<Message> = MessageQueue::receive_message_timeout;
    let _: fn(&Queue, Instant) -> Result<Message> = MessageQueue::receive_message_deadline;
    let _: fn(&Queue, SystemTime) -> Result<Message> = MessageQueue::receive_message_deadline;
    let _: fn(&Queue, Deadline) -> Result<Message> = MessageQueue::receive_message_deadline;
    let _: fn(&Queue, &mut Message, Duration) -> Result<()> = MessageQueue::receive_message_into;
    let _: fn(&Queue) -> Messages<'_> = MessageQueue::iter;
    let _: fn(&Queue) -> Messages<'_> = MessageQueue::try_iter;
}

#[test]
fn properties_and_lifecycle() {
    type Queue = MessageQueue;
    let _: fn(&Queue) -> Option<&QueueName> = MessageQueue::name;
    let _: fn(&Queue) -> bool = MessageQueue::is_created;
    let _: fn(&Queue) -> usize = MessageQueue::capacity;
    let _: fn(&Queue) -> usize = MessageQueue::message_size;
    let _: fn(&Queue) -> Result<i32> = MessageQueue::flags;
    let _: fn(&Queue) -> Result<Attributes> = MessageQueue::attributes;
    let _: fn(&Queue) -> Result<Status> = MessageQueue::status;
    let _: fn(&Queue, bool) -> Result<()> = MessageQueue::set_nonblocking;
    let _: fn(&Queue) -> Duration = MessageQueue::busy_poll;
    let _: fn(&Queue, Duration) = MessageQueue::set_busy_poll;
    let _: fn(&Queue, Instant) -> Result<()> = MessageQueue::wait_readable;
    let _: fn(&Queue, SystemTime) -> Result<()> = MessageQueue::wait_writable;
    let _: fn(&Queue, Notification) -> Result<()> = MessageQueue::notify;
    let _: fn(&Queue) -> Result<()> = MessageQueue::cancel_notification;
    let _: fn(Claim) -> bool = Claim::take;
    let _: fn(&Queue) -> bool = MessageQueue::shutdown;
    let _: fn(&Queue) -> Result<()> = MessageQueue::unlink;
    let _: fn(Queue) -> OwnedQueue = OwnedQueue::new;
    let _: fn(&OwnedQueue) -> bool = OwnedQueue::is_owner;
    let _: fn(&OwnedQueue, bool) = OwnedQueue::set_owner;
    let _: fn(&OwnedQueue) -> Result<()> = OwnedQueue::release;
}

#[test]
fn the_system_time_and_errors() {
    let _: fn() -> Result<Directory> = Directory::open;
    let _: fn(&Directory) -> Result<Vec<QueueName>> = Directory::names;
    let _: fn(&Directory, &QueueName) -> Result<Entry> = Directory::read;
    let _: fn(&Directory) -> Result<Vec<Entry>> = Directory::entries;
    let _: fn(&Directory, &QueueName) -> PathBuf = Directory::path;
    let _: fn() -> Result<Vec<QueueName>> = posix_mqueue::list_queues;
    let _: fn(&Entry) -> Result<Holders> = Entry::holders;
    let _: fn(&[Entry]) -> Result<Holders> = posix_mqueue::holders;
    let _: fn(&Holders) -> bool = Holders::is_complete;
    let _: fn() -> Result<Limits> = Limits::read;
    let _: fn(&Limits, Limit) -> u64 = Limits::get;
    let _: fn(&Limits, Limit, u64) -> Option<Remedy> = Limits::remedy;
    let _: fn(Limit) -> &'static str = Limit::name;
    let _: fn(Limit) -> u64 = Limit::ceiling;
    let _: fn(usize, usize) -> u64 = posix_mqueue::charge;
    let _: fn(&Deadline) -> Option<Duration> = Deadline::remaining;
    let _: fn(&Deadline) -> bool = Deadline::is_elapsed;
    let _: fn(&'static str, Option<&OsStr>) -> Error = Error::closed;
    let _: fn(&'static str) -> Error = Error::would_block;
    let _: fn(&'static str, Deadline) -> Error = Error::timed_out;
    let _: fn(Error, &OsStr) -> Error = Error::with_name;
    let _: fn(&Error) -> i32 = Error::raw_os_error;
    let _: fn(&Error) -> ErrorKind = Error::kind;
    let _: fn(&Error) -> &'static str = Error::call;
    let _: fn(&Error) -> Option<&OsStr> = Error::name;
    let _: fn(&Error) -> Option<&str> = Error::explanation;
    let _: fn(&Error) -> bool = Error::is_limit;
    let _: fn(&Error) -> bool = Error::is_would_block;
    let _: fn(&Error) -> bool = Error::is_timed_out;
    let _: fn(&Error) -> bool = Error::is_interrupted;
    let _: fn(&Error) -> String = Error::message;
}

/// The futures are none that a signature can name: here is what awaiting each gives.
#[test]
fn tasks() {
    use posix_mqueue::tokio;
    type Queue = tokio::MessageQueue;
    let _: fn(MessageQueue) -> Result<Queue> = tokio::MessageQueue::new;
    let _: fn(&Queue) -> &MessageQueue = tokio::MessageQueue::get_ref;
    let _: fn(Queue) -> MessageQueue = tokio::MessageQueue::into_inner;
    let _: fn(&Queue) -> tokio::Messages<'_> = tokio::MessageQueue::messages;
    let _ = async |queue: &Queue, buffer: &mut [u8]| {
        let _: Result<()> = tokio::MessageQueue::send(queue, b"", 0).await;
        let _: Received = tokio::MessageQueue::receive(queue, buffer).await;
        let _: Result<Message> = tokio::MessageQueue::receive_message(queue).await;
        let _: Result<()> = tokio::MessageQueue::readable(queue).await;
        let _: Result<()> = tokio::MessageQueue::writable(queue).await;
    };
}

#[test]
fn traits() {
    fn shared<T: Send + Sync + std::fmt::Debug + 'static>() {}
    fn value<T: Clone + PartialEq + std::fmt::Debug>() {}
    fn plain<T: serde::Serialize + serde::de::DeserializeOwned>() {}
    fn descriptor<T: AsFd + AsRawFd + IntoRawFd + Into<OwnedFd> + TryFrom<OwnedFd>>() {}
    fn deadline<T: Into<Deadline>>() {}
    fn error<T: std::error::Error + Into<std::io::Error> + Clone + Send + Sync>() {}
    fn iterator<T: std::iter::FusedIterator<Item = Result<Message>>>() {}
    fn stream<T: tokio_stream::Stream<Item = Result<Message>> + Send>() {}
    fn registered<T: mio::event::Source>() {}
    fn future<T: Send>(_: &dyn Fn(&'static posix_mqueue::tokio::MessageQueue) -> T) {}

    shared::<MessageQueue>();
    shared::<OwnedQueue>();
    shared::<Directory>();
    shared::<posix_mqueue::tokio::MessageQueue>();
    descriptor::<MessageQueue>();
    registered::<MessageQueue>();
    value::<Attributes>();
    value::<Entry>();
    value::<Message>();
    plain::<Attributes>();
    plain::<Entry>();
    plain::<Holders>();
    plain::<Limits>();
    plain::<Message>();
    plain::<QueueName>();
    plain::<Status>();
    deadline::<Duration>();
    deadline::<Instant>();
    deadline::<SystemTime>();
    error::<Error>();
    iterator::<Messages<'static>>();
    stream::<posix_mqueue::tokio::Messages<'static>>();
    future(&|queue| queue.send(b"", 0));
    future(&posix_mqueue::tokio::MessageQueue::receive_message);
}
