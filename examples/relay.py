"""Relay one message between two queues through a broker, and another one across an outage.

`make relay-demo` runs this script with the path of mqrelay as its argument. It needs nats-server.
It ends by itself or on Ctrl-C, and leaves no queue, no process and no file behind.
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

TIMEOUT = 30  # seconds
interrupted = threading.Event()


def report(title, *lines):
    for mark, line in zip([title, *[""] * len(lines)], lines, strict=False):
        print(f"{mark:10} {line}", flush=True)


def free_port():
    """Return a free port below the ephemeral ones, which connections could take in the outage."""
    while True:
        port = random.randrange(12_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@contextlib.contextmanager
def running(command, log):
    """Run a process until the block ends. Ctrl-C does not reach it: processes end in order."""
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
        for stop in (process.terminate, process.terminate, process.kill):
            stop()
            # During an outage a relay drains until a second signal.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(2)
                break


def wait_until(what, condition):
    """Wait until a condition holds. Only here can Ctrl-C interrupt, between complete steps."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        if interrupted.is_set():
            raise KeyboardInterrupt
        if condition():
            return
        time.sleep(0.02)
    raise SystemExit(f"timed out: {what}")


def wait_for_log(log, text):
    wait_until(f"{text!r} in {log}", lambda: text in log.read_text())


def new_queue(host):
    name = f"/demo-{host}-{os.getpid()}"
    return MessageQueue(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, maxmsg=8, msgsize=64)


def receive(queue):
    wait_until(f"a message in {queue.name}", lambda: len(queue))
    message = queue.receive_message()
    report("", f"  received  priority {message.priority}   {message.data.decode()}")


def demo(mqrelay, directory, stack):
    port = free_port()
    server = ["nats-server", "--addr", "127.0.0.1", "--port", str(port), "--jetstream"]
    server += ["--store_dir", str(directory)]
    here, there = (stack.enter_context(new_queue(host)) for host in ("here", "there"))
    report("Queues", f"The kernel now has {here.name} and {there.name}.")

    broker_log = directory / "nats-server.log"
    broker = contextlib.ExitStack()
    # Stops after the relays, and restarts in between.
    stack.push(broker)
    broker.enter_context(running(server, broker_log))
    wait_for_log(broker_log, "Server is ready")
    report("Broker", shlex.join(server))

    for host, route in [
        ("here", ["--out", f"{here.name}=mq.{{host}}.demo"]),
        ("there", ["--in", f"{there.name}=mq.*.demo"]),
    ]:
        command = [mqrelay, "--host", host, "--server", f"nats://127.0.0.1:{port}", "--create"]
        command += ["--journal", str(directory / host), *route]
        log = directory / f"{host}.log"
        stack.enter_context(running(command, log))
        wait_for_log(log, "connected")
        report("Relay", shlex.join(command))

    report("Send", f"To {here.name}, the only queue that its sender knows:")
    here.send(b"water the plants", 5)
    report("", "  sent      priority 5   water the plants")
    report("Receive", f"From {there.name}:")
    receive(there)

    broker.close()
    report("Break", "The broker is down. Senders continue:")
    here.send(b"put out the fire", 9)
    report("", "  sent      priority 9   put out the fire")
    wait_until("the message is received", lambda: not len(here))
    report("", f"The queue is empty, the message is in the journal. {len(there)} have arrived.")

    broker.enter_context(running(server, broker_log))
    report("Mend", "The broker is up again, and the relays reconnect:")
    receive(there)


def main(mqrelay):
    # Debian installs nats-server in /usr/sbin, which is not on every user's PATH.
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
        report("Stopped", "All processes have ended. Nothing is left in the kernel.")
        return 130
    report("End", "All processes have ended. Nothing is left in the kernel.")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
