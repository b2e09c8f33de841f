"""What every view shares: its front-end text, its words, its errors, and that it ends with all it began."""

import itertools
import re
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar

import anywidget
import traitlets

from vmwidgets import locale
from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.model.errors import VmwidgetsError

FRONT = files("vmwidgets") / "front"
SLOTS = 8
"""VMs that have a colour, a pattern and a line in every chart; the board shows the first so many."""
_IMPORT = re.compile(r'^import [^;]*? from "\./(\w+)\.js";\n', re.MULTILINE)
_TEXT = re.compile(r'\bt\(\s*"((?:[^"\\]|\\.)*)"')


@cache
def _modules(name: str) -> dict[str, str]:
    """Return the text of a front-end module and of all that it imports, those that are needed first."""
    text = (FRONT / f"{name}.js").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for imported in _IMPORT.findall(text):
        found |= {
            n: re.sub(r"^export (?=function|const|class)", "", t, flags=re.MULTILINE)
            for n, t in _modules(imported).items()
        }
    return found | {name: _IMPORT.sub("", text)}


@cache
def source(name: str) -> str:
    """Return a front-end module with the modules that it imports joined to it as text.

    Browsers get one module per view: no bundler, nothing fetched. (A path as ``_esm`` would keep every instance alive.)
    """
    return "".join(_modules(name).values())


@cache
def texts(name: str) -> tuple[str, ...]:
    """Return the message ids that a front-end module shows."""
    return tuple(dict.fromkeys(match.replace('\\"', '"') for match in _TEXT.findall(source(name))))


def styles(*names: str) -> str:
    """Return style sheets joined as text."""
    return "".join((FRONT / f"{name}.css").read_text(encoding="utf-8") for name in names)


def check_lab(lab: object) -> None:
    """Refuse what is no lab with a sentence, before it is asked for what only a lab has."""
    if not isinstance(lab, Lab):
        raise VmwidgetsError("lab is {value}, expected a lab, such as vm.Lab('kvm')", value=repr(lab)[:60])


def watch(watched: traitlets.HasTraits, names: list[str], handler: Callable[[Any], object]) -> Callable[[], None]:
    """Call `handler` on every change of these traits until the function that is returned is called."""
    watched.observe(handler, names)
    return lambda: watched.unobserve(handler, names)


def close_layout(widget: Any) -> None:
    """Close the layout of a widget, if it has come to one: a widget that was refused would make it now."""
    if widget.comm is not None:
        widget.layout.close()


class Selection(traitlets.HasTraits):
    """What the views of one lab look at together; only the kernel writes it.

    Parameters
    ----------
    vm
        Name of the chosen VM, ``""`` if there is none.
    resource
        ``"cpu"``, ``"memory"``, ``"disk_io"`` or ``"network"``.
    tick
        The recorded tick that is shown, or ``None`` for now.
    """

    vm = traitlets.Unicode("")
    resource = traitlets.Enum(("cpu", "memory", "disk_io", "network"), "cpu")
    tick = traitlets.Int(None, allow_none=True)

    _ids = itertools.count(1)

    def __init__(self, lab: Lab) -> None:
        check_lab(lab)
        super().__init__()
        self.id = f"lab-{next(self._ids)}"
        self._hold = lab.hold
        # Name and slot by stream, replaced as a whole: a message may be answered while a cell makes a VM.
        self._known: dict[str, tuple[str, int]] = {}
        self.refresh(lab)

    def refresh(self, lab: Lab) -> None:
        """Give new VMs a slot, take it from those that are gone, and keep a VM chosen; a VM keeps its slot."""
        streams = {vm.stream: vm.name for vm in lab.vms}
        slots = {stream: slot for stream, (_, slot) in self._known.items() if stream in streams and slot >= 0}
        free = iter(sorted(set(range(SLOTS)) - set(slots.values())))
        chosen = next((stream for stream, (name, _) in self._known.items() if name == self.vm), None)
        self._known = {
            stream: (name, slots[stream] if stream in slots else next(free, -1)) for stream, name in streams.items()
        }
        # A change of name keeps the choice, because the stream stays.
        self.vm = streams.get(chosen or "") or next(iter(streams.values()), "")

    def __setattr__(self, name: str, value: object) -> None:
        # While no other thread's command comes through: none puts the old choice back, and views show one moment.
        with self._hold() if self.has_trait(name) else nullcontext():
            super().__setattr__(name, value)

    def slot(self, name: str) -> int:
        """Return the slot of a VM, or -1 if it has none."""
        return next((slot for known, slot in self._known.values() if known == name), -1)

    def names(self) -> list[str]:
        """Return the name of the VM in each slot, ``""`` where there is none."""
        names = [""] * SLOTS
        for name, slot in self._known.values():
            if slot >= 0:
                names[slot] = name
        return names


class View(anywidget.AnyWidget):
    """Base of our own views.

    A subclass names its front-end module in ``_front``, lists the messages it understands in ``_messages`` and writes
    its synced traits; the browser never does. A message that is refused shows its sentence in the view.
    """

    _front: ClassVar[str]
    _esm = "export default {}"
    _messages: ClassVar[tuple[str, ...]] = ()
    _closers: list[Callable[[], object]] = []  # noqa: RUF012 - of a view that failed before it began

    strings = traitlets.Dict().tag(sync=True)
    language = traitlets.Unicode("en").tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        if "_front" in cls.__dict__:
            cls._esm = source(cls._front)
            cls._css = styles(*(name for name in _modules(cls._front) if (FRONT / f"{name}.css").is_file()))
        super().__init_subclass__(**kwargs)

    def __init__(self, **traits: Any) -> None:
        super().__init__(strings=self._words(), language=locale.language(), **traits)
        self._closers = [locale.subscribe(self._translate)]
        self.on_msg(self._receive)

    def _words(self) -> dict[str, str]:
        return locale.strings(texts(self._front))

    def _translate(self, language: str) -> None:
        with self.hold_sync():
            self.strings = self._words()
            self.language = language
            self.error = ""
            self.refresh()

    def refresh(self) -> None:
        """Write all synced traits anew."""

    def _receive(self, _widget: object, content: dict[str, Any], _buffers: object) -> None:
        try:
            name = content.get("name")
            if name not in self._messages:
                raise ValueError(f"unknown message {name!r}")
            self.error = ""
            getattr(self, f"_on_{name}")(content)
        except Exception as error:
            # A callback's exception would end in a log that nobody reads.
            self.error = locale.error_text(error) or type(error).__name__
        finally:
            self.send({"ack": content.get("seq")})

    def close(self) -> None:
        """End the view, and all it began."""
        closers, self._closers = self._closers, []
        for closer in closers:
            closer()
        close_layout(self)
        super().close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def plain(message: str, **fields: object) -> str:
    """Translate a sentence and fill in its fields."""
    return _(message).format(**fields)
