"""How long a send and a receive of the same message take, beside posix_ipc from PyPI.

The contenders take turns in one run, so that what else the machine does falls on both; what is
quoted is the median of the ratios of neighbours, never a time.
"""

import argparse
import os
import statistics
import time

import posix_ipc

from mood.mqueue import MessageQueue, __version__

SIZES = (0, 64, 1024, 8192)


def pairs(send, receive, message, count):
    """Seconds for `count` pairs."""
    start = time.perf_counter()
    for _ in range(count):
        send(message)
        receive()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="how often they take turns")
    parser.add_argument("--pairs", type=int, default=20_000, help="pairs in one turn")
    options = parser.parse_args()

    name = f"/bench-{os.getpid()}"
    with MessageQueue(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, maxmsg=10, msgsize=8192) as ours:
        theirs = posix_ipc.MessageQueue(name)
        print(f"send + receive, mood.mqueue {__version__} / posix_ipc {posix_ipc.VERSION}")
        print(f"{options.rounds} rounds of {options.pairs} pairs, less than 1 is faster")
        print(f"{'bytes':>6}  {'median':>6}  {'lowest':>6}  {'highest':>7}")
        for size in SIZES:
            message = b"x" * size
            ratios = [
                pairs(ours.send, ours.receive, message, options.pairs)
                / pairs(theirs.send, theirs.receive, message, options.pairs)
                for _ in range(options.rounds)
            ]
            low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
            print(f"{size:6}  {middle:6.2f}  {low:6.2f}  {high:7.2f}")
        theirs.close()


if __name__ == "__main__":
    main()
