"""`lazyimp run --record` and `--report`: the program as ever, and what it wrote down."""

from __future__ import annotations

import os

import pytest

PROGRAM = "import colorsys\nimport wave\nimport os, sys\nwave.open\nprint(os.getppid(), *sys.argv[1:])\n"


@pytest.fixture
def command(run_python, tmp_path):
    """`lazyimp ...` in a process of its own; what it becomes keeps the process."""

    def run(*words, **more):
        return run_python(
            "-m", "lazyimp", *words, check=False, env={"XDG_CACHE_HOME": str(tmp_path / "cache")}, **more
        )

    return run


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a process cannot be replaced")
def test_record_keeps_the_process(command, write, tmp_path):
    write({"main.py": PROGRAM})
    done = command("run", "--record", "run.jsonl", "main.py", "--record", "x")
    assert (done.stdout, done.stderr) == (f"{os.getpid()} --record x\n", "")
    assert "main.py" in command("report", "run.jsonl").stdout
    assert "first uses" in command("why", "wave", "run.jsonl").stdout
    assert not (tmp_path / "cache").exists() or command("report").returncode == 1  # nothing else is kept


def test_a_record_is_replaced_and_other_files_are_not(command, write, tmp_path):
    write({"main.py": PROGRAM, "notes.txt": "mine\n"})
    for _ in range(2):
        assert command("run", "--record", "run.jsonl", "main.py").returncode == 0
    assert sorted(each.name for each in tmp_path.glob("run.jsonl*")) == ["run.jsonl"]
    done = command("run", "--record", "notes.txt", "main.py")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "lazyimp: 'notes.txt' was not written by lazyimp; name another file\n"


@pytest.mark.parametrize(("mode", "told"), [("0", "eager"), ("deep", "mode deep")])
def test_report_comes_at_the_end_on_stderr(command_here, write, mode, told):
    write({"main.py": PROGRAM})
    done = command_here("run", "--report", "--mode", mode, "--record", "copy.jsonl", "main.py", "a")
    assert done.returncode == 0 and done.stdout == f"{os.getpid()} a\n"
    lines = done.stderr.splitlines()
    report = next(at for at, line in enumerate(lines) if line.startswith("Time to the end"))
    assert told in lines[report + 1]
    assert command_here("report", "copy.jsonl").stdout.splitlines() == lines[report:]
    assert command_here("report").stdout.splitlines() == lines[report:]


def test_code_module_and_failures(command_here, write):
    write({"mod.py": "import sys\nprint(sys.argv[1:])\nsys.exit(3)\n"})
    assert command_here("run", "--report", "-c", "print(1)").stdout == "1\n"
    done = command_here("run", "--report", "-m", "mod", "x")
    assert (done.returncode, done.stdout) == (3, "['x']\n")
    done = command_here("run", "--report")
    assert (done.returncode, done.stderr) == (
        2,
        "lazyimp: name a script, -m module, -c code or a command to run\n",
    )
    done = command_here("run", "--record", "no/folder/run.jsonl", "-c", "1")
    assert (done.returncode, done.stderr) == (1, "lazyimp: no folder 'no/folder' to write 'run.jsonl' into\n")
