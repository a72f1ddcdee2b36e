"""`lazyimp migrate`: which imports can be lazy and why the others stay; edits leave every other byte alone."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_records import Small

from lazyimp.migrate import emit
from lazyimp.migrate.advice import Adviser
from lazyimp.migrate.measured import Measured
from lazyimp.migrate.rewrite import rewritten
from lazyimp.migrate.source import Unreadable, python_files, read_source
from lazyimp.record import read_record

IS_LAZY = sys.version_info >= (3, 15)


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


# -- advice by the code ----------------------------------------------------------------------------------


def test_what_only_functions_use_can_be_lazy(advise):
    found = advise("import json\nfrom decimal import Decimal\ndef f():\n    return json, Decimal\n")
    assert kinds(found) == {"json": ("modules", "LZ502"), "Decimal": ("modules", "LZ502")}
    assert found.advice[0].text == "json: used in f alone"
    found = advise("import json\ndef f():\n    return json\n", style="lazy")
    assert kinds(found) == {"json": ("lazy", "LZ501")}


@pytest.mark.parametrize(
    "use",
    [
        "x = json.loads('1')",
        "class A(json.JSONDecoder): pass",
        "@json.loads\ndef f(): pass",
        "def f(x=json): pass",
        "lambda x=json: 1",
        "x = [json for y in ()]",
        "class A:\n    x: json.JSONDecoder = None",
        "if json: pass",
        "del json",
        "x = f'{json}'",
    ],
)
def test_what_is_used_at_once_stays(advise, use):
    kept = kinds(advise(f"import json\n{use}\n"))["json"]
    assert kept == ("keep", "LZ218" if use != "del json" else "LZ209")


@pytest.mark.parametrize(
    "use",
    [
        "def f():\n    return json",
        "def f(json_):\n    def g(): return json",
        "class A:\n    def f(self): return json",
        "f = lambda: json",
        "def f(x: json.JSONDecoder): pass",
        "__all__ = ['json']",
        "if __name__ == '__main__':\n    json.dumps(1)",
        "async def f():\n    await json",
    ],
)
def test_what_is_used_later_can_be_lazy(advise, use):
    assert kinds(advise(f"import json\n{use}\n"))["json"][0] == "modules"


def test_a_name_that_is_local_to_a_function_is_another_one(advise):
    text = "import json, decimal\ndef f(json):\n    decimal = 1\n    return json, decimal\n"
    assert kinds(advise(text))["json, decimal"] == ("keep", "LZ209")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("from __future__ import annotations\n", "LZ214"),
        ("from json import *\n", "LZ202"),
        ("try:\n    import json\nexcept ImportError:\n    json = None\n", "LZ203"),
        ("try:\n    pass\nfinally:\n    import json\n", "LZ203"),
        ("with open('x'):\n    import json\n", "LZ203"),
        ("class A:\n    import json\n", "LZ201"),
        ("import os\ndef f(): return os\n", "LZ220"),
        ("import json\n", "LZ209"),
        ("import json\ndef json(): pass\n", "LZ209"),
        ("import no_such_module_anywhere as n\ndef f(): return n\n", "LZ215"),
        ("import gevent\ndef f(): return gevent\n", "LZ215"),
    ],
)
def test_what_stays_has_its_code(advise, text, code):
    (only,) = advise(text).advice[:1]
    assert (only.kind, only.code) == ("keep", code)


def test_what_only_annotations_name(advise):
    text = "from __future__ import annotations\nimport decimal\ndef f(x: decimal.Decimal): pass\n"
    assert kinds(advise(text))["decimal"] == ("types", "LZ504")
    text = "import decimal\ndef f(x: decimal.Decimal): pass\n"
    assert kinds(advise(text))["decimal"] == ("modules", "LZ502"), "evaluated before 3.14"


def test_imports_in_functions_and_for_type_checkers_are_left_alone(advise):
    text = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import json\ndef f():\n    import decimal\n"
    )
    assert list(kinds(advise(text))) == ["TYPE_CHECKING"]


def test_style_function_names_what_one_function_uses(advise):
    text = "import json, decimal\nimport csv\ndef f():\n    return json, decimal, csv\ndef g():\n    return csv\n"
    found = kinds(advise(text, style="function"))
    assert found == {"json, decimal": ("function", "LZ503"), "csv": ("modules", "LZ502")}


def test_own_modules_with_effects_stay(advise, tmp_path):
    (tmp_path / "reg.py").write_text("from table import add\n@add\ndef thing(): pass\n")
    (tmp_path / "plain.py").write_text("x = 1\n")
    found = advise("import reg\nimport plain\ndef f(): return reg, plain\n")
    assert kinds(found) == {"reg": ("keep", "LZ208"), "plain": ("modules", "LZ502")}
    assert "importing it decorates" in found.advice[0].text


def test_a_package_that_binds_its_submodules_name_keeps_it(advise, tmp_path):
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "train.py").write_text("def train(): pass\nother = 1\n")
    found = advise("from .train import train\nfrom .train import other\n", "pkg/__init__.py", style="lazy")
    assert kinds(found) == {"train": ("keep", "LZ222"), "other": ("lazy", "LZ501")}


def test_statements_of_one_module_go_together_in_a_list(advise):
    text = "import json\nfrom json import loads\nx = loads('1')\ndef f(): return json\n"
    assert kinds(advise(text))["json"] == ("keep", "LZ218")
    assert kinds(advise(text, style="lazy"))["json"] == ("lazy", "LZ501")


# -- advice by a recorded run ----------------------------------------------------------------------------

MEASURED = """\
import alpha_never
import alpha_late
import alpha_early
import alpha_once
import alpha_failed
def f(): return alpha_never, alpha_late, alpha_early, alpha_once, alpha_failed
"""


@pytest.fixture
def measured(tmp_path):
    """A run in which mod.py's names were used at various times."""
    for name in ("never", "late", "early", "once", "failed"):
        (tmp_path / f"alpha_{name}.py").write_text("x = 1\n")
    mod = str(tmp_path / "mod.py")
    record = Small("safe", "c")
    record.load(1, "mod", f"{tmp_path}/main.py:1", mod)  # from 1 to 2 ms
    for line, name in enumerate(("never", "late", "early", "once", "failed"), 1):
        record.defer(line, "mod", f"alpha_{name}", f"{mod}:{line}")
    for number, at_ms in ((2, 9), (3, 4), (4, 1.5)):
        record.use(number, f"{tmp_path}/main.py:{30 + number}", at_ms)
    record.use(5, f"{tmp_path}/main.py:35", 5, "ImportError")
    record.first_batch(6)
    return Measured(read_record(record.write(tmp_path / "run.jsonl")))


