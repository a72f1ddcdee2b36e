"""What a record says of deferred imports: where they were written, who used them first, which never were."""

from pathlib import Path

import pytest

from lazyimp.record import BINDING, FAILED, FIRST_USE, PROXY, STATEMENT, SUBMODULE

PROGRAM = """
import used
import never
from names import a, b as c
def work():
    return used.x
try:
    import guarded
except ImportError:
    pass
print(work(), c)
print(guarded.x)
"""
MODULES = {
    "site-packages/used.py": "import deeper\nx = deeper.x\n",
    "site-packages/deeper.py": "x = 1\n",
    "site-packages/never.py": "",
    "site-packages/names.py": "a = 1\nb = 2\n",
    "site-packages/guarded.py": "x = 3\n",
}


@pytest.fixture
def run(lazy_recorder, write):
    """The program, run lazily."""
    main = write({**MODULES, "main.py": "pass"})
    main.write_text(PROGRAM.lstrip("\n"))
    run = lazy_recorder.run(main, mode="safe")
    assert run.lines == ["1 2", "3"]
    return run


def place(run, *what):
    return Path(what[0]).name, *what[1:]


def test_where_it_was_written_and_first_used(lazy_recorder, run):
    used = run.deferral("used")
    assert (used.module, used.bound, used.attribute) == ("__main__", "used", "")
    assert place(run, used.file, used.line) == ("main.py", 1)
    assert used.kind == (PROXY if lazy_recorder.core == "py" else BINDING)
    use = used.use
    assert place(run, use.file, use.line, use.function) == ("main.py", 5, "work")
    assert use.error == "" and 0 < used.at_ns < use.at_ns
    loaded = run.one("used")
    assert (loaded.use, loaded.parent, run.place(loaded)) == (FIRST_USE, 0, ("main.py", 5))
    assert use.at_ns <= loaded.start_ns and loaded.wall_ns <= use.wall_ns
    deeper = run.one("deeper")
    assert deeper.parent == loaded.id and run.place(deeper)[0] == "used.py"


def test_each_name_of_a_from_import(lazy_recorder, run):
    if lazy_recorder.core == "py":
        assert run.one("names").use == STATEMENT and not [
            each for each in run.record.deferrals if each.target == "names"
        ]
        return
    b = run.deferral("names", "c")
    assert (b.attribute, b.bound, b.kind, b.line) == ("b", "c", BINDING, 3)
    assert place(run, b.use.file, b.use.line, b.use.function) == ("main.py", 10, "<module>")
    a = run.deferral("names", "a")
    assert (a.use is None) == (
        lazy_recorder.core == "native"
    )  # core c settles the names of a statement together
    assert a.use is None or (a.use.line, a.use.wall_ns) == (10, 0)


def test_proxies_inside_try(lazy_recorder, run):
    guarded = run.deferral("guarded")
    assert (guarded.kind, guarded.line, guarded.bound, guarded.module) == (PROXY, 7, "guarded", "__main__")
    assert place(run, guarded.use.file, guarded.use.line) == ("main.py", 11)
    loaded = run.one("guarded")  # handing the proxy out is no import
    assert (loaded.use, loaded.start_ns >= guarded.use.at_ns) == (FIRST_USE, True)


def test_what_was_never_used(lazy_recorder, run):
    never = run.deferral("never")
    assert never.use is None and not run.imports("never")
    expected = {never.id}
    if lazy_recorder.core == "native":
        expected.add(run.deferral("names", "a").id)
    assert set(run.record.facts["never"]) == expected
    assert run.record.facts["counts"]["deferred"] >= 3


def test_a_use_that_fails_and_then_succeeds(lazy_recorder, write):
    program = """
    import broken
    def use():
        return broken.x
    try:
        use()
    except ZeroDivisionError:
        print("failed")
    import builtins
    builtins.good = True
    print(use())
    """
    modules = {
        "site-packages/broken.py": "import builtins\nif not hasattr(builtins, 'good'):\n    1 / 0\nx = 4\n"
    }
    run = lazy_recorder.run(write({"main.py": program, **modules}), mode="safe")
    assert run.lines == ["failed", "4"]
    first, second = run.imports("broken")
    assert (first.how, first.error, first.use, second.use) == (
        FAILED,
        "ZeroDivisionError",
        FIRST_USE,
        FIRST_USE,
    )
    lines = (lazy_recorder.folder / "run.jsonl").read_text().splitlines()
    uses = [line for line in lines if line.startswith('["u"')]
    assert len(uses) == 2 and uses[1].endswith(",0]") and not uses[0].endswith(",0]")
    use = run.deferral("broken").use
    assert (use.line, use.function, use.error) == (3, "use", "")


