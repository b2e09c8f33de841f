"""The machines that papers measured several stacks on."""

from vmwidgets.model.costs import Measured

SUGERMAN = Measured(
    "Pentium III 733 MHz",
    733,
    "J. Sugerman, G. Venkitachalam, B.-H. Lim, Virtualizing I/O Devices on VMware Workstation's Hosted VMM, "
    "USENIX ATC 2001",
)
"""VMware Workstation 2.0, Linux 2.2.17."""
ADAMS = Measured(
    "Pentium 4 672",
    3800,
    "K. Adams, O. Agesen, A Comparison of Software and Hardware Techniques for x86 Virtualization, ASPLOS 2006",
)
"""VMware Player 1.0.1."""
BARHAM = Measured("Xeon 2.4 GHz", 2400, "P. Barham et al., Xen and the Art of Virtualization, SOSP 2003")
"""Linux 2.4.21, Xen, VMware Workstation 3.2 on one CPU of a Dell 2650."""
DALL = Measured(
    "APM X-Gene (ARMv8)",
    0,
    "C. Dall et al., ARM Virtualization: Performance and Architectural Implications, ISCA 2016",
)
"""KVM of Linux 4.0-rc4 and Xen 4.5.0 on an HP Moonshot m400; its clock is not in the source that is quoted."""
