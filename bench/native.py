"""The loops in C and Rust, as functions of Python that raise OSError."""

import ctypes
import importlib.util
import os
import sysconfig
from ctypes import POINTER, c_int, c_int64, c_long, c_size_t, c_uint32, c_uint64
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "target" / "bench"
RAW = TARGET / "libraw.so"
MINIMAL = TARGET / f"minimal{sysconfig.get_config_var('EXT_SUFFIX')}"
RUST = TARGET / "release" / "libbench_peers.so"

CLONE_NEWUSER = 0x10000000
CLONE_NEWIPC = 0x08000000
PR_SET_PDEATHSIG = 1

LIBC = ctypes.CDLL(None, use_errno=True)


def _zero_or_errno(result, function, _arguments):
    if result != 0:
        raise OSError(result, f"{os.strerror(result)}, in {function.__name__}")


def _declared(library, name, *types):
    function = getattr(library, name)
    function.argtypes = types
    function.errcheck = _zero_or_errno
    return function


_raw = ctypes.CDLL(str(RAW))
# What is called through this one keeps the GIL.
_raw_holding = ctypes.PyDLL(str(RAW))

raw_bursts = _declared(_raw, "raw_bursts", c_int, c_size_t, c_size_t, c_long, c_long)
raw_backlogs = _declared(
    _raw, "raw_backlogs", c_int, c_size_t, c_size_t, POINTER(c_uint32), c_long, c_long
)
raw_try_pairs = _declared(_raw, "raw_try_pairs", c_int, c_size_t, c_size_t, c_long)
raw_failed_tries = _declared(_raw, "raw_failed_tries", c_int, c_size_t, c_long)
raw_rounds = _declared(_raw, "raw_rounds", POINTER(c_int), c_long, c_size_t, c_size_t, c_long)
raw_sends = _declared(_raw, "raw_sends", c_int, c_size_t, c_long)
raw_receives = _declared(_raw, "raw_receives", c_int, c_size_t, c_long)
raw_receives_holding_the_gil = _declared(_raw_holding, "raw_receives", c_int, c_size_t, c_long)
_ends = (c_int, c_int, c_size_t, c_size_t, c_int64, c_long)
raw_pings = _declared(_raw, "raw_pings", *_ends, ctypes.c_void_p)
raw_echoes = _declared(_raw, "raw_echoes", *_ends)
inlined_bursts = _declared(_raw, "inlined_bursts", c_int, c_size_t, c_size_t, c_long, c_long)
HAS_INLINED = bool(_raw.inlined_available())

_rust = ctypes.CDLL(str(RUST))

rust_pairs = _declared(_rust, "rust_pairs", c_uint32, c_size_t, c_size_t, c_uint64)
rust_failed_tries = _declared(_rust, "rust_failed_tries", c_uint32, c_size_t, c_uint64)
rust_sends = _declared(_rust, "rust_sends", c_uint32, c_size_t, c_uint64)
rust_receives = _declared(_rust, "rust_receives", c_uint32, c_size_t, c_uint64)
rust_pings = _declared(_rust, "rust_pings", c_uint32, c_uint32, c_size_t, c_size_t, c_uint64)
rust_echoes = _declared(_rust, "rust_echoes", c_uint32, c_uint32, c_size_t, c_size_t, c_uint64)
rust_round_trip = _rust.rust_round_trip
rust_round_trip.argtypes = [c_size_t]
rust_round_trip.restype = c_uint64


def rust_open(library: int, process: int, number: int) -> int:
    """A handle for the other functions of Rust."""
    handle = _rust.rust_open(c_uint32(library), c_uint32(process), c_uint32(number))
    if handle < 0:
        raise OSError(-handle, os.strerror(-handle))
    return handle


def minimal_extension():
    """The module, or None where it could not be built: Python's headers are not everywhere."""
    if not (HAS_INLINED and MINIMAL.exists()):
        return None
    spec = importlib.util.spec_from_file_location("minimal", MINIMAL)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MINIMAL_EXTENSION = minimal_extension()


def unshare(flags: int) -> bool:
    return LIBC.unshare(flags) == 0


def die_with_parent() -> None:
    """Whatever ends the parent ends this process."""
    LIBC.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)
