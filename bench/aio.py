"""Messages through 1 and through 100 queues in one asyncio loop, beside what else a program could
do: the blocking calls in threads, and Unix datagram sockets in place of queues.

For each queue one task sends and one receives. The contenders take turns in one run, so that what
else the machine does falls on all of them; what is quoted is the median of the ratios of
neighbours, never a time.
"""

import argparse
import asyncio
import os
import socket
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from mood.mqueue import MessageQueue, __version__, aio

MESSAGE = b"x" * 64
LINE = "{:>7}  {:24}  {:>6}  {:>6}  {:>7}"


def queues(count):
    return [
        MessageQueue.create_unique("/bench-", maxmsg=10, msgsize=len(MESSAGE)) for _ in range(count)
    ]


class Awaited:
    """mood.mqueue.aio."""

    def __init__(self, count):
        self.channels = [aio.MessageQueue(queue) for queue in queues(count)]

    async def send(self, mq, messages):
        for _ in range(messages):
            await mq.send(MESSAGE)

    async def receive(self, mq, messages):
        for _ in range(messages):
            await mq.receive()

    def close(self):
        for mq in self.channels:
            mq.close()


class Threads:
    """asyncio.to_thread around the blocking calls, with a thread for each that may block: with
    fewer all of them may wait to receive what nobody is left to send."""

    def __init__(self, count):
        self.channels = queues(count)
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2 * count))

    async def send(self, mq, messages):
        for _ in range(messages):
            await asyncio.to_thread(mq.send, MESSAGE)

    async def receive(self, mq, messages):
        for _ in range(messages):
            await asyncio.to_thread(mq.receive)

    def close(self):
        for mq in self.channels:
            mq.close()


class Sockets:
    """The loop's own calls on a pair of Unix datagram sockets."""

    def __init__(self, count):
        self.loop = asyncio.get_running_loop()
        self.channels = [socket.socketpair(type=socket.SOCK_DGRAM) for _ in range(count)]
        for end in self.ends():
            end.setblocking(False)

    def ends(self):
        return [end for pair in self.channels for end in pair]

    async def send(self, pair, messages):
        for _ in range(messages):
            await self.loop.sock_sendall(pair[0], MESSAGE)

    async def receive(self, pair, messages):
        for _ in range(messages):
            await self.loop.sock_recv(pair[1], len(MESSAGE))

    def close(self):
        for end in self.ends():
            end.close()


async def run(kind, count, messages):
    """Seconds for all of the messages."""
    contender = kind(count)
    each = messages // count
    start = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for channel in contender.channels:
            tasks.create_task(contender.receive(channel, each))
            tasks.create_task(contender.send(channel, each))
    seconds = time.perf_counter() - start
    contender.close()
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=9, help="how often they take turns")
    parser.add_argument("--messages", type=int, default=10_000, help="messages in one turn")
    parser.add_argument("--uvloop", action="store_true", help="in a loop of uvloop")
    options = parser.parse_args()
    factory = None
    if options.uvloop:
        import uvloop

        factory = uvloop.new_event_loop

    def seconds(kind, count):
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(run(kind, count, options.messages))

    print(f"mood.mqueue.aio {__version__} / the other, {os.cpu_count()} processors")
    print(f"{options.rounds} rounds of {options.messages} messages, less than 1 is faster")
    print(LINE.format("queues", "beside", "median", "lowest", "highest"))
    for count in (1, 100):
        ratios = {Threads: [], Sockets: []}
        for _ in range(options.rounds):
            for other, measured in ratios.items():
                measured.append(seconds(Awaited, count) / seconds(other, count))
        for other, name in ((Threads, "asyncio.to_thread"), (Sockets, "Unix datagram sockets")):
            each = ratios[other]
            numbers = (statistics.median(each), min(each), max(each))
            print(LINE.format(count, name, *(f"{number:.2f}" for number in numbers)))


if __name__ == "__main__":
    main()
