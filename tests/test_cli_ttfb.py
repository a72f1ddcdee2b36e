"""`lazyimp ttfb`: one run to its first batch, and several ways to run a program by turns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import profiles
import pytest

from lazyimp.cli.rounds_report import as_text
from lazyimp.profile import build_profile, judge
from lazyimp.reports.terminal import Style
from lazyimp.running.rounds import Comparison, Figures, Measured, Sample, Side
from lazyimp.running.until import Until, until
from lazyimp.tuning.compare import Difference
from lazyimp.tuning.runs import Outcome, Trial

PROGRAM = """
import colorsys
import wave
import lazyimp

print("before", flush=True)
wave.open
lazyimp.mark("ready")
print("ready")
lazyimp.first_batch()
print("after")
raise SystemExit(5)
"""


@pytest.fixture
def program(write) -> Path:
    """A program with a first batch, that goes on and fails."""
    return write({"main.py": PROGRAM})


# -- one run ---------------------------------------------------------------------------------------------------


def test_it_ends_at_the_first_batch(command_here, program, monkeypatch, core):
    monkeypatch.setenv("LAZYIMP_CORE", core)
    done = command_here("ttfb", "main.py")
    assert (done.returncode, done.stdout) == (0, "before\nready\n")
    assert done.stderr.startswith("Time to first batch") and f"core {core}" in done.stderr
    assert "no end" not in done.stderr  # its record is whole
    assert len([line for line in done.stderr.splitlines() if line.startswith("Next")]) == 1
    assert max(map(len, done.stderr.splitlines())) <= 80


def test_keep_going(command_here, program):
    done = command_here("ttfb", "--keep-going", "main.py")
    assert (done.returncode, done.stdout) == (5, "before\nready\nafter\n")
    assert done.stderr.startswith("lazyimp: TTFB ")  # the line at the first batch
    assert "\nTime to first batch" in done.stderr


def test_without_a_first_batch_it_runs_to_its_end(command_here, write):
    write({"main.py": "import wave\nwave.open\nprint('end')\nraise SystemExit(4)\n"})
    done = command_here("ttfb", "main.py")
    assert (done.returncode, done.stdout) == (4, "end\n")
    assert done.stderr.startswith("Time to the end") and "no first batch was seen" in done.stderr


def test_json(command_here, program):
    done = command_here("ttfb", "--json", "main.py")
    found = json.loads(done.stdout)
    assert done.stderr == "before\nready\n"
    assert (found["schema"], found["exit_code"]) == ("lazyimp-ttfb/1", 0)
    figures = found["metrics"]
    assert figures["ttfb_cpu_s"] > 0 and 0 < figures["imports_s"] < figures["ttfb_s"]
    assert figures["rule"] == "first_batch()" and figures["modules"] > 0 and figures["never_used"] >= 1


def test_until_a_mark(command_here, program):
    done = command_here("ttfb", "--until", "mark:ready", "main.py")
    assert (done.returncode, done.stdout) == (0, "before\n")
    assert done.stderr.startswith("lazyimp: mark 'ready' after ")
    done = command_here("ttfb", "--until", "mark:never", "main.py")
    assert (done.returncode, done.stdout) == (5, "before\nready\nafter\n")
    assert done.stderr.startswith("lazyimp: mark 'never' never came\n")


def test_until_a_time(command_here, write):
    write({"main.py": "import time, wave\nwave.open\nprint('before', flush=True)\ntime.sleep(60)\n"})
    done = command_here("ttfb", "--until", "1500ms", "main.py")
    assert (done.returncode, done.stdout) == (0, "before\n")
    assert "wave" in command_here("why", "wave").stdout


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        (None, Until()),
        ("forward", Until()),
        ("fetch", Until("mark:first fetch", "first fetch")),
        ("step", Until("mark:first step", "first step")),
        ("mark:x y", Until("mark:x y", "x y")),
        ("2", Until(None, "", 2.0)),
        ("1.5s", Until(None, "", 1.5)),
        ("250ms", Until(None, "", 0.25)),
        ("3m", Until(None, "", 180.0)),
    ],
)
def test_moments(word, expected):
    assert until(word) == expected


# -- by turns --------------------------------------------------------------------------------------------------


def test_sides_take_turns_in_fresh_processes_and_the_first_round_warms(command_here, write, tmp_path):
    text = (
        "import os, lazyimp\n"
        "with open('order', 'a') as file:\n    file.write(f'{os.getpid()} {lazyimp.status()[\"mode\"]}\\n')\n"
        "print('same')\nlazyimp.first_batch()\nprint('not reached')\n"
    )
    write({"main.py": text})
    done = command_here("ttfb", "-n", "2", "--interleave", "eager,deep", "--json", "main.py")
    found = json.loads(done.stdout)
    rows = [line.split() for line in (tmp_path / "order").read_text().splitlines()]
    assert [mode for _, mode in rows] == ["None", "deep", "deep", "None", "None", "deep"]
    assert len({pid for pid, _ in rows}) == 6
    assert (done.returncode, found["exit_code"], found["conclusive"]) == (3, 3, False)
    assert [each["name"] for each in found["sides"]] == ["eager", "deep"]
    assert [each["round"] for side in found["sides"] for each in side["samples"]] == [1, 2, 1, 2]
    assert found["same_output"] and found["comparisons"][0]["wall"]["verdict"] == "inconclusive"
    assert found["machine"]["cores"] >= 1 and "Python" in found["versions"]


def test_text_and_what_can_be_looked_at_afterwards(command_here, program):
    done = command_here("ttfb", "-n", "1", "main.py")
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.startswith("cannot tell lazy from eager  main.py")
    assert "the same on all sides (2 lines on stdout)" in done.stdout
    assert done.stdout.splitlines()[-1] == "Next  lazyimp ttfb -n 5 main.py"
    both = command_here("compare").stdout.splitlines()
    assert both[0].startswith("eager  main.py") and both[1].startswith("lazy   main.py")
    assert "mode safe" in command_here("report").stdout  # the lazy side's


def test_different_output_is_told_before_any_verdict(command_here, write):
    text = "import lazyimp\nprint('mode', lazyimp.status()['mode'])\nlazyimp.first_batch()\n"
    write({"main.py": text})
    done = command_here("ttfb", "-n", "1", "main.py")
    assert done.returncode == 1
    assert done.stdout.startswith("not the same program  main.py\n")
    assert "mode None" in done.stdout and "mode safe" in done.stdout and "faster" not in done.stdout
    assert done.stdout.splitlines()[-1] == "Next  lazyimp verify -- main.py"
    masked = command_here("ttfb", "-n", "1", "--normalise", "mode .*", "main.py")
    assert masked.returncode == 3


def test_a_run_that_fails_ends_it(command_here, write):
    write({"main.py": "import sys\nprint('hello')\nprint('oh no', file=sys.stderr)\nsys.exit(9)\n"})
    done = command_here("ttfb", "-n", "3", "main.py")
    assert (done.returncode, done.stdout) == (9, "")
    assert done.stderr == "oh no\nlazyimp: nothing to compare: a run of side 'eager' came to exit status 9\n"
    found = json.loads(command_here("ttfb", "-n", "3", "--json", "main.py").stdout)
    assert (found["exit_code"], found["error"]["slug"]) == (9, "run-failed")


def test_a_run_without_an_end_is_ended(command_here, write):
    write({"main.py": "import time\ntime.sleep(60)\n"})
    done = command_here("ttfb", "-n", "1", "--timeout", "0.5", "main.py")
    assert done.returncode == 1
    assert "a run of side 'eager' came to no end within the time limit" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--interleave", "eager,lzay", "x.py"], "unknown side 'lzay'; did you mean 'lazy'?"),
        (["--interleave", "lazy", "x.py"], "--interleave 'lazy' names one side; name two, as in eager,lazy"),
        (["--interleave", "lazy,lazy", "x.py"], "--interleave 'lazy,lazy' names a side twice"),
        (["-n", "0", "x.py"], "-n 0 is not between 1 and 50"),
        (["-n", "3", "--eager", "x.py"], "--interleave names the modes; leave --mode and --eager out"),
        (
            ["-n", "3", "--keep-going", "x.py"],
            "runs that are compared stop at the first batch; leave --keep-going out",
        ),
        (["-n", "3", "-o", "r.html", "x.py"], "-o is for one run; `lazyimp compare` writes about two"),
        (
            ["-n", "3", "--until", "5s", "x.py"],
            "runs that are compared need a moment they all reach; --until names a time",
        ),
        (["-n", "3", "-"], "a program that is run again and again cannot come from stdin"),
        (["--until", "fetsh", "x.py"], "unknown --until 'fetsh'; did you mean 'fetch'?"),
        (["--until", "mark:", "x.py"], "unknown --until 'mark:'; did you mean 'mark:NAME'?"),
        (["y.py"], "no script 'y.py'; check the path; did you mean 'x.py'?"),
        ([], "name a script, -m module, -c code or a command to run"),
    ],
)
def test_mistakes_are_one_line(command_here, write, words, told):
    write({"x.py": ""})
    done = command_here("ttfb", *words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"lazyimp: {told}\n")


# -- the verdict -----------------------------------------------------------------------------------------------

FACTS = {
    "until": "the first batch",
    "versions": {"Python": "3.11.7"},
    "machine": {"cores": 2, "load": 1.0, "others": 0.5},
}
STEADY, FAST, WILD = [3.0, 3.1, 2.9, 3.05, 2.95], [1.5, 1.6, 1.4, 1.55, 1.45], [1.0, 9.0, 3.0, 2.0, 5.0]


def measured(walls, cpus, differences=()) -> Measured:
    """Two sides, eager and lazy, with these samples."""
    profile = build_profile(profiles.record())
    outcome = Outcome(Trial("0"), "0", b"loss 1\n", b"", None, (), 1.0, 1.0, 1)

    def figures(name, wall, cpu):
        samples = [
            Sample(number, outcome, Path("x"), *each, 900, "train-forward-after-fetch", profile)
            for number, each in enumerate(zip(wall, cpu, strict=True), 1)
        ]
        return Figures(Side(name, name), tuple(samples))

    eager, lazy = figures("eager", walls[0], cpus[0]), figures("lazy", walls[1], cpus[1])
    verdicts = (judge(eager.values(key), lazy.values(key)) for key in ("wall_s", "cpu_s"))
    return Measured((eager, lazy), (Comparison(lazy.side, *verdicts, tuple(differences)),))


@pytest.mark.parametrize(
    ("walls", "cpus", "head", "next_"),
    [
        ((STEADY, FAST), (STEADY, FAST), "lazy is faster than eager  train.py", "lazyimp tune train.py"),
        ((FAST, STEADY), (FAST, STEADY), "lazy is slower than eager  train.py", "lazyimp compare"),
        (
            (WILD, WILD),
            (STEADY, FAST),
            "lazy takes less CPU time than eager  train.py",
            "lazyimp tune train.py",
        ),
        ((WILD, WILD), (WILD, WILD), "cannot tell lazy from eager  train.py", "lazyimp ttfb -n 10 train.py"),
        (
            ([3.0] * 5, [3.0] * 5),
            ([3.0] * 5, [3.0] * 5),
            "lazy and eager take the same  train.py",
            "lazyimp tune train.py",
        ),
    ],
)
def test_verdicts(walls, cpus, head, next_):
    for width in (40, 80, 120):
        lines = as_text(measured(walls, cpus), "train.py", FACTS, Style(width=width))
        assert lines[0] == head and lines[-1] == f"Next  {next_}"
        assert all(len(line) <= max(width, 50) for line in lines)
    figures = next(line for line in lines if line.split()[:2] == ["lazy", "5"])
    assert f"{sorted(walls[1])[2]:.2f} s" in figures


def test_how_sure_it_is_stands_beside_the_difference():
    lines = as_text(measured((STEADY, FAST), (STEADY, FAST)), "train.py", FACTS, Style())
    assert lines[1] == "  wall time   1.50 s less (0.50 of eager's); 95 % sure: 1.35 to 1.65 s"


def test_runs_that_did_not_get_as_far_are_not_compared():
    both = measured((STEADY, FAST), (STEADY, FAST))
    lost = replace(both.figures[1], samples=tuple(replace(each, rule="") for each in both.figures[1].samples))
    half = replace(both, figures=(both.figures[0], lost))
    assert not half.is_same
    assert as_text(half, "train.py", FACTS, Style())[:2] == [
        "not the same program  train.py",
        "  differs     not every run got that far",
    ]


def test_differences_come_first():
    found = measured(
        (STEADY, FAST), (STEADY, FAST), [Difference("stdout", "a line of stdout is missing", "loss 1")]
    )
    lines = as_text(found, "train.py", FACTS, Style())
    assert lines[0] == "not the same program  train.py" and "loss 1" in lines[2]
