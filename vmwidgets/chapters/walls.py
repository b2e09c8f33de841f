"""Chapter 3, walls: space isolation, fault isolation and performance isolation are three different things."""

from dataclasses import dataclass
from functools import cache

from vmwidgets.chapters.items import Chapter, Draw, Item, Part, Value, Verdict, exact, option
from vmwidgets.chapters.walls_drills import incidents, repairs
from vmwidgets.chapters.walls_map import Mapped, guilty_frame
from vmwidgets.chapters.walls_tried import SOUND, tried
from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, ngettext
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.units import GiB
from vmwidgets.model.workload import Workload

NAME = "03_walls"
_SHARES_PER_VCPU = 1000
"""ESXi, level "normal" (vSphere 7.0 Resource Management guide, Share Values)."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """A, and who lives beside it; shares are counted per vCPU.

    Parameters
    ----------
    vcpus
        vCPUs of A, which computes all the time.
    loud
        vCPUs of each neighbour that may start two compute threads per vCPU.
    quiet
        What one more neighbour with 2 vCPUs wants, in thousandths of a core; 0: there is none.
    """

    vcpus: int
    loud: tuple[int, ...]
    quiet: int = 0

    @property
    def names(self) -> str:
        """Return the names of the loud ones, a message id."""
        return "B" if len(self.loud) == 1 else mark("B and C")

    def lab(self, loud: bool = False) -> Lab:
        """Return a lab in which A computes, and the loud ones do or do not yet."""
        lab = Lab(seed=3)
        others = [Workload("cpu_burner", threads=2 * vcpus) if loud else Workload("idle") for vcpus in self.loud]
        machines = [(self.vcpus, Workload("cpu_burner")), *zip(self.loud, others, strict=True)]
        if self.quiet:
            machines.append((2, Workload("constant", cpu_permille=self.quiet)))
        for name, (vcpus, work) in zip("ABCD", machines, strict=False):
            shares = _SHARES_PER_VCPU * vcpus
            lab.create_vm(name, vcpus=vcpus, memory_bytes=4 * GiB, cpu_shares=shares, workload=work)
        return lab

    def cores(self) -> int:
        """Return what A has when all are loud, in hundredths of a core."""
        lab = self.lab(loud=True)
        clock = lab.hardware.clock_khz
        return (int(lab.snapshot["cpu_used_khz"][0]) * 100 + clock // 2) // clock

    def seen(self) -> tuple[str, str, str]:
        """Return whether A can be read, brought down and slowed: ``"yes"`` or ``"no"``, found by trying."""
        run = tried(SOUND)
        outcomes = (run.words_seen, not run.a_went_on, self.cores() < 100 * self.vcpus)
        return tuple("yes" if outcome else "no" for outcome in outcomes)  # pyright: ignore[reportReturnType]

    def isolation(self, setting: str, mhz: int) -> tuple[int, int]:
        """Return A's time beside loud neighbours, of its time alone, and the server's use; both in per mille.

        Parameters
        ----------
        setting, mhz
            ``"cpu_reservation_mhz"``, of A, or ``"cpu_limit_mhz"``, of each loud neighbour; nothing else is set.

        Raises
        ------
        VmwidgetsError
            If the VMM refuses it.
        """
        lab = self.lab(loud=True)
        for name in "A" if setting == "cpu_reservation_mhz" else "BCD"[: len(self.loud)]:
            if setting == "cpu_reservation_mhz" and mhz > self.vcpus * lab.hardware.clock_khz // 1000:
                raise VmwidgetsError("{mhz} MHz are more than the vCPUs of {name} can use", mhz=mhz, name=name)
            lab.configure(name, **{setting: mhz})
        used, alone = lab.snapshot["cpu_used_khz"], self.vcpus * lab.hardware.clock_khz
        capacity = lab.hardware.pcpus * lab.hardware.clock_khz
        return int(used[0]) * 1000 // alone, int(used.sum()) * 1000 // capacity


def neighbours(draw: Draw) -> Neighbours:
    """Return the machines of a variant; those of the chapter's text for practice."""
    if draw.practice:
        return Neighbours(2, (4,))
    # Four structures: nearly as large as its neighbour; a third one sleeps; two are loud; and A is the smallest.
    large, other = draw.number("large", 3, 4), draw.number("other", 3, 4)
    quiet = 100 * draw.number("quiet", 2, 9)
    return (
        Neighbours(3, (large,)),
        Neighbours(2, (large,), quiet),
        Neighbours(2, (large, other)),
        Neighbours(1, (large, other)),
    )[draw.number("structure", 0, 3)]


@dataclass(frozen=True, slots=True)
class Walls(Chapter):
    """The chapter, and what else its notebook shows of the variant."""

    draw: Draw

    def attempts(self) -> str:
        """Return what came of B's attempts to read A's memory and to bring A down, one line each."""
        run = tried(SOUND)
        beyond = ngettext(
            "B reads on behind its own memory: {count} VM exit, and nothing read.",
            "B reads on behind its own memory: {count} VM exits, and nothing read.",
            run.violations,
        )
        went = ngettext(
            "B has fallen. A has executed {count} instruction since.",
            "B has fallen. A has executed {count} instructions since.",
            run.a_went_on,
        )
        return "\n".join(
            (
                _("B reads all of its memory: what A wrote is there.")
                if run.words_seen
                else _("B reads all of its memory: nothing of what A wrote is there."),
                beyond.format(count=run.violations),
                went.format(count=run.a_went_on),
            )
        )

    def page_map(self) -> str:
        """Return which guest page lies in which machine frame, as a table."""
        return Mapped(self.draw).text()

    def theft_lab(self) -> Lab:
        """Return a lab with one processor, a thief and its victims, under Xen credit before its repair and after."""
        lab = Lab(seed=3, hardware=Hardware(pcpus=1))
        lab.create_vm("thief", workload="tick_thief")
        for victim in range(1, 4):
            lab.create_vm(f"victim {victim}", workload="cpu_burner")
        lab.set_scheduler(algorithm="credit_sampled", beside="credit", accounting="xen_today", window_s=5)
        return lab


