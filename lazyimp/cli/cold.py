"""`lazyimp profile --cold`: the same program with its files out of the page cache, and with them in it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lazyimp.cli import outputs, starting
from lazyimp.cli.metrics import imports_s
from lazyimp.reports.terminal import BOLD, CYAN, Column, Style, count, table, wrapped

if TYPE_CHECKING:
    from lazyimp.profile import Profile
    from lazyimp.running.cold import Evicted
    from lazyimp.running.foreground import Ended
    from lazyimp.running.recorded import Wish
    from lazyimp.running.store import Run
    from lazyimp.tuning.runs import Command

FIRST, COLD, WARM = "first.jsonl", "cold.jsonl", "record.jsonl"
MOST, LEAST_S = 5, 0.01
WITH_FILES = ("profile", "cold")  # kinds of runs that tell which files were opened


def cold_and_warm(command: Command, wish: Wish, options: argparse.Namespace) -> int:
    """Run the program cold and warm, and report both side by side; leaves as the program did."""
    from lazyimp.record import read_record
    from lazyimp.running import store
    from lazyimp.running.cold import check_supported, evict, files_of

    check_supported()
    what = starting.shown_name(command.shown), command.shown
    known = store.alike(WITH_FILES, *what)
    run = store.new_run("cold", *what)
    if known is None:
        print("lazyimp: a first run, to learn which files the program reads", file=sys.stderr)
        run, ended = once(command, wish, run, FIRST, options)
        if ended.code or not ended.in_time:
            return starting.leave_like(ended, starting.tell_end(ended, options.timeout))
        known = run
    evicted = evict(files_of(read_record(known.record)))
    profiles = []
    for name in (COLD, WARM):
        run, ended = once(command, wish, run, name, options)
        profiles.append(outputs.profile_at(run.folder / name))
        status = starting.tell_end(ended, options.timeout)
        if status:
            break
    store.note(run, {"record": COLD})
    cold, warm = profiles[0], profiles[-1]
    if options.json:
        print(json.dumps(as_json(cold, warm, evicted, status), indent=2, sort_keys=True))
    else:
        print("\n".join(as_text(cold, warm, evicted, Style.of(sys.stderr))), file=sys.stderr)
    outputs.write_all(options.output, run.folder / COLD, cold, options.force)
    return starting.leave_like(ended, status)


def once(command: Command, wish: Wish, run: Run, name: str, options: argparse.Namespace) -> tuple[Run, Ended]:
    """One run of the program, recorded under `name`."""
    from lazyimp.running.recorded import check_recorded, run_recorded

    run, ended = run_recorded(command, wish, run, name=name, to_stderr=options.json)
    check_recorded(run, command)
    return run, ended


def as_text(cold: Profile, warm: Profile, evicted: Evicted, style: Style) -> list[str]:
    """Both sides in a table, the modules that waited longest, and what the figures do not show."""
    what = "to the first batch" if cold.batch is not None else "to the end"
    columns = (Column("", cut="right", least=20), Column("cold", ">"), Column("warm", ">"))
    rows = [[label, value(cold), value(warm)] for label, value in _figures(what)]
    lines = [
        style.paint(f"Cold start of {cold.title}", BOLD) + f"  {cold.ttfb_s - warm.ttfb_s:+.2f} s {what}",
        *table(columns, rows, style, 2),
        "",
        *wrapped(f"put out: {count(evicted.files, 'files')}, {evicted.size_bytes >> 20:,} MB", style, 2),
        *(line for note in evicted.notes for line in wrapped(note, style, 2)),
    ]
    slow = slowest(cold, warm)
    if slow:
        titles = (Column("waited", ">"), Column("for the files of", cut="right"))
        lines += ["", *table(titles, [[f"{took:.2f} s", name] for name, took in slow], style, 2)]
    return [*lines, "", style.paint("Next", BOLD) + "  " + style.paint("lazyimp report --html", CYAN)]


def _figures(what: str) -> list[tuple[str, Callable[[Profile], str]]]:
    return [
        (what, lambda each: f"{each.ttfb_s:.2f} s"),
        ("CPU", lambda each: f"{each.ttfb_cpu_s:.2f} s"),
        ("imports", lambda each: f"{imports_s(each):.2f} s"),
        ("major page faults", lambda each: f"{_counted(each, 'major_faults'):,}"),
        ("read from disk", lambda each: f"{_counted(each, 'read_bytes') >> 20:,} MB"),
    ]


def _counted(profile: Profile, key: str) -> int:
    """A counter at the first batch, or summed over the phases where there was none."""
    if profile.batch is not None:
        return int(getattr(profile.batch, key))
    return sum(int(getattr(phase, key)) for phase in profile.phases)


def slowest(cold: Profile, warm: Profile) -> list[tuple[str, float]]:
    """The modules that came from disk and took longest beyond what they take warm."""
    usual = {node.name: node.self_wall_s for node in warm.nodes if node.process == 0}
    waited = [
        (node.name, node.self_wall_s - usual.get(node.name, 0.0))
        for node in cold.nodes
        if node.process == 0 and (node.major_faults or node.read_bytes)
    ]
    return sorted((each for each in waited if each[1] >= LEAST_S), key=lambda each: -each[1])[:MOST]


def as_json(cold: Profile, warm: Profile, evicted: Evicted, status: int) -> dict[str, Any]:
    """The same as plain values."""

    def plain(each: Profile) -> dict[str, Any]:
        return {
            "wall_s": round(each.ttfb_s, 6),
            "cpu_s": round(each.ttfb_cpu_s, 6),
            "imports_s": round(imports_s(each), 6),
            "major_faults": _counted(each, "major_faults"),
            "read_bytes": _counted(each, "read_bytes"),
        }

    return {
        "schema": "lazyimp-cold/1",
        "exit_code": status,
        "to": "first batch" if cold.batch is not None else "end",
        "cold": plain(cold),
        "warm": plain(warm),
        "evicted": {
            "files": evicted.files,
            "bytes": evicted.size_bytes,
            "left_bytes": evicted.left_bytes,
            "remote": evicted.remote,
        },
        "notes": evicted.notes,
        "slowest": [{"module": name, "waited_s": round(took, 6)} for name, took in slowest(cold, warm)],
    }
