"""IPython: the extension's magics act on the shell, a cell's time is shown below it, a mistake is one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("IPython", reason="IPython is not installed")

SESSION = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

shell = InteractiveShell.instance()
shell.colors = "nocolor" if "nocolor" in str(type(shell).colors) else "NoColor"
seen = []
for text in json.loads(sys.argv[1]):
    with capture_output() as shown:
        shell.run_cell(text)
    seen.append(shown.stdout + shown.stderr)
print(json.dumps(seen))
"""


@pytest.fixture
def cells(run_python, tmp_path: Path):
    """What each cell of a session showed."""
    (tmp_path / "session.py").write_text(SESSION)

    def run(*texts: str) -> list[str]:
        done = run_python(tmp_path / "session.py", json.dumps(["%load_ext lazyimp", *texts]))
        shown: list[str] = json.loads(done.stdout.splitlines()[-1])
        return shown[1:]

    return run


def test_on_off_and_status(cells):
    off, on, again = cells("%lazyimp status", "%lazyimp on deep", "%lazyimp off")
    assert ": off" in off
    assert "on, mode deep" in on
    assert "off again" in again


def test_a_cell_is_timed_and_shown_below_it(cells, tmp_path):
    (tmp_path / "slowish.py").write_text("x = 1\n")
    timed, why, page, plain = cells(
        "%%ttfb\nimport slowish, lazyimp\nlazyimp.first_batch()\nprint('ran', slowish.x)",
        "%lazyimp why slowish",
        "page = get_ipython().run_line_magic('lazyimp', 'report')\nprint(page._repr_html_())",
        "slowish.x",
    )
    assert "ran 1" in timed and "Time to first batch" in timed
    assert page.startswith("<iframe srcdoc=") and "<script" not in page  # escaped
    assert "slowish" in why
    assert plain.split() == ["Out[0]:", "1"]


def test_each_cell_has_a_first_batch_of_its_own(cells):
    first, second = cells(*["%%ttfb\nimport lazyimp\nlazyimp.first_batch()"] * 2)
    assert "Time to first batch" in first
    assert "Time to first batch" in second


def test_a_cell_without_a_batch_counts_to_its_end(cells):
    (shown,) = cells("%%ttfb\nx = 1")
    assert "Time to the end" in shown


def test_eager_cells_defer_nothing(cells):
    _, inside, after = cells(
        "%lazyimp on", "%%eager\nimport lazyimp\nprint(lazyimp.status()['enabled'])", "%lazyimp status"
    )
    assert "False" in inside
    assert "on, mode" in after


def test_mistakes_are_one_line(cells):
    for shown in cells("%lazyimp onn", "%lazyimp on fast", "%lazyimp report", "%%ttfb --fast\n1"):
        (line,) = shown.strip().splitlines()
        assert line.startswith("lazyimp: ")


def test_unloading_takes_the_magics_back(cells):
    _, gone = cells("%unload_ext lazyimp", "%lazyimp status")
    assert "not found" in gone


PARTS = ("part", "other", "third")
HEAVY = """
import part, other
from third import figure

def use():
    return part, other, figure
"""
COMPLETE = """
from IPython.core.completer import provisionalcompleter
def complete(text, jedi=True):
    completer = get_ipython().Completer
    completer.use_jedi = jedi
    with provisionalcompleter():
        return [(each.text, each.type) for each in completer.completions(text, len(text))]
"""
# name -> (what is looked at, what it shows in any case)
LOOKS = {
    "completion of attributes": ("complete('heavy.')", "figure"),
    "completion of one attribute": ("complete('heavy.pa')", "part"),
    "completion of a name": ("complete('heav')", "heavy"),
    "completion in a call": ("complete('print(heavy.ot')", "other"),
    "completion without jedi": ("complete('heavy.', False)", "figure"),
    "completion of an import": ("complete('from heavy import pa')", "part"),
    "dir()": ("dir(heavy)", "figure"),
    "an inspector": ("get_ipython().object_inspect('heavy')['found']", "True"),
    "an inspector's page": ("get_ipython().object_inspect_mime('heavy')['text/plain']", "heavy"),
    "an inspector of a function": ("get_ipython().object_inspect('heavy.use')['found']", "True"),
    "a list of variables": ("get_ipython().run_line_magic('whos', '')", "heavy"),
    "what a cell shows": ("repr(heavy)", "module 'heavy'"),
    "autoreload": (
        "[get_ipython().run_line_magic(*each) for each in (('load_ext', 'autoreload'), ('autoreload', '2'))]",
        "",
    ),
}


