//! A queue as the manual has it: a list in memory, with the kernel's limits. It never waits.

use posix_mqueue::PRIORITY_MAX;

/// A result, or an errno.
pub(crate) type Outcome<T> = Result<T, i32>;

/// What a call does that a plain call would have to wait in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Impatience {
    /// `attempt_…`: tells so.
    Attempt,
    /// `try_…`.
    Try,
    /// With a deadline that is over.
    Deadline,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registered {
    Silent,
    Callback(usize),
}

/// How the registration of a callback ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Arrived,
    Removed,
}

#[derive(Debug)]
pub(crate) struct Plain {
    pub(crate) capacity: usize,
    pub(crate) message_size: usize,
    pub(crate) messages: Vec<(Vec<u8>, u32)>,
    registered: Option<Registered>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) create: bool,
    pub(crate) exclusive: bool,
    pub(crate) nonblocking: bool,
    pub(crate) mode: u32,
    pub(crate) capacity: usize,
    pub(crate) message_size: usize,
}

#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) queue: usize,
    pub(crate) options: Options,
    pub(crate) nonblocking: bool,
    pub(crate) created: bool,
    pub(crate) owner: bool,
}

/// One name, and every queue that has ever had it.
#[derive(Debug, Default)]
pub(crate) struct System {
    pub(crate) queues: Vec<Plain>,
    named: Option<usize>,
    /// What the callbacks are to be told.
    pub(crate) told: Vec<(usize, Ended)>,
}

impl System {
    pub(crate) fn open(&mut self, options: Options) -> Outcome<Handle> {
        let Options { capacity, message_size, .. } = options;
        if !(options.read || options.write) || options.mode > 0o7777 {
            return Err(libc::EINVAL);
        }
        let created = self.named.is_none();
        let queue = match self.named {
            Some(_) if options.create && options.exclusive => return Err(libc::EEXIST),
            Some(queue) => queue,
            None if !options.create => return Err(libc::ENOENT),
            None if capacity == 0 || message_size == 0 => return Err(libc::EINVAL),
            None => {
                let messages = Vec::new();
                self.queues.push(Plain { capacity, message_size, messages, registered: None });
                self.queues.len() - 1
            }
        };
        self.named = Some(queue);
        Ok(Handle { queue, options, nonblocking: options.nonblocking, created, owner: false })
    }

    pub(crate) fn unlink_name(&mut self) -> Outcome<()> {
        self.named.take().map(|_| ()).ok_or(libc::ENOENT)
    }

    pub(crate) fn is_named(&self, handle: &Handle) -> bool {
        self.named == Some(handle.queue)
    }

    pub(crate) fn unlink(&mut self, handle: &Handle) -> Outcome<()> {
        if self.is_named(handle) { self.unlink_name() } else { Err(libc::ENOENT) }
    }

    pub(crate) fn release(&mut self, handle: &mut Handle) {
        if std::mem::take(&mut handle.owner) && self.is_named(handle) {
            self.named = None;
        }
    }

    pub(crate) fn close(&mut self, mut handle: Handle) {
        self.release(&mut handle);
        self.cancel(&handle);
    }

    /// `None` for an attempt where a plain call would wait.
    pub(crate) fn send(
        &mut self,
        handle: &Handle,
        message: &[u8],
        priority: u32,
        impatience: Impatience,
    ) -> Outcome<Option<()>> {
        let queue = &mut self.queues[handle.queue];
        if priority > PRIORITY_MAX {
            return Err(libc::EINVAL);
        }
        if !handle.options.write {
            return Err(libc::EBADF);
        }
        if message.len() > queue.message_size {
            return Err(libc::EMSGSIZE);
        }
        if queue.messages.len() == queue.capacity {
            return would_wait(handle, impatience);
        }
        if queue.messages.is_empty()
            && let Some(Registered::Callback(number)) = queue.registered.take()
        {
            self.told.push((number, Ended::Arrived));
        }
        let before = queue.messages.iter().filter(|(_, other)| *other >= priority).count();
        queue.messages.insert(before, (message.to_vec(), priority));
        Ok(Some(()))
    }

    pub(crate) fn receive(
        &mut self,
        handle: &Handle,
        room: usize,
        impatience: Impatience,
    ) -> Outcome<Option<(Vec<u8>, u32)>> {
        let queue = &mut self.queues[handle.queue];
        if !handle.options.read {
            return Err(libc::EBADF);
        }
        if room < queue.message_size {
            return Err(libc::EMSGSIZE);
        }
        if queue.messages.is_empty() {
            return would_wait(handle, impatience);
        }
        Ok(Some(queue.messages.remove(0)))
    }

    pub(crate) fn notify(&mut self, handle: &Handle, how: Registered) -> Outcome<()> {
        let registered = &mut self.queues[handle.queue].registered;
        if registered.is_some() {
            return Err(libc::EBUSY);
        }
        *registered = Some(how);
        Ok(())
    }

    pub(crate) fn cancel(&mut self, handle: &Handle) {
        let registered = self.queues[handle.queue].registered.take();
        if let Some(Registered::Callback(number)) = registered {
            self.told.push((number, Ended::Removed));
        }
    }
}

fn would_wait<T>(handle: &Handle, impatience: Impatience) -> Outcome<Option<T>> {
    match impatience {
        _ if handle.nonblocking => Err(libc::EAGAIN),
        Impatience::Attempt => Ok(None),
        Impatience::Try => Err(libc::EAGAIN),
        Impatience::Deadline => Err(libc::ETIMEDOUT),
    }
}
