"""A file is there whole or as it was."""

import pytest

from vmwidgets.grading.files import make_folder, replace
from vmwidgets.model.errors import VmwidgetsError


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a" / "b" / "table.csv"
    make_folder(path.parent)
    replace(path, "id\r\nанна\r\n")
    with pytest.raises(UnicodeEncodeError):
        replace(path, "\udcff")
    assert path.read_bytes() == "id\r\nанна\r\n".encode()
    with pytest.raises(VmwidgetsError, match=r"c/table\.csv cannot be written: No such file"):
        replace(tmp_path / "c" / "table.csv", "")
    with pytest.raises(VmwidgetsError, match=r"table\.csv cannot be written"):
        make_folder(path)
