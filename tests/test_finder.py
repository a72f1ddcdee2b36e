"""The finder finds nothing of its own, keeps first, guards foreign finders and runs post-import hooks."""

# ruff: noqa: E501  the small programs keep their lines

from __future__ import annotations

HEAD = "import sys\nfrom lazyimp._finder import finder, make_proxy\nfinder.install()\n"


def lines(run_python, program):
    return run_python(HEAD + program).stdout.split("\n")[:-1]


def test_it_is_first_and_finds_nothing(run_python):
    assert lines(
        run_python,
        "print(sys.meta_path[0] is finder, finder.find_spec('json', None), finder.find_spec('nowhere_at_all', None))\n"
        "finder.install(); print(sys.meta_path.count(finder)); import importlib.util as u\n"
        "print(u.find_spec('nowhere_at_all'))\n"
        "try:\n    import nowhere_at_all\nexcept ModuleNotFoundError as e: print(e, e.name, e.__traceback__.tb_next)",
    ) == ["True None None", "1", "None", "No module named 'nowhere_at_all' nowhere_at_all None"]


def test_foreign_finders_are_asked_once_and_under_guard(run_python):
    assert lines(
        run_python,
        "class Foreign:\n"
        "    asked = []\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        self.asked.append((name, finder.at_work()))\n"
        "        if name == 'colorsys':\n"
        "            import sched\n"
        "sys.meta_path.insert(0, Foreign())\n"
        "finder.keep_first(); print(sys.meta_path[0] is finder, finder.at_work())\n"
        "import colorsys\nprint(Foreign.asked)\n"
        "try:\n    import nowhere_at_all\nexcept ModuleNotFoundError as e: print(e, e.__traceback__.tb_next)\n"
        "print(Foreign.asked[-1], len(Foreign.asked))",
    ) == [
        "True False",
        "[('colorsys', True)]",
        "No module named 'nowhere_at_all' None",
        "('nowhere_at_all', True) 2",
    ]


def test_a_finder_put_before_it_is_overtaken(run_python):
    assert lines(
        run_python,
        "class Foreign:\n    def find_spec(self, *a): pass\n"
        "sys.meta_path.insert(0, Foreign())\nimport colorsys\nprint(sys.meta_path[0] is finder, len(sys.meta_path) >= 5)",
    ) == ["True True"]


def test_hooks_run_once_after_the_body_and_see_the_original_loader(run_python):
    assert lines(
        run_python,
        "got = []\n"
        "finder.after_exec['colorsys'] = [lambda m: got.append((m.__name__, hasattr(m, 'rgb_to_hsv'),"
        " type(m.__loader__).__name__, m.__spec__.loader is m.__loader__)), lambda m: 1 / 0]\n"
        "import colorsys, importlib\nprint(got, 'colorsys' in finder.after_exec)\nimportlib.reload(colorsys); print(len(got))",
    ) == ["[('colorsys', True, 'SourceFileLoader', True)] False", "1"]


def test_a_hook_survives_a_failing_body_and_sees_extensions(run_python, tmp_path):
    (tmp_path / "flaky.py").write_text(
        "import sys\nif not hasattr(sys, 'ok'): raise ValueError(__loader__.name)\n"
    )
    assert lines(
        run_python,
        "got = []\nfinder.after_exec['flaky'] = [got.append]\nfinder.after_exec['_queue'] = [got.append]\n"
        "try:\n    import flaky\nexcept ValueError as e: print(e, got, e.__traceback__.tb_next.tb_next)\n"
        "sys.ok = 1\nimport flaky, _queue\nprint([m.__name__ for m in got])",
    ) == ["flaky [] None", "['flaky', '_queue']"]


def test_a_name_is_searched_under_the_path_its_statement_saw(run_python, tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "where.py").write_text(f"print({folder!r})\n")
    assert lines(
        run_python,
        "finder.paths['where'] = ('one', *sys.path)\nsys.path.insert(0, 'two')\nimport where",
    ) == ["one"]


def test_find_imports_nothing(run_python, tmp_path):
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("print('executed')\n")
    (tmp_path / "pkg" / "sub.py").write_text("print('executed')\n")
    assert lines(
        run_python,
        "print(finder.find('pkg.sub').name, finder.find('pkg.none'), finder.find('none.sub'), 'pkg' in sys.modules)",
    ) == ["pkg.sub None None False"]
