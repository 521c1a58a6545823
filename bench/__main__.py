"""Measure this library and its peers beside a raw loop in C, side by side in one run."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from bench import document, interpreters, machine, native, plots, report, summary, targets
from bench.measure import Results
from bench.schedule import WORKLOADS
from bench.tables import Table
from bench.workloads import threads

# A process differs from the next of the same program by where things lie in its memory, by some
# hundredths. So each workload runs in several.
PASSES = 4
QUICK = 0.15
PATIENCE = 120.0
FAILED = "FAILED"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="half a minute, and less exact")
    parser.add_argument("--write-docs", action="store_true", help="update docs/performance.md")
    parser.add_argument(
        "workload", nargs="*", help=f"only these; there are: {', '.join(WORKLOADS)}"
    )
    options = parser.parse_args()
    if unknown := set(options.workload) - set(WORKLOADS):
        parser.error(f"no such workload: {', '.join(sorted(unknown))}")
    if options.write_docs and (options.quick or options.workload):
        parser.error("--write-docs wants a whole run")
    return options


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def measured(name: str, seconds: float, python: str = sys.executable) -> Results:
    """By a process of its own."""
    results = Results()
    command = [python, "-m", "bench.worker", name, str(seconds)]
    root = Path(__file__).resolve().parent.parent
    try:
        done = subprocess.run(
            command, cwd=root, stdout=subprocess.PIPE, timeout=seconds + PATIENCE, check=True
        )
    except subprocess.CalledProcessError as error:
        results.note(f"{name}: {FAILED} with status {error.returncode}")
        return results
    except subprocess.TimeoutExpired:
        results.note(f"{name}: {FAILED} to end")
        return results
    return Results.from_json(json.loads(done.stdout))


def run(names: list[str], quick: bool) -> Results:
    results = Results()
    passes = 1 if quick else PASSES
    for number in range(1, passes + 1):
        for name in names:
            workload = WORKLOADS[name]
            say(f"pass {number} of {passes}: {workload.about}")
            results.merge(measured(name, workload.seconds * (QUICK if quick else 1)))
    if threads.NAME in names:
        python = interpreters.free_threaded()
        if python is None:
            results.note("a free-threaded CPython: none was found")
        else:
            say(f"free-threaded: {python}")
            seconds = WORKLOADS[threads.NAME].seconds
            results.merge(measured(threads.NAME, seconds, interpreters.prepared(python)))
    return results


def written(results: Results, about: dict[str, str]) -> list[Path]:
    """The files with everything."""
    data = {
        "machine": about,
        "notes": results.notes,
        "targets": targets.to_json(results),
        "series": summary.to_json(results),
    }
    files = {"results.json": json.dumps(data)}
    files |= {f"{name}.svg": svg for name, svg in plots.drawn(results).items()}
    for name, text in files.items():
        (native.TARGET / name).write_text(text)
    return [native.TARGET / name for name in files]


def main() -> int:
    options = arguments()
    about = machine.facts()
    results = run(options.workload or list(WORKLOADS), options.quick)
    tables = [*report.tables(results), targets.table(results)]
    machine_table = Table("machine", "The machine", ("what", "value"), list(about.items()))
    for table in (machine_table, *tables):
        print(f"\n{table.text()}")
    print()
    for note in results.notes:
        print(f"Note: {note}.")
    for file in written(results, about):
        print(f"Written: {file}")
    if options.write_docs:
        document.write([machine_table, *tables], report.sentences(results), plots.drawn(results))
        print(f"Written: {document.PAGE}")
    return 1 if any(FAILED in note for note in results.notes) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
