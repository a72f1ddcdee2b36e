"""What a run needs is the same lazy and eager; what is there because it is installed is told apart."""

from dataclasses import replace

import pytest
from installed import found, install, manifest_of, ran

from lazyimp.manifest import static
from lazyimp.manifest.unloaded import at_margin
from lazyimp.record import Deferral, read_record
from lazyimp.reports.manifest import render


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site-packages"
    folder.mkdir()
    return folder


@pytest.fixture
def sides(tmp_path, write, run_python):
    """The manifests of an eager and of two lazy runs of main.py."""

    def go(main, **options):
        write({"main.py": main})
        made = []
        for mode in ("off", "safe", "deep"):
            record = tmp_path / f"{mode}.jsonl"
            record.unlink(missing_ok=True)  # records are only ever appended to
            settings = {"LAZYIMP": mode, "LAZYIMP_RECORD": str(record), "LAZYIMP_RECORD_FILES": "1"}
            run_python(tmp_path / "main.py", env=settings)
            made.append(manifest_of(read_record(str(record)), **options))
        return made

    return go


def names(manifest):
    return sorted(each.name for each in manifest.requirements)


LIBRARY = {
    "lib/__init__.py": """
import undeclared
try:
    import helper
except ImportError:
    helper = None
try:
    from .widget import show
except Exception:
    pass
value = 1
""",
    "lib/widget/__init__.py": "from .parts import show\n",
    "lib/widget/parts.py": "import ui\nshow = ui.x\n",
}


@pytest.fixture
def library(site):
    """A package that requires one, imports one without saying so, and does with others if they are there."""
    install(site, "lib", "1", LIBRARY, requires=["declared"])
    for name in ("declared", "undeclared", "deep-below"):
        install(site, name, "1", {f"{name.replace('-', '_')}.py": "x = 1\n"})
    install(site, "helper", "1", {"helper.py": "import deep_below\nx = deep_below.x\n"})
    install(site, "ui", "1", {"ui.py": "x = 1\n"})
    return site


@pytest.mark.parametrize(
    "main",
    ["import lib\n", "import lib\nprint(lib.value)\n", "import lib\nprint(lib.helper.x, lib.show)\n"],
    ids=["never used", "used", "used with what is optional"],
)
def test_the_same_is_needed_lazy_and_eager(library, sides, main):
    for manifest in sides(main, minimal=True):
        assert names(manifest) == ["declared", "lib", "undeclared"]


def test_what_is_there_because_it_is_installed_is_listed_and_tagged(library, sides):
    """Also what only an optional part of a package, or another optional package, imports."""
    eager, *_ = sides("import lib\nprint(lib.value)\n")
    tags = {each.name: "optional" in each.tags for each in eager.requirements}
    assert tags == {
        "lib": False,
        "declared": False,
        "undeclared": False,
        "helper": True,
        "deep-below": True,
        "ui": True,
    }


def test_the_program_s_own_word_counts(library, sides):
    """What it names outside try is needed, whoever loaded it first, and in whatever function."""
    main = "import lib\nprint(lib.value)\ndef later():\n    import ui\nlater()\n"
    assert [names(each) for each in sides(main, minimal=True)] == [
        ["declared", "lib", "ui", "undeclared"]
    ] * 3


def test_a_look_at_a_version_makes_nothing_needed(site, sides):
    """Other distributions look whether something is there; when the program itself does, it is needed."""
    probe = """
from importlib.metadata import PackageNotFoundError, version
try:
    there = version("probed")
except PackageNotFoundError:
    there = None
"""
    install(site, "lib", "1", {"lib.py": probe})
    install(site, "probed", "1", {"probed.py": ""})
    eager, *_ = sides("import lib\nprint(lib.there)\n")
    assert "optional" in found(eager)["probed"].tags
    assert [names(each) for each in sides("import lib\nprint(lib.there)\n", minimal=True)] == [["lib"]] * 3
    assert "optional" not in found(sides(probe)[0])["probed"].tags


