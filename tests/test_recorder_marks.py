"""Marks, phases, the first batch and running totals: what the rest of lazyimp tells the recorder, and asks it."""

import os

from batches import FRAMEWORKS

API = """
import time
import lazyimp._recorder as recorder
recorder.mark("mine")
recorder.mark("earlier", time.monotonic_ns() - 5_000_000)
end = recorder.span("weights", "bert-base")
import work
end()
recorder.reject("a rule", time.monotonic_ns(), "because")
now = time.monotonic_ns()
recorder.batch("by hand", "high", now - 1_000, time.time_ns(), "torch")
recorder.batch("too late", "low", now, time.time_ns(), "")
import json, os
lines = open(os.environ["LAZYIMP_RECORD"]).read()
print("by hand" in lines, json.dumps(recorder.totals(), sort_keys=True))
"""
WORK = {"work.py": "x = sum(range(200_000))\ndef late():\n    import colorsys\n    return colorsys\n"}


def test_what_is_told_is_written(recorder, write):
    run = recorder.run(write({"main.py": API, **WORK}))
    marks = {each.name: each for each in run.record.marks}
    assert marks["mine"].at_ns - marks["earlier"].at_ns < 5_000_000 and marks["mine"].at_ns > 0
    assert marks["mine"].counters.modules > 10 and marks["mine"].counters.cpu_ns > 0
    (phase,) = run.record.phases
    work = run.one("work")
    assert (phase.name, phase.detail) == ("weights", "bert-base")
    assert phase.start_ns <= work.start_ns and work.wall_ns <= phase.wall_ns and work.cpu_ns <= phase.cpu_ns
    assert phase.minor_faults >= work.minor_faults
    batch = run.record.first_batch
    assert (batch.rule, batch.confidence, batch.framework) == ("by hand", "high", "torch")
    assert phase.start_ns + phase.wall_ns <= batch.at_ns + 1_000_000 and batch.counters.modules > 10
    (rejected,) = run.record.rejected
    assert (rejected.rule, rejected.why) == (
        "a rule",
        "because",
    ) and rejected.at_ns <= batch.at_ns + 1_000_000
    assert run.lines[0].startswith("True ")  # the first batch is written at once
    assert run.record.libraries and "sys_path" in run.record.facts


def test_totals(recorder, write):
    program = """
    import work
    def inside():
        import nested
        work.late()
    inside()
    try:
        import missing
    except ImportError:
        pass
    import sys, lazyimp._recorder as recorder
    totals = recorder.totals()
    print(totals["modules"] == len(sys.modules), *[totals[key] for key in ("failed", "hidden", "deferred", "pending")])
    print(totals["imports"], totals["loaded"], totals["wall_ns"], totals["hidden_wall_ns"], totals["minor_faults"])
    """
    modules = {**WORK, "nested.py": "import deeper", "deeper.py": ""}
    run = recorder.run(write({"main.py": program, **modules}))
    same, failed, hidden, deferred, pending = run.lines[0].split()
    assert (same, int(failed), hidden, deferred, pending) == (
        "True",
        1 + failures_of_site(run),
        "2",
        "0",
        "0",
    )
    imports, loaded, wall, hidden_wall, faults = map(int, run.lines[1].split())
    before = list(run.record.imports)
    assert imports == len(before) and loaded == len([each for each in before if each.how == 0])
    outermost = [each for each in before if each.parent == 0]
    assert wall == sum(each.wall_ns for each in outermost)
    assert hidden_wall == sum(run.one(name).wall_ns for name in ("nested", "colorsys"))
    assert faults == sum(each.minor_faults for each in outermost)


def failures_of_site(run):
    """`site` looks for modules that need not be there."""
    return len(
        [
            each
            for each in run.record.imports
            if each.name in ("sitecustomize", "usercustomize") and each.error
        ]
    )


def test_totals_of_a_lazy_run(lazy_recorder, write):
    program = """
    import used, unused
    used.x
    import lazyimp._recorder as recorder
    totals = recorder.totals()
    print(totals["deferred"], totals["used"], totals["pending"], totals["hidden"])
    """
    modules = {"site-packages/used.py": "x = 1", "site-packages/unused.py": ""}
    assert lazy_recorder.run(write({"main.py": program, **modules}), mode="safe").lines == ["2 1 1 0"]


def test_the_first_batch_by_hand(recorder, write):
    program = """
    import lazyimp
    lazyimp.first_batch()
    print(lazyimp.status()["first_batch"]["rule"])
    """
    run = recorder.run(write({"main.py": program}), mode="safe")
    batch = run.record.first_batch
    assert [batch.rule] == run.lines and batch.at_ns > 0
    assert "first fetch" not in [each.name for each in run.record.marks]  # there was none


FETCHES = """
import lazyimp, torch
lazyimp.mark("index ready")
model = torch.nn.Module()
for _ in range(2):
    for x in torch.utils.data.DataLoader([1, 2]):
        torch.Tensor(model(x)).backward()
lazyimp.mark("first fetch")
lazyimp.mark("index ready")
"""


def test_the_first_fetch_is_marked_once_at_its_end(recorder, write):
    """The rule for PyTorch tells of its beginning, too, since a training begins; the mark is its end."""
    folder = os.pathsep.join([str(FRAMEWORKS), str(recorder.folder / "site-packages")])
    program = write({"main.py": FETCHES.replace("import lazyimp", "import witness, lazyimp")})
    run = recorder.run(program, mode="safe", PYTHONPATH=folder)
    names = [each.name for each in run.record.marks]
    assert names.count("first fetch") == names.count("first backward") == names.count("index ready") == 1
    (phase,) = [each for each in run.record.phases if each.name == "first-fetch"]
    mark = run.record.marks[names.index("first fetch")]
    assert phase.start_ns + phase.wall_ns <= mark.at_ns <= run.record.first_batch.at_ns


def test_nothing_is_told_where_nothing_is_recorded(run_python):
    code = """
        import lazyimp._recorder as recorder
        recorder.mark("x"), recorder.span("y")(), recorder.reject("r", 1, "w"), recorder.flush(), recorder.stop()
        recorder.batch("r", "high", 1, 1, "")
        print(recorder.totals(), recorder.recording(), recorder.path())
    """
    assert run_python(code).stdout == "{} False None\n"
