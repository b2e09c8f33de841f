"""The journal of a lab: one host, the log of all that was done to it, and the way back and forth in it."""

from collections.abc import Sequence

from vmwidgets import commands, saving
from vmwidgets.commands import Advance, Command, Setup
from vmwidgets.copies import Copies
from vmwidgets.model.errors import VmwidgetsError, check_list
from vmwidgets.model.host import MAX_ADVANCE, Host


class Journal:
    """A host and its log. A method that refuses leaves both as they were; who shares a journal has to lock it.

    Parameters
    ----------
    setup
        How the lab is made.
    host, log
        A host to which a log of commands was already given; by default a fresh one.
    """

    __slots__ = ("_copies", "host", "log", "setup", "undone")

    def __init__(self, setup: Setup, host: Host | None = None, log: Sequence[Command] = ()) -> None:
        self.setup = setup
        self.host = host or setup.host()
        self.log = list(log)
        """All commands so far; ticks in a row are one command."""
        self.undone: list[Command] = []
        """What can be done again, the next one last."""
        self._copies = Copies()

    def do(self, command: Command) -> None:
        """Carry out a command that is new: what was undone is forgotten."""
        self._carry_out(command)
        self.undone.clear()

    def undo(self) -> None:
        """Go back to where the host was before the last command."""
        if not self.log:
            raise VmwidgetsError("there is nothing to undo")
        *log, last = self.log
        start, host = self._copies.latest(len(log))
        host = host or self.setup.host()
        for command in log[start:]:
            command.apply(host)
        self._copies.forget_after(len(log))
        self.host, self.log = host, log
        self.undone.append(last)

    def redo(self) -> None:
        """Do again what was undone last."""
        if not self.undone:
            raise VmwidgetsError("there is nothing to redo")
        self._carry_out(self.undone[-1])
        del self.undone[-1]

    def at(self, log: Sequence[Command]) -> "Journal":
        """Return a journal of a host that was given another log; if it is an earlier one, the rest can be redone."""
        check_list("log", log)
        host = self.setup.host()
        for command in log:
            _check(command)
            command.apply(host)
        made = Journal(self.setup, host, log)
        after = _between(log, self.log)
        if after is not None:
            made.undone = [*self.undone, *reversed(after)]
        return made

    def _carry_out(self, command: Command) -> None:
        _check(command)
        if isinstance(command, Advance) and self.host.tick + command.ticks > (most := saving.most_ticks(self.setup)):
            raise VmwidgetsError("a lab lasts {most} ticks, and {ticks} have passed", most=most, ticks=self.host.tick)
        last = self.log[-1] if self.log else None
        merge = isinstance(command, Advance) and isinstance(last, Advance) and last.ticks + command.ticks <= MAX_ADVANCE
        if not merge and len(self.log) >= commands.MAX_COMMANDS:
            raise VmwidgetsError("the log holds {most} commands, and that is the most it takes", most=len(self.log))
        if not merge:
            self._copies.consider(len(self.log), self.host)
        command.apply(self.host)
        if merge and isinstance(command, Advance) and isinstance(last, Advance):
            self.log[-1] = Advance(last.ticks + command.ticks)
            self._copies.forget_after(len(self.log) - 1)
        else:
            self.log.append(command)


def _check(command: object) -> None:
    if type(command) not in commands.COMMANDS.values():
        raise VmwidgetsError("{value} is not a command", value=repr(command)[:60])


def _between(earlier: Sequence[Command], later: Sequence[Command]) -> list[Command] | None:
    """Return the commands that lead from one log to a later one of the same history; ``None`` if it is another."""
    begin, rest = list(later[: len(earlier)]), list(later[len(earlier) :])
    then, now = (begin[-1], earlier[-1]) if begin else (None, None)
    if isinstance(then, Advance) and isinstance(now, Advance) and now.ticks < then.ticks:
        # Ticks in a row are one command, which has grown.
        begin[-1] = now
        rest.insert(0, Advance(then.ticks - now.ticks))
    return rest if begin == list(earlier) else None
