"""One workload in a process of its own: `python -m bench.worker NAME SECONDS` prints JSON."""

import json
import sys

from bench import native, queues
from bench.measure import Results
from bench.schedule import WORKLOADS


def main(name: str, seconds: float) -> None:
    native.die_with_parent()
    results = Results()
    shared = queues.isolate()
    if shared:
        results.note(shared)
    WORKLOADS[name].run(results, seconds)
    json.dump(results.to_json(), sys.stdout)


if __name__ == "__main__":
    try:
        main(sys.argv[1], float(sys.argv[2]))
    except KeyboardInterrupt:
        sys.exit(130)
