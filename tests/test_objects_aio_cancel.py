"""Calls of awaited object queues are cancelled at every await; each object is accounted for."""

from loops import on_asyncio, on_every_loop
from payload_files import files
from test_aio_cancel import Account

from mood.mqueue import aio

LARGE = "large" * 1000


class Objects(Account):
    async def send(self):
        (number,) = self.numbers(1)
        priority = self.random.randint(0, 2)
        await self.mq.put((number, LARGE * self.random.randint(0, 1)), priority=priority)
        self.sent[number] += 1

    async def receive(self):
        number, payload = await self.mq.get()
        assert payload in {"", LARGE}
        self.taken[number] += 1

    def left(self):
        while not self.mq.empty():
            yield self.mq.get_nowait()[0]


def settled(run, name, how):
    async def main():
        async with aio.ObjectQueue(name, 1, msgsize=256) as objects:
            objects.owner = True
            account = Objects(objects, seed=0)
            await account.settle(getattr(account, how), tasks=20)
            assert files(objects) == []

    run(main)


@on_every_loop
def test_every_object_is_accounted_for_when_scopes_are_cancelled(run, new_name):
    settled(run, new_name(), "by_scope")


@on_asyncio
def test_every_object_is_accounted_for_when_tasks_are_cancelled(run, new_name):
    settled(run, new_name(), "by_task")
