"""Power on: how a machine comes up, stage by stage, and with which symptom a broken stage shows itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of booting.

    Parameters
    ----------
    id
        Its own id: that of the layer which comes up with it, if there is one (a boot loader does not stay).
    name
        What happens (an English text, a key of the catalogues).
    needs
        The stages that have to be done before; the last of them starts this one.
    symptom
        What a person at the machine sees when it fails (an English text, a key of the catalogues).
    source
        Where it is said that it is so.
    """

    id: str
    name: str
    needs: tuple[str, ...] = ()
    symptom: str = ""
    source: str = ""
