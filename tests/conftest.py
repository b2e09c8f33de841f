"""The order of the tests: what takes long begins first, so that no worker has it alone in the end."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the browser's tests first."""
    items.sort(key=lambda item: "browser" not in item.path.parts)
