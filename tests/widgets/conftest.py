"""A wire that records what views send, and a guard: no widget and no listener outlives its test."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import comm
import pytest
from comm.base_comm import BaseComm
from ipywidgets.widgets.widget import _instances
from jupyter_client.session import json_packer

import vmwidgets as vm
from vmwidgets import locale


@dataclass(frozen=True)
class Message:
    """One message from a widget to the browser."""

    comm: str
    kind: str
    data: dict[str, Any]
    bytes: int


class Wire(list[Message]):
    """All messages since the last :meth:`clear`, and the browser's end."""

    @property
    def updates(self) -> list[Message]:
        """Those that carry traits."""
        return [m for m in self if m.data.get("method") in ("update", "echo_update")]

    @property
    def bytes(self) -> int:
        """Their size, as the kernel packs them."""
        return sum(m.bytes for m in self)

    def to(self, widget) -> list[Message]:
        """Those of one widget."""
        return [m for m in self if m.comm == widget.model_id]

    def send(self, widget, **content) -> None:
        """What the browser does with ``model.send``."""
        data = {"method": "custom", "content": content}
        widget.comm.handle_msg({"content": {"data": data}, "buffers": []})


@pytest.fixture
def wire(monkeypatch) -> Wire:
    """Every widget of the test talks to this instead of a kernel's socket."""
    recorded = Wire()

    class Recorder(BaseComm):
        def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
            size = len(json_packer(data or {})) + sum(memoryview(b).nbytes for b in buffers or ())
            recorded.append(Message(self.comm_id, msg_type, data or {}, size))

    monkeypatch.setattr(comm, "create_comm", Recorder)
    return recorded


@pytest.fixture(autouse=True)
def nothing_left(wire) -> Iterator[None]:
    """Fail a test that leaves a widget or a listener behind; begin and end in English."""
    locale.set_language("en")
    before, listeners = set(_instances), set(locale._subscribers)
    yield
    locale.set_language(None)
    left = [repr(widget) for key, widget in _instances.items() if key not in before]
    for widget in [widget for key, widget in _instances.items() if key not in before]:
        widget.close()  # the next test shall not be blamed
    assert not left, f"still open: {left}"
    assert set(locale._subscribers) == listeners, "somebody still listens for the language"


@pytest.fixture
def lab() -> Iterator[vm.Lab]:
    """Three unequal machines in a busy hour; nobody listens to the lab after the test."""
    made = vm.Lab(seed=1)
    made.create_vm("web", vcpus=2, memory_bytes=8 * vm.GiB, workload="web")
    made.create_vm("database", vcpus=2, memory_bytes=12 * vm.GiB, workload="database")
    made.create_vm("burner", vcpus=4, workload="cpu_burner")
    made.advance(600)
    yield made
    assert not made._subscribers, "somebody still listens to the lab"
