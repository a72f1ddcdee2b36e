"""`lazyimp verify`: what counts as the same, what as different, and who is named for it."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import INSTALLED

Write = Callable[[Mapping[str, str]], Path]
posix = pytest.mark.skipif(os.name != "posix", reason="signals and forks are POSIX")


@pytest.fixture
def verify(run_python, write: Write) -> Callable[..., Any]:
    """`lazyimp verify` of a program beside small modules, in mode all; gives its JSON report."""

    def run(
        files: Mapping[str, str],
        *options: str,
        status: int,
        words: tuple[str, ...] = ("main.py",),
        **more: Any,
    ) -> dict[str, Any]:
        write(files)
        options = options if "--mode" in options else ("--mode", "all", *options)
        done = run_python("-m", "lazyimp", "verify", "--json", *options, "--", *words, check=False, **more)
        assert (done.returncode, done.stderr) == (status, ""), done.stdout
        report: dict[str, Any] = json.loads(done.stdout)
        assert report["format"] == 1 and report["same"] is (status == 0)
        return report

    return run


def wrong(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The differences that count."""
    return [each for each in report["differences"] if each["counts"]]


# -- the same ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["safe", "deep", "all"])
def test_same(verify, mode: str, core: str) -> None:
    program = "import fractions, json, random\nrandom.seed(1)\nprint(json.dumps([random.random()]))\n"
    report = verify({"main.py": program}, "--mode", mode, status=0, env={"LAZYIMP_CORE": core})
    assert [each["status"] for each in report["eager"] + report["lazy"]] == ["0"] * 4
    assert all(each["observed"] for each in report["eager"] + report["lazy"])
    assert report["unstable"] == report["notes"] == wrong(report) == []


def test_without_a_mode_the_program_gets_what_x_lazyimp_gives(verify, run_python, write: Write) -> None:
    write({"main.py": "import colorsys\nprint('x')\n", "pyproject.toml": "[tool.lazyimp]\nmode = 'deep'\n"})
    done = run_python("-m", "lazyimp", "verify", "--", "main.py")
    assert "mode deep" in done.stdout


FLAKY = """
    import os, random, tempfile, time
    print("now", time.time(), object(), os.getpid())
    print("took 0.1 s", tempfile.mkdtemp(dir="."), random.random())
    print("drawn", os.urandom(8).hex())
    with open("runs.txt", "a+") as file:  # an eager run and a lazy one, in turn
        file.write("x")
        if file.tell() % 4 < 2:
            print("sometimes")
    print("end")
"""


def test_what_varies_by_itself_is_not_blamed(verify) -> None:
    report = verify({"main.py": FLAKY}, "-n", "4", status=0)
    assert report["unstable"] == [] or {each["kind"] for each in report["unstable"]} <= {"stdout", "random"}


def test_a_set_in_its_order_is_tried_again_with_one_hash_seed(verify) -> None:
    program = "import colorsys\nprint({f'name {n}' for n in range(40)})\n"
    report = verify({"main.py": program}, status=0, env={"PYTHONHASHSEED": "random"})
    assert any("PYTHONHASHSEED=0" in note for note in report["notes"])


def test_a_program_that_fails_must_fail_alike(verify) -> None:
    report = verify({"main.py": "import colorsys\nprint('a')\nraise ValueError('mine')\n"}, status=0)
    assert report["eager"][0]["status"] == "1"
    assert any("fails without lazyimp" in note for note in report["notes"])


def test_missing_registrations_are_told_and_count_only_if_strict(verify) -> None:
    files = {
        "main.py": "import plugin, os\nprint('x')\n",
        "plugin.py": "import os\nos.environ['PLUGIN'] = '1'\n",
    }
    report = verify(files, status=0)
    told = [each["text"] for each in report["differences"] if each["kind"] == "side_effect"]
    assert told == ["environment variables: without PLUGIN"]
    report = verify(files, "--strict", status=1)
    assert [(each["kind"], each["module"]) for each in wrong(report)] == [("side_effect", "plugin")]


