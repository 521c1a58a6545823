"""The workloads, in the order in which they run."""

from bench.workloads import (
    backlog,
    batch,
    convoy,
    failed_try,
    fan_in,
    fresh,
    open_queues,
    pair,
    ping_pong,
    stream,
    threads,
)

_ALL = (
    pair.WORKLOAD,
    batch.WORKLOAD,
    failed_try.WORKLOAD,
    stream.WORKLOAD,
    ping_pong.WORKLOAD,
    fan_in.WORKLOAD,
    convoy.WORKLOAD,
    backlog.WORKLOAD,
    open_queues.WORKLOAD,
    threads.WORKLOAD,
    fresh.IMPORTS,
    fresh.KEPT_MESSAGES,
)
WORKLOADS = {workload.name: workload for workload in _ALL}
