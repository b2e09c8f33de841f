"""A cluster loses workers, and the class loses nothing."""

import contextlib
import os
import signal
import subprocess
import sys
import zlib
from functools import partial

import pytest

from tests.grading import class_of_three
from tests.grading.cluster_work import NEIGHBOUR, POISON, beside, deadly, digest, faulty
from tests.grading.hostile_class import EXPIRES, SECRET, file_of, right
from tests.needs import needs
from vmwidgets import cli, locale
from vmwidgets.grading import cluster as cluster_module
from vmwidgets.grading import commands, folder
from vmwidgets.grading.cluster import LOCAL, cluster, on_cluster
from vmwidgets.grading.replay import replay
from vmwidgets.grading.submission import prepare
from vmwidgets.grading.workers import Lost, on_this_machine
from vmwidgets.model.errors import VmwidgetsError


@pytest.fixture(scope="module")
def client():
    needs("distributed")
    import dask

    # One worker may die of a task, the second is one too many; by default the fourth is, which takes longer to show.
    # To start one again always takes longer than Dask would wait for it.
    told = {"distributed.scheduler.allowed-failures": 1, "distributed.deploy.lost-worker-timeout": "1ms"}
    with dask.config.set(told), cluster(LOCAL) as client:
        yield client


def _items(count):
    return [str(index).encode() for index in range(count)]


def test_a_killed_worker_loses_nothing_and_repeats_nothing(client):
    victim = next(iter(client.run(os.getpid).values()))
    items, got = _items(40), []
    for item, result in on_cluster(client, digest, items):
        got.append((item, result))
        if len(got) == 10:
            os.kill(victim, signal.SIGKILL)
    assert sorted(got) == sorted((item, digest(item)) for item in items)
    assert victim not in client.run(os.getpid, on_error="ignore").values()  # it may not be known yet to be gone


def test_workers_that_were_all_lost_come_back_however_long_that_takes(client):
    for worker in client.run(os.getpid, on_error="ignore").values():
        os.kill(worker, signal.SIGKILL)
    items = _items(10)
    assert dict(on_cluster(client, digest, items)) == {item: digest(item) for item in items}


def test_a_cluster_gives_the_same_results(client):
    data = file_of("half", {item: one for item, one in right("half").items() if item.startswith(("a1", "a2"))})
    request = prepare(data, "half", SECRET, on=EXPIRES)
    ((_, here),) = on_this_machine(replay, [request])
    ((_, there),) = on_cluster(client, replay, [request])
    assert here == there
    assert {result.item: result.points for result in here.results}["a2.cpu"] == 10


def test_the_command_line_runs_on_a_cluster(client, tmp_path, monkeypatch, capsys):
    (tmp_path / "roster.csv").write_text("id,name\nanna,Anna\nboris,Boris\n")
    (tmp_path / "secret").write_bytes(class_of_three.SECRET)
    for student in ("anna", "boris"):
        (tmp_path / f"{student}.answers.jsonl").write_bytes(class_of_three.submission(student))
    monkeypatch.setattr(
        commands, "cluster", lambda address: contextlib.nullcontext(client) if address == "a:1" else None
    )
    monkeypatch.setattr(folder, "replay", class_of_three.instead_of_replay)
    monkeypatch.chdir(tmp_path)
    arguments = ["--roster", "roster.csv", "--secret", "secret", "--on", "2027-01-31", "--scheduler", "a:1"]
    with locale.speaking("en"):
        assert cli.main(["grade", ".", *arguments]) == 0
    assert capsys.readouterr().out.startswith("2 students of 2 are graded\n")
    assert len((tmp_path / "graded" / "results.jsonl").read_text().splitlines()) == 2


def test_chunks_grow_until_they_are_worth_a_task(client, monkeypatch):
    sizes = []
    submit = cluster_module._Chunks._submit
    monkeypatch.setattr(
        cluster_module._Chunks, "_submit", lambda self, chunk: sizes.append(len(chunk)) or submit(self, chunk)
    )
    results = dict(on_cluster(client, faulty, _items(400)))
    assert len(results) == sum(sizes) == 400
    assert sizes[0] == 1
    assert max(sizes) == cluster_module.MAX_CHUNK


def test_a_fault_costs_the_one_submission_that_found_it(client):
    items = [*_items(5), POISON, *_items(5)]
    results = dict(on_cluster(client, faulty, items))
    assert results.pop(POISON) == Lost(
        "The grader failed at this submission ({error}). That is no fault of yours.", {"error": "ZeroDivisionError"}
    )
    assert all(results[item] == faulty(item) for item in _items(5))


def test_other_versions_on_the_workers_are_refused(client, monkeypatch):
    monkeypatch.setattr(cluster_module, "__version__", "0.0.1")
    with pytest.raises(VmwidgetsError, match=r"a worker has vmwidgets .*, expected 0\.0\.1"):
        list(on_cluster(client, faulty, _items(2)))


def test_what_takes_worker_after_worker_with_it_is_lost_alone(client):
    items = [*_items(3), POISON, *_items(3)]
    results = dict(on_cluster(client, deadly, items))
    assert results.pop(POISON) == Lost("Worker after worker was lost at this submission, so it has not been graded.")
    assert results == {item: deadly(item) for item in _items(3)}


def test_what_is_lost_twice_beside_it_is_tried_again_alone(client, tmp_path):
    """Both items are begun by the same worker each time, whose two threads they are."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address="127.0.0.1:0") as one_worker,
        Client(one_worker, set_as_default=False) as crowded,
    ):
        results = dict(on_cluster(crowded, partial(beside, str(tmp_path)), [NEIGHBOUR, POISON, *_items(3)]))
    assert results.pop(POISON) == Lost("Worker after worker was lost at this submission, so it has not been graded.")
    assert results == {item: zlib.crc32(item) for item in (NEIGHBOUR, *_items(3))}


def test_a_scheduler_that_is_not_there_is_one_sentence(monkeypatch):
    needs("distributed")
    monkeypatch.setattr(cluster_module, "_CONNECT_S", 0.2)
    with pytest.raises(VmwidgetsError, match="no scheduler answers at tcp"), cluster("tcp://127.0.0.1:9"):
        pass


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(VmwidgetsError, match=r"pip install 'vmwidgets\[cluster\]'"), cluster(LOCAL):
        pass


def test_dask_is_imported_by_nobody_who_has_not_asked_for_it():
    code = "import sys, vmwidgets.grading.cluster; print('dask' in sys.modules or 'distributed' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
