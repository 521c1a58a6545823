"""A message queue as its documentation has it: a plain list, and the limits of the kernel.

The methods have the names, the arguments and the exceptions of `mood.mqueue`, and never wait:
where a call in blocking mode would have to, it raises TimeoutError.
"""

import errno
import os
import stat

PRIORITY_MAX = 32767
UNSIGNED_INT_MAX = 2**32 - 1
SIGNALS = range(1, 65)
FLAGS = os.O_ACCMODE | os.O_CREAT | os.O_EXCL | os.O_NONBLOCK | os.O_CLOEXEC
SILENT = object()


def failure(number, name):
    return OSError(number, os.strerror(number), name)


def check_priority(priority):
    if not 0 <= priority <= UNSIGNED_INT_MAX:
        raise OverflowError


def check_timeout(timeout):
    if timeout is not None and not timeout >= 0:
        raise ValueError


def check_resizable(buffer):
    buffer.append(0)
    del buffer[-1]


class System:
    """The queues that have a name, and what became of the notifications."""

    def __init__(self, umask):
        self.umask = umask
        self.queues = {}
        self.notified = []

    def open(self, name, flags, mode=0o600, *, maxmsg, msgsize):
        if mode < 0:
            raise OverflowError
        access = flags & os.O_ACCMODE
        wrong_flags = flags & ~FLAGS or access not in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR)
        if wrong_flags or mode & ~(stat.S_IFREG | 0o7777):
            raise failure(errno.EINVAL, name)
        found = name in self.queues
        if found and flags & os.O_CREAT and flags & os.O_EXCL:
            raise failure(errno.EEXIST, name)
        if not found:
            if not flags & os.O_CREAT:
                raise failure(errno.ENOENT, name)
            permissions = mode & 0o7777 & ~self.umask
            self.queues[name] = Queue(self, permissions, max(maxmsg, 1), max(msgsize, 1))
        return Handle(self, name, flags, created=not found)

    def unlink(self, name):
        if name not in self.queues:
            raise failure(errno.ENOENT, name)
        del self.queues[name]


class Queue:
    """Lives on without its name as long as a handle has it."""

    def __init__(self, system, permissions, maxmsg, msgsize):
        self.system = system
        self.permissions = permissions
        self.maxmsg = maxmsg
        self.msgsize = msgsize
        self.messages = []
        self.registered = None

    def is_full(self):
        return len(self.messages) == self.maxmsg

    def put(self, data, priority):
        if not self.messages and self.registered is not None:
            if self.registered is not SILENT:
                self.system.notified.append(self.registered)
            self.registered = None
        before = [message for message in self.messages if message[0] >= priority]
        self.messages.insert(len(before), (priority, data))

    def take(self):
        return self.messages.pop(0)[1]


class Handle:
    def __init__(self, system, name, flags, *, created):
        self.system = system
        self.queue = system.queues[name]
        self.name = name
        self.flags = flags
        self.closed = False
        self.is_blocking = not flags & os.O_NONBLOCK
        self.is_owner = created

    maxmsg = property(lambda self: self.queue.maxmsg)
    msgsize = property(lambda self: self.queue.msgsize)

    def check_open(self):
        if self.closed:
            raise failure(errno.EBADF, self.name)

    def check_opened_for(self, access):
        self.check_open()
        if self.flags & os.O_ACCMODE not in (access, os.O_RDWR):
            raise failure(errno.EBADF, self.name)

    def would_wait(self):
        return failure(errno.ETIMEDOUT if self.is_blocking else errno.EAGAIN, self.name)

    def has_the_name(self):
        return self.system.queues.get(self.name) is self.queue

    @property
    def mode(self):
        self.check_open()
        return stat.S_IFREG | self.queue.permissions

    @property
    def blocking(self):
        self.check_open()
        return self.is_blocking

    @blocking.setter
    def blocking(self, value):
        self.check_open()
        self.is_blocking = bool(value)

    @property
    def owner(self):
        self.check_open()
        return self.is_owner

    @owner.setter
    def owner(self, value):
        self.check_open()
        self.is_owner = bool(value)

    def __len__(self):
        self.check_open()
        return len(self.queue.messages)

    def __repr__(self):
        state = "closed" if self.closed else "owner" if self.is_owner else "open"
        sizes = f"maxmsg={self.maxmsg} msgsize={self.msgsize}"
        return f"<mood.mqueue.MessageQueue {self.name!r} flags={self.flags:#o} {sizes} {state}>"

    def __enter__(self):
        self.check_open()
        return self

    def __exit__(self, *_raised):
        self.close()

    def close(self):
        if not self.closed:
            self.closed = True
            self.queue.registered = None
            if self.is_owner and self.has_the_name():
                self.system.unlink(self.name)

    def unlink(self):
        self.check_open()
        if not self.has_the_name():
            raise failure(errno.ENOENT, self.name)
        self.system.unlink(self.name)

    def put(self, data, priority):
        self.check_open()
        # The kernel looks at the priority first, then at the descriptor.
        if priority > PRIORITY_MAX:
            raise failure(errno.EINVAL, self.name)
        self.check_opened_for(os.O_WRONLY)
        if self.queue.is_full():
            raise self.would_wait()
        self.queue.put(data, priority)

    def take(self):
        self.check_opened_for(os.O_RDONLY)
        if not self.queue.messages:
            raise self.would_wait()
        return self.queue.take()

    def send(self, message, priority=0, timeout=None):
        check_priority(priority)
        check_timeout(timeout)
        data = bytes(memoryview(message)[: self.msgsize])
        self.put(data, priority)
        return len(data)

    def sendall(self, message, priority=0, timeout=None):
        check_priority(priority)
        check_timeout(timeout)
        data = bytes(memoryview(message))
        for start in range(0, max(len(data), 1), self.msgsize):
            try:
                self.put(data[start : start + self.msgsize], priority)
            except OSError as error:
                if start:
                    error.characters_written = start  # type: ignore[attr-defined]
                raise

    def receive(self, timeout=None):
        check_timeout(timeout)
        return self.take()

    def drain(self, buffer, timeout=None):
        check_timeout(timeout)
        for _ in range(len(self) or 1):
            check_resizable(buffer)
            data = self.take()
            buffer += data
            if not data:
                return True
        return False

    def fill(self, buffer, priority=0, timeout=None):
        check_priority(priority)
        check_timeout(timeout)
        self.check_open()
        check_resizable(buffer)
        while buffer:
            self.put(bytes(buffer[: self.msgsize]), priority)
            del buffer[: self.msgsize]

    def notify(self, *callback):
        self.check_open()
        if not callback:
            self.queue.registered = None
            return
        (how,) = callback
        if isinstance(how, int) and how not in SIGNALS:
            raise ValueError
        if how is not None and not isinstance(how, int) and not callable(how):
            raise TypeError
        if self.queue.registered is not None:
            raise failure(errno.EBUSY, self.name)
        self.queue.registered = SILENT if how is None else how
