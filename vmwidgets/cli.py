"""The command line: ``vmwidgets lab | doctor | run | experiment | secret | tokens | grade``."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from vmwidgets import __version__, experiments, locale
from vmwidgets.experiments.registry import REQUIRED, Experiment
from vmwidgets.grading import commands as grading
from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.units import MiB
from vmwidgets.server import add_doctor_arguments, add_lab_arguments, run_doctor, run_lab

REFUSED = 2
"""Exit code if what was asked for cannot be done; the reason is one sentence on stderr."""


_COMMANDS = ("lab", "doctor", "run", "experiment", "secret", "tokens", "grade")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(REFUSED, f"{self.prog}: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Parameters
    ----------
    argv
        The arguments; those of the process if left out.
    """
    options = _parser().parse_args(argv)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except VmwidgetsError as error:
        print(f"vmwidgets {options.command}: {locale.error_text(error)}", file=sys.stderr)
        return REFUSED
    except BrokenPipeError:  # whoever reads, like head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="vmwidgets", description=_("Learn how virtualization works, in Jupyter."))
    parser.add_argument("--version", action="version", version=f"vmwidgets {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar=" | ".join(_COMMANDS))

    lab = subparsers.add_parser("lab", help=_("open the course in JupyterLab"))
    add_lab_arguments(lab)
    lab.set_defaults(run=run_lab)

    doctor = subparsers.add_parser("doctor", help=_("print versions and what is wrong with them"))
    add_doctor_arguments(doctor)
    doctor.set_defaults(run=run_doctor)

    run = subparsers.add_parser("run", help=_("replay a saved experiment without a browser and print a table"))
    run.add_argument("file", type=Path, help=_("a saved experiment, JSON Lines"))
    run.add_argument("--json", action="store_true", help=_("print JSON"))
    run.set_defaults(run=_run)

    experiment = subparsers.add_parser("experiment", help=_("run an experiment by name and print its table"))
    experiment.add_argument("name", nargs="?", help=_("name of the experiment"))
    experiment.add_argument("--list", action="store_true", help=_("list all experiments with parameters and source"))
    experiment.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=_("set a parameter of the experiment, as JSON or as plain text; may be repeated"),
    )
    experiment.add_argument("--json", action="store_true", help=_("print JSON"))
    experiment.set_defaults(run=_experiment)

    secret = subparsers.add_parser("secret", help=_("make the secret of a class, once"))
    grading.add_secret_arguments(secret)
    secret.set_defaults(run=grading.run_secret)

    tokens = subparsers.add_parser("tokens", help=_("draw each student's variant of an assignment"))
    grading.add_tokens_arguments(tokens)
    tokens.set_defaults(run=grading.run_tokens)

    grade = subparsers.add_parser("grade", help=_("grade a folder of submissions, or a table of receipts"))
    grading.add_grade_arguments(grade)
    grade.set_defaults(run=grading.run_grade)
    return parser


# ----------------------------------------------------------------------------------------------------------------- run
_COLUMNS = (
    ("cpu_demand_khz", 1000),
    ("cpu_entitlement_khz", 1000),
    ("cpu_used_khz", 1000),
    ("cpu_ready_ms", 1),
    ("memory_used_bytes", MiB),
    ("memory_swapped_bytes", MiB),
    ("disk_used_iops", 1),
    ("network_used_bps", 1000),
    ("throughput_per_ks", 1000),
)
"""What the table of the VMs shows: a metric, and what it is divided by."""


def _run(options: argparse.Namespace) -> int:
    lab = Lab.open(options.file)
    now, digest = lab.snapshot, lab.digest()
    if options.json:
        told: dict[str, Any] = {
            "stack": lab.stack.id,
            "seed": lab.seed,
            "tick": lab.tick,
            "tick_s": lab.tick_s,
            "digest": digest,
            "vms": [{"name": name, **now.of(name)} for name in now.names],
            "pools": {
                name: {"capacity": pool.capacity, "vmm": pool.vmm, "used": pool.used, "free": pool.free}
                for name, pool in now.pools.items()
            },
        }
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return 0
    print(repr(lab))
    heads = [
        _("VM"),
        _("demand, MHz"),
        _("entitlement, MHz"),
        _("used, MHz"),
        _("ready, ms"),
        _("memory, MiB"),
        _("swapped, MiB"),
        _("disk, IOPS"),
        _("network, kB/s"),
        _("transactions/s"),
    ]
    rows = [
        [name, *(_divided(int(now[metric][index]), by) for metric, by in _COLUMNS)]
        for index, name in enumerate(now.names)
    ]
    print(_table(heads, rows))
    print()
    shown = {
        "memory": (_("memory, MiB"), MiB),
        "cpu": (_("processor time, MHz"), 1000),
        "disk": (_("disk space, MB"), 10**6),
        "disk_io": (_("disk, IOPS"), 1),
        "network": (_("network, kB/s"), 1000),
    }
    pools = [
        [label, *(_divided(value, by) for value in (pool.capacity, pool.vmm, pool.used, pool.free))]
        for (label, by), pool in ((shown[name], pool) for name, pool in now.pools.items())
    ]
    print(_table([_("pool"), _("capacity"), _("VMM"), _("used"), _("free")], pools))
    print()
    print(_("digest {digest}").format(digest=digest))
    return 0


def _divided(value: int, by: int) -> str:
    return locale.number(value / by, 1) if by > 1 else locale.number(value)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows under their heads: the first column to the left, numbers to the right."""
    lines = [heads, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(line[1:], widths[1:], strict=True))])
        for line in lines
    )


# ---------------------------------------------------------------------------------------------------------- experiment
def _experiment(options: argparse.Namespace) -> int:
    if options.list:
        found = [experiments.get(name) for name in experiments.names()]
        print(json.dumps([_described(one) for one in found], indent=1) if options.json else _listed(found))
        return 0
    if options.name is None:
        raise VmwidgetsError("name an experiment, or list them all with --list")
    experiment = experiments.get(options.name)
    table: Any = experiment.run(**_parameters(options.set))
    if options.json:
        records = json.loads(
            table.to_json(orient="records", double_precision=15)
        )  # pandas knows what a missing value is
        print(json.dumps(records, ensure_ascii=False, indent=1))
    else:
        print(table.to_string(index=False))
    return 0


def _parameters(given: Sequence[str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise VmwidgetsError("{text} sets nothing, expected KEY=VALUE", text=repr(text)[:60])
        if name in found:
            raise VmwidgetsError("{name} is set twice", name=name)
        found[name] = _value(value)
    return found


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text  # a word, like the name of a file, needs no quotation marks


def _described(experiment: Experiment) -> dict[str, object]:
    return {
        "name": experiment.name,
        "summary": experiment.summary,
        "parameters": {
            name: {"required": True} if default is REQUIRED else {"default": default}
            for name, default in experiment.parameters.items()
        },
        "source": experiment.source,
        "fitted": experiment.fitted,
        "predicted": experiment.predicted,
    }


def _listed(found: Sequence[Experiment]) -> str:
    blocks: list[str] = []
    for one in found:
        lines = [one.name, f"  {one.summary}"]
        for name, default in one.parameters.items():
            value = _("(required)") if default is REQUIRED else json.dumps(default)
            lines.append(f"  --set {name}={value}")
        facts = ((_("source"), one.source), (_("fitted"), one.fitted), (_("predicted"), one.predicted))
        lines += [f"  {label}: {text}" for label, text in facts if text]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


if __name__ == "__main__":
    sys.exit(main())
