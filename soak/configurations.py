"""The configurations of the run: who there is, and how they are spread over processes."""

from dataclasses import dataclass

PROCESSES, THREADS, MIXED = "processes", "threads", "mixed"


@dataclass(frozen=True)
class Configuration:
    """`producers` x `consumers` on `queues`; each consumer serves one queue."""

    layout: str
    producers: int
    consumers: int
    queues: int = 1
    kills: bool = False
    closes: bool = False

    @property
    def name(self):
        parts = [self.layout, f"{self.producers}x{self.consumers}"]
        parts += [f"{self.queues}-queues"] if self.queues > 1 else []
        parts += ["kills"] if self.kills else []
        parts += ["closes"] if self.closes else []
        return "-".join(parts)

    @property
    def pauses(self):
        """How often a producer pauses. Consumers that are to be killed asleep must fall asleep."""
        return 1 / 16 if self.kills else 1 / 256

    def processes(self):
        """Who is together in one process, as lists of (kind, number)."""
        producers = [("producer", number) for number in range(self.producers)]
        consumers = [("consumer", number) for number in range(self.consumers)]
        if self.layout == THREADS:
            return [producers + consumers]
        if self.layout == PROCESSES:
            return [[role] for role in consumers + producers]
        # The first half in threads of one process, each of the others in one of its own.
        together = producers[: self.producers // 2] + consumers[: self.consumers // 2]
        alone = consumers[self.consumers // 2 :] + producers[self.producers // 2 :]
        return [together, *([role] for role in alone)]


ALL = {
    configuration.name: configuration
    for configuration in (
        Configuration(PROCESSES, 1, 1),
        Configuration(PROCESSES, 4, 1),
        Configuration(PROCESSES, 1, 4),
        Configuration(PROCESSES, 4, 4),
        Configuration(PROCESSES, 4, 8, queues=8),
        Configuration(PROCESSES, 4, 4, closes=True),
        Configuration(PROCESSES, 1, 4, kills=True),
        Configuration(PROCESSES, 4, 4, kills=True, closes=True),
        Configuration(PROCESSES, 4, 8, queues=8, kills=True),
        Configuration(THREADS, 1, 1),
        Configuration(THREADS, 4, 1),
        Configuration(THREADS, 1, 4),
        Configuration(THREADS, 4, 4),
        Configuration(THREADS, 4, 4, closes=True),
        Configuration(THREADS, 4, 8, queues=8, closes=True),
        Configuration(MIXED, 4, 4),
        Configuration(MIXED, 4, 4, closes=True),
        Configuration(MIXED, 4, 4, kills=True, closes=True),
        Configuration(MIXED, 4, 8, queues=8, kills=True, closes=True),
    )
}
