//! Random calls through several handles of one name, and what a plain list says must come of each.
//!
//! The suite makes the same few hundred sequences every time. For new ones, as many as wanted:
//! `MODEL_EXAMPLES=100000 cargo test -p posix-mqueue --test model`.

#![allow(clippy::unwrap_used)]

mod fixture;
#[path = "model/plain.rs"]
mod plain;
#[path = "model/steps.rs"]
mod steps;

use std::fmt::Debug;
use std::ops::Deref;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};

use fixture::{TEST_TIMEOUT, UniqueName};
use posix_mqueue::{
    Attributes, Claim, Error, Event, MessageQueue, Notification, OpenOptions, OwnedQueue, QueueName,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngSeed, TestCaseResult, TestRunner};

use plain::{Ended, Handle, Impatience, Options, Outcome, Registered, System};
use steps::{Step, Way, step};

/// RLIMIT_MSGQUEUE is everybody's.
const HANDLES: usize = 8;

enum Real {
    Queue(MessageQueue),
    OwnedQueue(OwnedQueue),
}

impl Deref for Real {
    type Target = MessageQueue;
    fn deref(&self) -> &MessageQueue {
        match self {
            Self::Queue(queue) => queue,
            Self::OwnedQueue(owned) => owned,
        }
    }
}

struct Held {
    claim: Claim,
    queue: usize,
    cancelled: bool,
}

struct Comparison {
    name: UniqueName,
    system: System,
    handles: Vec<(Real, Handle)>,
    tell: Sender<(usize, Event)>,
    told: Receiver<(usize, Event)>,
    /// Which queue each callback was registered for.
    registrations: Vec<usize>,
    claims: Vec<Held>,
}

impl Comparison {
    fn new() -> Self {
        let (tell, told) = mpsc::channel();
        Self {
            name: UniqueName::new(),
            system: System::default(),
            handles: Vec::new(),
            tell,
            told,
            registrations: Vec::new(),
            claims: Vec::new(),
        }
    }

    fn run(mut self, steps: Vec<(Step, Index)>) -> TestCaseResult {
        for (step, which) in steps {
            self.step(step, which)?;
            self.compare_events()?;
            for (real, handle) in &self.handles {
                self.compare_shown(real, handle)?;
            }
        }
        while !self.handles.is_empty() {
            self.drop_handle(0);
            self.compare_events()?;
        }
        compare(errno(posix_mqueue::unlink(&self.name)), self.system.unlink_name())?;
        // When the last callback is gone, none has anything more to tell.
        drop(self.tell);
        compare(
            self.told.recv_timeout(TEST_TIMEOUT).map(|(number, _)| number),
            Err(RecvTimeoutError::Disconnected),
        )
    }

    fn step(&mut self, step: Step, which: Index) -> TestCaseResult {
        match step {
            Step::Open { options, owned } => return self.open(options, owned),
            Step::UnlinkName => {
                let seen = errno(posix_mqueue::unlink(&self.name));
                return compare(seen, self.system.unlink_name());
            }
            Step::Claim(index) => return self.take_claim(index),
            _ if self.handles.is_empty() => return Ok(()),
            _ => {}
        }
        let which = which.index(self.handles.len());
        if let Step::Drop = step {
            self.drop_handle(which);
            return Ok(());
        }
        if let Step::Notify { silent } = step {
            return self.notify(which, silent);
        }
        let (real, handle) = &mut self.handles[which];
        let system = &mut self.system;
        match step {
            Step::Send { way, message, priority } => {
                let seen = send(real, handle, way, &message, priority);
                compare(seen, system.send(handle, &message, priority, impatience(way)))
            }
            Step::Receive { way, less, more } => {
                let room = handle_size(system, handle) + more - less;
                let mut buffer = vec![0; room];
                let seen = receive(real, handle, way, &mut buffer);
                compare(seen, system.receive(handle, room, impatience(way)))
            }
            Step::SetNonblocking(nonblocking) => {
                handle.nonblocking = nonblocking;
                compare(errno(real.set_nonblocking(nonblocking)), Ok(()))
            }
            Step::NotifyBySignalThatIsNone(signal) => {
                let none = Notification::Signal { number: signal, value: 0 };
                compare(errno(real.notify(none)), Err(libc::EINVAL))
            }
            Step::Cancel => {
                system.cancel(handle);
                for held in self.claims.iter_mut().filter(|held| held.queue == handle.queue) {
                    held.cancelled = true;
                }
                compare(errno(real.cancel_notification()), Ok(()))
            }
            Step::Unlink => compare(errno(real.unlink()), system.unlink(handle)),
            Step::SetOwner(owner) => {
                if let Real::OwnedQueue(real) = real {
                    real.set_owner(owner);
                    handle.owner = owner;
                }
                Ok(())
            }
            Step::Release => {
                if let Real::OwnedQueue(real) = real {
                    compare(errno(real.release()), Ok(()))?;
                    system.release(handle);
                }
                Ok(())
            }
            Step::Open { .. }
            | Step::Drop
            | Step::Notify { .. }
            | Step::Claim(_)
            | Step::UnlinkName => Ok(()),
        }
    }

    fn open(&mut self, options: Options, owned: bool) -> TestCaseResult {
        if self.handles.len() == HANDLES {
            return Ok(());
        }
        let opened = OpenOptions::new()
            .read(options.read)
            .write(options.write)
            .create(options.create)
            .exclusive(options.exclusive)
            .nonblocking(options.nonblocking)
            .mode(options.mode)
            .capacity(options.capacity)
            .message_size(options.message_size)
            .open(&self.name);
        match (opened, self.system.open(options)) {
            (Ok(queue), Ok(mut handle)) => {
                handle.owner = owned && handle.created;
                let real = if owned {
                    Real::OwnedQueue(OwnedQueue::new(queue))
                } else {
                    Real::Queue(queue)
                };
                self.handles.push((real, handle));
                Ok(())
            }
            (seen, expected) => compare(errno(seen.map(|_| ())), expected.map(|_| ())),
        }
    }

