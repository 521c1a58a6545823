"""How long a program takes from its start to its end, beside `/bin/true`.

    make bench-startup

Each round starts every program once, one after the other; what counts is the ratio of medians.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

from mood.mqueue import MessageQueue

ONE_LINER = (
    "import os; from mood.mqueue import MessageQueue; "
    "MessageQueue({name!r}, os.O_WRONLY).send(b'a message')"
)
BASELINE = "/bin/true"


def commands(mqctl: Path, name: str) -> dict[str, list[str]]:
    python = [sys.executable, "-c", ONE_LINER.format(name=name)]
    return {
        BASELINE: ["/bin/true"],
        "mqctl send": [str(mqctl), "send", name, "a message"],
        "mqctl create --exist-ok": [str(mqctl), "create", "--exist-ok", name],
        "python -c 'import os; from mood.mqueue …'": python,
        "python -c ''": [sys.executable, "-c", ""],
    }


def seconds(command: list[str]) -> float:
    """From before the start of a process until its end is known."""
    nowhere = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=nowhere)
    _, status = os.waitpid(pid, 0)
    end = time.perf_counter()
    if status:
        code = os.waitstatus_to_exitcode(status)
        raise SystemExit(f"{' '.join(command)!r} ended with {code}")
    return end - start


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.startup", description=__doc__)
    parser.add_argument("--mqctl", type=Path, default=Path("target/release/mqctl"))
    parser.add_argument("--rounds", type=int, default=300)
    arguments = parser.parse_args()
    flags = os.O_RDWR | os.O_NONBLOCK
    with MessageQueue.create_unique("/startup-", flags, maxmsg=4, msgsize=64) as mq:
        programs = commands(arguments.mqctl.resolve(), mq.name)
        times: dict[str, list[float]] = {program: [] for program in programs}
        for _ in range(arguments.rounds):
            for program, command in programs.items():
                times[program].append(seconds(command))
            mq.receive_many()
    medians = {program: statistics.median(of) for program, of in times.items()}
    print(f"medians of {arguments.rounds} starts, beside {BASELINE} ({os.cpu_count()} processors)")
    for program, median in medians.items():
        print(f"{median / medians[BASELINE]:6.2f}  {median * 1000:7.2f} ms  {program}")


if __name__ == "__main__":
    main()
