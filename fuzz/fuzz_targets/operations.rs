//! Looks for a sequence of operations, by several handles of one queue, after which it does not
//! answer as a plain priority queue with the kernel's limits does.

#![no_main]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use posix_mqueue::{Deadline, MessageQueue, OpenOptions, PRIORITY_MAX};

const ROOM: usize = 8;

#[derive(Arbitrary, Debug)]
struct Input {
    capacity: u8,
    message_size: u8,
    operations: Vec<(Handle, Operation)>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Handle {
    Both,
    Reader,
    Writer,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Operation {
    Send { how: How, message: [u8; ROOM], length: u8, priority: u16 },
    Receive { how: How, room: u8 },
    SetNonblocking(bool),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum How {
    Attempt,
    Try,
    Timed,
}

/// By priority, then by age; with the bytes.
type Waiting = BinaryHeap<(u32, Reverse<usize>, Vec<u8>)>;

struct Model {
    capacity: usize,
    message_size: usize,
    nonblocking: [bool; 3],
    messages: Waiting,
}

fuzz_target!(|input: Input| {
    let capacity = usize::from(input.capacity % 4) + 1;
    let message_size = usize::from(input.message_size) % ROOM + 1;
    let handles = open(capacity, message_size).expect("a queue");
    let nonblocking = [false; 3];
    let mut model = Model { capacity, message_size, nonblocking, messages: Waiting::new() };
    for (number, (handle, operation)) in input.operations.into_iter().enumerate() {
        let queue = &handles[handle as usize];
        match operation {
            Operation::Send { how, message, length, priority } => {
                let message = &message[..usize::from(length) % (ROOM + 1)];
                let priority = priority.into();
                let expected = model.send(handle, how, message, priority, number);
                assert_eq!(send(queue, how, message, priority), expected);
            }
            Operation::Receive { how, room } => {
                let mut buffer = [0xa5; ROOM];
                let buffer = &mut buffer[..usize::from(room) % (ROOM + 1)];
                let expected = model.receive(handle, how, buffer.len());
                assert_eq!(receive(queue, how, buffer), expected);
            }
            Operation::SetNonblocking(nonblocking) => {
                queue.set_nonblocking(nonblocking).expect("any handle may");
                model.nonblocking[handle as usize] = nonblocking;
            }
        }
        let attributes = queue.attributes().expect("any handle may");
        assert_eq!(attributes.messages, model.messages.len());
        assert_eq!(attributes.nonblocking, model.nonblocking[handle as usize]);
    }
});

/// In the order of [`Handle`].
fn open(capacity: usize, message_size: usize) -> posix_mqueue::Result<[MessageQueue; 3]> {
    let name = format!("/fuzz-operations-{}", std::process::id());
    let mut options = OpenOptions::new();
    options.create(true).capacity(capacity).message_size(message_size);
    let both = options.clone().read(true).write(true).exclusive(true).open(&name)?;
    let reader = options.clone().read(true).open(&name)?;
    let writer = options.write(true).open(&name)?;
    both.unlink()?;
    Ok([both, reader, writer])
}

/// The errno where it fails.
fn send(queue: &MessageQueue, how: How, message: &[u8], priority: u32) -> Result<Option<()>, i32> {
    match how {
        How::Attempt => queue.attempt_send(message, priority),
        How::Try => queue.try_send(message, priority).map(Some),
        How::Timed => {
            queue.send_interruptible(message, priority, Deadline::from(Duration::ZERO)).map(Some)
        }
    }
    .map_err(|error| error.raw_os_error())
}

fn receive(
    queue: &MessageQueue,
    how: How,
    buffer: &mut [u8],
) -> Result<Option<(Vec<u8>, u32)>, i32> {
    let received = match how {
        How::Attempt => queue.attempt_receive(buffer),
        How::Try => queue.try_receive(buffer).map(Some),
        How::Timed => queue.receive_interruptible(buffer, Deadline::from(Duration::ZERO)).map(Some),
    };
    match received {
        Ok(received) => {
            Ok(received.map(|(length, priority)| (buffer[..length].to_vec(), priority)))
        }
        Err(error) => Err(error.raw_os_error()),
    }
}

impl Model {
    fn send(
        &mut self,
        handle: Handle,
        how: How,
        message: &[u8],
        priority: u32,
        number: usize,
    ) -> Result<Option<()>, i32> {
        if priority > PRIORITY_MAX {
            Err(libc::EINVAL)
        } else if matches!(handle, Handle::Reader) {
            Err(libc::EBADF)
        } else if message.len() > self.message_size {
            Err(libc::EMSGSIZE)
        } else if self.messages.len() == self.capacity {
            self.would_wait(handle, how)
        } else {
            self.messages.push((priority, Reverse(number), message.to_vec()));
            Ok(Some(()))
        }
    }

    fn receive(
        &mut self,
        handle: Handle,
        how: How,
        room: usize,
    ) -> Result<Option<(Vec<u8>, u32)>, i32> {
        if matches!(handle, Handle::Writer) {
            Err(libc::EBADF)
        } else if room < self.message_size {
            Err(libc::EMSGSIZE)
        } else if let Some((priority, _, message)) = self.messages.pop() {
            Ok(Some((message, priority)))
        } else {
            self.would_wait(handle, how)
        }
    }

    fn would_wait<T>(&self, handle: Handle, how: How) -> Result<Option<T>, i32> {
        match (how, self.nonblocking[handle as usize]) {
            (How::Attempt, false) => Ok(None),
            (How::Timed, false) => Err(libc::ETIMEDOUT),
            _ => Err(libc::EAGAIN),
        }
    }
}
