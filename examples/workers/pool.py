"""A pool of worker processes over one queue, one of which crashes: python pool.py

The kernel gives each job to exactly one worker. A worker that dies takes the job in its hand with
it, and no other: what is in the queue is safe there. Who must not lose even that job writes down
who has begun what, as the pool does here, and puts it into the queue again.
"""

import multiprocessing
import os
import signal

from mood.mqueue.objects import Empty, ObjectQueue

JOBS = 12
# Processes that start anew, as those from another terminal would.
context = multiprocessing.get_context("spawn")


def work(jobs, reports):
    """What each worker does, until it gets None."""
    me = os.getpid()
    for number, attempt in iter(jobs.get, None):
        reports.put(("began", me, number))
        if (number, attempt) == (7, 1):
            os.kill(me, signal.SIGKILL)  # a crash: no exception, no cleanup, no goodbye
        reports.put(("ended", me, number * number))


class Pool:
    def __init__(self, jobs, reports):
        self.jobs = jobs
        self.reports = reports
        self.workers = {}
        self.under_way = {}
        self.dead = []

    def add_worker(self):
        # The queues are passed as any object is; the worker opens them by name.
        process = context.Process(target=work, args=(self.jobs, self.reports))
        process.start()
        self.workers[process.pid] = process

    def run(self):
        to_do, results = [(number, 1) for number in range(JOBS)], {}
        for _ in range(3):
            self.add_worker()
        while len(results) < JOBS:
            while to_do and not self.jobs.full():
                self.jobs.put(to_do.pop(0))
            try:
                kind, pid, detail = self.reports.get(timeout=0.1)
            except Empty:
                # By now we have read all that those had to say who were dead before this wait.
                to_do += self.jobs_of_the_dead()
                self.dead = [p for p in self.workers.values() if p.exitcode is not None]
                continue
            if kind == "began":
                self.under_way[pid] = detail
            else:
                results[self.under_way.pop(pid)] = detail
        return results

    def jobs_of_the_dead(self):
        for process in self.dead:
            print(f"a worker died of signal {-process.exitcode}")
            del self.workers[process.pid]
            self.add_worker()
            if process.pid in self.under_way:
                number = self.under_way.pop(process.pid)
                print(f"job {number} is done again")
                yield number, 2

    def end(self):
        for _ in self.workers:
            self.jobs.put(None)
        for process in self.workers.values():
            process.join()


def main():
    # Nobody has to know the names of these two, and they go when they are closed.
    with (
        ObjectQueue.create_unique("/jobs-", maxsize=8, msgsize=512) as jobs,
        ObjectQueue.create_unique("/reports-", maxsize=8, msgsize=512) as reports,
    ):
        pool = Pool(jobs, reports)
        print(sorted(pool.run().items()))
        pool.end()


if __name__ == "__main__":
    main()
