"""`lazyimp profile`: the program is itself, the report comes after it, and the record is kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from lazyimp.running import store

PROGRAM = """
import colorsys
import sys
import helper

print("hello", *sys.argv[1:])
helper.load()
"""
HELPER = "def load():\n    import wave\n    return wave\n"
posix = pytest.mark.skipif(os.name != "posix", reason="signals and pipes are POSIX")


@pytest.fixture
def program(write):
    """A small program in the test's folder."""
    return write({"main.py": PROGRAM, "helper.py": HELPER})


@pytest.fixture
def started(tmp_path):
    """Starts `lazyimp ...` in a process of its own."""

    def start(*words, **more):
        env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **more}
        return subprocess.Popen([sys.executable, "-m", "lazyimp", *words], cwd=tmp_path, env=env, **pipes)

    return start


def test_output_is_the_programs_and_the_report_is_on_stderr(command_here, program, monkeypatch, core):
    monkeypatch.setenv("LAZYIMP_CORE", core)
    done = command_here("profile", "main.py", "--json", "-o", "x")
    assert (done.returncode, done.stdout) == (0, "hello --json -o x\n")
    assert done.stderr.startswith("Time to the end") and f"core {core}" in done.stderr
    assert "wave" in command_here("why", "wave").stdout


def test_the_record_is_kept_for_report_and_why(command_here, program):
    done = command_here("profile", "main.py")
    assert command_here("report").stdout == done.stderr
    run = store.last_run()
    assert (run.about["kind"], run.about["program"], run.about["status"]) == ("profile", "main.py", 0)
    assert run.about["peak_bytes"] > 1 << 20 and run.about["machine"]["cores"] >= 1


def test_files_are_written_as_their_names_say(command_here, program, tmp_path):
    names = [
        "r.html",
        "r.json",
        "r.trace.json",
        "r.speedscope.json",
        "r.folded",
        "r.otlp.json",
        "r.md",
        "r.jsonl",
    ]
    words = [word for name in names for word in ("-o", name)]
    done = command_here("profile", *words, "main.py")
    assert done.returncode == 0
    assert all((tmp_path / name).stat().st_size > 100 for name in names if name != "r.folded")
    assert [line for line in done.stderr.splitlines() if line.startswith("written")] == [
        f"written to {n}" for n in names
    ]
    assert command_here("report", "r.jsonl").stdout == command_here("report").stdout


def test_json_has_standard_output_to_itself(command_here, program):
    done = command_here("profile", "--json", "main.py", "x")
    document = json.loads(done.stdout)
    assert (document["schema"], document["exit_code"]) == ("lazyimp-profile/1", 0)
    assert document["metrics"]["program"] == "main.py" and document["metrics"]["ttfb_s"] is None
    assert done.stderr == "hello x\n"


@pytest.mark.parametrize(
    ("words", "mode"),
    [(["--eager"], "0"), (["--mode", "0"], "0"), (["--mode", "deep"], "deep"), ([], "safe")],
)
def test_modes(command_here, program, words, mode):
    document = json.loads(command_here("profile", "--json", *words, "main.py").stdout)
    assert document["metrics"]["mode"] == mode
    assert (document["metrics"]["deferred"] > 0) is (mode != "0")


def test_code_modules_and_stdin(command_here, started, program):
    assert command_here("profile", "-c", "import wave; print('code')").stdout == "code\n"
    assert command_here("profile", "-m", "helper").returncode == 0
    out, err = started("profile", "-", stdin=subprocess.PIPE).communicate("print(1 + 1)\n", timeout=60)
    assert out == "2\n" and "Time to the end" in err


def test_stdin_is_the_programs(started, program, write):
    write({"ask.py": "print('you said', input())\n"})
    out, _ = started("profile", "ask.py", stdin=subprocess.PIPE).communicate("yes\n", timeout=60)
    assert out == "you said yes\n"


@pytest.mark.parametrize("text", ["import sys; sys.exit(7)", "raise SystemExit('no')", "1 / 0"])
def test_exit_status_and_traceback_are_the_programs_own(command_here, run_python, write, text):
    main = write({"fails.py": f"import colorsys\n{text}\n"}).with_name("fails.py")
    plain = run_python(main.relative_to(main.parent), check=False)
    done = command_here("profile", "fails.py")
    assert (done.returncode, done.stdout) == (plain.returncode, plain.stdout)
    assert done.stderr.startswith(plain.stderr) and "Time to the end" in done.stderr


