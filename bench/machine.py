"""Where and with what it was measured."""

import datetime
import os
import platform
import sysconfig
from importlib import metadata
from pathlib import Path

from bench.native import LIBC

RUST_LOCK = Path(__file__).resolve().parent / "rust" / "Cargo.lock"
RUST_PEERS = ("nix", "posixmq")


def facts() -> dict[str, str]:
    return {
        "date": datetime.date.today().isoformat(),
        "processor": f"{_cpuinfo('model name') or platform.machine()}, {_cores()}",
        "kernel": f"{platform.system()} {platform.release()}",
        "C library": _libc(),
        "Python": f"{platform.python_implementation()} {platform.python_version()}{_build()}",
        "versions": ", ".join(
            [
                *(f"{name} {metadata.version(name)}" for name in ("mood.mqueue", "posix-ipc")),
                *(f"{name} {_locked(name)}" for name in RUST_PEERS),
            ]
        ),
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def _cores() -> str:
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores" if cores > 1 else "1 core"


def _cpuinfo(field: str) -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == field:
            return value.strip()
    return ""


def _libc() -> str:
    name, version = platform.libc_ver()
    return f"{name} {version}".strip() or str(LIBC._name)


def _build() -> str:
    optimized = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    return "" if optimized else ", built without --enable-optimizations"


def _locked(crate: str) -> str:
    lines = RUST_LOCK.read_text().splitlines()
    return lines[lines.index(f'name = "{crate}"') + 1].split('"')[1]
