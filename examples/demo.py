"""A message queue at work: two processes exchange messages, a third is told when one arrives.

`make demo` runs it. It ends by itself and leaves nothing in the kernel.
"""

import os
import subprocess
import sys
import threading

from mood.mqueue import MessageQueue, __version__, unlink

TASKS = [
    (0, "water the plants"),
    (5, "answer the phone"),
    (9, "put out the fire"),
    (5, "open the door"),
]


def say(title, *lines):
    for mark, line in zip([title, *[""] * len(lines)], lines, strict=False):
        print(f"{mark:10} {line}", flush=True)


def produce(name):
    """The producer: a program that knows the queue's name and nothing else."""
    with MessageQueue(name, os.O_WRONLY) as mq:
        for priority, task in TASKS:
            mq.send(task.encode(), priority)
            say("", f"  sent      priority {priority}   {task}")


def consume(name):
    """The consumer: takes what there is, and ends."""
    with MessageQueue(name, os.O_RDONLY) as mq:
        while len(mq):
            say("", f"  received  {mq.receive().decode()}")


def in_a_process_of_its_own(role, name):
    subprocess.run([sys.executable, __file__, role, name], check=True)


def main():
    name = f"/demo-{os.getpid()}"
    mq = MessageQueue(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, maxmsg=8, msgsize=64)
    print(f"mood.mqueue {__version__}: queues of the Linux kernel, shared by name\n")
    say(
        "Create",
        f"The kernel now has a queue called {name}. It holds up to {mq.maxmsg}",
        f"messages of up to {mq.msgsize} bytes each.",
        repr(mq),
    )

    say("Send", "Another process opens it by that name, sends four tasks, and ends:")
    in_a_process_of_its_own("produce", name)
    say("", f"The sender is gone, its messages are not: {len(mq)} are in the queue.")

    say(
        "Receive",
        "A third process takes them: the highest priority first, and of equal",
        "ones the oldest:",
    )
    in_a_process_of_its_own("consume", name)
    say("", f"Now {len(mq)} are in the queue.")

    say("Notify", "To wait for the next one need not keep us: we ask to be called.")
    called = threading.Event()

    def arrived(queue):
        me = threading.current_thread().name
        say("", f"  callback  in a thread of its own ({me}): {queue.receive().decode()!r}")
        called.set()

    mq.notify(arrived)
    mq.send(b"the post is here")
    called.wait(timeout=30)

    say("Refuse", "In nonblocking mode an empty queue raises instead of waiting:")
    mq.blocking = False
    try:
        mq.receive()
    except BlockingIOError as error:
        say("", f"  {error!r}")

    mq.close()
    try:
        unlink(name)
    except FileNotFoundError:
        say(
            "Close",
            "We created the queue, so closing it removes it. Nothing is left in the kernel.",
        )
    return 0 if called.is_set() else 1


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["produce", name]:
            produce(name)
        case ["consume", name]:
            consume(name)
        case _:
            sys.exit(main())
