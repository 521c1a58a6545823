"""A service that systemd starts when a message is in its queue.

systemd passes the queue as descriptor 3, and says so by two variables (sd_listen_fds(3)). To try it
without systemd: systemd-socket-activate does not know queues, but tests/test_examples.py does what
systemd would.
"""

import os
import sys

from mood.mqueue import MessageQueue

FIRST = 3
IDLE = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0


def passed_queue():
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or os.environ.get("LISTEN_FDS") != "1":
        sys.exit("to be started by systemd, with one queue: see greeter.socket")
    return MessageQueue.from_fd(FIRST)


# systemd's descriptor is nonblocking, and that mode is shared with systemd itself. A descriptor of
# our own waits, and lets systemd's be as it was.
with passed_queue() as passed, passed.reopen(os.O_RDONLY) as names:
    while True:
        try:
            name = names.receive(timeout=IDLE)
        except TimeoutError:
            break  # nobody came for a while: the next message starts us again
        print(f"Hello, {name.decode()}!", flush=True)
