"""The command line: what `lazyimp run` starts, what it returns, and how a user's mistakes are told."""

import json
import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import lazyimp
from lazyimp.cli import COMMANDS

NAMES = sorted(COMMANDS)
ECHO = "import sys; print(sys.argv); print(__name__, sys.modules['__main__'].__dict__.get('__file__'))\n"


@pytest.fixture
def command(run_python):
    """`python -m lazyimp ...` in the test's folder."""

    def run(*words, check=False, options=(), **more):
        return run_python(*options, "-m", "lazyimp", *words, check=check, **more)

    return run


def test_version(command):
    assert command("--version").stdout == f"lazyimp {lazyimp.__version__}\n"


def test_help_lists_the_commands(command):
    text = command("--help").stdout
    assert "  run " in text and "  status " in text


def test_script_runs_with_its_own_arguments(command, write):
    write({"main.py": ECHO})
    done = command("run", "main.py", "--mode", "x", "-m", "y")
    assert done.stdout.splitlines()[0] == "['main.py', '--mode', 'x', '-m', 'y']"
    assert done.stdout.splitlines()[1].startswith("__main__ ")
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize("mode", ["safe", "deep", "all"])
def test_mode_reaches_the_program(command, mode):
    code = "import lazyimp; print(lazyimp.status()['mode'], lazyimp.status()['enabled'])"
    assert command("run", "--mode", mode, "-c", code).stdout.split() == [mode, "True"]
    assert command("run", f"--mode={mode}", "-c", code).stdout.split() == [mode, "True"]


def test_without_a_mode_the_one_in_force_is_kept(command):
    code = "import lazyimp; print(lazyimp.status()['mode'])"
    assert command("run", "-c", code).stdout == "safe\n"
    assert command("run", "-c", code, env={"LAZYIMP": "deep"}).stdout == "deep\n"


def test_code_and_module(command, write):
    write({"mod.py": ECHO})
    assert command("run", "-c", ECHO, "a", "-b").stdout.splitlines()[0] == "['-c', 'a', '-b']"
    first, second = command("run", "-m", "mod", "a", "--mode").stdout.splitlines()
    assert first.endswith("mod.py', 'a', '--mode']")
    assert second.startswith("__main__ ")


@pytest.mark.parametrize("text", ["import sys; sys.exit(7)", "raise SystemExit('no')", "1 / 0"])
def test_exit_status_and_stderr_are_the_programs_own(command, run_python, write, text):
    write({"main.py": text + "\n"})
    eager, lazy = run_python(Path("main.py"), check=False), command("run", "main.py")
    assert (lazy.returncode, lazy.stdout, lazy.stderr) == (eager.returncode, eager.stdout, eager.stderr)


@pytest.mark.skipif(os.name != "posix", reason="signals as exit status are POSIX")
def test_signals_are_the_programs_own(command):
    code = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    assert command("run", "-c", code).returncode == -signal.SIGTERM


def test_interpreter_options_are_kept(command):
    code = "import sys; print(sys.flags.optimize, sys.warnoptions, sys.flags.dont_write_bytecode)"
    done = command("run", "-c", code, options=("-O", "-B", "-W", "error"))
    assert done.stdout == "1 ['error'] 1\n"


def test_installed_command_by_name(command):
    done = command("run", "lazyimp", "--version")
    assert (done.stdout, done.returncode) == (f"lazyimp {lazyimp.__version__}\n", 0)


def test_folder_with_a_main_file(command, write):
    write({"app/__main__.py": ECHO})
    assert command("run", "app", "x").stdout.splitlines()[0] == "['app', 'x']"


@pytest.mark.parametrize("what", ["script", "module", "code", "folder"])
def test_works_where_the_startup_file_is_not_read(command, write, what, core):
    """-S reads no start-up file; lazyimp comes from PYTHONPATH then."""
    write(
        {
            "mod.py": ECHO,
            "app/__main__.py": ECHO,
            "show.py": "import lazyimp; print(lazyimp.status()['core'])",
        }
    )
    words = {
        "script": ["mod.py", "x"],
        "module": ["-m", "mod", "x"],
        "code": ["-c", ECHO, "x"],
        "folder": ["app", "x"],
    }[what]
    home = Path(lazyimp.__file__).parent.parent
    env = {"PYTHONPATH": str(home), "LAZYIMP_CORE": core}
    by_hand = command("run", *words, env=env, options=("-S",))
    plain = command("run", *words)
    assert (by_hand.stdout.splitlines(), by_hand.stderr) == (plain.stdout.splitlines(), "")
    assert command("run", "show.py", env=env, options=("-S",)).stdout == f"{core}\n"


def test_status(command):
    facts = json.loads(command("status", "--json").stdout)
    assert facts["format"] == 1
    assert facts["version"] == lazyimp.__version__
    assert facts["startup_line"] is True
    assert facts["core"] in ("c", "native", "py")
    assert f"core            {facts['core']}: " in command("status").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], f"say what to do: {', '.join(NAMES)}; `lazyimp --help` says more"),
        (["rnu"], "unknown command 'rnu'; did you mean 'run'?"),
        (["xyzzy"], f"unknown command 'xyzzy'; use {', '.join(NAMES[:-1])} or {NAMES[-1]}"),
        (["run"], "name a script, -m module, -c code or a command to run"),
        (["run", "--mode", "saef", "x.py"], "unknown mode 'saef'; did you mean 'safe'?"),
        (["run", "--mode", "9", "x.py"], "unknown mode '9'; use safe, deep, all or 0"),
        (["run", "--fast", "x.py"], "unrecognized arguments: --fast"),
        (["run", "-m"], "argument -m: expected one argument"),
        (["run", "trian.py"], "no script 'trian.py'; check the path; did you mean 'train.py'?"),
        (["run", "no/such/script.py"], "no script 'no/such/script.py'; check the path"),
        (["run", "no-such-command-at-all"], "no script or command 'no-such-command-at-all'"),
        (["status", "--jsno"], "unrecognized arguments: --jsno"),
    ],
)
def test_mistakes_are_one_line_and_status_2(command, write, words, told):
    write({"train.py": ""})
    done = command(*words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"lazyimp: {told}\n")


@pytest.mark.skipif(os.name != "posix", reason="needs a shell command")
def test_command_that_is_not_python(command):
    done = command("run", "ls", env={"PATH": os.environ["PATH"]})
    assert done.returncode == 2
    assert (
        done.stderr == "lazyimp: command 'ls' is not a Python script; name a script, -m module or -c code\n"
    )


def test_console_script_is_installed():
    path = Path(sysconfig.get_path("scripts")) / ("lazyimp.exe" if os.name == "nt" else "lazyimp")
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"lazyimp {lazyimp.__version__}\n"
    assert sys.executable
