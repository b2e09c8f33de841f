"""Stride scheduling: proportional shares without chance.

C. A. Waldspurger, W. E. Weihl, Stride Scheduling: Deterministic Proportional-Share Resource Management, MIT/LCS/TM-528,
1995. A client's *stride* is inverse to its tickets, and its *pass* advances by the stride with every quantum. The
client with the least pass is next.

A client that comes back from a sleep starts from the least pass of those that are awake, if its own is less. The paper
has clients keep what remained of their stride when they left; here one that sleeps often loses what it was owed then,
up to a quantum each time, and so gets less than its share.
"""

from vmwidgets.model.schedulers.virtual_time import VirtualTime


class Stride(VirtualTime):
    """Stride scheduling.

    Parameters
    ----------
    quantum_us
        Length of a quantum; the default is an assumption.
    stride1
        The stride of a client with one ticket. The paper uses ``1 << 20``, as large as its numbers allow.
    """

    default_weight = 100

    def __init__(self, quantum_us: int = 10_000, stride1: int = 1 << 20, period_us: int = 100_000) -> None:
        super().__init__(quantum_us, stride1, period_us)
