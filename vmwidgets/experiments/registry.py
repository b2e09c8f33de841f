"""The registry of experiments: named set-ups with parameters, each of which returns a table."""

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import wraps
from numbers import Real
from sys import float_info
from types import NoneType, UnionType
from typing import TYPE_CHECKING, ParamSpec, cast, get_args, get_origin

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
        """Return the parameters with their defaults; :data:`REQUIRED` where there is none."""
        return {name: p.default for name, p in inspect.signature(self.run).parameters.items()}


P = ParamSpec("P")
REQUIRED: object = inspect.Parameter.empty
"""Stands for the default of a parameter that has none."""
REGISTRY: dict[str, Experiment] = {}


def experiment(
    *, source: str, fitted: str = "", predicted: str = ""
) -> "Callable[[Callable[P, pd.DataFrame]], Callable[P, pd.DataFrame]]":
    """Register a function as an experiment under its own name; unknown parameters get a sentence."""

    def register(function: "Callable[P, pd.DataFrame]") -> "Callable[P, pd.DataFrame]":
        signature = inspect.signature(function)
        known = tuple(signature.parameters)

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
            try:
                given = signature.bind(*args, **parameters).arguments
            except TypeError as error:
                raise VmwidgetsError(
                    "the experiment {experiment} cannot be called like this: {reason}",
                    experiment=function.__name__,
                    reason=str(error),
                ) from error
            for name, value in given.items():
                _check(name, value, signature.parameters[name].annotation)
            return function(*args, **parameters)

        REGISTRY[function.__name__] = Experiment(function.__name__, run, source, fitted, predicted)
        return run

    return register


_SENTENCES = {
    "int": "{name} is {value}, expected a whole number",
    "float": "{name} is {value}, expected a number",
    "str": "{name} is {value}, expected a text",
    "bool": "{name} is {value}, expected true or false",
    "list": "{name} is {value}, expected a list",
    "mapping": "{name} is {value}, expected a mapping",
    "int list": "{name} is {value}, expected a whole number or a list of them",
    "float list": "{name} is {value}, expected a number or a list of them",
    "str list": "{name} is {value}, expected a text or a list of them",
    "str Stack list": "{name} is {value}, expected the id of a product, its record, or a list of them",
    "str Attack list": "{name} is {value}, expected the id of an attack, an attack, or a list of them",
    "str Workload": "{name} is {value}, expected the name of a workload or a workload",
}

_CONTAINERS: dict[object, str] = {Sequence: "list", Mapping: "mapping"}


def _check(name: str, value: object, annotation: object) -> None:
    """Check that a value is of one of the kinds that the parameter's annotation names."""
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    if not any(_is(value, kind) for kind in kinds):
        words = [_CONTAINERS.get(get_origin(k), getattr(k, "__name__", "")) for k in kinds if k is not NoneType]
        raise VmwidgetsError(_SENTENCES[" ".join(words)], name=name, value=repr(value)[:60])


def _is(value: object, kind: object) -> bool:
    if kind is NoneType:
        return value is None
    if kind is float:
        return type(value) is not bool and isinstance(value, Real) and abs(cast(float, value)) <= float_info.max
    if get_origin(kind) is Mapping:
        return isinstance(value, Mapping)
    if get_origin(kind) is Sequence:
        return isinstance(value, Sized) and isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)
    return isinstance(kind, type) and type(value) is kind
