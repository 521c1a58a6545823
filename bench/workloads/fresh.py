"""What only a fresh interpreter can tell: the price of the import, and of what is kept."""

import json
import subprocess
import sys

from bench.contenders import MOOD, MOOD_MESSAGE, POSIX_IPC
from bench.measure import Key, Results, rounds
from bench.workloads import Workload
from mood.mqueue import MessageQueue

IMPORT = "import"
HELD = "held"
FRESH = "fresh interpreter"
SOCKET = "import socket"
OURS_IMPORTED = "import mood.mqueue"
THEIRS_IMPORTED = "import posix_ipc"
MODULES = {SOCKET: "socket", OURS_IMPORTED: "mood.mqueue", THEIRS_IMPORTED: "posix_ipc"}
PLAIN = "bytes"
MESSAGES = 20_000
BYTES = 64

RESIDENT = """
import os, time
def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
"""
# Prints seconds and bytes of resident memory.
TIME_OF_IMPORT = """
before, start = resident(), time.perf_counter()
import {module}
print([time.perf_counter() - start, resident() - before])
"""
# Prints the growth of resident memory, in bytes for each message.
MEMORY_OF_MESSAGES = """
name = f"/bench-held-{{os.getpid()}}"
{setup}
message = b"x" * {size}
def one():
    {send}
    return {receive}
kept = [None] * {messages}
one()
before = resident()
for i in range({messages}):
    kept[i] = one()
print((resident() - before) / {messages})
"""
OURS = """
from mood.mqueue import MessageQueue
mq = MessageQueue(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, maxmsg=2, msgsize=8192)
mq.unlink()
"""
THEIRS = """
import posix_ipc
mq = posix_ipc.MessageQueue(name, posix_ipc.O_CREX, max_messages=2, max_message_size=8192)
mq.unlink()
"""
KEPT = {
    PLAIN: {"setup": "", "send": "pass", "receive": "bytes(bytearray(message))"},
    MOOD: {"setup": OURS, "send": "mq.send(message)", "receive": "mq.receive()"},
    MOOD_MESSAGE: {"setup": OURS, "send": "mq.send(message)", "receive": "mq.receive_message()"},
    POSIX_IPC: {"setup": THEIRS, "send": "mq.send(message)", "receive": "mq.receive()"},
}


def run_fresh(script: str, **parts: object):
    command = [sys.executable, "-c", RESIDENT + script.format(**parts)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def imports(results: Results, seconds: float) -> None:
    for _ in rounds(seconds):
        cost = {
            label: run_fresh(TIME_OF_IMPORT, module=module) for label, module in MODULES.items()
        }
        usual_time, usual_memory = cost[SOCKET]
        for label, (took, grew) in cost.items():
            results.of(Key(IMPORT, FRESH, label)).add(took * 1e9, took / usual_time)
            results.of(Key(IMPORT, FRESH, label, "memory")).add(grew, grew / usual_memory)


def kept_messages(results: Results, seconds: float) -> None:
    kept = dict(KEPT)
    if not hasattr(MessageQueue, "receive_message"):
        del kept[MOOD_MESSAGE]
    for _ in rounds(seconds):
        grew = {
            label: run_fresh(MEMORY_OF_MESSAGES, size=BYTES, messages=MESSAGES, **lines)
            for label, lines in kept.items()
        }
        for label, size in grew.items():
            results.of(Key(HELD, f"{BYTES} B", label, "memory")).add(size, size / grew[PLAIN])


IMPORTS = Workload(IMPORT, "import mood.mqueue beside import socket", 3, imports)
KEPT_MESSAGES = Workload(HELD, "memory of received messages that are kept", 1, kept_messages)
