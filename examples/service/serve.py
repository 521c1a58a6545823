"""An asyncio service that answers requests, the most urgent first: python serve.py /requests

Ctrl-C or SIGTERM ends it: what it has taken by then is answered, and what it has not taken stays in
the queue, for when it is started again.
"""

import asyncio
import os
import signal
import sys

from mood.mqueue import aio
from mood.mqueue.objects import JSON, DecodeError

WORKERS = 2
PATIENCE = 10.0  # seconds for a client to make room for its answer


async def answer(request):
    try:
        reply_to, text = request["reply_to"], request["text"]
        async with (
            asyncio.timeout(PATIENCE),
            aio.ObjectQueue(reply_to, flags=os.O_WRONLY, serializer=JSON) as replies,
        ):
            await replies.put(text.upper())
    except Exception as error:
        # The client is gone, or does not listen, or sent what is no request. Others are served.
        print(f"not answered: {request!r} ({type(error).__name__})", flush=True)


async def work(requests):
    while True:
        try:
            request = await requests.get()
        except DecodeError as error:
            print("no JSON:", error.data, flush=True)
            continue
        print("to answer:", request, flush=True)
        answering = asyncio.create_task(answer(request))
        try:
            await asyncio.shield(answering)
        except asyncio.CancelledError:
            await answering
            raise


async def main(name):
    told_to_end = asyncio.Event()
    for number in signal.SIGINT, signal.SIGTERM:
        asyncio.get_running_loop().add_signal_handler(number, told_to_end.set)
    # JSON, since it is safe from whoever may send, and clients can be in any language.
    async with aio.ObjectQueue(name, maxsize=8, serializer=JSON) as requests:
        workers = [asyncio.create_task(work(requests)) for _ in range(WORKERS)]
        await told_to_end.wait()
        for worker in workers:
            worker.cancel()
        await asyncio.wait(workers)


asyncio.run(main(sys.argv[1]))
