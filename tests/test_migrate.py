"""`lazyimp migrate`: which imports can be lazy, and why the others stay."""

import advising
import pytest
from advising import kinds
from small_records import Small

from lazyimp.migrate import emit
from lazyimp.migrate.measured import Measured
from lazyimp.record import read_record

advise = advising.advise


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


BRANCHES = {
    "if sys.argv[1:]:\n    alpha_never.x\n": True,
    "y = alpha_never.x if sys.argv[1:] else 0\n": True,
    "for word in sys.argv[1:]:\n    alpha_never.x\n": True,
    "while sys.argv[1:]:\n    alpha_never.x\n": True,
    "try:\n    pass\nexcept alpha_never.x:\n    pass\n": True,
    "match sys.argv:\n    case [_, _]:\n        alpha_never.x\n": True,
    "if sys.argv[1:]:\n    pass\nelse:\n    def f(): return alpha_never\n": True,
    "if alpha_never.x:\n    pass\n": False,
    "for word in alpha_never.x:\n    pass\n": False,
    "y = 0 if alpha_never.x else 1\n": False,
    "class A:\n    y = alpha_never.x\n": False,
    "if sys.argv[1:]:\n    alpha_never.x\nalpha_never.x\n": False,
}


@pytest.mark.parametrize("use", BRANCHES)
def test_a_branch_that_the_run_did_not_take(advise, measured, use):
    (found, *_) = advise("import alpha_never\nimport sys\n" + use, measured=measured).advice
    assert (found.kind == "modules") == BRANCHES[use], found.text
    (found, *_) = advise("import alpha_never\nimport sys\n" + use).advice
    assert found.kind == "keep" or "def f" in use, found.text  # nobody knows without a run


def test_all_takes_what_gains_nothing_in_this_run(advise, measured):
    found = advise(MEASURED, measured=measured, without_gain=True)
    assert kinds(found)["alpha_early"] == ("modules", "LZ502")


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
