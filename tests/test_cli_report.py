"""`lazyimp report`: what a record says, in every format, and what is told where there is none."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import profiles
import pytest
import record_files

from lazyimp.running import store


@pytest.fixture
def record(tmp_path) -> Path:
    """The record of a made-up training program."""
    return record_files.write(profiles.record(), tmp_path / "run.jsonl")


@pytest.fixture
def kept(command_here) -> store.Run:
    """The same as the last run in the test's folder."""
    run = store.new_run("profile", "train.py", ())
    record_files.write(profiles.record(), run.record)
    return run


def test_text_is_for_eighty_columns(command_here, record):
    done = command_here("report", record)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Time to first batch  3.90 s")
    assert max(map(len, lines)) <= 80 and len(lines) <= 25
    assert "\x1b" not in done.stdout
    assert "Packages" in command_here("report", "-v", record).stdout


def test_the_last_run_here_without_a_name(command_here, kept):
    assert command_here("report").stdout == command_here("report", kept.record).stdout
    assert command_here("report", kept.folder).stdout == command_here("report").stdout


def test_json_can_be_read_again(command_here, record, tmp_path):
    done = command_here("report", "--json", record)
    document = json.loads(done.stdout)
    assert (document["schema"], document["exit_code"]) == ("lazyimp-report/1", 0)
    assert document["metrics"]["ttfb_s"] == pytest.approx(3.9, abs=0.01)
    assert document["metrics"]["rule"] == "train-forward-after-fetch"
    (tmp_path / "saved.json").write_text(done.stdout)
    assert command_here("report", "saved.json").stdout == command_here("report", record).stdout


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        (("--trace",), '{"displayTimeUnit"'),
        (("--speedscope",), '{"$schema"'),
        (("--folded",), ""),
        (("--otlp",), '{"resourceSpans"'),
        (("--md",), ""),
    ],
)
def test_formats_go_to_standard_output(command_here, record, words, begins):
    done = command_here("report", *words, record)
    assert done.returncode == 0 and done.stdout.strip().startswith(begins) and "torch" in done.stdout


def test_a_torch_trace_beside_it(command_here, record, tmp_path):
    other = {
        "baseTimeNanoseconds": 1_700_000_000_000_000_000,
        "traceEvents": [{"name": "aten::add", "ph": "X"}],
    }
    (tmp_path / "torch.json").write_text(json.dumps(other))
    (tmp_path / "torch.json.gz").write_bytes(gzip.compress(json.dumps(other).encode()))
    for name in ("torch.json", "torch.json.gz"):
        both = json.loads(command_here("report", "--trace", "--beside", name, record).stdout)
        assert both["baseTimeNanoseconds"] == other["baseTimeNanoseconds"]
        assert {"aten::add", "torch._dynamo"} <= {each["name"] for each in both["traceEvents"]}
    assert command_here("report", "--beside", "torch.json", record).returncode == 2
    done = command_here("report", "--trace", "--beside", "gone.json", record)
    assert done.returncode == 1 and done.stderr.startswith("lazyimp: cannot read trace 'gone.json'")
    done = command_here("report", "--trace", "--beside", record, record)
    assert done.returncode == 1 and "no Chrome trace" in done.stderr


def test_html_goes_to_a_file_of_its_own(command_here, record, tmp_path):
    done = command_here("report", "--html", record)
    assert (done.stdout, done.stderr) == ("", "written to train.lazyimp.html\n")
    assert (tmp_path / "train.lazyimp.html").read_text().lstrip().lower().startswith("<!doctype html")


def test_the_ending_tells_the_format(command_here, record, tmp_path):
    for name in ("a.trace.json", "a.speedscope.json", "a.folded", "a.md", "a.json", "a.txt", "copy.jsonl"):
        done = command_here("report", record, "-o", name)
        assert (done.returncode, done.stderr) == (0, f"written to {name}\n")
    assert json.loads((tmp_path / "a.trace.json").read_text())["traceEvents"]
    assert command_here("report", "copy.jsonl").stdout == command_here("report", record).stdout
    assert (tmp_path / "copy.jsonl.4243").exists()  # the worker's
    done = command_here("report", record, "-o", "a.xyz")
    assert done.returncode == 2 and "cannot tell the format of 'a.xyz'" in done.stderr


def test_files_that_are_not_ours_are_not_written_over(command_here, record, tmp_path):
    (tmp_path / "notes.md").write_text("my notes")
    done = command_here("report", record, "-o", "notes.md")
    assert (done.returncode, done.stderr) == (
        1,
        "lazyimp: 'notes.md' was not written by lazyimp; --force writes over it\n",
    )
    assert (tmp_path / "notes.md").read_text() == "my notes"
    assert command_here("report", record, "-o", "notes.md", "--force").returncode == 0
    assert command_here("report", record, "-o", "notes.md").returncode == 0  # it is ours now
    done = command_here("report", record, "-o", "gone/notes.md")
    assert done.stderr == "lazyimp: no folder 'gone' to write 'notes.md' into\n"


