"""The pytest plugin: inert without its options; verify, budgets, report and fixtures with them."""

import re
import sys

import pytest

pytest_plugins = ["pytester"]

NEEDS_EFFECT = {  # nothing names the plug-in, so lazily it never registers
    "site-packages/shop": {
        "__init__.py": "from .table import TABLE\n",
        "table.py": "TABLE = {}\ndef add(f):\n    TABLE[f.__name__] = f\n    return f\n",
    },
    "site-packages/shop_plugin": {"__init__.py": "from shop.table import add\n@add\ndef thing(): return 1\n"},
}


@pytest.fixture
def suite(pytester, monkeypatch):
    """A project with installed packages, and pytest in a child without what our own run has set."""
    for name in ("PYTEST_ADDOPTS", "PYTHONPATH", "LAZYIMP_CORE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    # the other plugins that are installed take longer to load than the tests to run
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "lazyimp.integrations.pytest")
    for folder, files in NEEDS_EFFECT.items():
        for name, text in files.items():
            path = pytester.path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(pytester.path / "site-packages"))
    pytester.makeini("[pytest]\naddopts = --strict-markers --strict-config\nfilterwarnings = error\n")
    return pytester


def run(suite, *words):
    return suite.runpytest_subprocess(*words)


# -- inert -----------------------------------------------------------------------------------------------


def test_without_options_nothing_of_ours_is_loaded_or_on(suite, monkeypatch):
    monkeypatch.delenv("PYTEST_PLUGINS")
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    suite.makepyfile(
        test_a="""
        import sys
        import pytest

        @pytest.mark.max_modules(1)
        def test_modules():
            ours = sorted(name for name in sys.modules if name.startswith("lazyimp"))
            assert ours == ["lazyimp", "lazyimp.integrations", "lazyimp.integrations.pytest"]
            assert not [f for f in sys.meta_path if type(f).__module__.startswith("lazyimp")]
        """
    )
    result = run(suite)
    result.assert_outcomes(passed=1)
    assert "lazyimp verify" not in result.stdout.str()


@pytest.mark.slow
def test_it_can_be_left_out_altogether(suite, monkeypatch):
    monkeypatch.delenv("PYTEST_PLUGINS")
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    suite.makepyfile("import sys\ndef test_a(): assert 'lazyimp' not in sys.modules\n")
    run(suite, "-p", "no:lazyimp").assert_outcomes(passed=1)


@pytest.mark.slow
def test_markers_and_options_are_documented(suite):
    assert "@pytest.mark.max_modules(number" in run(suite, "--markers").stdout.str()
    text = run(suite, "--help").stdout.str()
    assert "--lazyimp-report" in text and "--lazyimp-child" in text and "lazyimp_import" in text
    assert run(suite, "--lazyimp=verfy").ret == pytest.ExitCode.USAGE_ERROR