    fn drop_handle(&mut self, which: usize) {
        let (real, handle) = self.handles.swap_remove(which);
        drop(real);
        self.system.close(handle);
    }

    fn notify(&mut self, which: usize, silent: bool) -> TestCaseResult {
        let (real, handle) = &self.handles[which];
        let number = self.registrations.len();
        let (how, registered) = if silent {
            (Notification::Silent, Registered::Silent)
        } else {
            let tell = self.tell.clone();
            let callback = Box::new(move |event| tell.send((number, event)).unwrap());
            (Notification::Callback(callback), Registered::Callback(number))
        };
        self.registrations.push(handle.queue);
        compare(errno(real.notify(how)), self.system.notify(handle, registered))
    }

    fn take_claim(&mut self, index: Index) -> TestCaseResult {
        if self.claims.is_empty() {
            return Ok(());
        }
        let held = self.claims.swap_remove(index.index(self.claims.len()));
        compare(held.claim.take(), !held.cancelled)
    }

    /// Waits for each event that the model says has come.
    fn compare_events(&mut self) -> TestCaseResult {
        for expected in std::mem::take(&mut self.system.told) {
            let seen = match self.told.recv_timeout(TEST_TIMEOUT) {
                Ok((number, Event::Arrived(claim))) => {
                    let queue = self.registrations[number];
                    self.claims.push(Held { claim, queue, cancelled: false });
                    Ok((number, Ended::Arrived))
                }
                Ok((number, Event::Removed)) => Ok((number, Ended::Removed)),
                Err(error) => Err(error),
            };
            compare(seen, Ok(expected))?;
        }
        compare(self.told.try_recv().is_err(), true)
    }

    fn compare_shown(&self, real: &Real, handle: &Handle) -> TestCaseResult {
        let plain = &self.system.queues[handle.queue];
        compare(real.name().map(QueueName::as_os_str), Some(self.name.as_os_str()))?;
        compare((real.capacity(), real.message_size()), (plain.capacity, plain.message_size))?;
        compare(real.is_created(), handle.created)?;
        if let Real::OwnedQueue(real) = real {
            compare(real.is_owner(), handle.owner)?;
        }
        let status = real.status().unwrap();
        compare(status.unlinked, !self.system.is_named(handle))?;
        compare(status.mode, libc::S_IFREG | 0o600)?;
        let Attributes { capacity, message_size, messages, nonblocking, .. } = status.attributes;
        compare(
            (capacity, message_size, messages, nonblocking),
            (plain.capacity, plain.message_size, plain.messages.len(), handle.nonblocking),
        )?;
        compare(real.attributes().unwrap(), status.attributes)
    }
}

fn handle_size(system: &System, handle: &Handle) -> usize {
    system.queues[handle.queue].message_size
}

fn impatience(way: Way) -> Impatience {
    match way {
        Way::Attempt => Impatience::Attempt,
        Way::Try | Way::Plain => Impatience::Try,
        Way::Deadline(_) => Impatience::Deadline,
    }
}

fn send(
    real: &MessageQueue,
    handle: &Handle,
    way: Way,
    message: &[u8],
    priority: u32,
) -> Outcome<Option<()>> {
    errno(match way {
        Way::Attempt => real.attempt_send(message, priority),
        Way::Deadline(at) => real.send_interruptible(message, priority, at()).map(Some),
        Way::Plain if handle.nonblocking => real.send(message, priority).map(Some),
        Way::Plain | Way::Try => real.try_send(message, priority).map(Some),
    })
}

fn receive(
    real: &MessageQueue,
    handle: &Handle,
    way: Way,
    buffer: &mut [u8],
) -> Outcome<Option<(Vec<u8>, u32)>> {
    let received = errno(match way {
        Way::Attempt => real.attempt_receive(buffer),
        Way::Deadline(at) => real.receive_interruptible(buffer, at()).map(Some),
        Way::Plain if handle.nonblocking => real.receive(buffer).map(Some),
        Way::Plain | Way::Try => real.try_receive(buffer).map(Some),
    })?;
    Ok(received.map(|(length, priority)| (buffer[..length].to_vec(), priority)))
}

fn errno<T>(outcome: Result<T, Error>) -> Outcome<T> {
    outcome.map_err(|error| error.raw_os_error())
}

// By value, so that the two sides of a comparison read alike.
#[allow(clippy::needless_pass_by_value)]
fn compare<T: PartialEq + Debug>(seen: T, expected: T) -> TestCaseResult {
    prop_assert_eq!(seen, expected);
    Ok(())
}

#[test]
fn every_call_does_what_a_plain_queue_does() {
    let examples = std::env::var("MODEL_EXAMPLES").ok().map(|number| number.parse().unwrap());
    let seed = if examples.is_some() { RngSeed::Random } else { RngSeed::Fixed(1) };
    let mut runner = TestRunner::new(Config {
        cases: examples.unwrap_or(200),
        rng_seed: seed,
        failure_persistence: None,
        max_shrink_time: 30_000,
        ..Config::default()
    });
    let steps = vec((step(), any::<Index>()), 1..80);
    runner.run(&steps, |steps| Comparison::new().run(steps)).unwrap();
}
