"""What holds for all tests of chapters: they begin in English, and leave the choice to whoever runs after them."""

from collections.abc import Iterator

import pytest

from vmwidgets import locale


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    locale.set_language("en")
    yield
    locale.set_language(None)
