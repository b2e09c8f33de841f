"""The form of an experiment in a file: how the lab was made, and every command.

It is UTF-8 JSON Lines: a header that says of which schema it is and how the lab was made, then one command a line.
Reading is strict: whole numbers only, no key twice, nothing unknown, and every refusal names the line.
"""

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar, cast

from vmwidgets.commands import (
    COMMANDS,
    MAX_COMMANDS,
    Advance,
    Command,
    Configure,
    CreateVM,
    DestroyVM,
    SetMemory,
    SetScheduler,
    SetStack,
    Setup,
    SetWorkload,
)
from vmwidgets.model.errors import VmwidgetsError, check_name
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.vm import SETTINGS, VM, GuestKernel
from vmwidgets.model.workload import WORKLOADS, Workload
from vmwidgets.stacks import get

SCHEMA = 1
"""Version of the file format. A file of another version is refused."""
MAX_BYTES = 8 * 2**20
"""The largest file that is read, in bytes."""

_Record = TypeVar("_Record", VM, Hardware, GuestKernel)


# ------------------------------------------------------------------------------------------------------------- writing
def to_json(command: Command) -> dict[str, Any]:
    """Return a command as plain JSON values."""
    record: dict[str, Any] = {"command": command.kind}
    if isinstance(command, CreateVM):
        record["vm"] = {name: _plain(getattr(command.vm, name)) for name in (*SETTINGS, "stream")}
    elif isinstance(command, Configure):
        record |= {"vm": command.vm, "changes": {name: _plain(value) for name, value in command.changes}}
    elif isinstance(command, SetMemory | SetScheduler):
        record["changes"] = dict(command.changes)
    else:
        record |= {f.name: _plain(getattr(command, f.name)) for f in fields(command)}
    return record


def _plain(value: Any) -> Any:
    if isinstance(value, Workload):
        values = {"values": list(value.values)} if value.values else {}
        return {"kind": value.kind, **dict(value.parameters), **values}
    return asdict(value) if isinstance(value, GuestKernel) else value


def dump(setup: Setup, commands: Iterable[Command]) -> str:
    """Return a whole experiment as JSON Lines."""
    header = {
        "vmwidgets": "experiment",
        "schema": SCHEMA,
        "stack": setup.stack.id,
        "seed": setup.seed,
        "tick_s": setup.tick_s,
        "hardware": asdict(setup.hardware),
    }
    if setup.memory:
        header["memory"] = setup.memory
    return "".join(_line(record) for record in (header, *map(to_json, commands)))