# -- verify ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_suite_that_comes_to_the_same(suite):
    suite.makepyfile(
        test_a="""
        import json
        import shop
        import pytest

        def test_pass(): assert json.loads("1") == 1
        @pytest.mark.skip
        def test_skip(): pass
        @pytest.mark.xfail(strict=True)
        def test_xfail(): assert shop.nothing
        def test_fail(): assert 0
        """
    )
    result = run(suite, "--lazyimp=verify")
    result.assert_outcomes(passed=1, skipped=1, xfailed=1, failed=1)
    result.stdout.re_match_lines(
        [r".*lazyimp verify.*", r"4 tests come to the same lazily \(mode safe, core \w+\)"]
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED, "it fails eagerly, and that stays so"


def test_a_test_that_differs_lazily_is_named_and_fails_the_session(suite):
    suite.makepyfile(
        app="import shop\nimport shop_plugin\ndef use():\n    return shop.TABLE['thing']()\n",
        test_app="import app\ndef test_use(): assert app.use() == 1\ndef test_other(): pass\n",
    )
    assert run(suite).ret == 0
    result = run(suite, "--lazyimp=verify", "--lazyimp-mode=safe")
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    text = result.stdout.str()
    assert "1 of 2 tests comes to something else lazily (mode safe" in text
    assert "  test_app.py::test_use\n    passed, lazily failed: KeyError: 'thing'\n" in text
    assert "way out: lazyimp bisect -- -m pytest test_app.py::test_use" in text


@pytest.mark.slow
def test_what_differs_by_itself_is_left_out(suite):
    suite.makepyfile(
        test_a="""
        import os, pathlib

        def test_first_time_only():
            mark = pathlib.Path("mark")
            assert not mark.exists()
            mark.touch()
        """
    )
    result = run(suite, "--lazyimp=verify")
    assert result.ret == 0
    assert "left out, for a second eager run differed: test_a.py::test_first_time_only" in result.stdout.str()


@pytest.mark.slow
def test_a_lazy_run_that_dies_is_told_with_its_last_lines(suite):
    suite.makepyfile(
        test_a="""
        import os, sys

        def test_one(): pass
        def test_two():
            if os.environ.get("LAZYIMP") not in (None, "0"):
                sys.stderr.write("going down")
                os._exit(7)
        """
    )
    result = run(suite, "--lazyimp=verify", "-s")
    text = result.stdout.str()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "test_a.py::test_two\n    passed, lazily not run" in text
    assert "the lazy run ended early, exit status 7:" in text and "going down" in text


@pytest.mark.slow
def test_only_the_tests_that_ran_are_compared(suite):
    suite.makepyfile(test_a="def test_a(): pass\ndef test_b(): assert 0\n", test_z="def test_c(): pass\n")
    result = run(suite, "--lazyimp=verify", "-k", "not test_b", "--junitxml=mine.xml")
    assert "2 tests come to the same lazily" in result.stdout.str()
    assert (suite.path / "mine.xml").is_file()


# -- budgets ---------------------------------------------------------------------------------------------


def test_markers_count_in_an_interpreter_of_their_own(suite):
    suite.makepyfile(
        test_a="""
        import pytest

        def test_loads_much():
            import asyncio, wave

        @pytest.mark.max_modules(3)
        def test_little():
            import colorsys

        @pytest.mark.max_modules(3)
        def test_too_much():
            import xmlrpc.server

        @pytest.mark.max_modules(500, forbid=["wave"])
        def test_forbidden():
            import wave

        @pytest.mark.max_modules("x")
        def test_wrong(): pass
        """
    )
    result = run(suite, "--lazyimp=budget")
    result.assert_outcomes(passed=2, failed=3)
    text = result.stdout.str()
    assert re.search(
        r"max_modules: the test, run alone, loads \d+ modules, and 3 are allowed; most: \w+ \d+", text
    )
    assert re.search(
        r"the test, run alone, loads wave, which is forbidden\n +.*test_a\.py:\d+  imports wave", text
    )
    assert "write max_modules(800)" in text


@pytest.mark.slow
def test_tests_in_folders_and_classes_run_alone_too(suite):
    (suite.path / "sub").mkdir()
    (suite.path / "sub" / "conftest.py").write_text("import pytest\n@pytest.fixture\ndef one(): return 1\n")
    (suite.path / "sub" / "test_b.py").write_text(
        "import pytest\nclass TestX:\n    @pytest.mark.max_modules(20)\n    @pytest.mark.parametrize('n', ['a b'])\n"
        "    def test_x(self, one, n): assert one\n"
    )
    run(suite, "--lazyimp=budget", "sub").assert_outcomes(passed=1)


# -- report ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_report_names_who_loads_what_first(suite):
    suite.makepyfile(
        test_a="import xmlrpc.server\ndef test_a(): import wave\n",
        test_b="import xmlrpc.server\ndef test_b(): pass\n",
    )
    result = run(suite, "--lazyimp-report")
    result.assert_outcomes(passed=2)
    text = result.stdout.str()
    assert re.search(r"\d+ +\d+\.\d\d s  test_a\.py\n +\w+ \d+", text)
    assert "test_a.py::test_a" in text


# -- fixtures --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_fixtures_without_code_say_what_to_write(suite):
    suite.makepyfile("def test_a(no_import): no_import('csv')\ndef test_b(no_import): no_import()\n")
    result = run(suite)
    result.assert_outcomes(failed=2)
    assert 'say what to import: no_import("pandas", after="import mypkg")' in result.stdout.str()
    assert "name a module" in result.stdout.str()


def test_fixtures_look_at_a_fresh_interpreter(suite):
    suite.makepyfile(
        app="import csv\ndef f(): pass\n",
        test_a="""
        import csv, decimal

        def test_not_loaded(no_import): no_import("decimal", "asyncio", after="import app")
        def test_loaded(no_import): no_import("csv", after="import app")
        def test_default(import_budget): assert "app" in import_budget(max_modules=50).modules
        def test_over(import_budget): import_budget("import app", max_modules=1)
        def test_fails(import_budget): import_budget("1 / 0")
        def test_lazily(no_import): no_import("csv", mode="safe")
        """,
    )
    suite.makeini("[pytest]\nlazyimp_import = import app\n")
    result = run(suite)
    result.assert_outcomes(passed=3, failed=3)
    text = result.stdout.str()
    assert re.search(r"'import app' in a fresh interpreter:\n\s+LZ402  forbidden: csv", text)
    assert "app.py:1  imports csv" in text
    assert re.search(r"LZ401  \d+ modules until its end, \d+ more than 1", text)
    assert "ZeroDivisionError: division by zero" in text


def test_this_suite_is_not_touched(pytestconfig):
    assert pytestconfig.getoption("lazyimp") == [] and not pytestconfig.getoption("lazyimp_report")
    assert "lazyimp.integrations.pytest_verify" not in sys.modules
