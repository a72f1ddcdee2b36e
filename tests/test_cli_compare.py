"""`lazyimp compare`: two runs side by side, from records, folders of runs and reports as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import profiles
import pytest
import record_files

from lazyimp.running import store


@pytest.fixture
def pair(tmp_path) -> tuple[Path, Path]:
    """The records of an eager run, and of one that imported less."""
    eager = profiles.record()
    eager.header.update(mode="0")
    record_files.write(eager, tmp_path / "eager.jsonl")
    lazy = profiles.record()
    lazy = type(lazy)(
        **{**vars(lazy), "imports": tuple(e for e in lazy.imports if not e.name.startswith("pandas"))}
    )
    record_files.write(lazy, tmp_path / "lazy.jsonl")
    return tmp_path / "eager.jsonl", tmp_path / "lazy.jsonl"


def test_what_one_side_no_longer_loads(command_here, pair):
    done = command_here("compare", *pair)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split()[:3] == ["eager", "train.py", "eager"] and lines[1].split()[:2] == [
        "lazy",
        "train.py",
    ]
    assert "no longer loaded" in done.stdout and "pandas" in done.stdout
    assert max(map(len, lines)) <= 80


def test_json(command_here, pair):
    found = json.loads(command_here("compare", "--json", *pair).stdout)
    assert (found["schema"], found["exit_code"]) == ("lazyimp-compare/1", 0)
    assert "pandas" in found["removed"] and not found["added"]
    assert {each["name"] for each in found["numbers"]} >= {"time to first batch", "modules until then"}
    assert all(
        round(each["after"] - each["before"], 5) == round(each["difference"], 5) for each in found["numbers"]
    )


def test_markdown_and_html(command_here, pair, tmp_path):
    assert command_here("compare", "--md", *pair).stdout.startswith("#")
    done = command_here("compare", "--html", *pair)
    assert done.stderr == "written to train.lazyimp.compare.html\n"
    assert command_here("compare", *pair, "-o", "both.html").stderr == "written to both.html\n"
    assert "<script" in (tmp_path / "both.html").read_text()


def test_reports_as_json_can_be_compared(command_here, pair):
    for name in ("eager", "lazy"):
        assert command_here("report", f"{name}.jsonl", "-o", f"{name}.json").returncode == 0
    assert command_here("compare", "eager.json", "lazy.json").stdout == command_here("compare", *pair).stdout


def test_one_file_is_compared_with_the_last_run(command_here, pair):
    run = store.new_run("profile", "train.py", ())
    run.record.write_bytes(pair[1].read_bytes())
    assert "no longer loaded" in command_here("compare", "eager.jsonl").stdout


def test_without_names_all_runs_of_the_last_rounds(command_here, pair):
    done = command_here("compare")
    assert (done.returncode, done.stderr) == (
        2,
        "lazyimp: name two records to compare; `lazyimp ttfb -n 5 SCRIPT` makes them\n",
    )
    run = store.new_run("rounds", "train.py", ())
    for path in pair:
        for number in (1, 2):
            (run.folder / f"{path.stem}-{number}.jsonl").write_bytes(path.read_bytes())
    sides = {path.stem: [f"{path.stem}-{number}.jsonl" for number in (1, 2)] for path in pair}
    store.note(run, {"sides": sides, "record": "lazy-1.jsonl"})
    lines = command_here("compare").stdout.splitlines()
    assert lines[0].split() == ["eager", "train.py", "eager", "2", "runs"] and lines[1].startswith("lazy ")
    assert "no longer loaded" in "\n".join(lines)


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["gone", "eager.jsonl"], 2, "no file 'gone'; without one the last run in this folder is shown"),
        (["eager.jsonl", "text"], 1, "'text' is not a record of lazyimp; `lazyimp profile` writes one"),
        (["eager.jsonl"], 1, "no run was recorded in this folder; `lazyimp profile SCRIPT` records one"),
        (
            ["eager.jsonl", "lazy.jsonl", "-o", "x.folded"],
            2,
            "a comparison cannot be written as folded; use html, json, md or text",
        ),
    ],
)
def test_mistakes_are_one_line(command_here, pair, tmp_path, words, status, told):
    (tmp_path / "text").write_text("hello\n")
    done = command_here("compare", *words)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", f"lazyimp: {told}\n")