def test_order_of_loading_is_no_fault(verify) -> None:
    files = {"main.py": "import one, two\nprint(two.x, one.x)\n", "one.py": "x = 1\n", "two.py": "x = 2\n"}
    report = verify(files, status=0)
    assert "order" in {each["kind"] for each in report["differences"]}


# -- different -----------------------------------------------------------------------------------------------


def test_a_missing_line_names_its_module_and_statement(verify, core: str) -> None:
    files = {
        "main.py": "import os\nimport outer\nprint('main')\nouter.x\n",
        "outer.py": "import noisy\nx = 1\n",
        "noisy.py": "print('noise')\n",
    }
    report = verify(files, status=1, env={"LAZYIMP_CORE": core})
    first = wrong(report)[0]
    assert (first["kind"], first["expected"], first["got"]) == ("stdout", "noise", "")
    assert (first["module"], first["importer"]) == ("noisy", "outer")
    assert first["statement"].endswith("outer.py:1") and first["runs"] == 2


def test_a_late_line(verify) -> None:
    files = {
        "main.py": "import noisy\nprint('main')\nprint(noisy.x)\n",
        "noisy.py": "print('noise')\nx = 1\n",
    }
    first = wrong(verify(files, status=1))[0]
    assert first["text"] == "the lines of stdout come in another order"
    assert (first["expected"], first["got"]) == ("noise", "main")
    assert (first["module"], first["statement"]) == ("noisy", "main.py:1")


def test_a_missing_warning(verify) -> None:
    files = {
        "main.py": "import old\nprint('main')\n",
        "old.py": "import warnings\nwarnings.warn('old', FutureWarning)\n",
    }
    first = wrong(verify(files, status=1))[0]
    assert (first["kind"], first["expected"]) == ("warning", "FutureWarning: old")
    assert (first["module"], first["statement"]) == ("old", "main.py:1")


def test_a_failure_that_comes_late_names_the_import(verify, core: str) -> None:
    files = {"main.py": "import broken\nprint('main')\nbroken.x\n", "broken.py": "1 / 0\n"}
    report = verify(files, status=1, env={"LAZYIMP_CORE": core})
    first = wrong(report)[0]
    assert (first["kind"], first["got"]) == ("stdout", "main")
    assert first["module"] == "broken" and first["statement"].endswith("main.py:1")


def test_another_exit_status(verify) -> None:
    files = {
        "main.py": "import os, switch\nif 'ON' not in os.environ:\n    raise LookupError('off')\n",
        "switch.py": "import os\nos.environ['ON'] = '1'\n",
    }
    first = wrong(verify(files, status=1))[0]
    assert (first["kind"], first["expected"]) == ("status", "exit status 0")
    assert first["got"] == "exit status 1: LookupError: off"
    assert (first["module"], first["statement"], first["is_guess"]) == ("switch", "main.py:1", True)


def test_a_fallback_that_is_not_taken_names_the_import_that_would_have_failed(verify) -> None:
    files = {
        "main.py": "try:\n    import extra\n    print('extra')\nexcept ImportError:\n    print('plain')\n",
        "extra.py": "import wants\ndef use():\n    return wants.x\n",
        "wants.py": "import not_installed_here\nx = not_installed_here.x\n",
    }
    first = wrong(verify(files, status=1))[0]
    assert (first["expected"], first["got"]) == ("plain", "extra")
    assert (first["module"], first["importer"], first["is_guess"]) == ("wants", "extra", True)


def test_random_numbers_that_move(verify) -> None:
    files = {
        "main.py": "import random\nrandom.seed(3)\nimport draws\nrandom.random()\n",
        "draws.py": "import random\nrandom.random()\n",
    }
    first = wrong(verify(files, status=1))[0]
    assert (first["kind"], first["module"], first["statement"]) == ("random", "draws", "main.py:3")


def test_modes_safe_and_deep_keep_own_effects(verify) -> None:
    files = {"main.py": "import noisy\nprint('main')\n", "noisy.py": "print('noise')\n"}
    verify(files, status=1)
    verify(files, "--mode", "deep", status=0)
    verify({**files, f"{INSTALLED}/noisy.py": "print('noise')\n", "noisy.py": ""}, "--mode", "deep", status=0)


