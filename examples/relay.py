"""A message crosses from one queue to another through a broker, and another one while it is away.

`make relay-demo` runs it, with the relay's program as its argument. It needs a
nats-server. It ends by itself, or on Ctrl-C, and leaves nothing in the kernel, no process, no file.
"""

import contextlib
import os
import random
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from mood.mqueue import MessageQueue

SECONDS = 30
interrupted = threading.Event()


def say(title, *lines):
    for mark, line in zip([title, *[""] * len(lines)], lines, strict=False):
        print(f"{mark:10} {line}", flush=True)


def free_port():
    """Below those that connections get: one of them could have it while the broker is gone."""
    while True:
        port = random.randrange(12_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@contextlib.contextmanager
def running(command, log):
    """A process that ends with the block. Ctrl-C is for us alone: we know what to end first."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield
    finally:
        for end in (process.terminate, process.terminate, process.kill):
            end()
            # A relay whose broker is away waits for it, until it is told a second time.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(2)
                break


def wait_until(what, is_so):
    """The only place where Ctrl-C is looked for: nowhere else is anything half begun."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if interrupted.is_set():
            raise KeyboardInterrupt
        if is_so():
            return
        time.sleep(0.02)
    raise SystemExit(f"never: {what}")


def wait_for_line(log, words):
    wait_until(f"{words!r} in {log}", lambda: words in log.read_text())


def new_queue(which):
    name = f"/demo-{which}-{os.getpid()}"
    return MessageQueue(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, maxmsg=8, msgsize=64)


def receive(queue):
    wait_until(f"a message in {queue.name}", lambda: len(queue))
    message = queue.receive_message()
    say("", f"  received  priority {message.priority}   {message.data.decode()}")


def demo(mqrelay, directory, stack):
    port = free_port()
    server = ["nats-server", "--addr", "127.0.0.1", "--port", str(port), "--jetstream"]
    server += ["--store_dir", str(directory)]
    here, there = (stack.enter_context(new_queue(which)) for which in ("here", "there"))
    say("Queues", f"The kernel now has {here.name} and {there.name}.")

    broker_log = directory / "nats-server.log"
    broker = contextlib.ExitStack()
    # Ended after the relays, and begun again in between.
    stack.push(broker)
    broker.enter_context(running(server, broker_log))
    wait_for_line(broker_log, "Server is ready")
    say("Broker", shlex.join(server))

    for host, way in [
        ("here", ["--out", f"{here.name}=mq.{{host}}.demo"]),
        ("there", ["--in", f"{there.name}=mq.*.demo"]),
    ]:
        command = [mqrelay, "--host", host, "--server", f"nats://127.0.0.1:{port}", "--create"]
        command += ["--journal", str(directory / host), *way]
        log = directory / f"{host}.log"
        stack.enter_context(running(command, log))
        wait_for_line(log, "connected")
        say("Relay", shlex.join(command))

    say("Send", f"Into {here.name}, which is all that its sender knows:")
    here.send(b"water the plants", 5)
    say("", "  sent      priority 5   water the plants")
    say("Receive", f"From {there.name}:")
    receive(there)

    broker.close()
    say("Break", "The broker is gone. Its senders do not notice:")
    here.send(b"put out the fire", 9)
    say("", "  sent      priority 9   put out the fire")
    wait_until("the message is taken", lambda: not len(here))
    say("", f"The queue is empty, the message is in the journal. {len(there)} have arrived.")

    broker.enter_context(running(server, broker_log))
    say("Mend", "The broker is back, and the relays find it:")
    receive(there)


def main(mqrelay):
    # Debian has it there, which is not on everybody's PATH.
    os.environ["PATH"] += os.pathsep + "/usr/sbin"
    for program in ("nats-server", mqrelay):
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is missing: apt-get install nats-server; make relay-demo")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: interrupted.set())
    try:
        with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
            demo(mqrelay, Path(directory), stack)
    except KeyboardInterrupt:
        say("Stopped", "Everything that was begun is ended. Nothing is left in the kernel.")
        return 130
    say("End", "Everything that was begun is ended. Nothing is left in the kernel.")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
