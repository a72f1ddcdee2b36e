"""Advice of `lazyimp migrate` for one file at a time."""

import pytest

from lazyimp.migrate.advice import Adviser
from lazyimp.migrate.source import read_source


@pytest.fixture
def advise(tmp_path):
    """Advice for one file: {bound name: (kind, code)}."""

    def run(text, name="mod.py", style="modules", **more):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Adviser(style, [str(tmp_path)], **more).advise(read_source(str(path)))

    return run


def kinds(advised):
    return {", ".join(each.statement.bound): (each.kind, each.code) for each in advised.advice}
