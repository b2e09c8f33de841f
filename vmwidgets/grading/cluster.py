"""The same replays on a Dask cluster, for a department that has one; for a class a laptop is fast enough.

What goes to a worker is a request: a token that is public, the seeds of one student's hidden runs, and the answers. The
class's secret stays where it is. A replay is a pure function of its request, so Dask may repeat what a worker that
died had done or was doing, and nothing is lost or counted twice.
"""

import contextlib
import importlib
import logging
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from itertools import islice
from typing import Any

from vmwidgets import __version__
from vmwidgets.grading.workers import Lost, R, T, attempt
from vmwidgets.locale import mark as said
from vmwidgets.model.errors import VmwidgetsError

LOCAL = "local"
"""Instead of an address: two workers on this machine."""
CHUNK_S = 0.2
"""A task of a scheduler costs 2 to 3 ms of its own (Dask, "Best practices": avoid very many small tasks)."""
MAX_CHUNK = 64
_AHEAD = 2
_CONNECT_S = 30
"""As Dask itself has it (``distributed.comm.timeouts.connect``): a scheduler may be busy."""
_PATIENT = {"distributed.deploy.lost-worker-timeout": "365 days"}
"""A busy computer may take longer than Dask's 15 s to start a worker again, which then would never come back."""


@contextlib.contextmanager
def cluster(address: str) -> Generator[Any, None, None]:
    """Connect to a scheduler, or start one with two workers here, and give the client.

    Raises
    ------
    VmwidgetsError
        If Dask is not installed, or nobody answers at the address.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise VmwidgetsError("Dask is not installed here: run pip install 'vmwidgets[cluster]'") from None
    with contextlib.ExitStack() as stack:
        if address == LOCAL:
            stack.enter_context(importlib.import_module("dask").config.set(_PATIENT))
            address = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=logging.ERROR
                )
            )
        try:
            client = stack.enter_context(distributed.Client(address, timeout=_CONNECT_S, set_as_default=False))
        except (OSError, ValueError) as error:
            raise VmwidgetsError("no scheduler answers at {address}", address=str(address)) from error
        yield client


def on_cluster(client: Any, work: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R | Lost]]:
    """Do `work` on every item and give the results as they come, in any order.

    Parameters
    ----------
    client
        See :func:`cluster`.
    work
        A pure function that can be imported on the workers.
    items
        Taken only as fast as they are worked on.

    Raises
    ------
    VmwidgetsError
        If the workers have another version, or the scheduler is gone.
    """
    return _Chunks(client, work).run(iter(items))


def _chunk(work: Callable[[T], R], version: str, items: list[T]) -> tuple[list[R | Lost], float]:
    """Runs on a worker: results in order, and how many seconds they took."""
    if version != __version__:
        raise VmwidgetsError("a worker has vmwidgets {theirs}, expected {ours}", theirs=__version__, ours=version)
    began = time.perf_counter()
    return [attempt(work, item) for item in items], time.perf_counter() - began


class _Chunks:
    def __init__(self, client: Any, work: Callable[[T], R]) -> None:
        self._client, self._work = client, work
        self._distributed: Any = importlib.import_module("distributed")
        self._size = 1
        self._suspects: list[Any] = []  # lost with their workers, beside others
        self._waiting: dict[Any, list[Any]] = {}
        self._finished: Any = self._distributed.as_completed(loop=client.loop)

    def run(self, items: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
        try:
            while self._fill(items):
                yield from self._take(next(self._finished))
                # Dask blames all that a lost worker had before it, so whose fault it was shows only alone.
                while self._suspects and not self._waiting:
                    self._submit([self._suspects.pop()])
                    yield from self._take(next(self._finished), alone=True)
        except (OSError, CancelledError) as error:  # Dask's own for a connection that is closed is an OSError
            raise VmwidgetsError(
                "the scheduler is gone; what is graded is kept, and the same command goes on from there"
            ) from error
        finally:
            # Whoever stops listening wants no more of it.
            self._client.cancel(list(self._waiting))

    def _fill(self, items: Iterator[Any]) -> bool:
        while not self._suspects and len(self._waiting) < _AHEAD * max(len(self._client.nthreads()), 1):
            chunk = list(islice(items, self._size))
            if not chunk:
                break
            self._submit(chunk)
        return bool(self._waiting)

    def _submit(self, chunk: list[Any]) -> None:
        future = self._client.submit(_chunk, self._work, __version__, chunk, pure=False)
        self._waiting[future] = chunk
        self._finished.add(future)

    def _take(self, future: Any, alone: bool = False) -> Iterator[tuple[Any, Any]]:
        chunk = self._waiting.pop(future)
        try:
            results, seconds = future.result()
        except self._distributed.KilledWorker:
            if alone:
                lost = Lost(said("Worker after worker was lost at this submission, so it has not been graded."))
                yield chunk[0], lost
            else:
                self._suspects += chunk
            return
        if seconds:
            self._size = min(max(round(CHUNK_S * len(chunk) / seconds + 0.5), 1), MAX_CHUNK)
        yield from zip(chunk, results, strict=True)
