"""A sandbox for scripts: the kernel refuses a system call of queues with an errno of our choice."""

import platform

# System call numbers of mq_open and the five after it.
FIRST_CALL = {"x86_64": 240, "aarch64": 180, "riscv64": 180}.get(platform.machine())

# The script may then say `refuse("mq_open", errno.EPERM)`; the last refusal of a call counts. And
# `kill_for(number)` has the kernel kill the process if it makes that system call.
REFUSE = f"""
import ctypes, struct

def refuse(call, number):
    calls = "open", "unlink", "timedsend", "timedreceive", "notify", "getsetattr"
    ERRNO = 0x00050000
    answer({FIRST_CALL} + calls.index(call.removeprefix("mq_")), ERRNO | number)

def kill_for(call):
    KILL_PROCESS = 0x80000000
    answer(call, KILL_PROCESS)

def answer(call, action):
    LOAD, JUMP_IF_EQUAL, RETURN, ALLOW = 0x20, 0x15, 0x06, 0x7FFF0000
    program = b"".join(
        struct.pack("HBBI", *instruction)
        for instruction in [
            (LOAD, 0, 0, 0),
            (JUMP_IF_EQUAL, 0, 1, call),
            (RETURN, 0, 0, action),
            (RETURN, 0, 0, ALLOW),
        ]
    )
    memory = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", 4, ctypes.addressof(memory))
    PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, FILTER = 22, 38, 2
    prctl = ctypes.CDLL(None).prctl
    assert prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert prctl(PR_SET_SECCOMP, FILTER, ctypes.c_char_p(header), 0, 0) == 0
"""