def test_examples_in_texts_are_no_imports(site, sides):
    text = '"""Use it so:\n\nimport absent_here\nimport other\n"""\nimport dep\n'
    install(site, "lib", "1", {"lib/__init__.py": "from . import inner\n", "lib/inner.py": text})
    for name in ("other", "dep"):
        install(site, name, "1", {f"{name}.py": "x = 1\n"})
    assert [names(each) for each in sides("import lib\n")] == [["dep", "lib"]] * 3


def test_blocks_that_ask_whether_something_is_there(site, sides):
    """What they import is needed where it is there; a block that also imports what is not there does not run."""
    install(site, "lib", "1", {"lib/__init__.py": "from . import inner\n", "lib/inner.py": ASKS})
    for name in ("extra", "half"):
        install(site, name, "1", {f"{name}.py": "x = 1\n"})
    assert [names(each) for each in sides("import lib\n", minimal=True)] == [["extra", "lib"]] * 3


ASKS = """
from importlib.util import find_spec
EXTRA_AVAILABLE = find_spec("extra") is not None
HALF_AVAILABLE = find_spec("half") and find_spec("absent_half")
if EXTRA_AVAILABLE:
    import extra
if HALF_AVAILABLE:
    import absent_half
    import half
"""


def test_who_imports_what_is_there_already(site, sides):
    """Whoever comes second leaves no trace in an eager record; before anything is left out, it is looked for."""
    first = "try:\n    import extra\nexcept ImportError:\n    extra = None\n"
    install(
        site,
        "lib",
        "1",
        {"lib/__init__.py": "from . import one, two\n", "lib/one.py": first, "lib/two.py": "import extra\n"},
    )
    install(site, "extra", "1", {"extra.py": "x = 1\n"})
    main = "import lib\nprint(lib.one.extra.x)\n"
    assert [names(each) for each in sides(main, minimal=True)] == [["extra", "lib"]] * 3


def test_a_file_that_tried_first(site, sides):
    """What it imports below `if it is there` is no more needed than before; at the margin it is."""
    tries = "try:\n    import extra\n    there = True\nexcept ImportError:\n    there = False\n"
    install(site, "lib", "1", {"lib.py": tries + "if there:\n    from extra import x\n"})
    install(site, "extra", "1", {"extra.py": "x = 1\n"})
    main = "import lib\nprint(lib.x)\n"
    assert [names(each) for each in sides(main, minimal=True)] == [["lib"]] * 3
    (site / "lib.py").write_text(tries + "from extra import x\n")
    assert [names(each) for each in sides(main, minimal=True)] == [["extra", "lib"]] * 3


@pytest.mark.parametrize(("handler", "needed"), [("pass", True), ("extra = None", False)])
def test_a_program_that_only_lets_it_pass(site, sides, handler, needed):
    """With nothing in the name's place, whatever uses it needs it."""
    install(site, "extra", "1", {"extra.py": "x = 1\n"})
    main = f"try:\n    import extra\nexcept ImportError:\n    {handler}\nprint(extra.x)\n"
    assert [names(each) for each in sides(main, minimal=True)] == [["extra"] if needed else []] * 3


def test_a_package_that_puts_another_module_in_its_place(tmp_path, site):
    """The file that asked is then no module's: it counts as its distribution does."""
    install(site, "front", "1", {"front/__init__.py": "", "front/_real.py": "import back\n"})
    install(site, "back", "1", ["back.py"])
    main = tmp_path / "main.py"
    main.write_text("try:\n    import front\nexcept ImportError:\n    front = None\n")
    record = ran(tmp_path, site, {"front": site / "front" / "__init__.py"}, by=(str(main), 2))
    inner = ran(tmp_path, site, {"back": site / "back.py"}, by=(str(site / "front" / "_real.py"), 1))

    both = replace(record, imports=(*record.imports, inner.imports[0]._replace(id=2, parent=1)))
    assert "optional" in found(manifest_of(both))["back"].tags


