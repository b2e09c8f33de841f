"""The tests of the front end's own functions are JavaScript; this runs them with the rest."""

import subprocess
from pathlib import Path

from tests.needs import needs


def test_front_end():
    files = sorted(str(path) for path in Path(__file__).parent.glob("*.test.js"))
    assert files
    done = subprocess.run([needs("node"), "--test", *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
