"""Many replays at once on this machine: a thread for each processor, and behind each thread a child process.

A thread only waits for its child, so the interpreter's lock costs nothing, and whatever a child dies of is the loss of
one submission.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TypeVar

from vmwidgets.locale import mark as said

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Lost:
    """Work that has no result, through no fault of whoever handed it in.

    Parameters
    ----------
    reason
        A message id.
    fields
        Values of its named fields.
    """

    reason: str
    fields: dict[str, int | str] = field(default_factory=dict[str, int | str])


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def on_this_machine(
    work: Callable[[T], R], items: Iterable[T], workers: int | None = None
) -> Iterator[tuple[T, R | Lost]]:
    """Do `work` on every item and give the results as they come.

    Parameters
    ----------
    work
        What is done; an item at which it fails is lost, and the others are not.
    items
        Taken only as fast as they are worked on.
    workers
        How many at once; as many as there are processors if left out.
    """
    workers = workers or processors()
    waiting: dict[Future[R | Lost], T] = {}
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting[pool.submit(attempt, work, item)] = item
                if len(waiting) >= 2 * workers:
                    yield from _done(waiting)
            while waiting:
                yield from _done(waiting)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def attempt(work: Callable[[T], R], item: T) -> R | Lost:
    """Do `work` on `item`; a fault of the grader's costs this item and is told by its name."""
    try:
        return work(item)
    except Exception as error:
        return Lost(
            said("The grader failed at this submission ({error}). That is no fault of yours."),
            {"error": type(error).__name__},
        )


def _done(waiting: dict[Future[R | Lost], T]) -> Iterator[tuple[T, R | Lost]]:
    done, _rest = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        yield waiting.pop(future), future.result()
