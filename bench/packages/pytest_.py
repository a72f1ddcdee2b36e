"""pytest: a test file with a fixture, a parameter and a failure."""

import contextlib
import io
import tempfile
from pathlib import Path

import pytest

TEXT = """
import pytest
@pytest.fixture
def two(tmp_path):
    return 2
@pytest.mark.parametrize("n", [1, 2])
def test_it(two, n):
    assert two == n
"""
with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as shown:
    Path(folder, "test_some.py").write_text(TEXT, encoding="utf-8")
    code = pytest.main(["-q", "-p", "no:cacheprovider", f"--rootdir={folder}", folder])
print(int(code), "assert 2 == 1" in shown.getvalue(), "1 failed, 1 passed" in shown.getvalue())
print(pytest.approx(1) == 1.0000001)
