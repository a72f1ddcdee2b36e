"""Every way to ask for lazyimp, and every way to be refused, over each core."""

import subprocess
import sys
from pathlib import Path

import pytest

STATE = """
import os, sys
startup = sys.modules.get("lazyimp._startup")
core = startup and startup.core
enabled = bool(core and core.is_enabled())
print(startup and startup.mode, core and core.name, enabled, os.environ.get("LAZYIMP"))
"""


def state(run_python, *options, code=STATE, env=None, **more):
    """What a fresh interpreter says about itself: (mode, core, enabled, LAZYIMP), and its stderr."""
    done = run_python(*options, "-c", code, env=env, **more) if options else run_python(code, env=env, **more)
    return tuple(done.stdout.split()), done.stderr


@pytest.mark.parametrize(
    ("word", "mode"),
    [("", "safe"), ("=safe", "safe"), ("=deep", "deep"), ("=all", "all")],
)
def test_option(run_python, core, word, mode):
    facts, told = state(run_python, "-X", f"lazyimp{word}", env={"LAZYIMP_CORE": core})
    assert facts == (mode, core, "True", mode)  # children inherit it
    assert told == ""


@pytest.mark.parametrize(
    ("word", "mode"), [("1", "safe"), ("safe", "safe"), ("deep", "deep"), ("all", "all")]
)
def test_variable(run_python, core, word, mode):
    facts, told = state(run_python, env={"LAZYIMP": word, "LAZYIMP_CORE": core})
    assert facts == (mode, core, "True", word)
    assert told == ""


@pytest.mark.parametrize("word", ["0", ""])
def test_variable_off(run_python, word):
    assert state(run_python, env={"LAZYIMP": word})[0][:3] == ("None", "None", "False")


@pytest.mark.parametrize(
    ("option", "variable", "mode"),
    [("lazyimp=all", "deep", "all"), ("lazyimp", "deep", "safe"), ("lazyimp=0", "deep", "None")],
)
def test_option_wins_over_variable(run_python, option, variable, mode):
    facts, told = state(run_python, "-X", option, env={"LAZYIMP": variable})
    assert (facts[0], facts[3]) == (mode, "0" if mode == "None" else mode)
    assert told == ""


@pytest.mark.parametrize("flag", ["-E", "-I"])
def test_environment_is_not_looked_at_when_python_ignores_it(run_python, flag):
    assert state(run_python, flag, env={"LAZYIMP": "deep"})[0][:3] == ("None", "None", "False")
    facts, told = state(
        run_python, flag, "-X", "lazyimp=deep", env={"LAZYIMP": "all", "LAZYIMP_CORE": "nonsense"}
    )
    assert (facts[0], facts[2]) == ("deep", "True")
    assert told == ""


def test_without_site_it_stays_out(run_python):
    facts, told = state(run_python, "-S", "-X", "lazyimp", env={"LAZYIMP": "safe"})
    assert facts[:3] == ("None", "None", "False")
    assert told == ""


@pytest.mark.parametrize("how", ["option", "variable"])
def test_unknown_mode_is_one_line_and_the_program_runs(run_python, how):
    if how == "option":
        facts, told = state(run_python, "-X", "lazyimp=fast")
    else:
        facts, told = state(run_python, env={"LAZYIMP": "fast"})
    assert facts[:3] == ("None", "None", "False")
    assert told == "lazyimp: unknown mode 'fast'; use safe, deep, all or 0\n"


def test_unknown_core_is_one_line_and_the_program_runs(run_python):
    facts, told = state(run_python, "-X", "lazyimp", env={"LAZYIMP_CORE": "rust"})
    assert facts[:3] == ("None", "None", "False")
    assert told == "lazyimp: unknown core 'rust'; use c, native or py\n"


def test_core_of_another_version_is_refused(run_python):
    other = "c" if sys.version_info >= (3, 15) else "native"
    facts, told = state(run_python, "-X", "lazyimp", env={"LAZYIMP_CORE": other})
    assert facts[2] == "False"
    assert told == f"lazyimp: core {other!r} is not available in this interpreter; imports stay eager\n"


