"""Core native: what the policy said in earlier runs is used again, and only where it still holds."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import INSTALLED, RunPython, cores

pytestmark = pytest.mark.skipif(
    "native" not in cores(), reason="core native keeps answers, no other one does"
)

Write = Callable[[Mapping[str, str]], Path]
Run = Callable[..., str]

# Says which modules are loaded, and whether the policy had to be; no module of the user's own.
PROBE = """
import sys
def say(*names):
    print([name for name in names if name in sys.modules], "lazyimp._policy" in sys.modules)
"""
TABNANNY = "import sys\nimport tabnanny\nfrom probe import say\nsay()\nprint(tabnanny.verbose)\n"
POLICY, NONE = True, False

# A first .pyc beside a module makes a folder, which changes the one that is looked at.
ENVIRONMENT = {"LAZYIMP_DEBUG": "1", "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture
def run(run_python: RunPython, tmp_path: Path) -> Run:
    """Run main.py in mode deep with a cache of the test's own; what it printed."""

    probe = tmp_path / INSTALLED / "probe.py"
    probe.parent.mkdir(exist_ok=True)
    probe.write_text(PROBE)

    def run_main(*words: str, **switches: str) -> str:
        environment = {**ENVIRONMENT, "XDG_CACHE_HOME": str(tmp_path / "cache"), **switches}
        done = run_python(tmp_path / "main.py", *words, mode="deep", env=environment)
        assert not done.stderr, done.stderr
        return done.stdout

    return run_main


def package(name: str, files: Mapping[str, str]) -> dict[str, str]:
    """A distribution without a recipe."""
    info = f"{INSTALLED}/{name}-1.0.dist-info/METADATA"
    return {info: f"Name: {name}\nVersion: 1.0\n"} | {
        f"{INSTALLED}/{name}/{file}": text for file, text in files.items()
    }


def test_second_start_needs_no_policy(run: Run, write: Write) -> None:
    """Statements, from-imports, proxies inside try, names of one statement, submodules: all as before."""
    many = ", ".join(f"n{index}" for index in range(300))
    main = f"""
        import sys
        import lazyimp
        import colorsys as colors
        import pkg.low.deep
        from pkg import first, {many}
        try:
            import other
        except ImportError:
            other = None
        from probe import say
        say("colorsys", "pkg", "pkg.low.deep")
        print(lazyimp.status()["counts"]["proxies"])
        print(colors.rgb_to_hls(1, 1, 1), pkg.low.deep.x, first, n299, other.x)
        say("colorsys", "pkg", "pkg.low.deep")
    """
    names = "\n".join(f"n{index} = {index}" for index in range(300))
    files = {"__init__.py": f"first = 1\n{names}\n", "low/__init__.py": "", "low/deep.py": "x = 3\n"}
    write({"main.py": main, **package("pkg", files), **package("other", {"__init__.py": "x = 4\n"})})
    used = "1\n(0.0, 1.0, 0.0) 3 1 299 4\n"
    loaded = "['colorsys', 'pkg', 'pkg.low.deep']"
    assert run() == f"[] {POLICY}\n{used}{loaded} {POLICY}\n"
    assert run() == f"[] {NONE}\n{used}{loaded} {NONE}\n"
    assert run() == f"[] {NONE}\n{used}{loaded} {NONE}\n"


def test_a_failure_that_comes_late_says_who_asked(
    run_python: RunPython, write: Write, tmp_path: Path
) -> None:
    """The line, the name and the file are kept with the answer."""
    main = """\
        import sys

        import pkg.bad as bad

        try:
            bad.x
        except ImportError as error:
            print(error.__notes__)
    """
    write({"main.py": main, **package("pkg", {"__init__.py": "", "bad.py": "raise ImportError('no')\n"})})
    outputs = {
        run_python(tmp_path / "main.py", mode="deep", env={"XDG_CACHE_HOME": str(tmp_path / "cache")}).stdout
        for _ in range(3)
    }
    assert outputs == {f"[\"lazy import of 'pkg.bad' as 'bad' declared at {tmp_path / 'main.py'}:3\"]\n"}


