"""What holds for all tests: in which order they begin, what decides in CI, and which ports kernels get."""

import importlib
import pkgutil

import pytest
from hypothesis import HealthCheck, settings
from jupyter_client.connect import LocalPortCache

import vmwidgets
from tests.needs import IN_CI
from tests.ports import free_port

# How fast a computer is fails no test. New examples are for developers to meet: CI says whether this change is right.
settings.register_profile("vmwidgets", deadline=None, derandomize=IN_CI, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("vmwidgets")


def pytest_configure() -> None:
    """Let no two kernels that start at the same time be given the same port: the later one would not come up."""
    LocalPortCache.find_available_port = lambda self, ip: free_port(ip)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the browser's tests first: what takes long begins early, so that no worker has it alone in the end."""
    items.sort(key=lambda item: "browser" not in item.path.parts)


def pytest_collection_finish() -> None:
    """Import all now, not when a test needs it: hypothesis tries numbers that stand in those of our modules it sees."""
    if IN_CI:
        for module in pkgutil.walk_packages(vmwidgets.__path__, "vmwidgets."):
            importlib.import_module(module.name)
