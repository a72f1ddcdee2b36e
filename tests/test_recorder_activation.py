"""How recording is asked for and refused, what a header says of the process, and what programs are told of it."""

import json
import os
import time
from pathlib import Path

import pytest
from recording import FALLBACK, NAME

from lazyimp import record

SHOW = "import lazyimp; print(lazyimp.status()['record'])"


def header(run):
    return run.record.header


@pytest.mark.parametrize("mode", ["off", "safe", "deep", "all"])
def test_by_variable(recorder, mode):
    run = recorder.run(SHOW, mode=mode)
    assert run.lines == [str(recorder.folder / NAME)]
    assert header(run)["mode"] == ("0" if mode == "off" else mode)
    assert header(run)["main"] == {"kind": "code", "name": "-c"}


def test_by_option_and_by_import(recorder):
    for words in (("-X", "lazyimp", "-c", SHOW), ("-c", "import lazyimp.auto, sched; " + SHOW)):
        env = {"LAZYIMP_RECORD": NAME, "LAZYIMP_CORE": recorder.core}
        (recorder.folder / NAME).unlink(missing_ok=True)
        done = recorder.run_python(*words, env=env)
        assert done.stdout.split() == [str(recorder.folder / NAME)] and done.stderr == ""
        read = record.read_record(recorder.folder / NAME)
        assert read.complete and (read.header["core"], read.header["mode"]) == (recorder.core, "safe")
    assert "main" in [mark.name for mark in read.marks]


@pytest.mark.parametrize(
    ("words", "env"),
    [
        (("-c", SHOW), {}),
        (("-c", SHOW), {"LAZYIMP": "0", "LAZYIMP_RECORD": NAME}),
        (("-c", SHOW), {"LAZYIMP": "safe", "LAZYIMP_RECORD": ""}),
        (("-E", "-X", "lazyimp", "-c", SHOW), {"LAZYIMP_RECORD": NAME}),
    ],
)
def test_not_asked_for(run_python, tmp_path, words, env):
    assert run_python(*words, env=env).stdout == "None\n"
    assert not list(tmp_path.glob(f"{NAME}*"))


def test_the_kinds_of_programs(recorder, write):
    main = write({"main.py": "pass", "pkg/__init__.py": "", "pkg/__main__.py": "", "mod.py": ""})
    for words, kind, name in (
        ((main,), "script", str(main)),
        (("-m", "mod"), "module", "mod"),
        (("-m", "pkg"), "module", "pkg"),
        (("-mmod", "x"), "module", "mod"),
    ):
        run = recorder.run(*words)
        assert header(run)["main"] == run.record.facts["main"] == {"kind": kind, "name": name}
    (recorder.folder / NAME).unlink()
    recorder.run_python("-", env=recorder.environment(), stdin="import sched")
    assert record.read_record(recorder.folder / NAME).header["main"] == {"kind": "stdin", "name": "-"}


def test_a_record_that_is_there_stays(recorder, write):
    (recorder.folder / NAME).write_text("precious\n")
    main = write({"main.py": "import os; print(os.getpid())"})
    done = recorder.run_python(main, env=recorder.environment())
    assert (recorder.folder / NAME).read_text() == "precious\n"
    assert record.read_one(recorder.folder / f"{NAME}.{done.stdout.strip()}").complete


@pytest.mark.parametrize("mode", ["off", "safe"])
def test_a_file_that_cannot_be_made_is_one_line(recorder, write, mode):
    main = write({"main.py": "print('runs')"})
    done = recorder.run_python(main, env=recorder.environment(mode, LAZYIMP_RECORD="none/here.jsonl"))
    path = "'none/here.jsonl'"
    assert done.stdout == "runs\n"
    assert done.stderr == (
        f"lazyimp: cannot write record {path}: No such file or directory; the program runs without one\n"
    )