def test_pending_names_are_the_same(run: Run, write: Write) -> None:
    """status() tells the same of both runs."""
    main = """
        import lazyimp
        import colorsys
        from tabnanny import check as c, verbose
        print(lazyimp.status()["pending"], lazyimp.status()["counts"])
        def f(): return colorsys, c, verbose
    """
    write({"main.py": main})
    assert run() == run()


def test_a_changed_file_is_asked_about_again(run: Run, write: Write) -> None:
    """Of the same length and at the same offsets, another statement."""
    main = "import sys\nimport {} as it\nfrom probe import say\nsay('colorsys', 'tabnanny')\nprint(it.__name__)\n"
    path = write({"main.py": main.format("colorsys")})
    assert [run(), run()] == [f"[] {POLICY}\ncolorsys\n", f"[] {NONE}\ncolorsys\n"]
    path.write_text(main.format("tabnanny"))
    assert [run(), run()] == [f"[] {POLICY}\ntabnanny\n", f"[] {NONE}\ntabnanny\n"]


def test_a_module_that_comes_to_hide_another(run: Run, write: Write) -> None:
    """The program's folder is on sys.path: what is put there is the user's own, and runs in its place if it acts."""
    main = "import sys\nimport tabnanny\nprint('main')\nprint(tabnanny.verbose)\n"
    write({"main.py": main})
    assert [run(), run()] == ["main\n0\n"] * 2
    write({"tabnanny.py": "print('mine')\nverbose = 7\n"})
    assert [run(), run()] == ["mine\nmain\n7\n"] * 2


def test_own_modules_are_looked_at_each_time(run: Run, write: Write) -> None:
    """They are deferred by what they do while imported, which their author changes."""
    write({"main.py": "import mine\nprint('main')\nprint(mine.x)\n", "mine.py": "x = 1\n"})
    assert [run(), run()] == ["main\n1\n"] * 2
    write({"mine.py": "print('mine')\nx = 1\n"})
    assert [run(), run()] == ["mine\nmain\n1\n"] * 2


def test_what_is_written_beside_the_program_changes_nothing(run: Run, write: Write, tmp_path: Path) -> None:
    """Results of a run are no modules."""
    main = TABNANNY + "open(sys.argv[1], 'w').close()\n"
    write({"main.py": main})
    results = [run(str(tmp_path / name)) for name in ("a.csv", "b.csv", "c.csv")]
    assert results == [f"[] {policy}\n0\n" for policy in (POLICY, NONE, NONE)]


def test_an_installation_changes_all(run: Run, write: Write) -> None:
    """A folder of distributions that changed is another one."""
    write(
        {
            "main.py": "import sys\nimport pkg\nfrom probe import say\nsay()\nprint(pkg.x)\n",
            **package("pkg", {"__init__.py": "x = 1\n"}),
        }
    )
    assert [run(), run()] == [f"[] {POLICY}\n1\n", f"[] {NONE}\n1\n"]
    write(package("other", {"__init__.py": ""}))
    assert [run(), run()] == [f"[] {POLICY}\n1\n", f"[] {NONE}\n1\n"]


def test_a_program_that_changes_its_path(run: Run, write: Write) -> None:
    """Each sys.path has its answers."""
    main = """
        import sys
        import colorsys
        from probe import say
        sys.path.insert(0, sys.argv[1])
        import tabnanny
        import other
        say("colorsys", "tabnanny", "other")
        print(colorsys.ONE_THIRD > 0, tabnanny.verbose, other.x)
    """
    write(
        {
            "main.py": main,
            f"{INSTALLED}/other.py": "x = 1\n",
            "more/tabnanny.py": "verbose = 5\n",
            "less/y.py": "",
        }
    )
    assert run("more").splitlines()[-1] == "True 5 1"
    assert run("more").splitlines()[-1] == "True 5 1"
    assert [run("less"), run("less")][1] == f"[] {NONE}\nTrue 0 1\n"
    assert run("more").splitlines()[-1] == "True 5 1"