@pytest.mark.parametrize(
    ("code", "guarded"),
    [
        ("try:\n    HERE\nexcept ImportError:\n    pass\n", True),
        ("try:\n    HERE\nexcept (KeyError, ModuleNotFoundError):\n    pass\n", True),
        ("try:\n    pass\nexcept ImportError:\n    HERE\n", False),
        (
            "try:\n    HERE\nexcept ImportError as error:\n    raise TypeError('install it') from error\n",
            False,
        ),
        ("try:\n    HERE\nexcept Exception:\n    if a:\n        raise\n    b = 1\n", True),
        ("try:\n    HERE\nexcept KeyError:\n    pass\n", False),
        ("try:\n    pass\nexcept ImportError:\n    pass\nelse:\n    HERE\n", True),
        ("def f():\n    if a:\n        HERE\n", False),
        (
            "def f():\n    try:\n        if a:\n            HERE\n    except Exception:\n        return\n",
            True,
        ),
        ("class A:\n    for a in b:\n        with suppress(ImportError):\n            HERE\n", True),
        ("with open(a) as b:\n    HERE\n", False),
        ("with try_import() as b:\n    HERE\n", True),
    ],
)
@pytest.mark.parametrize("how", ["import thing", "thing = import_module('thing')"])
def test_who_waits_for_an_import(tmp_path, code, guarded, how):
    path = tmp_path / "code.py"
    path.write_text(f"x = 1\n{code.replace('HERE', how)}\ny = 2\n")
    line = next(number for number, text in enumerate(path.read_text().splitlines(), 1) if how in text)
    assert static.is_guarded(str(path), line) is guarded


def test_statements_at_the_margin(tmp_path):
    path = tmp_path / "code.py"
    path.write_text(
        "import a, b.c as d\nfrom e import (  # why\n    f as g,\n    h,\n)\nfrom . import i\n"
        "from .j import *\nfrom ... import far\nif k:\n    import l\nimport m\n"
        "if has_absent() and N_AVAILABLE:\n    import absent\n    import n\n"
        "if N_AVAILABLE:  # it is\n\n    import n\n    if o:\n        import o\n    from .p import q\nimport r\n"
    )
    assert at_margin(str(path), "pkg.code", lambda name: name != "absent") == [
        ("a", 1),
        ("b.c", 1),
        ("e", 2),
        ("e.f", 2),
        ("e.h", 2),
        ("pkg", 6),
        ("pkg.i", 6),
        ("pkg.j", 7),
        ("m", 11),
        ("r", 21),
        ("n", 17),
        ("pkg.p", 20),
        ("pkg.p.q", 20),
    ]


def test_a_script_of_a_distribution(site, tmp_path, write, run_python):
    """A console script is its distribution's, not local code."""
    write({"venv/bin/tool": "import tool\nprint(tool.x)\n"})
    info = install(site, "tool", "1", {"tool.py": "x = 1\n"})
    with (info / "RECORD").open("a") as file:
        file.write("../venv/bin/tool,,\n")
    record = tmp_path / "run.jsonl"
    settings = {"LAZYIMP": "off", "LAZYIMP_RECORD": str(record), "LAZYIMP_RECORD_FILES": "1"}
    run_python(tmp_path / "venv" / "bin" / "tool", env={**settings, "PYTHONPATH": str(site)})
    manifest = manifest_of(read_record(str(record)))
    assert names(manifest) == ["tool"] and not manifest.local
    assert "optional" not in found(manifest)["tool"].tags


def test_what_a_distribution_carries_along_is_not_one(tmp_path, site):
    """A folder of its own on sys.path, with metadata that its RECORD lists."""
    files = {
        "big/__init__.py": "",
        "big/_vendor/small.py": "",
        "big/_vendor/small-1.dist-info/METADATA": "Name: small\nVersion: 1\n",
        "big/_vendor/small-1.dist-info/RECORD": "small.py,,\n",
    }
    install(site, "big", "1", files)
    sites = [site, site / "big" / "_vendor"]
    modules = {"big": site / "big" / "__init__.py", "small": site / "big" / "_vendor" / "small.py"}
    manifest = manifest_of(ran(tmp_path, sites, modules))
    assert names(manifest) == ["big"] and manifest.whole["distributions"] == 1


