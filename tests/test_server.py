"""`vmwidgets lab` lays the course down without harm and starts JupyterLab with the settings a class needs."""

import argparse
import importlib.util
import json
import os

import pytest

from vmwidgets import locale, server


@pytest.fixture
def options():
    def parse(*arguments):
        parser = argparse.ArgumentParser()
        server.add_lab_arguments(parser)
        return parser.parse_args(arguments)

    return parse


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    for name in ("en/01.ipynb", "ru/01.ipynb", "en/.ipynb_checkpoints/01.ipynb", "en/01.answers.jsonl"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"new {name}", encoding="utf-8")
    return folder


@pytest.fixture
def launched(monkeypatch):
    """The argument lists JupyterLab was started with."""
    from jupyterlab.labapp import LabApp

    calls = []
    monkeypatch.setattr(LabApp, "launch_instance", classmethod(lambda cls, argv: calls.append(argv)))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/elsewhere")
    monkeypatch.delenv("VMWIDGETS_LANG", raising=False)
    locale.set_language(None)
    yield calls
    monkeypatch.undo()  # what is asked anew is the environment that tests after this one have
    locale.set_language(None)


def test_course_is_laid_without_leftovers(source, tmp_path):
    laid = server.lay_course(tmp_path / "mine", source)
    assert [p.as_posix() for p in laid] == ["en/01.ipynb", "ru/01.ipynb"]
    assert (tmp_path / "mine/ru/01.ipynb").read_text() == "new ru/01.ipynb"
    assert sorted(p.name for p in (tmp_path / "mine/en").iterdir()) == ["01.ipynb"]


def test_what_is_there_stays(source, tmp_path):
    mine = tmp_path / "mine/en/01.ipynb"
    mine.parent.mkdir(parents=True)
    mine.write_text("my work")
    assert [p.as_posix() for p in server.lay_course(tmp_path / "mine", source)] == ["ru/01.ipynb"]
    assert mine.read_text() == "my work"
    assert server.lay_course(tmp_path / "mine", source) == []


def test_laying_a_course_onto_itself_changes_nothing(source):
    assert server.lay_course(source, source) == []


def test_course_source_has_both_first_chapters():
    for language in locale.LANGUAGES:
        assert (server.course_source() / language / server.FIRST_CHAPTER).is_file()


def test_lab_opens_the_first_chapter_on_this_machine_only(options, launched, tmp_path, capsys):
    assert server.run_lab(options("--dir", str(tmp_path / "c"), "--no-browser", "--", "--debug")) == 0
    (arguments,) = launched
    assert f"--ServerApp.root_dir={tmp_path / 'c'}" in arguments
    assert "--LabApp.default_url=/lab/tree/en/01_one_server.ipynb" in arguments
    assert "--ServerApp.ip=127.0.0.1" in arguments
    assert "--LabApp.news_url=None" in arguments
    assert arguments[-1] == "--debug"
    assert not any("token" in argument or "port_retries" in argument for argument in arguments)
    assert str(tmp_path / "c") in capsys.readouterr().err


def test_asked_for_language_beats_the_environment(options, launched, tmp_path, monkeypatch):
    monkeypatch.setenv("VMWIDGETS_LANG", "en")
    server.run_lab(options("--dir", str(tmp_path), "--lang", "ru"))
    assert "--LabApp.default_url=/lab/tree/ru/01_one_server.ipynb" in launched[0]
    assert "VMWIDGETS_LANG" not in os.environ


def test_environment_chooses_the_language(options, launched, tmp_path, monkeypatch):
    monkeypatch.setenv("VMWIDGETS_LANG", "ru")
    locale.set_language(None)
    server.run_lab(options("--dir", str(tmp_path)))
    assert "--LabApp.default_url=/lab/tree/ru/01_one_server.ipynb" in launched[0]


def test_asked_for_port_is_not_exchanged(options, launched, tmp_path):
    server.run_lab(options("--dir", str(tmp_path), "--port", "9123"))
    assert {"--ServerApp.port=9123", "--ServerApp.port_retries=0"} <= set(launched[0])


def test_news_question_is_switched_off_beside_the_users_configuration(options, launched, tmp_path):
    server.run_lab(options("--dir", str(tmp_path)))
    ours, theirs = os.environ["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert theirs == "/elsewhere"
    with open(f"{ours}/labconfig/page_config.json", encoding="utf-8") as file:
        assert json.load(file)["disabledExtensions"] == {"@jupyterlab/apputils-extension:announcements": True}


def test_without_jupyterlab_there_is_one_sentence(options, tmp_path, monkeypatch, capsys):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "jupyterlab" else find(name))
    assert server.run_lab(options("--dir", str(tmp_path / "c"))) == 1
    assert capsys.readouterr().err == "JupyterLab is not installed here: run pip install 'vmwidgets[lab]'.\n"
    assert not (tmp_path / "c").exists()


def test_kernel_socket_does_not_wait_for_acknowledgements(monkeypatch):
    from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

    from vmwidgets.websocket import NoDelay

    order = []

    class Handler:
        def set_nodelay(self, value):
            order.append(value)

    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", lambda self: order.append("connected"))
    connection = NoDelay.__new__(NoDelay)
    connection._trait_values = {"websocket_handler": Handler()}
    connection.connect()
    assert order == [True, "connected"]
