"""The examples run, and do what they say."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from observe import is_in_the_system

from mood.mqueue import MessageQueue
from mood.mqueue.objects import JSON, ObjectQueue

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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_service_answers_by_priority_and_ends_when_it_is_told(new_name, eventually, number):
    name = new_name()
    nobody = {"reply_to": new_name(), "text": "does anybody hear me?"}
    with ObjectQueue(name, 8, msgsize=512, serializer=JSON) as requests:
        requests.put(nobody, priority=8)
        requests.put(["no request"], priority=7)
        with MessageQueue(name, os.O_WRONLY) as stranger:
            stranger.send(b"no JSON", priority=5)
        asking = {
            text: start("service/ask.py", name, text, priority)
            for text, priority in [("the plants are dry", 0), ("it burns", 9), ("post!", 4)]
        }
        # All are there before the service is.
        eventually(lambda: requests.qsize() == 6)
        service = start("service/serve.py", name)
        answers = [output(client) for client in asking.values()]
        assert answers == ["THE PLANTS ARE DRY\n", "IT BURNS\n", "POST!\n"]
        service.send_signal(number)
        lines = output(service).splitlines()
        taken = [line for line in lines if not line.startswith("not answered: ")]
        what = re.compile("burns|hear|no request|no JSON|post|plants")
        assert [what.findall(line)[0] for line in taken] == [
            "burns",
            "hear",
            "no request",
            "no JSON",
            "post",
            "plants",
        ]
        assert sorted(set(lines) - set(taken)) == [
            "not answered: ['no request'] (TypeError)",
            f"not answered: {nobody} (FileNotFoundError)",
        ]
        requests.unlink()


def test_a_service_that_is_told_to_end_answers_what_it_has_taken(new_name):
    name, reply_to = new_name(), new_name()
    with (
        ObjectQueue(name, 2, msgsize=512, serializer=JSON) as requests,
        ObjectQueue(reply_to, 1, msgsize=512, serializer=JSON) as replies,
    ):
        replies.put("it cannot answer before this is taken")
        requests.put({"reply_to": reply_to, "text": "post!"})
        service = start("service/serve.py", name)
        assert service.stdout is not None
        assert service.stdout.readline().startswith("to answer: ")
        service.send_signal(signal.SIGTERM)
        replies.get()
        assert replies.get(timeout=SECONDS) == "POST!"
        assert output(service) == ""
        requests.unlink()
        replies.unlink()


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


MQRELAY = Path(__file__).parent.parent / "target/debug/mqrelay"
# What the demo of the relay prints; it begins something before each of these.
STEPS = ["Queues", "Broker", "Relay", "Send", "Receive", "Break", "Mend"]


def relay_demo():
    """The demo, and the names of what it leaves, if it does."""
    path = os.environ["PATH"] + os.pathsep + "/usr/sbin"
    if shutil.which("nats-server", path=path) is None or not MQRELAY.exists():
        pytest.skip("there is no nats-server, or cargo has not built mqrelay")
    demo = start("relay.py", MQRELAY)
    return demo, [f"/demo-{which}-{demo.pid}" for which in ("here", "there")]


def left_in(directory):
    """The processes whose command has this directory in it."""
    commands = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            commands.append(command.read_bytes())
    return [command for command in commands if os.fsencode(directory) in command]


def test_a_message_crosses_a_broker_and_one_waits_for_it():
    demo, names = relay_demo()
    lines = output(demo).splitlines()
    crossed = [line.split()[-3:] for line in lines if " received " in line]
    assert crossed == [["water", "the", "plants"], ["out", "the", "fire"]]
    assert lines[-1].endswith("Nothing is left in the kernel.")
    assert not any(map(is_in_the_system, names))


@pytest.mark.parametrize("step", STEPS)
def test_the_demo_of_the_relay_leaves_nothing_when_it_is_interrupted(step):
    demo, names = relay_demo()
    seen = []
    with demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            seen.append(line)
            if line.startswith(step):
                demo.send_signal(signal.SIGINT)
        ended = (demo.wait(SECONDS), seen[-1].split()[0])
    # The last step may be over before the signal comes.
    assert ended in [(130, "Stopped"), *([(0, "End")] if step == "Mend" else [])], seen
    assert not any(map(is_in_the_system, names))
    for directory in re.findall(r"--store_dir (\S+)", "".join(seen)):
        assert not Path(directory).exists()
        assert left_in(directory) == []


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
