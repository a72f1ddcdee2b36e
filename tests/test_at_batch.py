"""What switches ask for at the first batch: one line on stderr, and the end of the process there."""

from __future__ import annotations

import re

import pytest
from batches import FRAMEWORKS, TORCH

from lazyimp import _summary

SECOND = 10**9
TRAIN = "import witness\n" + TORCH + "print('before', flush=False); step(); print('after')"
LINE = (
    r"lazyimp: TTFB [\d,]+\.\d+ m?s(  \([^()]+\))?  [\d,]+ modules(, [\d,]+ deferred, [\d,]+ not used yet)?\n"
)


def start(run_python, program, core="c", mode="safe", check=True, **switches):
    """Run a program with switches; those of an eager run need a word for off."""
    env = {f"LAZYIMP_{name}": value for name, value in switches.items()}
    env |= {"PYTHONPATH": str(FRAMEWORKS), "LAZYIMP_DEBUG": "1"}
    if mode is None:
        env["LAZYIMP"] = "off"
    return run_python(program, mode=mode, core=core, env=env, check=check)


@pytest.fixture(params=["lazy", "eager"])
def lazy_or_eager(request, core):
    """(core, mode)."""
    return (core, "safe") if request.param == "lazy" else (None, None)


def test_one_line_at_the_first_batch(run_python, lazy_or_eager):
    core, mode = lazy_or_eager
    done = start(run_python, TRAIN, core, mode, SUMMARY="1")
    assert re.fullmatch(LINE, done.stderr), done.stderr
    assert ("deferred" in done.stderr) <= (mode == "safe")
    assert "after" in done.stdout


def test_none_where_nobody_asked_or_nothing_came(run_python, core):
    assert start(run_python, TRAIN, core).stderr == ""
    assert start(run_python, "import witness", core, SUMMARY="1").stderr == ""


def test_beside_a_record(run_python, core, tmp_path):
    # parts below 2 % of the whole are left out, and on a busy machine the interpreter's start is most of it
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(0.5)\n")
    program = "import slow\nslow.time\n" + TRAIN
    done = start(run_python, program, core, SUMMARY="1", RECORD=str(tmp_path / "record"))
    assert re.fullmatch(LINE, done.stderr), done.stderr
    assert "imports" in done.stderr


def test_phases_and_what_they_loaded():
    names = [
        *("torch.x" + str(n) for n in range(5)),
        "torch._dynamo",
        *(f"torch._dynamo.m{n}" for n in range(60)),
    ]
    names += [f"sympy.core.m{n}" for n in range(200)]
    spans = [
        ("first-fetch", "", 0, SECOND, 3, 5),
        ("optimizer-build", "SGD", SECOND, 3 * SECOND, 5, len(names)),
        ("first-fetch", "", 4 * SECOND, 5 * SECOND, 3, 5),
    ]
    parts = _summary.phases(spans, names)
    assert parts == [("first fetch", 2 * SECOND, ""), ("optimizer build", 2 * SECOND, "torch._dynamo")]
    counts = {"deferred": 1214, "pending": 201}
    assert _summary.line(15_960_000_000, [("interpreter", 10**6, ""), *parts], 1914, counts) == (
        "lazyimp: TTFB 15.96 s  (first fetch 2.00 · optimizer build 2.00 [imports torch._dynamo])"
        "  1,914 modules, 1,214 deferred, 201 not used yet"
    )
    assert _summary.line(840_000_000, [], 12, {}) == "lazyimp: TTFB 840.0 ms  12 modules"


def test_the_process_ends_at_the_first_batch(run_python, lazy_or_eager):
    core, mode = lazy_or_eager
    program = "import atexit\natexit.register(print, 'at exit')\n" + TRAIN
    done = start(run_python, program, core, mode, STOP="first-batch")
    assert (done.stdout, done.stderr, done.returncode) == ("before\n", "", 0)


def test_a_candidate_runs_to_its_end(run_python, core):
    program = "import witness\n" + TORCH + "model(1); print('after')"
    done = start(run_python, program, core, STOP="first-batch")
    assert done.stdout.startswith("after\n") and " | at exit | " in done.stdout


def test_the_process_ends_at_a_mark(run_python, core):
    program = "import lazyimp\nlazyimp.mark('one'); print('a'); lazyimp.mark('two'); print('b')"
    assert start(run_python, program, core, STOP="mark:two").stdout == "a\n"
    first_fetch = "import witness\n" + TORCH + "for x in torch.utils.data.DataLoader([1]): print('fetched')"
    assert start(run_python, first_fetch, core, STOP="mark:first fetch").stdout == ""


def test_a_record_is_whole_where_the_process_ended(run_python, core, tmp_path):
    record = tmp_path / "record"
    start(run_python, TRAIN, core, STOP="first-batch", RECORD=str(record))
    lines = record.read_text().splitlines()
    assert lines[-1].startswith('["e"')
    assert sum(line.startswith('["b"') for line in lines) == 1


def test_children_end_with_it(run_python, core):
    program = (
        "import multiprocessing, os, sys, time\nimport witness\n" + TORCH + "if __name__ == '__main__':\n"
        "    child = multiprocessing.get_context('fork').Process(target=time.sleep, args=(60,), daemon=True)\n"
        "    child.start(); print(child.pid, flush=True); step()\n"
    )
    done = start(run_python, program, core, STOP="first-batch")
    assert done.stdout.strip().isdigit()  # it would hold the pipe open, and the run would take a minute


def test_a_worker_does_not_end_at_a_batch_of_its_own(run_python, write, core):
    program = (
        "import multiprocessing\nimport witness\n" + TORCH + "if __name__ == '__main__':\n"
        "    child = multiprocessing.get_context('spawn').Process(target=step)\n"
        "    child.start(); child.join(); print('child', child.exitcode); step(); print('after')\n"
    )
    main = write({"main.py": "pass"})
    main.write_text(program)
    done = start(run_python, main, core, STOP="first-batch", SUMMARY="1")
    assert "child 0\n" in done.stdout and "after" not in done.stdout
    assert re.fullmatch(LINE, done.stderr), done.stderr


def test_an_unknown_word_is_one_line(run_python, core):
    done = start(run_python, "print('runs')", core, STOP="now")
    assert done.stdout == "runs\n"
    assert done.stderr == "lazyimp: unknown LAZYIMP_STOP 'now'; use first-batch or mark:NAME\n"
