"""What a record says of imports: who asked, in which thread, inside what, what it took, how it ended."""

from pathlib import Path

import pytest

from lazyimp.record import CALL, FAILED, LOADED, STATEMENT, THERE

ODD = 'a\nb"\\\U0001f600'


@pytest.fixture(params=["off", "safe"])
def mode(request):
    """Eager runs are recorded, and lazy ones."""
    return request.param


def test_who_asked_and_what_it_took(recorder, write, mode):
    main = write(
        {
            "main.py": "import outer\nprint(outer.x)\n",
            "outer.py": "'''A module.'''\nx = bytearray(3_000_000)[0]\nimport inner; inner.x\n",
            "inner.py": "x = sum(range(100_000))\n",
        }
    )
    run = recorder.run(main, mode=mode)
    outer, inner = run.one("outer"), run.one("inner")
    assert run.place(inner) == ("outer.py", 3) and inner.file == str(main.parent / "outer.py")
    assert (outer.parent, inner.parent) == (0, outer.id) and outer.id < inner.id
    assert (outer.thread, outer.how, inner.how, inner.error) == (0, LOADED, LOADED, "")
    assert (outer.origin, inner.origin) == (str(main.parent / "outer.py"), str(main.parent / "inner.py"))
    assert outer.start_ns < inner.start_ns
    assert inner.start_ns + inner.wall_ns <= outer.start_ns + outer.wall_ns
    assert 0 < inner.cpu_ns <= outer.cpu_ns and inner.wall_ns > 0
    assert outer.minor_faults >= inner.minor_faults and outer.minor_faults > 0
    assert outer.major_faults >= 0 and outer.read_bytes % 512 == 0
    assert inner.use == STATEMENT or mode == "safe"
    assert run.record.complete and run.lines == ["0"]


def test_failures(recorder, write, mode):
    program = """
    for name in "missing", "broken", "outer", "odd":
        try:
            exec(f"import {name}")
        except Exception as error:
            print(type(error).__name__)
    """
    run = recorder.run(
        write(
            {
                "main.py": program,
                "broken.py": "1 / 0",
                "outer.py": "import broken",
                "odd.py": "class Odd(Exception): pass\nraise Odd('x')",
            }
        ),
        mode=mode,
    )
    assert [run.one(name).error for name in ("missing", "odd")] == ["ModuleNotFoundError", "Odd"]
    first, second = run.imports("broken")
    assert (first.how, first.error, first.parent) == (FAILED, "ZeroDivisionError", 0)
    assert (second.how, second.parent) == (FAILED, run.one("outer").id)
    assert run.one("outer").error == "ZeroDivisionError"
    assert run.one("missing").origin == "" and run.lines[0] == "ModuleNotFoundError"


def test_a_package_comes_before_what_is_inside_it(recorder, write):
    run = recorder.run(
        write(
            {
                "main.py": "import pkg.sub.leaf\nfrom pkg import other\n",
                "pkg/__init__.py": "",
                "pkg/other.py": "",
                "pkg/sub/__init__.py": "",
                "pkg/sub/leaf.py": "",
            }
        )
    )
    leaf, sub, pkg = run.one("pkg.sub.leaf"), run.one("pkg.sub"), run.one("pkg")
    assert (leaf.parent, sub.parent, pkg.parent) == (0, leaf.id, sub.id)
    assert {run.place(each) for each in (leaf, sub, pkg)} == {("main.py", 1)}
    assert {each.use for each in (leaf, sub, pkg)} == {STATEMENT}
    assert run.place(run.one("pkg.other")) == ("main.py", 2) and run.one("pkg.other").use == STATEMENT


def test_the_function_that_asks_is_named(recorder, write):
    program = """
    def late():
        import in_function
    late()
    import at_top as top
    top.value
    """
    modules = {
        "in_function.py": "import below\nbelow.value",
        "at_top.py": "value = 1",
        "below.py": "value = 1",
    }
    run = recorder.run(write({"main.py": program, **modules}))
    asked = {name: run.one(name).function for name in ("in_function", "below", "at_top")}
    assert asked == {"in_function": "late", "below": "", "at_top": ""}


