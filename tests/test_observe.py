"""What a run writes about itself when it is observed, and that the program cannot tell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lazyimp import _json
from lazyimp.tuning.runs import EAGER, Command, Outcome, Trial, environment, run

posix = pytest.mark.skipif(os.name != "posix", reason="signals and forks are POSIX")
LIMIT_S = 60.0


def observe(program: str, folder: Path, trial: Trial | None = None, limit_s: float = LIMIT_S) -> Outcome:
    """Run a program under observation; gives what it came to."""
    (folder / "main.py").write_text(textwrap.dedent(program))
    return run(Command((sys.executable, "main.py"), ("main.py",), folder), trial or Trial(EAGER), limit_s)


@pytest.fixture(autouse=True)
def no_switches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs inherit the environment: it shall say nothing."""
    for name in list(os.environ):
        if name.startswith("LAZYIMP"):
            monkeypatch.delenv(name)


TRIALS = [Trial(EAGER), Trial("safe"), Trial("deep"), Trial("all"), Trial("1")]


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.mode)
def test_status_output_and_mode(tmp_path: Path, trial: Trial) -> None:
    done = observe("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)", tmp_path, trial)
    assert (done.status, done.stdout, done.stderr) == ("3", b"out\n", b"err\n")
    assert done.observation is not None and done.observation["complete"]
    assert done.observation["mode"] == {"1": "safe"}.get(trial.mode, trial.mode)
    assert done.observation["pid"] == done.pid
    assert done.wall_s > 0 and done.cpu_s > 0


def test_modules_in_the_order_they_were_completed_without_ours(tmp_path: Path) -> None:
    (tmp_path / "second.py").write_text("")
    (tmp_path / "first.py").write_text("import second\n")
    done = observe("import first\n", tmp_path)
    names = done.modules
    assert names.index("__main__") < names.index("second") < names.index("first")
    assert not [name for name in names if name.startswith("lazyimp")]
    assert done.observation is not None
    rows = {name: (origin, kind) for name, origin, kind in done.observation["modules"]}
    assert rows["first"] == (str(tmp_path / "first.py"), "source")
    assert rows["sys"] == (None, "builtin")
    assert done.used_modules == names and done.observation["at_first_batch"] is None


def test_a_lazy_run_lists_what_was_loaded_only(tmp_path: Path) -> None:
    done = observe("import fractions, colorsys\ncolorsys.ONE_THIRD\n", tmp_path, Trial("safe"))
    assert "colorsys" in done.modules and "fractions" not in done.modules


@pytest.mark.parametrize("trial", [Trial(EAGER), Trial("safe")], ids=lambda trial: trial.mode)
def test_first_batch_by_hand(tmp_path: Path, trial: Trial) -> None:
    done = observe(
        """
        import random, lazyimp
        random.seed(1)
        lazyimp.first_batch()
        import colorsys
        colorsys.ONE_THIRD
        """,
        tmp_path,
        trial,
    )
    seen = done.observation
    assert seen is not None
    assert seen["first_batch"]["rule"] == "first_batch()" and "random" in seen["first_batch"]["random"]
    assert "colorsys" in done.modules and "colorsys" not in done.used_modules
    assert "random" in done.used_modules
    assert 0 < seen["cpu_first_batch_s"] <= seen["cpu_s"]


@posix
def test_crash_and_hang(tmp_path: Path) -> None:
    crash = observe("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", tmp_path)
    assert (crash.status, crash.observation) == ("-SIGSEGV", None)
    marker = tmp_path / "alive"
    hang = observe(
        f"""
        import subprocess, sys, time
        code = "import time; time.sleep(3); open({str(marker)!r}, 'w')"
        subprocess.Popen([sys.executable, "-c", code])
        time.sleep(60)
        """,
        tmp_path,
        limit_s=1.0,
    )
    assert (hang.status, hang.observation) == ("hang", None)
    assert hang.wall_s < 30 and not marker.exists()


def test_a_first_batch_is_known_even_if_the_process_dies_later(tmp_path: Path) -> None:
    done = observe("import lazyimp, os\nlazyimp.first_batch()\nos._exit(4)\n", tmp_path)
    assert done.status == "4" and done.observation is not None
    assert not done.observation["complete"] and done.observation["first_batch"] is not None


@posix
@pytest.mark.parametrize("trial", [Trial(EAGER), Trial("safe")], ids=lambda trial: trial.mode)
def test_children_write_their_own_files(tmp_path: Path, trial: Trial) -> None:
    done = observe(
        """
        import os, subprocess, sys
        pid = os.fork()
        if not pid:
            sys.exit(0)
        os.waitpid(pid, 0)
        started = subprocess.Popen([sys.executable, "-c", "import os"])
        started.wait()
        print(pid, started.pid)
        """,
        tmp_path,
        trial,
    )
    assert [each["pid"] for each in done.children] == sorted(map(int, done.stdout.split()))
    assert done.observation is not None and done.observation["pid"] == done.pid