def test_starting_twice_changes_nothing(run_python, core):
    code = """
        import sys
        from lazyimp import _startup
        first, path = _startup.core, list(sys.meta_path)
        _startup.start()
        _startup.auto()
        print(_startup.core is first, sys.meta_path == path)
    """
    assert run_python(code, mode="safe", core=core).stdout.split() == ["True", "True"]


def test_failures_of_our_own_are_silent_unless_debugged(run_python, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("")
    code = """
        from lazyimp import _startup
        def fail(): raise ZeroDivisionError("ours")
        _startup.choose = fail
        _startup.auto()
        print("runs")
    """
    quiet = run_python(code)
    assert (quiet.stdout, quiet.stderr) == ("runs\n", "")
    loud = run_python(code, env={"LAZYIMP_DEBUG": "1"})
    assert loud.stdout == "runs\n" and "ZeroDivisionError: ours" in loud.stderr


def test_auto(run_python, core):
    code = "import lazyimp.auto\n" + STATE
    assert state(run_python, code=code, env={"LAZYIMP_CORE": core})[0] == ("safe", core, "True", "None")
    assert state(run_python, "-X", "lazyimp=deep", code=code)[0][0] == "deep"
    assert state(run_python, code=code, env={"LAZYIMP": "0"})[0][2] == "False"


def test_enable_and_disable(run_python, core):
    code = """
        import lazyimp
        lazyimp.enable(mode="deep")
        print(lazyimp.status()["enabled"], lazyimp.status()["mode"], lazyimp.status()["core"])
        lazyimp.enable("safe")
        print(lazyimp.status()["mode"])
        import colorsys
        done = lazyimp.disable(resolve=True)
        print(done.failures, lazyimp.status()["enabled"], lazyimp.disable() == (0, ()))
        print(colorsys.rgb_to_hsv(0, 0, 0))
    """
    expected = ["True deep " + core, "safe", "() False True", "(0.0, 0.0, 0)"]
    assert run_python(code, core=core).stdout.splitlines() == expected


def test_disable_reports_failures_together(run_python, core, write):
    main = """
        import broken
        import lazyimp
        print(lazyimp.disable(resolve=True))
        def use(): return broken.value
    """
    write({"broken.py": "1 / 0", "main.py": main})
    done = run_python(Path("main.py"), mode="safe", core=core)
    assert "ZeroDivisionError" in done.stdout and "resolved=0" in done.stdout


def test_enable_names_a_wrong_mode(run_python):
    code = """
        import lazyimp
        try:
            lazyimp.enable("depe")
        except lazyimp.LazyimpError as error:
            print(type(error).__name__, error.slug, error)
    """
    assert run_python(code).stdout == "UsageError unknown-mode unknown mode 'depe'; did you mean 'deep'?\n"


def test_lazy_block(run_python, core, write):
    write(
        {
            "site-packages/slow.py": "print('slow runs')",
            "site-packages/later.py": "print('later runs')",
            "main.py": """
                import lazyimp
                with lazyimp.lazy():
                    import slow
                print("after the block", lazyimp.status()["enabled"])
                import later
                print("use")
                slow.__dict__, slow.__name__
                try:
                    slow.nothing
                except AttributeError:
                    print("used")
            """,
        }
    )
    lines = run_python(Path("main.py"), core=core).stdout.splitlines()
    assert lines == ["after the block False", "later runs", "use", "slow runs", "used"]


def test_first_batch_by_hand(run_python, core):
    code = """
        import lazyimp
        print(lazyimp.status()["first_batch"])
        lazyimp.first_batch()
        first = lazyimp.status()["first_batch"]
        lazyimp.first_batch()
        print(first["rule"], first == lazyimp.status()["first_batch"], lazyimp.status()["enabled"])
    """
    assert run_python(code, mode="safe", core=core).stdout.splitlines() == [
        "None",
        "first_batch() True False",
    ]


def test_status_prints_for_people(run_python, core):
    code = "import lazyimp; print(lazyimp.status())"
    assert run_python(code, mode="deep", core=core).stdout.startswith(
        f"lazyimp 0.1.0: on, mode deep, core {core}\n"
    )
    assert run_python(code).stdout == "lazyimp 0.1.0: off\n"


def test_subprocess_inherits(run_python, core):
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {STATE!r}])"
    assert run_python(code, mode="deep", core=core).stdout.split() == ["deep", core, "True", "deep"]


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_multiprocessing_inherits(run_python, write, core, method):
    if method not in __import__("multiprocessing").get_all_start_methods():
        pytest.skip(f"this platform has no {method}")
    write(
        {
            "main.py": f"""
                import multiprocessing
                def show():
                    import lazyimp
                    print(lazyimp.status()["mode"], lazyimp.status()["enabled"], flush=True)
                if __name__ == "__main__":
                    worker = multiprocessing.get_context({method!r}).Process(target=show)
                    worker.start()
                    worker.join()
            """
        }
    )
    done = run_python("-W", "ignore", "main.py", env={"LAZYIMP": "deep", "LAZYIMP_CORE": core})
    assert done.stdout.split() == ["deep", "True"], done.stderr


