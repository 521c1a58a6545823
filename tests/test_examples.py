"""The examples run, and do what they say."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from observe import is_in_the_system

EXAMPLES = Path(__file__).parent.parent / "examples"
# Of programs that end by themselves.
SECONDS = 40


def start(program, *arguments, **options):
    command = [sys.executable, "-W", "error", EXAMPLES / program, *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def output(process):
    with process:
        out, errors = process.communicate(timeout=SECONDS)
    assert (process.returncode, errors) == (0, "")
    return out


@pytest.mark.parametrize("first", ["send_readings", "take_readings"])
def test_a_producer_and_a_consumer_share_nothing_but_the_name(new_name, eventually, first):
    name = new_name()
    programs = {first: start(f"two_programs/{first}.py", name)}
    eventually(lambda: is_in_the_system(name))
    (second,) = {"send_readings", "take_readings"} - {first}
    programs[second] = start(f"two_programs/{second}.py", name)
    lines = output(programs["take_readings"]).splitlines()
    assert output(programs["send_readings"]) == ""
    assert sorted(int(line.split()[0]) for line in lines) == list(range(24))
    assert not is_in_the_system(name)


def test_a_pool_finishes_though_a_worker_crashes():
    lines = output(start("workers/pool.py")).splitlines()
    assert lines[:2] == ["a worker died of signal 9", "job 7 is done again"]
    assert lines[2:] == [str([(number, number * number) for number in range(12)])]


def test_a_c_program_and_python_talk_both_ways(tmp_path):
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    peer = tmp_path / "peer"
    warnings = ["-Wall", "-Wextra", "-Werror"]
    source = EXAMPLES / "with_c/peer.c"
    subprocess.run([compiler, *warnings, "-o", peer, source, "-lrt"], check=True, timeout=SECONDS)
    assert output(start("with_c/talk.py", peer)).splitlines() == [
        "{'length': 5, 'priority': 9}",
        "{'length': 16, 'priority': 0}",
        "it ended with 0",
    ]


def test_systemd_understands_the_units():
    systemd_analyze = shutil.which("systemd-analyze")
    if systemd_analyze is None:
        pytest.skip("there is no systemd-analyze")
    done = subprocess.run(
        [systemd_analyze, "verify", EXAMPLES / "systemd/greeter.socket"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "greeter" in line]
    # The only complaint is of the program, which is not installed here.
    assert [line for line in ours if "greeter.py" not in line] == []


# What systemd does: the queue as descriptor 3, and the number of the process in its environment.
ACTIVATE = """
import os, sys
fd, program, idle = sys.argv[1:]
os.dup2(int(fd), 3, inheritable=True)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
os.execv(sys.executable, [sys.executable, program, idle])
"""


def test_a_service_takes_what_started_it_and_ends_when_nobody_comes(new_queue):
    mq = new_queue()
    # As systemd opens it.
    with mq.reopen(os.O_RDONLY | os.O_NONBLOCK) as passed:
        mq.send(b"Ada")
        mq.send(b"Grace", priority=1)
        program = EXAMPLES / "systemd/greeter.py"
        done = subprocess.run(
            [sys.executable, "-c", ACTIVATE, str(passed.fileno()), program, "0.1"],
            pass_fds=[passed.fileno()],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "Hello, Grace!\nHello, Ada!\n"
        assert not passed.blocking
    assert len(mq) == 0


def test_a_service_that_systemd_did_not_start_says_so():
    done = subprocess.run(
        [sys.executable, EXAMPLES / "systemd/greeter.py"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        1,
        "to be started by systemd, with one queue: see greeter.socket\n",
    )
