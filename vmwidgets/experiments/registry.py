"""The registry of experiments: named set-ups with parameters, each of which returns a table."""

import difflib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec

from vmwidgets.model.errors import VmwidgetsError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Experiment:
    """A named experiment.

    Parameters
    ----------
    name, run
        The function and its name.
    source
        What it reproduces, or where its set-up comes from.
    fitted, predicted
        Which published points its defaults were fitted to, and which it predicts; empty if it has no free parameter.
    """

    name: str
    run: "Callable[..., pd.DataFrame]"
    source: str
    fitted: str
    predicted: str

    @property
    def summary(self) -> str:
        """Return the first sentence of its documentation."""
        return (inspect.getdoc(self.run) or "").partition("\n")[0]

    @property
    def parameters(self) -> dict[str, object]:
        """Return the parameters with their defaults."""
        return {name: p.default for name, p in inspect.signature(self.run).parameters.items()}


P = ParamSpec("P")
REGISTRY: dict[str, Experiment] = {}


def experiment(
    *, source: str, fitted: str = "", predicted: str = ""
) -> "Callable[[Callable[P, pd.DataFrame]], Callable[P, pd.DataFrame]]":
    """Register a function as an experiment under its own name; unknown parameters get a sentence."""

    def register(function: "Callable[P, pd.DataFrame]") -> "Callable[P, pd.DataFrame]":
        known = tuple(inspect.signature(function).parameters)

        @wraps(function)
        def run(*args: P.args, **parameters: P.kwargs) -> "pd.DataFrame":
            for name in parameters:
                if name not in known:
                    near = difflib.get_close_matches(name, known, 1)
                    raise VmwidgetsError(
                        "the experiment {experiment} has no parameter {name}, expected one of {known}",
                        experiment=function.__name__,
                        name=f"{name} (did you mean {near[0]}?)" if near else name,
                        known=", ".join(known),
                    )
            return function(*args, **parameters)

        REGISTRY[function.__name__] = Experiment(function.__name__, run, source, fitted, predicted)
        return run

    return register