def test_a_subinterpreter_is_not_recorded(recorder):
    code = """
        try:
            import _interpreters as interpreters
        except ImportError:
            try:
                import _xxsubinterpreters as interpreters
            except ImportError:
                interpreters = None
        if interpreters is not None:
            import warnings
            warnings.simplefilter("ignore")
            made = interpreters.create()
            interpreters.run_string(made, "import sched, colorsys")
            interpreters.destroy(made)
        import last_one
    """
    (recorder.folder / "last_one.py").write_text("")
    run = recorder.run(code, LAZYIMP_DEBUG="")
    assert run.one("last_one") and not run.imports("sched") and run.record.complete
    assert len(list(recorder.folder.glob(f"{NAME}*"))) == 1


def test_what_the_header_says(recorder, write):
    before = time.time_ns()
    run = recorder.run(write({"main.py": "import sys, os; print(os.getpid(), os.getppid(), sys.prefix)"}))
    found = header(run)
    pid, ppid, prefix = run.lines[0].split(" ", 2)
    assert (found["pid"], found["ppid"], found["prefix"]) == (int(pid), int(ppid), prefix)
    assert found["python"] == ".".join(map(str, __import__("sys").version_info[:3])) or "a" in found["python"]
    assert (found["implementation"], found["forked"]) == ("cpython", False)
    assert found["cwd"] == str(recorder.folder) and Path(found["stdlib"][0], "os.py").is_file()
    assert before < found["unix_ns"] < time.time_ns() and found["cpu_ns"] > 0
    assert found["rank"] is found["local_rank"] is found["world_size"] is None
    if os.path.exists("/proc/self/stat"):
        assert found["t0_source"] == "process start"
        assert 0 <= found["mono_ns"] - found["start_mono_ns"] < 60 * 10**9
        since = found["unix_ns"] - found["t0_unix_ns"]
        assert abs(since - (found["mono_ns"] - found["start_mono_ns"])) < 10**6


@pytest.mark.parametrize(
    ("variables", "source", "back"),
    [
        ({"LAZYIMP_T0": 5_000_000_000, "SLURM_JOB_START_TIME": 9}, "LAZYIMP_T0", 5_000_000_000),
        ({"SLURM_JOB_START_TIME": 20}, "SLURM_JOB_START_TIME", 20_000_000_000),
        ({"LAZYIMP_T0": -(10**12)}, None, None),  # in the future: somebody else's clock
    ],
)
def test_when_the_run_began(recorder, variables, source, back):
    now = time.time_ns()
    texts = {
        name: str(now - value if name == "LAZYIMP_T0" else now // 10**9 - value)
        for name, value in variables.items()
    }
    found = header(recorder.run("pass", **texts))
    if source is None:
        assert found["t0_source"] in ("process start", "interpreter hook")
    else:
        assert found["t0_source"] == source and abs(now - found["t0_unix_ns"] - back) < 10**9


def test_a_text_that_is_no_time_is_not_one(recorder):
    assert header(recorder.run("pass", LAZYIMP_T0="yesterday"))["t0_source"] != "LAZYIMP_T0"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"RANK": "3", "LOCAL_RANK": "1", "WORLD_SIZE": "8", "SLURM_PROCID": "7"}, (3, 1, 8)),
        ({"SLURM_PROCID": "2", "SLURM_LOCALID": "0", "SLURM_NTASKS": "4"}, (2, 0, 4)),
        ({"RANK": "first"}, (None, None, None)),
    ],
)
def test_ranks(recorder, variables, expected):
    found = header(recorder.run("pass", **variables))
    assert (found["rank"], found["local_rank"], found["world_size"]) == expected


def test_status_is_for_people_too(recorder):
    run = recorder.run("import lazyimp; print(lazyimp.status())")
    assert f"  recorded in {recorder.folder / NAME}" in run.done.stdout.splitlines()


def test_the_format_is_what_the_reader_says(recorder):
    run = recorder.run("pass")
    first = json.loads((recorder.folder / NAME).read_text().splitlines()[0])
    assert (first["format"], first["version"]) == (record.FORMAT, record.VERSION)
    assert set(first) == set(header(run)) and recorder.engine in ("c", "native", "py", FALLBACK)
