"""What a board of defences is worth: against attacks in other words, for who works on the host, and what it costs."""

from collections.abc import Mapping, Sequence

from vmwidgets.assignments.perimeter.board import budget, cost
from vmwidgets.assignments.perimeter.breaking import Lost
from vmwidgets.assignments.perimeter.items import MOST, MUTANTS, PRICE_POINTS, PRICE_SHARE, PRICE_SLACK
from vmwidgets.assignments.perimeter.mutants import crosses, draw
from vmwidgets.assignments.perimeter.variant import Variant
from vmwidgets.assignments.result import Result
from vmwidgets.locale import mark


def against_others(variant: Variant, board: Mapping[str, bool], boot: int, item: str) -> Result:
    """Return what a board is worth against attacks that it has not been tried with: each that crosses costs a point.

    Parameters
    ----------
    variant, board
        The host, and all of its switches.
    boot
        Seed of the boot, which draws the attacks, too.
    item
        Whose result it is.
    """
    through = sum(crosses(variant, hole, code, boot, board) for hole, code in draw(variant, MUTANTS, boot))
    fields = {"through": through, "all": MUTANTS}
    if not through:
        return Result(item, MOST[item], MOST[item], mark("None of {all} other attacks crosses."), fields=fields)
    told = mark("{through} of {all} other attacks cross; each costs a point.")
    hint = mark("A switch that stops your program need not stop all of its family, and no switch may be taken off.")
    return Result(item, max(MOST[item] - through, 0), MOST[item], told, hint, fields)


def at_work(variant: Variant, board: Mapping[str, bool], item: str) -> Result:
    """Return what a board is worth for the VMs: half of the points for their throughput, half for the frames.

    Both are measured and compared with the budget. A board that mends nothing has kept for nothing what it keeps.
    """
    _expect_mended(variant, board)
    spent, allowed, most = cost(variant, board), budget(variant), MOST[item]
    fields = {
        "kept_permille": spent.throughput_permille,
        "least_permille": allowed.throughput_permille,
        "frames": spent.frames,
        "most": allowed.frames,
    }
    fast, small = spent.throughput_permille >= allowed.throughput_permille, spent.frames <= allowed.frames
    if fast and small:
        told = mark(
            "The VMs keep {kept_permille} % of their throughput and need {frames} frames more: the budget allows that."
        )
        return Result(item, most, most, told, fields=fields)
    if small:
        told = mark("The VMs keep {kept_permille} % of their throughput, and the budget wants {least_permille} %.")
    elif fast:
        told = mark("The VMs need {frames} frames more, and the budget has {most}.")
    else:
        told = mark(
            "The VMs keep {kept_permille} % of their throughput instead of {least_permille} %, "
            "and need {frames} frames more."
        )
    hint = mark("Which switches are on against what nobody can do on this host?")
    return Result(item, most * (fast + small) // 2, most, told, hint, fields)


def priced(variant: Variant, board: Mapping[str, bool], predicted: Sequence[int | str], item: str) -> Result:
    """Return what a prediction of the price of a board is worth, number by number.

    Each may be off by a fifth of what is measured, or by a little where that is nothing or little: a fifth of nothing
    would be nothing. The price of a board that mends nothing is nothing to be predicted.

    Parameters
    ----------
    variant, board
        The host, and all of its switches.
    predicted
        Processor time for the same work in thousandths, frames, and exits in a second, all of them more than on the
        host as it was handed over.
    item
        Whose result it is.
    """
    _expect_mended(variant, board)
    price = cost(variant, board)
    measured = (price.cpu_permille - 1000, price.frames, price.exits_per_s)
    right = near(predicted, measured)
    points = sum(points for points, one in zip(PRICE_POINTS, right, strict=True) if one)
    fields = {"cpu_permille": measured[0], "frames": measured[1], "exits": measured[2], "right": sum(right)}
    told = mark(
        "Measured: {cpu_permille} % more processor time, {frames} frames more, {exits} exits a second more; right: "
        "{right}."
    )
    hint = "" if all(right) else mark("Where does the time go that a switch takes, and what does that do to a rate?")
    return Result(item, points, MOST[item], told, hint, fields)


def near(predicted: Sequence[int | str], measured: Sequence[int]) -> tuple[bool, ...]:
    """Return which of the three numbers of a price count as right."""
    return tuple(_is_near(*one) for one in zip(predicted, measured, PRICE_SLACK, strict=True))


def _expect_mended(variant: Variant, board: Mapping[str, bool]) -> None:
    if not any(board[id] for hole in variant.exploitable.values() for id in hole.switches):
        raise Lost(mark("The board mends none of the three walls: what it keeps it has kept for nothing."))


def _is_near(predicted: int | str, measured: int, slack: int) -> bool:
    if not isinstance(predicted, int):
        return False
    off = abs(predicted - measured)
    return off <= slack or 100 * off <= PRICE_SHARE * abs(measured)