_TRIES = (("read", mark("read A's memory")), ("crash", mark("bring A down")), ("slow", mark("slow A down")))
_YES_NO = (("no", mark("no")), ("yes", mark("yes")))


def _question(beside: Neighbours) -> str:
    if len(beside.loud) == 2:
        return mark(
            "4 processors, 1000 shares per vCPU. A has {a} vCPUs and computes on all of them. B has {b} vCPUs and C has"
            " {c}; each of them now starts two compute threads per vCPU. Can they …"
        )
    if beside.quiet:
        return mark(
            "4 processors, 1000 shares per vCPU. A has {a} vCPUs and computes on all of them. C has 2 and wants {quiet}"
            " of a core. B has {b} vCPUs and now starts {threads} compute threads. Can it …"
        )
    return mark(
        "4 processors, 1000 shares per vCPU. A has {a} vCPUs and computes on all of them. B has {b} vCPUs and now"
        " starts {threads} compute threads. Can it …"
    )


def chapter(token: str) -> Walls:
    """Return the chapter of a variant."""
    draw = Draw(token, NAME)
    beside = neighbours(draw)
    asked: dict[str, str | int | float] = {
        "a": beside.vcpus,
        "b": beside.loud[0],
        "c": beside.loud[-1],
        "threads": 2 * beside.loud[0],
        "quiet": beside.quiet / 1000,
        "loud": beside.names,
    }

    def walls(value: Value) -> Verdict:
        if value == beside.seen():
            return Verdict(1, 1, mark("That is what the model shows."))
        hint = mark("The attempts are printed above; whether A is slowed the board says.")
        return Verdict(0, 1, mark("The run shows something else."), hint)

    tries = Item("ch03.walls", "table", _question(beside), fields=asked, options=_YES_NO, rows=_TRIES)
    saw = mark("What did you see? While {loud} compute with all their threads, could they …")
    if len(beside.loud) == 1:
        saw = mark("What did you see? While {loud} computes with all its threads, could it …")
    how_many = mark("How many cores does A get then?")
    read_off = mark("Give {loud} the workload “processor burner” and read the board: how many cores has A now?")
    observed = exact(
        beside.cores(),
        1,
        mark("The board shows another number."),
        mark("GHz divided by the 2 GHz of one core."),
        near=1,
    )
    explain = Item(
        "ch03.why",
        "choice",
        mark("Why could {loud} slow A down?"),
        option(
            "policy",
            2,
            {
                "hole": mark("Nothing of A was read, and nothing of it fell: these two walls have no hole."),
                "threads": mark("Threads run on vCPUs: more threads than vCPUs want no more than all vCPUs."),
                "cores": mark("The same vCPUs on the same processors: with a reservation A keeps everything."),
            },
        ),
        fields=asked,
        options=(
            ("hole", mark("There is a hole in the wall: isolation between VMs is never complete.")),
            ("threads", mark("It started more threads than it has vCPUs, and so took more than a VM can have.")),
            ("cores", mark("There are more vCPUs than processors. Then every VM is slowed, whatever one sets.")),
            (
                "policy",
                mark(
                    "The policy let it: by shares per vCPU a larger VM is entitled to more, and A had no reservation."
                ),
            ),
        ),
    )
    sentence = Item(
        "ch03.sentence",
        "text",
        mark("In one sentence: what holds each of the three walls up?"),
    )
    leave = Item(
        "ch03.exit",
        "choice",
        mark(
            "Two shops, one server, a VM each. The contract says “strictly isolated”. Shop 2 starts to compress its"
            " video archive on all of its vCPUs. What may happen to shop 1?"
        ),
        option(
            "slow",
            1,
            {
                "read": mark(
                    "For that its pages would have to be in shop 2's table. Computing does not put them there."
                ),
                "crash": mark("You have seen a VM fall, and its neighbour went on."),
                "nothing": mark("Isolated says who may read and who falls with whom; not who waits for whom."),
            },
        ),
        options=(
            ("nothing", mark("Nothing: that is what “isolated” means.")),
            ("read", mark("Shop 2 may read what shop 1 has in memory.")),
            ("slow", mark("It becomes slower, unless processor time is reserved for it or shop 2 is limited.")),
            ("crash", mark("It crashes, because its vCPUs are taken away.")),
        ),
    )
    reserve, limit = repairs(cache(beside.isolation), asked)
    return Walls(
        NAME,
        (
            Part("predict", (tries, Item("ch03.cores", "number", how_many, unit=mark("cores"), decimals=2))),
            Part(
                "observe",
                (
                    Item("ch03.walls", "table", saw, walls, asked, options=_YES_NO, rows=_TRIES),
                    Item("ch03.cores", "number", read_off, observed, asked, unit=mark("cores"), decimals=2),
                ),
            ),
            Part("explain", (explain, sentence)),
            Part("drills", (reserve, limit, incidents(draw), guilty_frame(draw))),
            Part("exit", (leave,)),
        ),
        beside.lab,
        draw,
    )