def test_what_the_program_imports_itself_is_told_whoever_loaded_it_first(tmp_path):
    """And it is not called a library, or data, of which it has some."""
    site = tmp_path / "venv" / "lib" / "site-packages"
    install(site, "first", "1", {"first/__init__.py": "import second\n"}, requires=["second"])
    install(site, "second", "1", {"second/__init__.py": "", "second/x.so": "", "second/x.txt": ""})
    script = tmp_path / "run.py"
    script.write_text("import first\n\ndef later():\n    import second\n")
    loaded = {each: site / each / "__init__.py" for each in ("first", "second")}
    record = ran(tmp_path, site, loaded, opened=[site / "second/x.txt"], libraries=[site / "second/x.so"])
    main = {"kind": "script", "name": str(script)}
    made = manifest_of(replace(record, header={**record.header, "main": main}))
    second = found(made)["second"]
    assert "direct" in second.tags and not second.root
    assert second.evidence[0].by == f"{script}:4"
    assert "(second: imported by the program itself)" in render(made)
    (line,) = (each for each in render(made, verbose=True).splitlines() if each.strip().startswith("second"))
    assert "direct" in line and "library" not in line and "data" not in line


def test_behind_a_question_whether_it_is_there_an_import_is_optional(tmp_path):
    """So torch imports dill: in a function that returns where there is none."""
    path = tmp_path / "ask.py"
    path.write_text(
        "def load():\n    if not thing_available():\n        return None\n    import thing\n    return thing\n\n"
        "def other(x):\n    if not x:\n        return None\n    import thing\n\n"
        "def early():\n    import thing\n    if not thing_available():\n        return None\n"
    )
    assert [static.is_guarded(str(path), line) for line in (4, 10, 13)] == [True, False, False]


def test_what_a_file_tried_before_is_optional_below_an_if_whoever_saw_it(tmp_path):
    """A lazy run reads the second import of the file as text, an eager one saw the first: both say the same."""
    site = tmp_path / "venv" / "lib" / "site-packages"
    code = "has_json = False\ntry:\n    import quick\n    has_json = True\nexcept ImportError:\n    pass\n"
    code += "if has_json:\n    from quick import loads\n"
    install(site, "asks", "1", {"asks.py": code})
    install(site, "quick", "1", {"quick.py": "loads = 1\n"})
    asked = site / "asks.py"
    for line in (3, 8):
        record = ran(tmp_path, site, {"asks": asked, "quick": site / "quick.py"})
        record = replace(
            record,
            imports=(record.imports[0], record.imports[1]._replace(file=str(asked), line=line, parent=1)),
        )
        assert "optional" in found(manifest_of(record))["quick"].tags
        assert set(found(manifest_of(record, minimal=True))) == {"asks"}


def test_what_compiled_code_asks_for_is_not_asked_for_by_the_statement_that_loads_it(tmp_path):
    """So catboost's asks for polars, which its Python code tries: a lazy run comes to the compiled code first."""
    site = tmp_path / "venv" / "lib" / "site-packages"
    files = {
        "asks/__init__.py": "try:\n    import quick\nexcept ImportError:\n    pass\nfrom . import fast\n"
    }
    install(site, "asks", "1", {**files, "asks/fast.so": ""})
    install(site, "quick", "1", {"quick.py": ""})
    own, fast = site / "asks/__init__.py", site / "asks/fast.so"
    record = ran(tmp_path, site, {"asks": own, "asks.fast": fast, "quick": site / "quick.py"})
    first, second, third = record.imports
    second = second._replace(file=str(own), line=5, parent=1)
    eager = (first, second, third._replace(file=str(own), line=2, parent=1))
    put_off = Deferral(1, "asks", "quick", "quick", "", str(own), 2, 0, 0)
    lazy = (first, second, third._replace(file=str(own), line=5, parent=2))
    for imports, deferrals in ((eager, ()), (lazy, (put_off,))):
        made = manifest_of(replace(record, imports=imports, deferrals=deferrals), minimal=True)
        assert set(found(made)) == {"asks"}
    # where nobody else is known to ask, it is needed
    assert set(found(manifest_of(replace(record, imports=lazy), minimal=True))) == {"asks", "quick"}
