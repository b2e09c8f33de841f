"""What a result says is written as its reader writes it."""

from vmwidgets import locale
from vmwidgets.assignments.result import shown


def test_numbers_are_the_readers_and_thousandths_are_per_cent():
    told = {"frames": -12345, "cpu_permille": -34, "mechanism": "validation", "known": True}
    with locale.speaking("en"):
        assert shown(told) == {
            "frames": "\N{MINUS SIGN}12,345",
            "cpu_permille": "\N{MINUS SIGN}3.4",
            "mechanism": "validation",
            "known": "True",
        }
    with locale.speaking("ru"):
        assert shown(told)["cpu_permille"] == "\N{MINUS SIGN}3,4"
