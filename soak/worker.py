"""A process of the run: producers and consumers in the rain, one in the main thread or several in
threads, and a thread that closes their queues."""

import json
import os
import random
import signal
import sys
import threading
import traceback
from collections import Counter
from pathlib import Path

from consumer import Consumer
from line import Line
from producer import Producer
from rain import RAIN

ALARM_INTERVAL = 0.002
CLOSE_INTERVAL = 0.02
LOOK_INTERVAL = 0.005

ROLES: dict[str, type[Producer | Consumer]] = {"producer": Producer, "consumer": Consumer}


class Rain:
    """Counts what falls; handlers return."""

    def __enter__(self):
        self.counts: Counter[str] = Counter()
        for number in RAIN:
            signal.signal(number, self._fell)
        signal.setitimer(signal.ITIMER_REAL, ALARM_INTERVAL, ALARM_INTERVAL)
        return self

    def _fell(self, number, _frame):
        self.counts[signal.Signals(number).name] += 1

    def __exit__(self, *_):
        # The interpreter's end restores what would kill, unless it is ignored. Blocked first, since
        # Python complains of a signal that comes while its handler is taken away.
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.pthread_sigmask(signal.SIG_BLOCK, RAIN)
        for number in RAIN:
            signal.signal(number, signal.SIG_IGN)


def play(role, lines, seed):
    """A role that fails takes the process with it."""
    try:
        ROLES[role["kind"]](lines, role, random.Random(f"{seed} {role}")).run()
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def play_in_threads(roles, lines, seed):
    threads = [threading.Thread(target=play, args=(role, lines, seed)) for role in roles]
    for thread in threads:
        thread.start()
    # A process's signals go to its main thread if that takes them; here the others shall. The
    # handlers still run in the main thread, so it looks for them.
    signal.pthread_sigmask(signal.SIG_BLOCK, RAIN)
    for thread in threads:
        while thread.is_alive():
            thread.join(LOOK_INTERVAL)


def close_again_and_again(lines, seed, over):
    signal.pthread_sigmask(signal.SIG_BLOCK, RAIN)
    rng = random.Random(seed)
    while not over.wait(rng.uniform(0, CLOSE_INTERVAL)):
        rng.choice(lines).close()


def main(task):
    roles, seed = task["roles"], task["seed"]
    lines = [Line(name) for name in task["queues"]]
    over = threading.Event()
    closer = threading.Thread(target=close_again_and_again, args=(lines, seed, over))
    with Rain() as rain:
        if task["closes"]:
            closer.start()
        if len(roles) == 1:
            play(roles[0], lines, seed)
        else:
            play_in_threads(roles, lines, seed)
        over.set()
        if task["closes"]:
            closer.join()
    report = {"signals": rain.counts, "closes": sum(line.reopened for line in lines)}
    Path(task["report"]).write_text(json.dumps(report))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
