"""A free-threaded CPython, if the machine has one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).with_name("uv")
HOME = ROOT / ".venvs" / "free-threaded"
# Prints nothing where there is a GIL, or where the name is only a stand-in for other versions.
IS_FREE = "import sysconfig; print(sysconfig.get_config_var('Py_GIL_DISABLED') or '')"


def candidates():
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from map(str, sorted(pyenv.glob("versions/*t/bin/python3"), reverse=True))
    for minor in range(30, 12, -1):
        if found := shutil.which(f"python3.{minor}t"):
            yield found


def free_threaded() -> str | None:
    for python in candidates():
        done = subprocess.run([python, "-c", IS_FREE], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() == "1":
            return python
    return None


def prepared(python: str) -> str:
    """An interpreter with this package built for it, and what the benchmark needs."""
    inside = str(HOME / "bin" / "python")
    subprocess.run(
        [str(UV), "venv", "--quiet", "--clear", "--python", python, str(HOME)], check=True
    )
    install = [str(UV), "pip", "install", "--quiet", "--python", inside, "--group", "bench", "."]
    subprocess.run(install, cwd=ROOT, check=True)
    return inside
