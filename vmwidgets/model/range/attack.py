"""An attack as a record: guest code, where it is run, and what it is after. What comes of it is in no record."""

from dataclasses import dataclass

from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.range.goals import GOALS

VICTIMS = ("beside", "ended")
"""What has become of the VM with the secret: it runs beside the attacker's; it is gone, and its frames are free."""


CORES = ("own", "in_turn", "sibling")
"""Nobody; the victim, whenever the attacker's VM halts; the victim, on the other thread of the core."""


SEATS = ("guest", "host")
"""Where the code runs: in a VM; as a program beside the VMs, on the OS below or on the one that manages them."""

MOST_VCPUS = 16


@dataclass(frozen=True, slots=True)
class Placement:
    """Where guest code is run.

    Parameters
    ----------
    victim
        One of :data:`VICTIMS`.
    emulated
        Whether the VM has imitated devices. A stack whose VMs usually have none gives it another type of VM, if it can.
    maps_twice
        Whether the layer below tries to map the frame with the secret to the attacker, too: a fault of its own.
    timed
        Whether accesses take the time of caches and rows, and the scanner for equal pages and the victim work. Two
        pages of the victim are then such as the attacker can know: one begins with a mark and a number of three digits,
        one with the word of a library.
    sender
        Whether the victim is in league with the attacker and says the secret by the content of its pages. It then has
        no page with a number.
    contiguous
        Whether the attacker's frames lie one behind the other, as those of a large page.
    core
        One of :data:`CORES`: who has the attacker's core besides.
    scheduled
        Whether the attacker shares a processor with the other VMs, which compute all the time.
    vcpus
        How many vCPUs the attacker's VM has. The code runs on one; the others compute all the time, where it is
        ``scheduled``, and else do nothing.
    overcommitted
        Whether the attacker was lent memory of the victim's, which now needs it.
    pressed
        Whether VMs were promised more memory than there is, and use it.
    seat
        One of :data:`SEATS`.
    untold
        Names of numbers that are not in the manual there.
    """

    victim: str = "beside"
    emulated: bool = False
    maps_twice: bool = False
    timed: bool = False
    sender: bool = False
    contiguous: bool = False
    core: str = "own"
    scheduled: bool = False
    vcpus: int = 1
    overcommitted: bool = False
    pressed: bool = False
    seat: str = "guest"
    untold: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.victim not in VICTIMS:
            raise VmwidgetsError(
                "victim is {value}, expected one of {known}", value=repr(self.victim)[:60], known=", ".join(VICTIMS)
            )
        if self.core not in CORES:
            raise VmwidgetsError(
                "core is {value}, expected one of {known}", value=repr(self.core)[:60], known=", ".join(CORES)
            )
        check_int("vcpus", self.vcpus, 1, MOST_VCPUS)
        if self.seat not in SEATS:
            raise VmwidgetsError(
                "seat is {value}, expected one of {known}", value=repr(self.seat)[:60], known=", ".join(SEATS)
            )


@dataclass(frozen=True, slots=True)
class Attack:
    """An attack.

    Parameters
    ----------
    id, title
        Its key, and what people call it (an English text, a key of the catalogues).
    code
        The text of the guest code; ``{names}`` in it stand for numbers of the range's manual.
    goal
        One of :data:`~vmwidgets.model.range.goals.GOALS`.
    placement
        Where it is run.
    family, number, like
        The family of attacks that it belongs to and the number of its class, see :mod:`vmwidgets.attacks`, ``""`` and
        0 if it is of none; and the published attack of that class.
    hints
        A nudge, the place to look at, a worked step (English texts).
    """

    id: str
    title: str
    code: str
    goal: str = "secret"
    placement: Placement = Placement()
    family: str = ""
    number: int = 0
    like: str = ""
    hints: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if type(self.code) is not str:
            raise VmwidgetsError("code is {value}, expected guest code as a text", value=repr(self.code)[:60])
        if type(self.placement) is not Placement:
            raise VmwidgetsError(
                "placement is {value}, expected a placement, such as that of an attack", value=repr(self.placement)[:60]
            )
        if type(self.goal) is not str or self.goal not in GOALS:
            raise VmwidgetsError(
                "goal is {value}, expected one of {known}", value=repr(self.goal)[:60], known=", ".join(GOALS)
            )

    def __repr__(self) -> str:
        return f"<Attack {self.id}{': ' if self.title else ''}{self.title}; goal: {self.goal}>"

    @classmethod
    def from_text(cls, code: str, goal: str = "secret", placement: Placement = Placement()) -> "Attack":
        """Return guest code of one's own as an attack.

        Parameters
        ----------
        code
            Guest code in Intel syntax; ``{names}`` in it stand for numbers of the range's manual.
        goal, placement
            What it is after, and where it is run.

        Raises
        ------
        VmwidgetsError
            If the code is no text, or there is no such goal. Whether the text is a program is found when it is run.
        """
        return cls("own", "", code, goal, placement)
