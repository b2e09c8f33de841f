"""Made-up products, so that tests of the views do not change with the records: a VMM on the hardware, a hosted one."""

from vmwidgets.model.boot import Stage
from vmwidgets.model.costs import Cost
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.stack import Claim, Stack


def _duties(text: str) -> frozenset[str]:
    return frozenset(text.split())


MACHINE = (
    Layer("hardware", "hardware", "hardware", "machine"),
    Layer("firmware", "firmware", "firmware", "machine", on="hardware"),
)
POWER = (
    Stage("firmware", "firmware starts", (), "a black screen"),
    Stage("boot_loader", "loader starts", ("firmware",), "no bootable device"),
)


def _guest(on: str) -> tuple[Layer, Layer]:
    return (
        Layer("guest_kernel", "guest kernel", "kernel", "guest_kernel", on=on, per_vm=True),
        Layer("guest_apps", "guest applications", "program", "guest_user", on="guest_kernel", per_vm=True),
    )


SLIM = Stack(
    "slim",
    "Slim",
    1,
    layers=Layers(
        (
            *MACHINE,
            Layer(
                "hypervisor", "slim hypervisor", "vmm", "hypervisor", on="firmware", vital=True,
                duties=_duties("schedules maps reads"), source="a paper", assumed=_duties("vital"),
            ),
            Layer("management", "first domain", "kernel", "guest_kernel", on="hypervisor", duties=_duties("reads")),
            Layer(
                "drivers", "drivers", "driver", "guest_kernel", on="management", inside="management",
                duties=_duties("drives serves"),
            ),
            Layer("tools", "tools", "program", "guest_user", on="management", duties=_duties("manages reclaims")),
            Layer(
                "device_model", "device model", "program", "guest_user", on="management", per_vm=True,
                duties=_duties("emulates"),
            ),
            *_guest("hypervisor"),
        )
    ),
    boot=(
        *POWER,
        Stage("hypervisor", "hypervisor starts", ("boot_loader",), "the hypervisor panics", "a manual"),
        Stage("management", "first domain starts", ("hypervisor",), "no first domain"),
        Stage("guest_kernel", "guests start", ("management",), "the VM cannot be started"),
    ),
    technique="paravirtualization",
    techniques=("paravirtualization", "nested_paging"),
    device="paravirtual",
    devices=("paravirtual", "emulated"),
    claims=(
        Claim("boot", "It boots first.", "a manual", "2026-10", "version 3"),
        Claim("memory", "It shares pages.", "a post", verdict="outdated"),
    ),
)  # fmt: skip
"""A hypervisor with a first domain that owns the drivers; nothing is published of its costs."""

DESK = Stack(
    "desk",
    "Desk",
    2,
    layers=Layers(
        (
            *MACHINE,
            Layer(
                "host_kernel", "host kernel", "kernel", "kernel", on="firmware", vital=True,
                duties=_duties("schedules maps reclaims reads"),
            ),
            Layer(
                "drivers", "drivers", "driver", "kernel", on="host_kernel", inside="host_kernel",
                duties=_duties("drives"),
            ),
            Layer("host_apps", "other programs", "program", "user", on="host_kernel", session=True),
            Layer(
                "vmm_process", "VM process", "program", "user", on="host_kernel", per_vm=True, session=True,
                duties=_duties("emulates manages"),
            ),
            Layer("vmm", "monitor", "vmm", "hypervisor", on="vmm_process", per_vm=True, duties=_duties("maps")),
            *_guest("vmm"),
        )
    ),
    boot=(
        *POWER,
        Stage("host_kernel", "host OS starts", ("boot_loader",), "a blue screen"),
        Stage("vmm_process", "the VM is started", ("host_kernel",), "a message box"),
        Stage("guest_kernel", "guests start", ("vmm_process",), "the guest hangs"),
    ),
    technique="binary_translation",
    techniques=("binary_translation",),
    device="emulated",
    devices=("emulated",),
    scheduler="hosted",
    costs=(
        Cost("exit", 1000, 500, "table 1", "a processor"),
        Cost("world_switch", 2500, 500, "table 2", "a processor"),
    ),
    claims=(Claim("boot", "It is a program.", "a paper", verdict="supported"),),
)  # fmt: skip
"""A VMM that is a program in the session of the user; two steps of its paths have a price."""