def _line(record: Mapping[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"


# ------------------------------------------------------------------------------------------------------------- reading
def load(text: str) -> tuple[Setup, tuple[Command, ...]]:
    """Read a whole experiment.

    Raises
    ------
    VmwidgetsError
        If a line is damaged, of another schema or not a command; the sentence begins with the number of the line.
    """
    lines = text.split("\n")  # not splitlines: a name may hold none of the other separators, but a damaged file may
    if lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise VmwidgetsError("line 1: the file is empty, expected the header of an experiment")
    if len(lines) > MAX_COMMANDS + 1:
        raise VmwidgetsError("line {line}: more than {most} commands", line=MAX_COMMANDS + 2, most=MAX_COMMANDS)
    commands: list[Command] = []
    setup = _at_line(1, lines[0], _setup)
    for number, line in enumerate(lines[1:], 2):
        commands.append(_at_line(number, line, from_json))
    return setup, tuple(commands)


def _at_line(number: int, line: str, read: Any) -> Any:
    try:
        return read(_parse(line))
    except VmwidgetsError as error:
        raise VmwidgetsError("line {line}: {reason}", line=number, reason=str(error)) from error


def _parse(line: str) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise VmwidgetsError("a key stands twice")
        return found

    def no_number(text: str) -> None:
        raise VmwidgetsError("{text} is not a whole number", text=text[:40])

    try:
        value: object = json.loads(
            line, object_pairs_hook=unique, parse_float=no_number, parse_constant=no_number, parse_int=_whole
        )
    except (json.JSONDecodeError, RecursionError) as error:
        raise VmwidgetsError("this is not a JSON object: {text}", text=line[:60]) from error
    if not isinstance(value, dict):
        raise VmwidgetsError("this is not a JSON object: {text}", text=line[:60])
    return cast(dict[str, Any], value)


def _whole(text: str) -> int:
    if len(text) > 20:
        raise VmwidgetsError("{text} is not a whole number", text=text[:40])
    return int(text)


def _setup(record: dict[str, Any]) -> Setup:
    if record.get("vmwidgets") != "experiment":
        raise VmwidgetsError("this is not the header of an experiment")
    schema = record.get("schema")
    if type(schema) is not int or schema != SCHEMA:
        found = repr(schema)[:60]
        raise VmwidgetsError("the schema is {found}, this version reads schema {known}", found=found, known=SCHEMA)
    _expect(record, ("vmwidgets", "schema", "stack", "seed", "tick_s", "hardware"), ("memory",))
    for name in ("stack", "memory"):
        if not isinstance(record.get(name, ""), str):
            raise VmwidgetsError("{name} is {value}, expected a text", name=name, value=repr(record[name])[:60])
    setup = Setup(
        _record(Hardware, record["hardware"], tuple(f.name for f in fields(Hardware))),
        get(record["stack"]),
        record["seed"],
        record["tick_s"],
        record.get("memory", ""),
    )
    setup.host()  # checks seed and tick
    return setup


def from_json(record: dict[str, Any]) -> Command:
    """Return the command of plain JSON values.

    Raises
    ------
    VmwidgetsError
        If they are not exactly one command.
    """
    kind = record.get("command")
    if kind == "create_vm":
        _expect(record, ("command", "vm"), ())
        return CreateVM(_vm(record["vm"]))
    if kind == "destroy_vm":
        _expect(record, ("command", "vm"), ())
        return DestroyVM(check_name("vm", record["vm"]))
    if kind == "configure":
        _expect(record, ("command", "vm", "changes"), ())
        changes = _object("changes", record["changes"])
        _expect(changes, (), SETTINGS)
        return Configure(check_name("vm", record["vm"]), tuple((name, _value(name, changes[name])) for name in changes))
    if kind == "set_workload":
        _expect(record, ("command", "vm", "workload"), ())
        return SetWorkload(check_name("vm", record["vm"]), _workload(record["workload"]))
    if kind == "set_memory":
        _expect(record, ("command", "changes"), ())
        changes = _object("changes", record["changes"])
        return SetMemory(tuple(changes.items()))
    if kind == "set_scheduler":
        _expect(record, ("command", "changes"), ())
        changes = _object("changes", record["changes"])
        return SetScheduler(tuple(changes.items()))
    if kind == "set_stack":
        _expect(record, ("command", "stack"), ())
        return SetStack(check_name("stack", record["stack"]))
    if kind == "advance":
        _expect(record, ("command", "ticks"), ())
        return Advance(record["ticks"])
    raise VmwidgetsError(
        "the command is {kind}, expected one of {known}", kind=repr(kind)[:60], known=", ".join(COMMANDS)
    )


def _vm(value: object) -> VM:
    record = _object("vm", value)
    return _record(VM, {name: _value(name, v) for name, v in record.items()}, (*SETTINGS, "stream"))


def _value(name: str, value: object) -> object:
    if name == "workload":
        return _workload(value)
    if name == "kernel":
        return _record(GuestKernel, value, tuple(f.name for f in fields(GuestKernel)))
    return value


def _workload(value: object) -> Workload:
    record = dict(_object("workload", value))
    kind, values = record.pop("kind", None), record.pop("values", [])
    if not isinstance(kind, str) or not isinstance(values, list):
        raise VmwidgetsError("a workload needs a kind, and its values are a list")
    if kind in WORKLOADS:
        _expect(record, (), tuple(WORKLOADS[kind].parameters))
    return Workload(kind, values=tuple(cast(list[int], values)), **record)


def _record(kind: type[_Record], value: object, known: tuple[str, ...]) -> _Record:
    record = _object(kind.__name__, value)
    _expect(record, (), known)
    try:
        return kind(**record)
    except TypeError as error:  # a required field is missing
        raise VmwidgetsError("{name} lacks a field: {reason}", name=kind.__name__, reason=str(error)) from error


def _object(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise VmwidgetsError("{name} is {value}, expected an object", name=name, value=repr(value)[:60])
    return cast(dict[str, Any], value)


def _expect(record: Mapping[str, Any], needed: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in needed:
        if name not in record:
            raise VmwidgetsError("{name} is missing", name=name)
    for name in record:
        if name not in needed and name not in known:
            near = difflib.get_close_matches(name, (*needed, *known), 1)
            raise VmwidgetsError(
                "{name} is not known here, expected one of {known}",
                name=f"{name[:40]} (did you mean {near[0]}?)" if near else name[:40],
                known=", ".join((*needed, *known)),
            )
