"""The processes of a run: started, killed and replaced, and gone at the end.

All are in the group that the rain leads, so that it falls on each, and one call ends them.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
FALL_ASLEEP = 0.02


def _start(script, *arguments, **options):
    return subprocess.Popen([sys.executable, HERE / script, *arguments], **options)


def _is_asleep(pid):
    stat = Path(f"/proc/{pid}/stat").read_text()
    return stat.rpartition(")")[2].split()[0] == "S"


class Crew:
    def __init__(self, configuration, queues, directory, options, rng):
        self.kills: Counter[int] = Counter()
        self.killed_asleep = 0
        self.records = []
        self.worker_reports = []
        self.producer_reports = {}
        self._configuration = configuration
        self._queues = queues
        self._directory = directory
        self._options = options
        self._rng = rng
        self._processes = {}
        # Ignored until the process has its handlers: it is inherited.
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        self._rain = _start("rain.py", stdin=subprocess.PIPE, process_group=0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self._rain.pid, signal.SIGKILL)
        for process in (self._rain, *self._processes):
            process.wait()
        self._rain.stdin.close()

    def start(self):
        for roles in self._configuration.processes():
            self._start_worker([self._role(kind, number, roles) for kind, number in roles])

    def _role(self, kind, number, roles):
        role = {"kind": kind, "number": number}
        if kind == "consumer":
            role["queue"] = number % len(self._queues)
            role["mortal"] = self._configuration.kills and len(roles) == 1
            return role
        report = self._directory / f"producer-{number}.json"
        self.producer_reports[number] = report
        return role | {
            "share": -(-self._options.messages // self._configuration.producers),
            "seconds": self._options.seconds,
            "pauses": self._configuration.pauses,
            "report": str(report),
        }

    def _start_worker(self, roles):
        for role in roles:
            if role["kind"] == "consumer":
                records = self._directory / f"consumer-{len(self.records)}"
                self.records.append((role["queue"], records))
                role["records"] = str(records)
        report = self._directory / f"worker-{len(self.worker_reports)}.json"
        self.worker_reports.append(report)
        task = {
            "roles": roles,
            "queues": self._queues,
            "closes": self._configuration.closes,
            "seed": f"{self._options.seed} {report.name}",
            "report": str(report),
        }
        process = _start(
            "worker.py",
            json.dumps(task),
            stdin=subprocess.DEVNULL,
            process_group=self._rain.pid,
        )
        self._processes[process] = roles

    def _mortals(self):
        return [
            process
            for process, (role, *_) in self._processes.items()
            if role.get("mortal") and os.path.exists(role["records"])
        ]

    def kill_one(self):
        """Kills a consumer, every second time as soon as it sleeps, and starts another."""
        if not (mortals := self._mortals()):
            return
        victim = self._rng.choice(mortals)
        if victim.poll() is not None:
            return
        asleep = _is_asleep(victim.pid)
        if self._rng.random() < 0.5:
            end = time.monotonic() + FALL_ASLEEP
            while not asleep and time.monotonic() < end:
                asleep = _is_asleep(victim.pid)
        victim.kill()
        if victim.wait() != -signal.SIGKILL:
            return
        (role,) = self._processes.pop(victim)
        self.kills[role["queue"]] += 1
        self.killed_asleep += asleep
        self._start_worker([role])

    def received(self):
        sizes = (path.stat().st_size for _, path in self.records if path.exists())
        return sum(sizes)

    def producers_are_done(self):
        return all(report.exists() for report in self.producer_reports.values())

    def is_done(self):
        return all(process.poll() is not None for process in self._processes)

    def failures(self):
        return [
            f"{roles[0]['kind']} and {len(roles) - 1} more: exit code {process.returncode}"
            for process, roles in self._processes.items()
            if process.poll()
        ]

    def totals(self):
        """Signals handled and queues opened again, over all processes that were not killed."""
        reports = [json.loads(r.read_text()) for r in self.worker_reports if r.exists()]
        signals = sum(sum(report["signals"].values()) for report in reports)
        return signals, sum(report["closes"] for report in reports)