@posix
def test_a_signal_that_ends_it_ends_us(started, write):
    write({"dies.py": "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n"})
    process = started("profile", "dies.py")
    _, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM and "no end" in err


@posix
def test_ctrl_c_interrupts_it_once_and_what_was_recorded_is_shown(started, write):
    write({"waits.py": "import time, wave\nprint('ready', flush=True)\nwave.open\ntime.sleep(60)\n"})
    process = started("profile", "waits.py")
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.3)  # until it sleeps, so that the traceback ends there
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert err.count("Traceback") == 1 and "\nKeyboardInterrupt\n" in err and "Time to" in err


def test_after_the_time_limit_it_is_interrupted(command_here, write):
    write({"waits.py": "import time, wave\nwave.open\ntime.sleep(60)\n"})
    done = command_here("profile", "--timeout", "1.5", "waits.py")
    assert done.returncode == 1 and "KeyboardInterrupt" in done.stderr  # and where it was
    assert "first uses" in command_here("why", "wave").stdout
    assert "lazyimp: interrupted after 1.5 s, the time limit\n" in done.stderr


def test_ranks_of_a_job_write_their_own_files_and_one_line_each(command_here, program, tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("WORLD_SIZE", "4")
    done = command_here("profile", "-o", "rank{rank}.jsonl", "main.py")
    first, second = done.stderr.splitlines()
    assert first.startswith("rank 3: lazyimp: ") and second == "written to rank3.jsonl"
    assert (tmp_path / "rank3.jsonl").exists()


def test_processes_below_it_are_in_the_report(command_here, write):
    write({"main.py": "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import wave'])\n"})
    document = json.loads(command_here("profile", "--json", "main.py").stdout)
    assert len(document["profile"]["processes"]["rows"]) == 2


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["trian.py"], 2, "no script 'trian.py'; check the path; did you mean 'train.py'?"),
        ([], 2, "name a script, -m module, -c code or a command to run"),
        (["--mode", "saef", "train.py"], 2, "unknown mode 'saef'; did you mean 'safe'?"),
        (["--timeout", "0", "train.py"], 2, "--timeout 0 leaves no time to run"),
        (
            ["-o", "-", "train.py"],
            2,
            "the program has standard output; name a file with -o, or see `lazyimp report`",
        ),
        (
            ["-o", "notes.txt", "train.py"],
            1,
            "'notes.txt' was not written by lazyimp; --force writes over it",
        ),
        (["--eager", "--mode", "safe", "train.py"], 2, "argument --mode: not allowed with argument --eager"),
        (
            ["--", "python", "-E", "train.py"],
            1,
            "the program left no record: -E hides the switches that ask for one",
        ),
    ],
)
def test_mistakes_are_one_line(command_here, write, words, status, told):
    write({"train.py": "", "notes.txt": "mine"})
    done = command_here("profile", *words)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", f"lazyimp: {told}\n")


def test_mistakes_are_json_too(command_here):
    done = command_here("profile", "--json", "gone.py")
    found = json.loads(done.stdout)
    assert (done.returncode, found["exit_code"], found["error"]["slug"]) == (2, 2, "usage")


# -- cold ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(
    not hasattr(os, "posix_fadvise"), reason="this system does not put files out of its page cache"
)
def test_cold_and_warm_side_by_side(command_here, program):
    done = command_here("profile", "--cold", "main.py")
    assert done.returncode == 0 and done.stdout == "hello\n" * 3  # the first one to learn the files
    assert "Cold start of main.py" in done.stderr and "put out: " in done.stderr
    again = command_here("profile", "--cold", "--json", "main.py")
    found = json.loads(again.stdout)
    assert again.stderr == "hello\n" * 2  # they are known now
    assert (found["schema"], found["exit_code"], found["to"]) == ("lazyimp-cold/1", 0, "end")
    assert found["evicted"]["files"] > 5 and found["cold"]["wall_s"] > 0 and found["warm"]["wall_s"] > 0
    assert "main.py" in command_here("report").stdout


@pytest.mark.skipif(
    not hasattr(os, "posix_fadvise"), reason="this system does not put files out of its page cache"
)
def test_a_program_that_fails_is_not_run_again(command_here, write):
    write({"fails.py": "print('once')\nraise SystemExit(4)\n"})
    done = command_here("profile", "--cold", "fails.py")
    assert (done.returncode, done.stdout) == (4, "once\n")
