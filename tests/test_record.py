"""The record format: what a run wrote is read back whole, also after a crash; what is no record is refused politely."""

import json

import pytest

from lazyimp import record

HEADER = {"format": "lazyimp-record", "version": 1, "pid": 10, "ppid": 1, "unix_ns": 5, "mono_ns": 7}
LINES = [
    ["s", "numpy"],
    ["s", "train.py"],
    ["s", "/site/numpy/__init__.py"],
    ["i", 2, 1, 0, 1, 2, 3, 100, 50, 40, 5, 0, 0, 4096, 3, 0, 0, 0, 2, "of a later version"],
    ["i", 1, 0, 0, 1, 2, 3, 90, 80, 70, 9, 1, 512, 8192, 3, 0, 0, 0],
    ["s", "__main__"],
    ["s", "np"],
    ["d", 1, 4, 5, 1, 0, 2, 3, 0, 10],
    ["u", 1, 2, 9, 4, 95, 85, 0],
    ["m", 5, 200, 1, 2, 3, 4, 5, 6],
    ["b", 1, 2, 300, 1, 2, 3, 4, 5, 6, 1],
    ["z", "a kind of a later version"],
    ["v", "sys_path", ["/site"]],
    ["e", 400, 10, 5, 1, 2, 3, 4, 7, 0],
]


def write(path, lines=LINES, header=HEADER, tail=""):
    path.write_text("\n".join(map(json.dumps, [header, *lines])) + "\n" + tail)
    return path


def test_lines_become_values(tmp_path):
    read = record.read_record(write(tmp_path / "run.jsonl"))
    first, second = read.imports
    assert (first.id, first.name, first.file, first.wall_ns, first.read_bytes) == (
        1,
        "numpy",
        "train.py",
        80,
        512,
    )
    assert (second.id, second.parent, second.origin) == (2, 1, "/site/numpy/__init__.py")
    assert (first.function, second.function) == (None, "train.py")
    (deferral,) = read.deferrals
    assert (deferral.bound, deferral.target, deferral.use.line, deferral.use.wall_ns) == (
        "np",
        "numpy",
        9,
        85,
    )
    assert read.first_batch.at_ns == 300 and read.first_batch.counters.modules == 6
    assert read.marks[0].counters.cpu_ns == 1
    assert read.facts == {"sys_path": ["/site"]}
    assert read.complete and read.end.counters.cpu_ns == 15


def test_whole_lines_survive_a_crash(tmp_path):
    read = record.read_record(write(tmp_path / "run.jsonl", LINES[:4], tail='["i", 1, 0, 0'))
    assert [each.id for each in read.imports] == [2]
    assert not read.complete


def test_a_damaged_line_is_counted_and_left_out(tmp_path):
    wrong_kind = [*LINES[3][:3], "0", *LINES[3][4:]]
    lines = [*LINES[:4], ["i", "no", "import"], ["d", 1], wrong_kind]
    assert record.read_record(write(tmp_path / "run.jsonl", lines)).facts["damaged"] == 3


def test_processes_hang_below_who_started_them(tmp_path):
    write(tmp_path / "run.jsonl")
    for pid, ppid in ((11, 10), (12, 11), (13, 999)):
        write(tmp_path / f"run.jsonl.{pid}", header={**HEADER, "pid": pid, "ppid": ppid, "unix_ns": pid})
    (tmp_path / "run.jsonl.14").write_text("")  # it died before its header was whole
    (tmp_path / "run.jsonl.html").write_text("a report beside it")
    read = record.read_record(tmp_path / "run.jsonl")
    assert [each.header["pid"] for each in read.children] == [11, 13]
    assert [each.header["pid"] for each in read.children[0].children] == [12]
    assert len(list(read.processes())) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a record"),
        ("{}\n", "is not a record"),
        ('{"format": "lazyimp-record", "version": 2}\n', "format version 2"),
    ],
)
def test_what_is_no_record_of_ours_is_refused(tmp_path, text, message):
    (tmp_path / "other.jsonl").write_text(text)
    with pytest.raises(record.RecordError, match=message):
        record.read_record(tmp_path / "other.jsonl")


def test_a_missing_record_is_named(tmp_path):
    with pytest.raises(record.RecordError, match=r"cannot read record .*gone\.jsonl"):
        record.read_record(tmp_path / "gone.jsonl")