def test_subinterpreters_are_refused(run_python, core):
    code = """
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        inner = '''if True:
            import lazyimp, sys
            startup = sys.modules.get("lazyimp._startup")
            assert startup is None or startup.core is None
            try:
                lazyimp.enable()
            except lazyimp.LazyimpError as error:
                print(type(error).__name__, flush=True)
        '''
        one = interpreters.create()
        run = getattr(interpreters, "run_string")
        run(one, inner)
        interpreters.destroy(one)
    """
    done = run_python(code, mode="safe", core=core)
    assert (done.stdout, done.stderr) == ("UnsupportedError\n", ""), "whoever made it did nothing wrong"
    told = run_python(code, mode="safe", core=core, env={"LAZYIMP_DEBUG": "1"}).stderr
    assert told in ("", "lazyimp: subinterpreters are not supported; imports stay eager\n")


def test_configuration_sets_the_mode(run_python, core, write):
    write({"pyproject.toml": '[tool.lazyimp]\nmode = "deep"\n', "pkg/main.py": STATE})
    assert run_python("-X", "lazyimp", "pkg/main.py", core=core).stdout.split()[0] == "deep"
    assert run_python(Path("pkg/main.py"), mode="all").stdout.split()[0] == "all"
    assert run_python(Path("pkg/main.py"), env={"LAZYIMP": "1"}).stdout.split()[0] == "deep"
    assert run_python(Path("pkg/main.py")).stdout.split()[0] == "None"


def test_broken_configuration_is_told_and_the_program_runs(run_python, write):
    write({"pyproject.toml": '[tool.lazyimp]\nmoed = "deep"\n', "main.py": STATE})
    done = run_python(Path("main.py"), mode="safe")
    assert done.stdout.split()[2] == "False"
    (line,) = done.stderr.splitlines()
    assert line.startswith("lazyimp: ") and "'moed'" in line and "mode" in line


def test_program_without_our_table_reads_no_configuration(run_python, write):
    write(
        {
            "pyproject.toml": "[project]\nname = 'x'\n",
            "main.py": "import sys; print('lazyimp._config' in sys.modules)",
        }
    )
    assert run_python(Path("main.py"), mode="safe").stdout == "False\n"


def test_zipapp(run_python, tmp_path, core):
    import zipapp

    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text("import colorsys\nprint(colorsys.rgb_to_hsv(0, 0, 0))\n")
    zipapp.create_archive(tmp_path / "app", tmp_path / "app.pyz")
    done = run_python(Path("app.pyz"), mode="safe", core=core)
    assert (done.stdout, done.stderr) == ("(0.0, 0.0, 0)\n", "")


def test_frozen_style_program_without_the_package_stays_silent():
    """An interpreter that has the switch but not the package: nothing happens."""
    done = subprocess.run(
        [sys.executable, "-S", "-X", "lazyimp", "-c", "print(1)"], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("1\n", "")
