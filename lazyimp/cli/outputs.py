"""Where reports go: reading what one is made from, the format a file's name asks for, and writing it whole."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from lazyimp.errors import LazyimpError, UsageError

if TYPE_CHECKING:
    from lazyimp.profile import Profile

TEXT, HTML, TRACE, RECORD = "text", "html", "trace", "record"
RECORD_ENDING = ".jsonl"
MEANING = {  # the formats that an option names
    "html": "one self-contained page",
    "json": "all of it, to read again",
    "trace": "for Perfetto and chrome://tracing, beside a torch profile",
    "speedscope": "for speedscope.app",
    "folded": "collapsed stacks, for flamegraph.pl and inferno",
    "otlp": "OpenTelemetry spans as OTLP JSON",
    "md": "Markdown for a pull request",
}
OUR_MARK = b"lazyimp"  # stands near the beginning or the end of what we write
END = 4096


class OutputError(LazyimpError):
    """A file that cannot be read or written, or is not ours to write over."""

    slug = "output"


def add_output(parser: argparse.ArgumentParser) -> None:
    """Declare -o and --force."""
    parser.add_argument(
        "-o",
        "--output",
        action="append",
        default=[],
        metavar="FILE",
        help="write a report, its kind by the ending: .html, .json, .trace.json, .speedscope.json, .folded, "
        ".otlp.json, .md, .txt, or .jsonl for the record itself; {rank} is the rank of a job; may be repeated",
    )
    parser.add_argument("--force", action="store_true", help="write over files that are not ours")


def add_format(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    """Declare an option for each format, -o and --force."""
    kinds = parser.add_mutually_exclusive_group()
    for name in names:
        kinds.add_argument(f"--{name}", dest="format", action="store_const", const=name, help=MEANING[name])
    parser.add_argument("-o", "--output", metavar="FILE", help="where to; its ending tells the format, too")
    parser.add_argument("--force", action="store_true", help="write over a file that is not ours")


# -- reading -------------------------------------------------------------------------------------------


def profile_at(*records: Path) -> Profile:
    """What a record means, or those of a job's ranks; raises LazyimpError.

    Where a launcher started the ranks, theirs are what counts.
    """
    from lazyimp.profile import merge
    from lazyimp.record import read_record

    found = [read_record(path) for path in records]
    if len(found) == 1 and found[0].first_batch is None:
        ranks = [each for each in found[0].processes() if each.header.get("rank") is not None]
        with_batch = [each for each in ranks if each.first_batch is not None]
        found = with_batch or found
    return merge(found)


def read(words: Sequence[str]) -> tuple[Profile, Path | None]:
    """The profile that files or folders hold, else that of the last run here; and the record, if that is one."""
    from lazyimp.running import store

    if not words:
        record = store.last_run().record
        return profile_at(record), record
    places = [Path(word) for word in words]
    for place in places:
        if not place.exists():
            raise UsageError(f"no file {str(place)!r}; without one the last run in this folder is shown")
    records = [place / _record_in(place) if place.is_dir() else place for place in places]
    if len(records) > 1:
        return profile_at(*records), None
    text = _document(records[0])
    if text is None:
        return profile_at(records[0]), records[0]
    from lazyimp.reports import as_json

    try:
        return as_json.read(text), None
    except LazyimpError as error:
        raise OutputError(f"{str(records[0])!r}: {error}") from None


def _record_in(folder: Path) -> str:
    """The record to look at in a folder of a kept run; raises OutputError."""
    from lazyimp.running import store

    run = store.at(folder)
    if run is None:
        raise OutputError(f"{str(folder)!r} holds no run; name a record, or a folder in {store.bases()[0]}")
    return run.record.name


def _document(path: Path) -> bytes | None:
    """The whole file, if it is a report as JSON; None for a record. Raises OutputError for a page."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise OutputError(f"cannot read {str(path)!r}: {error.strerror or error}") from None
    first = data.split(b"\n", 1)[0].strip()
    if first[:1] == b"<":
        raise OutputError(f"{str(path)!r} is a page, which cannot be read again; name its record or JSON")
    return data if first == b"{" or b"lazyimp-profile" in first else None


# -- showing -------------------------------------------------------------------------------------------


def show(profile: Profile, stream: TextIO, verbose: bool = False) -> None:
    """The report for people."""
    from lazyimp.reports import text
    from lazyimp.reports.terminal import Style

    print(text.render(profile, Style.of(stream), verbose=verbose), end="", file=stream, flush=True)


def show_run(profile: Profile, verbose: bool) -> None:
    """The report on stderr at the end of a run; of a job's ranks only the first says more than a line."""
    rank = _rank()
    if not rank:
        show(profile, sys.stderr, verbose)
        return
    from lazyimp.reports import summary

    print(f"rank {rank}: {summary.render(profile)}", file=sys.stderr, flush=True)