def test_a_submodule_made_reachable_from_its_package(lazy_recorder, write):
    if lazy_recorder.core == "py":
        pytest.skip("core py puts proxies into sys.modules and plants nothing")
    program = """
    import pkg
    pkg.x
    import pkg.sub
    def use():
        return pkg.sub.y
    print(use())
    """
    modules = {"site-packages/pkg/__init__.py": "x = 1\n", "site-packages/pkg/sub.py": "y = 2\n"}
    run = lazy_recorder.run(write({"main.py": program, **modules}), mode="safe")
    planted = [each for each in run.record.deferrals if each.kind == SUBMODULE]
    (sub,) = planted
    assert (sub.module, sub.bound, sub.target, sub.line) == ("__main__", "sub", "pkg.sub", 3)
    assert place(run, sub.use.file, sub.use.line, sub.use.function) == ("main.py", 5, "use")
    assert run.one("pkg.sub").use == FIRST_USE


def test_a_submodule_below_a_package_that_is_not_loaded(lazy_recorder, write):
    if lazy_recorder.core == "py":
        pytest.skip("core py puts proxies into sys.modules and plants nothing")
    program = """
    import pkg.sub as short, pkg
    def use():
        return pkg.x
    use()
    print(short.y)
    """
    modules = {"site-packages/pkg/__init__.py": "x = 1\n", "site-packages/pkg/sub.py": "y = 2\n"}
    run = lazy_recorder.run(write({"main.py": program, **modules}), mode="safe")
    (sub,) = [each for each in run.record.deferrals if each.kind == SUBMODULE]
    assert place(run, sub.file, sub.line, sub.module, sub.target) == ("main.py", 1, "__main__", "pkg.sub")


def test_a_method_is_named_by_its_class(lazy_recorder, write):
    program = """
    import used
    class Trainer:
        def fit(self):
            return used.x
    Trainer().fit()
    """
    run = lazy_recorder.run(write({"main.py": program, **MODULES}), mode="safe")
    assert run.deferral("used").use.function in (
        "Trainer.fit",
        "fit",
    )  # 3.10 has no qualified names in frames


def test_what_is_resolved_for_the_program(lazy_recorder, write):
    program = """
    import used, never
    import lazyimp
    lazyimp.disable(resolve=True)
    """
    run = lazy_recorder.run(write({"main.py": program, **MODULES}), mode="safe")
    used = run.deferral("never")
    if (
        lazy_recorder.core != "native"
    ):  # which sees the uses that load a module by what the program's code reads
        assert place(run, used.use.file, used.use.line) == ("main.py", 3)
    assert run.record.facts["never"] == [] and run.one("never").use == FIRST_USE


def test_what_running_code_names_is_loaded_for_it(lazy_recorder, write):
    """Deferring stops inside a library's call; neither that call nor its place used the name."""
    program = """
    import unused, nested
    import lazyimp, stopping

    def main():
        stopping.stop()
        if lazyimp is None:
            unused.x

    main()
    """
    files = {
        "site-packages/stopping.py": "import lazyimp\ndef stop(): lazyimp.first_batch()\n",
        "site-packages/unused.py": "import nested\nx = nested.x\n",
        "site-packages/nested.py": "x = 1\n",
    }
    run = lazy_recorder.run(write({"main.py": program, **files}), mode="safe")
    rows = {each.target: each for each in run.record.deferrals if each.module == "__main__"}
    if lazy_recorder.core == "c":
        use = rows["unused"].use
        assert (use.function, use.line) == ("main <running>", 5) and use.file.endswith("main.py")
        (load,) = [each for each in run.record.imports if each.name == "unused"]
        assert (load.function, load.line) == ("main <running>", 5)
        (inner,) = [each for each in run.record.imports if each.name == "nested"]
        assert inner.file.endswith("unused.py")
    assert rows["nested"].use is None or rows["nested"].use.file.endswith("unused.py")