def test_calls_are_told_from_statements(recorder, write):
    program = """
    import importlib
    def load():
        return importlib.import_module("by_call")
    load()
    __import__("by_hand")
    """
    run = recorder.run(
        write({"main.py": program, "by_call.py": "import deeper", "by_hand.py": "", "deeper.py": ""})
    )
    assert [(run.place(run.one(name)), run.one(name).use) for name in ("by_call", "by_hand", "deeper")] == [
        (("main.py", 3), CALL),
        (("main.py", 5), CALL),
        (("by_call.py", 1), STATEMENT),
    ]
    assert run.one("deeper").parent == run.one("by_call").id


def test_what_is_there_already_or_still_being_loaded(recorder, write):
    """A statement takes what is in sys.modules; import_module() goes to the import system, which waits for it."""
    modules = {
        "first.py": "import second\n",
        "second.py": "import importlib, first\nimportlib.import_module('first')\n",
    }
    run = recorder.run(
        write(
            {
                "main.py": "import first, first\nimport importlib\nimportlib.import_module('first')\n",
                **modules,
            }
        )
    )
    outer, inner = run.imports("first")
    assert (outer.how, inner.how, inner.parent) == (LOADED, THERE, run.one("second").id)
    assert inner.origin == outer.origin


def test_a_package_that_loads_what_it_was_loaded_for(recorder, write):
    """The import of a.b loads a, whose body loads a.b: one of the two did it."""
    run = recorder.run(write({"main.py": "import a.b", "a/__init__.py": "import a.b", "a/b.py": ""}))
    assert sorted(each.how for each in run.imports("a.b")) == [LOADED, THERE]
    assert run.one("a").how == LOADED


def test_each_thread_has_its_own_nesting(recorder, write):
    program = """
    import importlib, threading, time
    started, go_on = threading.Event(), threading.Event()
    def load(name):
        importlib.import_module(name)
    def wait():
        started.set()
        assert go_on.wait(30)
    slow = threading.Thread(target=load, args=("slow",))
    slow.start()
    assert started.wait(30)
    late = threading.Thread(target=load, args=("slow",))
    late.start()
    import quick
    time.sleep(0.05)
    go_on.set()
    slow.join(), late.join()
    print("done")
    """
    modules = {"slow.py": "import __main__\n__main__.wait()\nimport leaf\n", "quick.py": "", "leaf.py": ""}
    run = recorder.run(write({"main.py": program, **modules}))
    first, second = run.imports("slow")
    assert (first.how, second.how) == (LOADED, THERE)
    assert {first.thread, second.thread} == {1, 2} and run.one("quick").thread == 0
    assert run.one("leaf").parent == first.id and run.one("leaf").thread == first.thread
    assert run.one("quick").parent == 0
    assert first.start_ns < run.one("quick").start_ns < first.start_ns + first.wall_ns


def test_a_module_is_not_asked_for_its_origin(recorder, write):
    modules = {
        "asks.py": "def __getattr__(name): print('asked', name); raise AttributeError(name)\n__spec__ = None\n",
        "replaced.py": "import sys\nclass Odd:\n    def __getattribute__(self, name): print(name); return 1\n"
        "sys.modules[__name__] = Odd()\n",
    }
    run = recorder.run(write({"main.py": "import asks\nimport replaced\nprint('end')\n", **modules}))
    plain = recorder.run_python(recorder.folder / "main.py")
    assert run.done.stdout == plain.stdout
    assert run.one("asks").how == run.one("replaced").how == LOADED
    assert (run.one("asks").origin, run.one("replaced").origin) == ("", "")