def test_what_is_ours_is_written_over(command_here, record):
    for name in ("a.html", "a.json", "a.trace.json", "a.speedscope.json", "a.otlp.json", "a.md", "a.jsonl"):
        for _ in range(2):
            done = command_here("report", record, "-o", name)
            assert done.returncode == 0, done.stderr


def test_ranks_of_a_job_are_merged(command_here, tmp_path):
    for rank in (0, 1):
        made = profiles.record()
        made.header.update(rank=rank, world_size=2, pid=100 + rank)
        record_files.write(made, tmp_path / f"rank{rank}.jsonl")
    done = command_here("report", "rank0.jsonl", "rank1.jsonl")
    assert "of 2, the slowest" in done.stdout


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["gone.jsonl"], 2, "no file 'gone.jsonl'; without one the last run in this folder is shown"),
        (["text.txt"], 1, "'text.txt' is not a record of lazyimp; `lazyimp profile` writes one"),
        (["empty"], 1, "'empty' is not a record of lazyimp; `lazyimp profile` writes one"),
        (["page.html"], 1, "'page.html' is a page, which cannot be read again; name its record or JSON"),
        (["--open", "--json"], 2, "--open shows a page; leave the other format out"),
        ([], 1, "no run was recorded in this folder; `lazyimp profile SCRIPT` records one"),
    ],
)
def test_what_is_no_record_is_told_in_one_line(command_here, write, words, status, told):
    write({"text.txt": "hello\n", "empty": "", "page.html": "<!doctype html>\n"})
    done = command_here("report", *words)
    assert (done.returncode, done.stdout if "--json" not in words else "", done.stderr) == (
        status,
        "",
        f"lazyimp: {told}\n",
    )


def test_a_newer_format_is_refused(command_here, record, tmp_path):
    record.write_text(record.read_text().replace('"version": 1', '"version": 2', 1))
    done = command_here("report", record)
    assert done.returncode == 1 and "install a newer lazyimp" in done.stderr
    (tmp_path / "new.json").write_text('{\n "format": "lazyimp-profile", "version": 99}')
    done = command_here("report", "new.json")
    assert done.returncode == 1 and "has format version 99" in done.stderr


def test_failures_are_json_too(command_here):
    done = command_here("report", "--json", "gone.jsonl")
    assert json.loads(done.stdout) == {
        "schema": "lazyimp-report/1",
        "exit_code": 2,
        "error": {"message": done.stderr.removeprefix("lazyimp: ").rstrip("\n"), "slug": "usage"},
    }


@pytest.mark.skipif(os.name != "posix", reason="pipes that break are POSIX")
@pytest.mark.parametrize("words", [["report"], ["report", "--json"], ["report", "--json", "gone"]])
def test_a_reader_that_has_enough_ends_it_quietly(record, tmp_path, words):
    words = [*words, str(record)] if "gone" not in words else words
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "lazyimp", *words],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
    finally:
        os.close(writing)
    assert done.returncode == 141
    assert done.stderr == (
        ""
        if "gone" not in words
        else "lazyimp: no file 'gone'; without one the last run in this folder is shown\n"
    )


@pytest.fixture
def on_terminal(tmp_path):
    """`lazyimp ...` on a terminal so many columns wide; gives what it shows."""
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")

    def run(columns, *words, **env):
        import fcntl
        import struct

        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        env = {**os.environ, "TERM": "xterm-256color", "XDG_CACHE_HOME": str(tmp_path / "cache"), **env}
        for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
            if name not in env or env[name] == os.environ.get(name):
                env.pop(name, None)
        process = subprocess.Popen(
            [sys.executable, "-m", "lazyimp", *map(str, words)], stdout=theirs, env=env, cwd=tmp_path
        )
        os.close(theirs)
        shown = b""
        while True:
            try:
                data = os.read(ours, 1 << 16)
            except OSError:
                break
            if not data:
                break
            shown += data
        os.close(ours)
        assert process.wait() == 0
        return shown.decode().replace("\r\n", "\n")

    return run


COLOUR = re.compile("\x1b\\[[0-9;]*m")


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_every_width_has_its_report(on_terminal, record, columns):
    for words in (["report"], ["report", "-v"], ["why", "torch._dynamo"]):
        shown = on_terminal(columns, *words, record)
        # a line to copy keeps its length
        lines = [line for line in COLOUR.sub("", shown).splitlines() if "[tool.lazyimp]" not in line]
        assert max(map(len, lines)) <= columns, max(lines, key=len)
        assert "\x1b[" in shown


def test_no_color_wins(on_terminal, record):
    assert "\x1b" not in on_terminal(80, "report", record, NO_COLOR="1")