def test_spawned_workers_are_observed_and_work(tmp_path: Path) -> None:
    done = observe(
        """
        import multiprocessing, math

        if __name__ == "__main__":
            context = multiprocessing.get_context("spawn")
            with context.Pool(1) as pool:
                print(pool.map(math.factorial, [3, 4]))
        """,
        tmp_path,
        Trial("safe"),
    )
    assert (done.status, done.stdout) == ("0", b"[6, 24]\n"), done.stderr


@posix
def test_a_program_that_becomes_another_one(tmp_path: Path) -> None:
    done = observe(
        "import os, sys; os.execv(sys.executable, [sys.executable, '-c', 'import colorsys'])", tmp_path
    )
    assert done.status == "0" and "colorsys" in done.modules


# What the program can see of the observer: nothing but our own modules and the switches.
LOOK = """
    import sys
    seen = sorted(name for name in sys.modules if not name.startswith(("lazyimp", "cython_runtime")))
    import os, threading, signal
    files = sorted(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else []
    print(seen, threading.enumerate().__len__(), files, sys.path, sys.path_hooks.__len__(), sys.argv)
    print(sys.gettrace(), sys.getprofile(), sys.excepthook, signal.getsignal(signal.SIGINT), sys.flags)
    print([type(each).__name__ for each in sys.meta_path if type(each).__name__ != "LazyFinder"])
    print(sorted(name for name in os.environ if not name.startswith("LAZYIMP")), __name__, sorted(globals()))
"""


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.mode)
def test_the_program_cannot_tell(tmp_path: Path, trial: Trial) -> None:
    observed = observe(LOOK, tmp_path, trial)
    env = environment(os.environ, trial, tmp_path / "unused")
    del env["LAZYIMP_OBSERVE"]
    with open(tmp_path / "out", "wb") as out, open(tmp_path / "err", "wb") as err:
        subprocess.run(
            [sys.executable, "main.py"],
            cwd=tmp_path,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            check=True,
        )
    address = [text.split(" at 0x")[0] for text in (observed.stdout.decode(), (tmp_path / "out").read_text())]
    assert address[0] == address[1]
    assert observed.stderr == (tmp_path / "err").read_bytes() == b""


def test_off_is_a_word_for_0(run_python) -> None:
    code = "import sys; print(sorted(name for name in sys.modules if name.startswith('lazyimp')))"
    assert (
        run_python(code, env={"LAZYIMP": "off"}).stdout
        == "['lazyimp', 'lazyimp._program', 'lazyimp._startup']\n"
    )
    assert run_python(code, env={"LAZYIMP": "0", "LAZYIMP_OBSERVE": "x"}).stdout == "[]\n"


def test_registries(tmp_path: Path) -> None:
    done = observe(
        """
        import atexit, copyreg, logging, os, random, signal, sys, warnings

        class Mine: ...

        atexit.register(print, end="")
        copyreg.pickle(Mine, id)
        logging.getLogger("mine").addHandler(logging.NullHandler())
        os.environ["MINE"] = "secret"
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.path.append("mine")
        warnings.filterwarnings("ignore", "mine")
        """,
        tmp_path,
    )
    assert done.observation is not None
    found = done.observation["fingerprint"]
    assert "__main__.Mine" in found["copyreg"]
    assert found["logging"]["mine"] == "level 0: NullHandler"
    assert found["signal handlers"]["2"] == "ignored"
    assert "path mine" in found["import system"]
    assert "ignore, mine, Warning, None, 0" in found["warning filters"]
    assert "random" in found["random"]
    assert "MINE" in found["environment variables"] and "secret" not in json.dumps(done.observation)


@pytest.mark.parametrize("mode", ["0", "all"])
def test_exit_functions_are_the_programs_own(tmp_path: Path, mode: str) -> None:
    program = (
        "import atexit, os, colorsys\nfor _ in range(3): atexit.register(os.getpid)\ncolorsys.ONE_SIXTH\n"
    )
    done = observe(program, tmp_path, Trial(mode))
    assert done.observation is not None
    assert done.observation["fingerprint"]["exit functions"] == {"count": "3"}


def test_who_wrote_what(tmp_path: Path) -> None:
    (tmp_path / "outer.py").write_text("print('outer')\nimport inner\nprint('outer again')\n")
    (tmp_path / "inner.py").write_text("import os\nprint('inner')\nos.environ['INNER'] = '1'\n")
    done = observe("print('main')\nimport outer\nprint('main')\n", tmp_path, Trial(EAGER, attribute=True))
    assert done.observation is not None
    rows = {row["module"]: row for row in done.observation["blame"]}
    assert rows["outer"]["stdout"] == [[5, 11], [17, 29]]
    assert rows["inner"]["stdout"] == [[11, 17]]
    assert (rows["inner"]["importer"], rows["inner"]["line"]) == ("outer", 2)
    assert rows["inner"]["effects"] == {"environment variables": ["INNER"]}


@pytest.mark.parametrize(
    "value", ["plain", 'q"\\', "\n\t\x7f", "ü€😀\ud800", [1, -2.5, None, True, {"a": []}]]
)
def test_json_is_json(value: object) -> None:
    assert json.loads(_json.json(value)) == value
