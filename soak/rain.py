"""Signals for every process of its group, again and again. It leads the group and kills it when
its input ends: whoever started it is done, or gone."""

import itertools
import os
import select
import signal
import sys

INTERVAL = 0.001
FROM_OUTSIDE = (signal.SIGUSR1, signal.SIGCHLD)
RAIN = (signal.SIGALRM, *FROM_OUTSIDE)


def main():
    for number in FROM_OUTSIDE:
        signal.signal(number, signal.SIG_IGN)
    numbers = itertools.cycle(FROM_OUTSIDE)
    while not select.select([sys.stdin], [], [], INTERVAL)[0]:
        os.killpg(0, next(numbers))
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