@pytest.mark.parametrize("look", LOOKS)
def test_looking_loads_nothing(cells, write, look):
    """Neither Tab, nor an inspector, nor a list of variables loads what waits in a module."""
    files = {f"site-packages/{name}.py": "figure = 1\n" for name in PARTS}
    write({"site-packages/heavy.py": HEAVY, **files})
    statement, expected = LOOKS[look]
    loaded = f"import sys; print('loaded', [name for name in {PARTS} if name in sys.modules])"
    *_, seen, before, _, used = cells(
        "%lazyimp on deep", "import heavy", COMPLETE, f"print({statement})", loaded, "heavy.use()", loaded
    )
    assert before.strip() == "loaded []", seen
    assert expected in seen
    assert used.strip() == f"loaded {list(PARTS)}"


def test_what_is_completed_below_a_waiting_name_loads_that_one(cells, write):
    files = {f"site-packages/{name}.py": "figure = 1\n" for name in PARTS}
    write({"site-packages/heavy.py": HEAVY, **files})
    loaded = f"import sys; print('loaded', [name for name in {PARTS} if name in sys.modules])"
    *_, seen, after = cells(
        "%lazyimp on deep", "import heavy", COMPLETE, "print(complete('heavy.part.fi'))", loaded
    )
    assert "figure" in seen and after.strip() == "loaded ['part']"


def test_what_the_cells_so_far_need(cells, tmp_path):
    """The kernel's own modules do not count, nor ours; what a cell names does, also if it was there before."""
    for name in ("mine", "spare"):
        (tmp_path / f"{name}.py").write_text("x = 1\n")
    first, again = cells("import mine, wcwidth\nmine.x", "%lazyimp manifest", "%lazyimp manifest")[1:]
    assert first == again
    assert "wcwidth" in first and str(tmp_path) in first and "1 file" in first
    assert not any(f"\n{name} " in first for name in ("ipython", "traitlets", "pathspec", "packaging"))


def test_the_manifest_takes_the_commands_words(cells, tmp_path):
    (tmp_path / "mine.py").write_text("x = 1\n")
    asked = [
        "%lazyimp manifest --format requirements",
        "%lazyimp manifest --explain WCWIDTH",
        "%lazyimp manifest --exclude wcwidth -o m.toml",
        "%lazyimp manifest --diff m.toml",
        "%lazyimp manifest --formt roots",
        "%lazyimp manifest other.jsonl",
        "%lazyimp manifest --pid 1",
        "%lazyimp manifest --help",
        "1 + 1",
    ]
    listed, explained, written, compared, wrong, other, process, help_, plain = cells(
        "import mine, wcwidth", *asked
    )[1:]
    assert "wcwidth==" in listed and "(" not in listed.splitlines()[1]
    assert explained.startswith("wcwidth ")
    assert written == "" and "+  wcwidth" in compared
    assert wrong == "lazyimp: unrecognized arguments: --formt\n"
    for said in (other, process):
        assert (
            said
            == "lazyimp: %lazyimp manifest is about this notebook; `lazyimp manifest` takes files and --pid\n"
        )
    assert "--format NAME" in help_ and plain.split() == ["Out[0]:", "2"]


def test_what_a_recorded_cell_needs(cells, tmp_path):
    """What it imports, also where another cell had loaded it; not the kernel, nor what others have mapped."""
    for name in ("mine", "spare"):
        (tmp_path / f"{name}.py").write_text("x = 1\n")
    asked = ("import wcwidth, spare, numpy", "1/0", "%%ttfb\nimport mine, wcwidth", "%lazyimp manifest")
    pytest.importorskip("numpy")
    said = cells(*asked)[-1]
    assert "\nwcwidth " in said and "1 file" in said
    assert "numpy" not in said and "the command line" not in said and "Error" not in said