def _rank() -> int:
    """This process's place in its job, as the recorder has it; 0 without a job."""
    told = (os.environ.get(name, "") for name in ("RANK", "SLURM_PROCID"))
    return next((int(text) for text in told if text.isascii() and text.isdigit()), 0)


def as_json(profile: Profile, command: str, status: int, more: dict[str, Any] | None = None) -> str:
    """The profile as JSON that can be read again, with what every command's JSON has in front."""
    from lazyimp.cli.metrics import metrics
    from lazyimp.reports import as_json as document

    head = {
        "schema": f"lazyimp-{command}/1",
        "exit_code": status,
        "metrics": metrics(profile),
        **(more or {}),
    }
    lines = [f" {json.dumps(key)}: {json.dumps(value, sort_keys=True)},\n" for key, value in head.items()]
    return "{\n" + "".join(lines) + document.render(profile).removeprefix("{\n")


def rendered(profile: Profile, name: str, command: str = "report") -> str:
    """The report in the format of that name."""
    if name == "json":
        return as_json(profile, command, 0)
    if name == "otlp":
        from lazyimp.reports import otlp

        given = {key: os.environ.get(key, "") for key in ("TRACEPARENT", "OTEL_SERVICE_NAME")}
        return otlp.render(profile, traceparent=given["TRACEPARENT"], service=given["OTEL_SERVICE_NAME"])
    from lazyimp.reports import output

    return output.rendered(profile, name)


# -- writing -------------------------------------------------------------------------------------------


def format_of(path: str) -> str:
    """The format that a file's name asks for; raises UsageError."""
    from lazyimp.reports import output

    if path.lower().endswith(RECORD_ENDING):
        return RECORD
    try:
        return output.format_of(path)
    except LazyimpError as error:
        raise UsageError(str(error)) from None


def by_output(path: str | None) -> str:
    """The format where no option names one; raises UsageError."""
    return TEXT if path in (None, "-") else format_of(path)


def file_name(profile: Profile, ending: str = ".html") -> str:
    """What a report is called where the user did not say: "train.lazyimp.html"."""
    words = profile.title.removeprefix("-m ").replace("\\", "/").rpartition("/")[2].removesuffix(".py")
    plain = "".join(char if char.isalnum() or char in "._-" else "_" for char in words).strip("._-")
    return f"{plain or 'program'}.lazyimp{ending}"


def check_all(paths: Sequence[str], force: bool) -> None:
    """Refuse what cannot be written before anything is run; raises UsageError or OutputError."""
    for path in paths:
        if path == "-":
            raise UsageError("the program has standard output; name a file with -o, or see `lazyimp report`")
        format_of(path)
        check_place(path.replace("{rank}", str(_rank())), force)


def check_place(path: str, force: bool, way_out: str = "--force writes over it") -> None:
    """Raise OutputError where `path` cannot be written, or holds what we did not write."""
    place = Path(path)
    if place.is_dir():
        raise OutputError(f"{path!r} is a folder; name a file in it")
    if not place.parent.is_dir():
        raise OutputError(f"no folder {str(place.parent)!r} to write {place.name!r} into")
    if force or not place.exists():
        return
    try:
        with open(place, "rb") as file:
            head = file.read(END)
            file.seek(max(place.stat().st_size - END, 0))
            tail = file.read()
    except OSError as error:
        raise OutputError(f"cannot write over {path!r}: {error.strerror or error}") from None
    if head and OUR_MARK not in head and OUR_MARK not in tail:
        raise OutputError(f"{path!r} was not written by lazyimp; {way_out}")


def write(path: str, text: str, force: bool = False) -> None:
    """Write a file, and say so, or standard output for `-`; raises OutputError."""
    if path == "-":
        print(text, end="" if text.endswith("\n") else "\n")
        return
    from lazyimp.reports import output

    check_place(path, force)
    output.write_text(path, text)
    print(f"written to {path}", file=sys.stderr)


def write_all(paths: Sequence[str], record: Path | None, profile: Profile, force: bool = False) -> None:
    """Write a report, or a copy of the record, to each of the paths, as its name asks."""
    for each in paths:
        path = each.replace("{rank}", str(_rank()))
        name = format_of(path)
        if name != RECORD:
            write(path, rendered(profile, name), force)
            continue
        if record is None:
            raise OutputError(f"there is no record to copy to {path!r}; a report was all that was given")
        from lazyimp.running.recorded import copy_record

        check_place(path, force)
        copy_record(record, Path(path))
        print(f"written to {path}", file=sys.stderr)