@posix
def test_crash_in_the_lazy_run(verify) -> None:
    files = {
        "main.py": "import os, guard\nif 'ON' not in os.environ:\n    os.kill(os.getpid(), 11)\n",
        "guard.py": "import os\nos.environ['ON'] = '1'\n",
    }
    report = verify(files, status=1)
    assert wrong(report)[0]["got"] == "ended by SIGSEGV"
    assert any("left no observation" in note for note in report["notes"])


def test_hang_in_the_lazy_run(verify) -> None:
    files = {
        "main.py": "import os, time, guard\nif 'ON' not in os.environ:\n    time.sleep(60)\n",
        "guard.py": "import os\nos.environ['ON'] = '1'\n",
    }
    report = verify(files, "--timeout", "2", status=1)
    assert wrong(report)[0]["got"] == "no end within the time limit"


@posix
def test_children_print_into_the_same_files(verify) -> None:
    program = """
        import colorsys, os, sys
        if not os.fork():
            print("child", colorsys.ONE_THIRD)
            sys.exit(0)
        os.wait()
        print("parent")
    """
    verify({"main.py": program}, status=0)


# -- the command ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("-c", "import colorsys; print(1)"),
        ("-m", "main", "x"),
        ("python", "main.py"),
        (sys.executable, "-B", "main.py", "--mode"),
        ("lazyimp", "--version"),
    ],
    ids=["code", "module", "python", "interpreter", "command"],
)
def test_what_can_be_verified(verify, words: tuple[str, ...]) -> None:
    report = verify({"main.py": "import sys\nprint(sys.argv[1:])\n"}, status=0, words=words)
    assert report["eager"][0]["status"] == "0" and report["lazy"][0]["observed"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name a script"),
        (["--"], "name a script"),
        (["--", "nothing.py"], "no script 'nothing.py'"),
        (["--mode", "dep", "--", "main.py"], "did you mean 'deep'?"),
        (["-n", "1", "--", "main.py"], "too few"),
        (["--timeout", "0", "--", "main.py"], "no time"),
        (["--normalise", "(", "--", "main.py"], "no regular expression"),
        (["--strikt", "main.py"], "--strikt"),
        (["--", "--strict"], "unknown option '--strict' for the program"),
    ],
)
def test_wrong_usage_is_one_line(run_python, write: Write, words: list[str], said: str) -> None:
    write({"main.py": ""})
    done = run_python("-m", "lazyimp", "verify", *words, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr and done.stderr.count("\n") == 1


def test_report_for_people(run_python, write: Write) -> None:
    write(
        {
            "main.py": "import noisy\nprint('main')\n",
            "noisy.py": "print('noise ' * 40)\n",
        }
    )
    done = run_python("-m", "lazyimp", "verify", "--mode", "all", "--", "main.py", check=False)
    assert done.returncode == 1
    assert run_python("-m", "lazyimp", "verify", "--mode", "all", "main.py", check=False).returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "different  main.py" and max(map(len, lines)) <= 80 and "\x1b" not in done.stdout
    assert "  differs  a line of stdout is missing" in lines
    assert "  imported at main.py:1 in __main__" in lines
    done = run_python("-m", "lazyimp", "verify", "--", "main.py")
    assert done.stdout.startswith("same  main.py\n")


SETS_ID = "import os\nos.environ['ID'] = '1'\n"


def test_masks_of_the_user(verify) -> None:
    files = {"main.py": "import os, ident\nprint('id', 'ID' in os.environ)\n", "ident.py": SETS_ID}
    verify(files, status=1)
    verify(files, "--normalise", "id (True|False)", status=0)


def test_a_banner_that_nobody_misses_can_be_left_out(verify) -> None:
    files = {
        "main.py": "import banner\ndef late(): return banner.x\nprint('done')\n",
        "banner.py": "import sys\nprint('banner 2.0: hello')\nprint('banner', file=sys.stderr)\nx = 1\n",
    }
    verify(files, status=1)
    verify(files, "--normalise", "banner.*", status=0)
    verify(files, "--normalise", "banner", status=1)  # the rest of the line is missing