def test_a_module_made_by_hand(run: Run, write: Write) -> None:
    """Somebody's own object under a distribution's name: its parts are imported where the statement stands."""
    main = """
        import sys, types
        if len(sys.argv) > 1:
            class Mock(types.ModuleType):
                def __getattr__(self, name):
                    print("asked for", name)
                    return name
            made = sys.modules["pkg"] = Mock("pkg")
        from pkg import low
        print("main")
        print(low if isinstance(low, str) else low.x)
    """
    write({"main.py": main, **package("pkg", {"__init__.py": "", "low.py": "x = 1\n"})})
    assert [run(), run()] == ["main\n1\n"] * 2
    assert run("mock").endswith("asked for low\nmain\nlow\n")


def test_the_same_module_inside_try_and_outside(run: Run, write: Write) -> None:
    """What a module imports fails where its own import is caught."""
    main = """
        import sys
        if len(sys.argv) > 1:
            try:
                from pkg import part
            except ImportError:
                part = None
        else:
            from pkg import part
        print(part and part.__name__)
    """
    part = "from pkg import lacking\nname = lambda: lacking\n"
    write(
        {
            "main.py": main,
            **package("pkg", {"__init__.py": "", "part.py": part, "lacking.py": "import nowhere_at_all\n"}),
        }
    )
    assert [run(), run()] == ["pkg.part\n"] * 2
    assert [run("guarded"), run("guarded")] == ["None\n"] * 2
    assert [run(), run("guarded")] == ["pkg.part\n", "None\n"]


def test_an_answer_that_depends_on_what_is_loaded(run: Run, write: Write) -> None:
    """A statement leads to a module with an effect; where that is loaded already it may wait, else not."""
    init = """
        import sys
        if "early" in sys.argv:
            from pkg import plugs
        from pkg import user
        print("REGISTRY", len(sys.registry))
    """
    files = {
        "__init__.py": init,
        "plugs.py": "import sys\nsys.registry.append(1)\n",
        "user.py": "from pkg import plugs\nx = plugs\n",
    }
    main = "import sys\nsys.registry = []\nimport pkg\nprint(pkg.user.x.__name__)\n"
    write({"main.py": main, **package("pkg", files)})
    eager = ["REGISTRY 1\npkg.plugs\n"] * 2
    assert [run("early"), run("early")] == eager
    assert [run(), run()] == eager
    assert [run("early"), run()] == eager


def test_a_distribution_that_was_edited(run: Run, write: Write, tmp_path: Path) -> None:
    """Another module of it, put in place by rename as editors and version control do, does something now."""
    files = {
        "__init__.py": "from pkg import part\nprint('body')\ndef use(): return part\n",
        "part.py": "x = 1\n",
    }
    write({"main.py": "import pkg\nprint(pkg.use().x)\n", **package("pkg", files)})
    assert [run(), run()] == ["body\n1\n"] * 2
    part = tmp_path / INSTALLED / "pkg/part.py"
    part.with_suffix(".new").write_text("import pkg, sys\nsys.flag = 1\nprint('part')\nx = 2\n")
    part.with_suffix(".new").replace(part)
    assert [run(), run()] == ["part\nbody\n2\n"] * 2


def test_a_variable_that_a_row_is_about(run: Run, write: Write) -> None:
    """What a run without it found out, and added to later, does not count where it is set."""
    files = {"__init__.py": "", "trainer.py": "print('trainer')\nTrainer = 1\n"}
    main = """
        import sys
        from transformers import trainer
        if len(sys.argv) > 1:
            import other
            other.x
        print("main")
        def use(): return trainer
    """
    files = {f"{INSTALLED}/transformers/{name}": text for name, text in files.items()}
    files[f"{INSTALLED}/transformers-5.24.0.dist-info/METADATA"] = "Name: transformers\nVersion: 5.24.0\n"
    write({"main.py": main, **files, **package("other", {"__init__.py": "x = 1\n"})})
    assert [run(), run("more"), run()] == ["main\n"] * 3
    offline = [run(WANDB_MODE="offline"), run(WANDB_MODE="offline")]
    assert offline == ["trainer\nmain\n"] * 2 and run() == "main\n"