def test_measured_first_use_decides(advise, measured):
    found = advise(MEASURED, measured=measured)
    assert kinds(found) == {
        "alpha_never": ("modules", "LZ502"),
        "alpha_late": ("modules", "LZ502"),
        "alpha_early": ("keep", "LZ221"),
        "alpha_once": ("keep", "LZ218"),
        "alpha_failed": ("keep", "LZ301"),
    }
    texts = [each.text for each in found.advice]
    assert texts[0] == "alpha_never: never used in this run"
    assert "first used late" in texts[1] and texts[1].endswith("main.py:32, 7 ms")
    assert "no gain in this run" in texts[2] and "main.py:33" in texts[2]
    assert measured.ran(found.source.path)


def test_all_takes_what_gains_nothing_in_this_run(advise, measured):
    found = advise(MEASURED, measured=measured, without_gain=True)
    assert kinds(found)["alpha_early"] == ("modules", "LZ502")


# -- edits -----------------------------------------------------------------------------------------------

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


# -- the command -----------------------------------------------------------------------------------------

PROGRAM = {
    "main.py": "import heavy\nfrom other import value\nimport sys, look\n\ndef late():\n    return heavy.x + value\n\n"
    "if __name__ == '__main__':\n    print(look.at('heavy'), look.at('other'), late(), look.at('heavy'))\n",
    "look.py": "def at(name):\n    import sys\n    return name in sys.modules\n",
    "heavy.py": "x = 1\n",
    "other.py": "value = 2\n",
}


@pytest.fixture
def migrate(run_python):
    """`lazyimp migrate ...` in the test's folder."""

    def run(*words, check=True, **more):
        return run_python("-m", "lazyimp", "migrate", *words, check=check, **more)

    return run


def test_advice_is_written_as_editors_read_it(migrate, write):
    write(PROGRAM)
    done = migrate("--list", "main.py")
    assert done.stdout.splitlines() == [
        "main.py:1:1: LZ502 heavy: used in late alone",
        "main.py:2:1: LZ502 value from other: used in late alone",
        "main.py:3:1: LZ502 sys, look: used in the main block alone",
    ]


@pytest.mark.parametrize("style", ["lazy", "modules"])
def test_what_is_written_runs_and_is_lazy_where_it_can_be(migrate, write, run_python, style):
    main = write(PROGRAM)
    done = migrate("--write", "--style", style, ".")
    assert done.stderr == "written: ./main.py\n"
    if style == "lazy" and not IS_LAZY:
        text = main.read_text()
        assert text.count("lazy import") == 2 and "lazy from other" in text
        ast.parse(text.replace("lazy ", ""))
        return
    assert run_python(main).stdout == ("False False 3 True\n" if IS_LAZY else "True True 3 True\n")
    before = main.read_bytes()
    assert migrate("--write", "--style", style, ".").stderr == ""
    assert main.read_bytes() == before


def test_the_filter_makes_the_same_imports_lazy(migrate, write, run_python, tmp_path):
    main = write(PROGRAM)
    done = migrate("--emit-filter", "main.py")
    (tmp_path / "lazy_filter.py").write_text(done.stdout)
    main.write_text("import lazy_filter\nlazy_filter.install()\n" + main.read_text())
    assert run_python(main).stdout == ("False False 3 True\n" if IS_LAZY else "True True 3 True\n")


