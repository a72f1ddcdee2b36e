"""`lazyimp migrate`: what an edit puts in, and that it leaves every other byte alone."""

import os

import advising
import pytest
from advising import kinds

from lazyimp.migrate.rewrite import rewritten
from lazyimp.migrate.source import Unreadable, python_files, read_source

advise = advising.advise


USE = "def f(): return json, decimal\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import json\n", "lazy import json\n"),
        ("import  json  # a comment\n", "lazy import  json  # a comment\n"),
        (
            "from json import (\n    loads as json, # one\n)\n",
            "lazy from json import (\n    loads as json, # one\n)\n",
        ),
        ("x = 1; import json\n", "x = 1; lazy import json\n"),
        ("if 1:\n\timport json\n", "if 1:\n\tlazy import json\n"),
        ("import json; import decimal\n", "lazy import json; lazy import decimal\n"),
        ("import json \\\n  as json\n", "lazy import json \\\n  as json\n"),
        ("\f\nimport json\n", "\f\nlazy import json\n"),
        ("'''lazy import json'''\nimport json\n", "'''lazy import json'''\nlazy import json\n"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_the_keyword_is_put_in_and_nothing_else_changes(advise, before, after, newline):
    text = (before + USE).replace("\n", newline)
    found = advise(text, style="lazy")
    assert rewritten(found) == (after + USE).replace("\n", newline).encode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import json\n", '__lazy_modules__ = ["json"]\n\nimport json\n'),
        (
            '"""Doc."""\nimport os\nimport json\n',
            '"""Doc."""\n__lazy_modules__ = ["json"]\n\nimport os\nimport json\n',
        ),
        (
            "#!/usr/bin/python\n# -*- coding: utf-8 -*-\nfrom __future__ import annotations\nimport json\n",
            "#!/usr/bin/python\n# -*- coding: utf-8 -*-\nfrom __future__ import annotations\n"
            '__lazy_modules__ = ["json"]\n\nimport json\n',
        ),
        ("if 1:\n\timport json\n", '__lazy_modules__ = ["json"]\n\nif 1:\n\timport json\n'),
        (
            "import json; import decimal\n",
            '__lazy_modules__ = ["decimal", "json"]\n\nimport json; import decimal\n',
        ),
        ('__lazy_modules__ = ["csv"]\nimport json\n', '__lazy_modules__ = ["csv", "json"]\nimport json\n'),
        ("__lazy_modules__ = []\nimport json\n", '__lazy_modules__ = ["json"]\nimport json\n'),
        (
            "__lazy_modules__ = {\n    'csv',\n}\nimport json\n",
            "__lazy_modules__ = {\n    'csv', \"json\",\n}\nimport json\n",
        ),
        (
            "__lazy_modules__: tuple = 'csv', 'x'\nimport json\n",
            "__lazy_modules__: tuple = 'csv', 'x', \"json\"\nimport json\n",
        ),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_list_is_put_in_and_nothing_else_changes(advise, before, after, newline):
    text = (before + USE).replace("\n", newline)
    assert rewritten(advise(text)) == (after + USE).replace("\n", newline).encode()


def test_a_list_that_has_no_place_is_not_written(advise):
    for text in ('"""Doc."""; import json\n', "from __future__ import annotations; import json\n"):
        found = advise(text + USE)
        assert rewritten(found) == (text + USE).encode()
        assert kinds(found)["json"] == ("keep", "LZ502")
    found = advise("__lazy_modules__ = list_of()\nimport json\n" + USE)
    assert kinds(found)["json"] == ("keep", "LZ502")


def test_a_long_list_takes_a_line_for_each(advise, tmp_path):
    names = [f"a_module_with_a_long_name_{number}" for number in range(4)]
    for name in names:
        (tmp_path / f"{name}.py").write_text("")
    text = "".join(f"import {name}\n" for name in names) + f"def f(): return {', '.join(names)}\n"
    lines = rewritten(advise(text)).decode().splitlines()
    assert lines[:3] == ["__lazy_modules__ = [", f'    "{names[0]}",', f'    "{names[1]}",']


@pytest.mark.parametrize(
    ("codec", "head"),
    [
        ("latin-1", "# coding: latin-1\n"),
        ("shift_jis", "# coding: shift_jis\n"),
        ("utf-8", ""),
        ("utf-8-sig", ""),
    ],
)
@pytest.mark.parametrize("style", ["lazy", "modules"])
def test_encodings_and_byte_order_marks_survive(advise, codec, head, style):
    letters = {"latin-1": "é", "shift_jis": "表"}.get(codec, "é表😀")
    text = f"{head}x = '{letters}'; import json\n# {letters}\n{USE}"
    data = text.encode(codec)
    after = rewritten(advise(data, style=style))
    assert after != data
    put_in = "lazy " if style == "lazy" else '__lazy_modules__ = ["json"]\n\n'
    assert after.decode(codec).replace(put_in, "") == text
    assert after.startswith(data[:3]) or codec != "utf-8-sig"


@pytest.mark.parametrize("style", ["lazy", "modules"])
def test_a_second_time_there_is_nothing_to_do(advise, style):
    once = rewritten(advise("import json\nfrom decimal import Decimal as decimal\n" + USE, style=style))
    found = advise(once, style=style)
    assert rewritten(found) == once
    assert {each.kind for each in found.advice} == {"done"}


def test_files_that_are_no_source_are_refused(tmp_path):
    for name, data in (
        ("a.py", b"def (:\n"),
        ("b.py", b"# coding: nothing\n"),
        ("c.py", b"x = '\xff'\n"),
        ("d.py", b"\0"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(Unreadable):
            read_source(str(tmp_path / name)).tree


def test_environments_and_builds_are_left_out(tmp_path):
    for name in ("a.py", "pkg/b.py", ".hidden/c.py", "build/d.py", "env/lib/e.py", "pkg/__pycache__/f.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tmp_path / "env" / "pyvenv.cfg").write_text("")
    found = [os.path.relpath(path, tmp_path).replace(os.sep, "/") for path in python_files([str(tmp_path)])]
    assert found == ["a.py", "pkg/b.py"]
