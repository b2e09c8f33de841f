"""A name of a file leads to one student, or to nobody: never to whom somebody else has chosen."""

import unicodedata

import pytest

from vmwidgets.grading.owners import NOBODY, SEVERAL, Owners
from vmwidgets.grading.roster import Student

ANNA = Student("anna", "Anna A.", canvas=("A., Anna", "4711", "s1", "anna", "1"))
ZOE = Student("zoé", "O'Brien, Zoé")
CLASS = (ANNA, ZOE, Student("kim1", "Kim Lee"), Student("kim2", "Lee, Kim"))
FILE = "perimeter.answers.jsonl"


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("anna", ANNA),
        ("anna.answers.jsonl", ANNA),
        (unicodedata.normalize("NFD", "zoé.receipt.txt"), ZOE),
        ("aanna_LATE_4711_99_" + FILE, ANNA),
        ("aanna_4712_99_" + FILE, NOBODY),
        ("anon_Ab1_99_" + FILE, NOBODY),
        (unicodedata.normalize("NFD", "Zoé OBrien_1_assignsubmission_file"), ZOE),
        ("Zoé OBrien_1_assignsubmission_file_" + FILE, ZOE),
        ("A. Anna_4_assignsubmission_onlinetext", SEVERAL),  # Moodle has another Anna
        ("Kim Lee_2_assignsubmission_file", SEVERAL),  # the class has another Kim
        ("Participant_5_assignsubmission_file", NOBODY),
        ("carl", NOBODY),
        # what a student has put there
        (f"evil_4712_9_aanna_4711_99_{FILE}", NOBODY),
        (f"Evil_6_assignsubmission_file_Zoé OBrien_1_assignsubmission_file_{FILE}", NOBODY),
    ],
)
def test_a_name_is_one_persons(name, owner):
    owners = Owners(CLASS, [name, "Anna A_3_assignsubmission_file_", "Zoé OBrien_1_assignsubmission_onlinetext"])
    assert owners.of(name) == owner


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("aanna_4711_99_" + FILE, FILE),
        ("aanna_4711_text.html", "text.html"),
        ("Anna A_3_assignsubmission_file_" + FILE, FILE),
        ("Anna A_3_assignsubmission_file_", ""),
        (f"evil_4712_9_aanna_4711_99_{FILE}", f"aanna_4711_99_{FILE}"),
        ("x_1_y.answers.jsonl", None),  # an id
        ("anna.answers.jsonl", None),
    ],
)
def test_what_an_lms_puts_before_a_name_is_told_from_it(name, own):
    assert Owners((*CLASS, Student("x_1_y", "X")), [name]).handed_in_as(name) == own