def test_ruff_takes_the_configuration(migrate, write, tmp_path):
    ruff = Path(sys.executable).with_name("ruff")
    if not ruff.exists():
        pytest.skip("ruff is not installed here")
    write(PROGRAM)
    (tmp_path / "ruff.toml").write_text(
        'target-version = "py315"\n' + migrate("--emit-ruff", ".").stdout.replace("[tool.ruff.lint", "[lint")
    )

    def found():
        done = subprocess.run(
            [ruff, "check", "--output-format", "concise", "."], cwd=tmp_path, capture_output=True, text=True
        )
        return [line for line in done.stdout.splitlines() if "TID25" in line]

    assert len(found()) == 3 and all("TID254" in line for line in found())
    migrate("--write", "--style", "lazy", ".")
    assert found() == []


def test_the_patch_can_be_applied(migrate, write, tmp_path):
    main = write({**PROGRAM, "last.py": "import heavy\ndef f(): return heavy"})
    (tmp_path / "last.py").write_bytes(b"import heavy\r\ndef f(): return heavy")
    done = subprocess.run(
        [sys.executable, "-m", "lazyimp", "migrate", "--diff", "."],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    (tmp_path / "x.patch").write_bytes(done.stdout)
    subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "x.patch"], cwd=tmp_path, check=True, capture_output=True
    )
    assert main.read_text().startswith("__lazy_modules__ = ")
    assert (tmp_path / "last.py").read_bytes() == (
        b'__lazy_modules__ = ["heavy"]\r\n\r\nimport heavy\r\ndef f(): return heavy'
    )


def test_the_projects_python_chooses_the_style(migrate, write):
    write({**PROGRAM, "pyproject.toml": "[project]\nrequires-python = '>=3.15'\n"})
    assert "LZ501" in migrate("--list", ".").stdout
    write({"pyproject.toml": "[project]\nrequires-python = '>=3.10'\n"})
    assert "LZ502" in migrate("--list", ".").stdout


def test_everything_at_once_and_json(migrate, write):
    write(PROGRAM)
    text = migrate(".").stdout
    assert "--- a/main.py\n+++ b/main.py\n" in text
    assert "3 can be lazy" in text and "by the code alone" in text
    whole = json.loads(migrate("--json", ".").stdout)
    (advice, *_) = next(each for each in whole["files"] if each["module"] == "main")["advice"]
    assert (whole["schema"], advice["code"], advice["targets"]) == ("lazyimp-migrate/1", "LZ502", ["heavy"])


def test_mode_bits_and_links_survive(migrate, write, tmp_path):
    main = write(PROGRAM)
    main.chmod(0o750)
    (tmp_path / "sub").mkdir()
    os.symlink(main, tmp_path / "sub" / "link.py")
    migrate("--write", "sub/link.py")
    assert (tmp_path / "sub" / "link.py").is_symlink()
    assert main.stat().st_mode & 0o777 == 0o750 and "__lazy_modules__" in main.read_text()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "no file or folder 'nowhere'; check the path"),
        (["--style", "lzy", "."], "unknown style 'lzy'; did you mean 'lazy'?"),
        ([], "the following arguments are required: PATH"),
        (["--record", "x", ".", "--", "main.py"], "a record or a program behind --, not both"),
        (["--record", "eager.jsonl", "."], "the record is of an eager run"),
    ],
)
def test_mistakes(migrate, write, tmp_path, words, said):
    write(PROGRAM)
    Small().write(tmp_path / "eager.jsonl")
    done = migrate(*words, check=False)
    assert (done.returncode, done.stdout) == (2, "") and said in done.stderr


def test_an_unreadable_file_does_not_stop_the_others(migrate, write):
    write({**PROGRAM, "broken.py": "def (:\n"})
    done = migrate("--list", ".")
    assert "lazyimp: ./broken.py: line 1: " in done.stderr
    assert "main.py:1:1: LZ502" in done.stdout


# -- emitted configuration -------------------------------------------------------------------------------


def test_a_module_that_some_file_needs_at_once_is_not_required_lazy(advise, tmp_path):
    (tmp_path / "reg.py").write_text("from table import add\nadd(1)\n")
    one = advise("import json\nimport csv\nimport reg\ndef f(): return json, csv, reg\n", "one.py")
    two = advise("import csv\nx = csv.reader\n", "two.py")
    text = emit.ruff([one, two])
    assert 'require-lazy = [\n    "json",\n]' in text
    assert 'ban-lazy = [\n    "reg",\n]' in text
    table = {}
    exec(emit.filter_module([one, two]), table)
    assert table["may_be_lazy"]("one", "csv") and not table["may_be_lazy"]("two", "csv")
    assert not table["may_be_lazy"]("one", "reg")