@pytest.mark.parametrize("damage", [b"", b"no marshal", "half", "other"])
def test_a_damaged_file_is_no_file(run: Run, write: Write, tmp_path: Path, damage: bytes | str) -> None:
    """It is written anew."""
    write({"main.py": TABNANNY})
    assert [run(), run()] == [f"[] {POLICY}\n0\n", f"[] {NONE}\n0\n"]
    (file,) = (tmp_path / "cache/lazyimp").glob("answers-*/*.bin")
    data = file.read_bytes()
    if damage == "other":  # whole, but what it has on a module is cut off
        code = (
            "import marshal, sys; path = sys.argv[1]; known = marshal.load(open(path, 'rb'));"
            "cut = lambda value: value[:-3] if type(value) is bytes else (value[0][:20], ());"
            "found = {name: cut(value) for name, value in known[2].items()};"
            "marshal.dump((*known[:2], found), open(path, 'wb'))"
        )
        assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", code, str(file)]) == 0
    else:
        file.write_bytes(data[: len(data) // 2] if damage == "half" else damage)  # type: ignore[arg-type]  # bytes
    assert [run(), run()] == [f"[] {POLICY}\n0\n", f"[] {NONE}\n0\n"]


def test_no_folder_to_keep_them_in(run: Run, write: Write, tmp_path: Path) -> None:
    """A file where the folder would be: nothing is kept, nothing is said."""
    (tmp_path / "cache").write_text("")
    write({"main.py": TABNANNY})
    assert [run(), run()] == [f"[] {POLICY}\n0\n"] * 2


def test_old_files_go(run: Run, write: Write, tmp_path: Path) -> None:
    """Programs come and go; so do their answers."""
    write({"main.py": "import tabnanny\nprint(tabnanny.verbose)\n"})
    run()
    (file,) = (tmp_path / "cache/lazyimp").glob("answers-*/*.bin")
    for index in range(320):
        file.with_name(f"{index}.bin").write_bytes(b"")
        os.utime(file.with_name(f"{index}.bin"), (index, index))
    file.unlink()
    run()
    left = {path.name for path in file.parent.iterdir()}
    assert file.name in left and "319.bin" in left and "0.bin" not in left and len(left) < 300


def test_another_configuration_has_other_answers(run: Run, write: Write, tmp_path: Path) -> None:
    """A pattern of the user's counts from the next start on."""
    write(
        {
            "main.py": "import sys\nimport tabnanny\nfrom probe import say\nsay('tabnanny')\nprint(tabnanny.verbose)\n"
        }
    )
    assert [run(), run()] == [f"[] {POLICY}\n0\n", f"[] {NONE}\n0\n"]
    (tmp_path / "pyproject.toml").write_text("[tool.lazyimp]\neager = ['tabnanny']\n")
    assert run().startswith("['tabnanny']")
    assert run() == f"['tabnanny'] {NONE}\n0\n"
    (tmp_path / "pyproject.toml").write_text("[tool.lazyimp]\nlazy = ['tabnanny']\n")
    assert run().startswith("[]")


def test_no_reference_is_lost(run: Run, write: Write, tmp_path: Path) -> None:
    """A module with answers, executed again and again."""
    main = """
        import gc, importlib, sys
        import pkg.low
        def round():
            for name in [name for name in sys.modules if name.partition(".")[0] == "pkg"]:
                del sys.modules[name]
            importlib.import_module("pkg.low").use()
        for _ in range(20):
            round()
        gc.collect()
        before = len(gc.get_objects()), sys.getrefcount("tabnanny"), sys.getallocatedblocks()
        for _ in range(300):
            round()
        gc.collect()
        after = len(gc.get_objects()), sys.getrefcount("tabnanny"), sys.getallocatedblocks()
        print(after[0] - before[0] < 50, after[2] - before[2] < 300)
    """
    low = """
        import colorsys, tabnanny
        from tabnanny import check
        def use(): return tabnanny.verbose, check, colorsys.ONE_SIXTH
    """
    write({"main.py": main, **package("pkg", {"__init__.py": "", "low.py": low})})
    assert [run(PYTHONMALLOC="debug"), run(PYTHONMALLOC="debug")] == ["True True\n"] * 2