def test_names_of_every_kind(recorder, write):
    name = "größe_\u4e2d"
    program = f"""
    import {name}
    try:
        __import__({ODD!r})
    except ImportError:
        pass
    """
    run = recorder.run(write({"main.py": program, f"{name}.py": ""}))
    assert run.one(name).origin.endswith(f"{name}.py")
    assert run.one(ODD).error == "ModuleNotFoundError"


def test_a_folder_whose_name_is_no_text(recorder, write):
    write({"main.py": "pass"})
    folder = recorder.folder / "odd_\udcff"
    folder.mkdir()
    (folder / "m.py").write_text("")
    run = recorder.run("import sys; sys.path.insert(0, 'odd_\\udcff'); import m; print(len(m.__file__))")
    assert run.one("m").origin.endswith("odd_\udcff/m.py")


def test_our_own_imports_are_no_imports_of_the_program(recorder, write, mode):
    run = recorder.run(
        write({"main.py": "import m\nm.x\nimport lazyimp\nlazyimp.status()\n", "m.py": "x = 1"}), mode=mode
    )
    names = {each.name for each in run.record.imports} | {name for name, _ in run.record.present}
    names |= set(run.record.header["before"])
    assert not {name for name in names if name.partition(".")[0] in ("lazyimp", "lazyimp_c")}
    assert {"m"} <= names and {"sys", "os", "site"} <= set(run.record.header["before"])
    assert not any("/lazyimp/" in each.file for each in run.record.imports)


def test_marks_counters_and_the_end(recorder, write, mode):
    run = recorder.run(
        write({"main.py": "import m\nprint(m.x)\n", "m.py": "x = sum(range(300_000))\n"}), mode=mode
    )
    marks = {each.name: each for each in run.record.marks}
    assert list(marks) == ["hook", "site", "main", "exit"]
    times = [each.at_ns for each in marks.values()]
    assert times[0] == 0 and times == sorted(times)
    assert marks["main"].at_ns <= run.one("m").start_ns < marks["exit"].at_ns
    for field in ("cpu_ns", "minor_faults", "major_faults", "read_bytes", "rss_bytes", "modules"):
        values = [getattr(each.counters, field) for each in marks.values()]
        assert values == sorted(values) and (values[0] > 0 or field in ("major_faults", "read_bytes")), field
    end = run.record.end
    assert end.exception == "" and end.user_ns + end.system_ns == end.counters.cpu_ns > 0
    assert end.counters.modules == marks["exit"].counters.modules


def test_what_ended_it(recorder, write):
    assert (
        recorder.run(write({"main.py": "raise KeyError(1)"}), check=False).record.end.exception == "KeyError"
    )
    assert recorder.run(write({"main.py": "raise SystemExit(3)"}), check=False).record.end.exception == ""


def test_modules_that_no_import_loaded(recorder, write):
    program = """
    import sys, types
    import m
    made = types.ModuleType("made")
    sys.modules["made"] = made
    del sys.modules["m"]
    """
    run = recorder.run(write({"main.py": program, "m.py": ""}))
    present = dict(run.record.present)
    assert present["made"] == "" and present["sys"] == "built-in" and "__main__" in present
    assert "m" not in present


def test_facts_that_come_at_the_end(recorder, write, mode):
    run = recorder.run(
        write({"main.py": "import sys\nsys.path.append('/added')\nimport m\nm\n", "m.py": ""}), mode=mode
    )
    facts = run.record.facts
    assert facts["sys_path"][-1] == "/added" and "damaged" not in facts and "dropped" not in facts
    assert (
        facts["main"]
        == run.record.header["main"]
        == {"kind": "script", "name": str(recorder.folder / "main.py")}
    )
    assert facts["core"] == run.record.header["core"] == (None if mode == "off" else recorder.core)
    assert facts["mode"] == run.record.header["mode"] == ("0" if mode == "off" else "safe")
    assert any(Path(each).name.startswith("libc.so") for each in run.record.libraries)
    assert len(set(run.record.libraries)) == len(run.record.libraries)
