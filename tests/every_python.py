"""Run the suite, or the growth check, on every CPython from 3.11 that is found.

    python tests/every_python.py WHEEL [suite | growth]

Each gets an environment of its own, in which the built wheel is installed: the source tree is not
on the path. The suite runs twice, in a random order and then with each test in several threads at
once. The growth check is soak/growth.py.
"""

import glob
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).with_name("uv")
THREADS = 4
DESCRIBE = """
import json, platform, sys, sysconfig
print(json.dumps({
    "version": sys.version_info[:2],
    "cpython": platform.python_implementation() == "CPython",
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
}))
"""


def candidates():
    # Path.home() fails for a user who is not in /etc/passwd, and Path.glob() where it may not read.
    pyenv = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    yield sys.executable
    yield from sorted(glob.glob(f"{pyenv}/versions/*/bin/python3"))
    for minor in range(11, 30):
        if found := shutil.which(f"python3.{minor}"):
            yield found


def describe(python):
    # A version that is not selected leaves a stand-in on the path, which fails.
    done = subprocess.run([python, "-c", DESCRIBE], capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def interpreters():
    """The first one found of each version, oldest first."""
    found: dict[tuple[int, ...], str] = {}
    for python in candidates():
        about = describe(python)
        if about is None or not about["cpython"] or tuple(about["version"]) < (3, 11):
            continue
        if about["free_threaded"]:
            print(
                f"skipped {python}: no wheel for a free-threaded interpreter is built", flush=True
            )
            continue
        found.setdefault(tuple(about["version"]), python)
    return sorted(found.items())


def run(*command):
    return subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode == 0


# The arguments of each interpreter.
RUNS = {
    "suite": [
        ["-X", "dev", "-m", "pytest", "-q"],
        ["-m", "pytest", "-q", f"--parallel-threads={THREADS}"],
    ],
    "growth": [[ROOT / "soak" / "growth.py"]],
}


def check(version, python, wheel, runs):
    home = ROOT / ".venvs" / version
    inside = home / "bin" / "python"
    print(f"\n== CPython {version}: {python}", flush=True)
    return (
        run(UV, "venv", "--quiet", "--clear", "--python", python, home)
        and run(UV, "pip", "install", "--quiet", "--python", inside, "--group", "test", wheel)
        and all(run(inside, *arguments) for arguments in runs)
    )


def main(wheel, what="suite"):
    outcomes = {}
    for version, python in interpreters():
        text = ".".join(map(str, version))
        outcomes[text] = check(text, python, wheel, RUNS[what])
    print("\n== " + ", ".join(f"{v}: {'passed' if ok else 'FAILED'}" for v, ok in outcomes.items()))
    return not (outcomes and all(outcomes.values()))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), *sys.argv[2:]))
