"""Writes a Record into a file as the recorder would, for commands that read one."""

from __future__ import annotations

import json
from pathlib import Path

from lazyimp.record import Counters, Record


class Texts:
    """Numbers for texts, and the lines that tell them."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {"": 0}
        self.lines: list[list[object]] = []

    def __call__(self, text: str | None) -> int:
        """The number of a text."""
        if text is None:
            return 0
        if text not in self.known:
            self.known[text] = len(self.known)
            self.lines.append(["s", text])
        return self.known[text]


def write(record: Record, path: Path) -> Path:
    """Write the record, and those of the processes below it beside it."""
    texts = Texts()
    lines: list[list[object]] = [*_imports(record, texts), *_deferrals(record, texts), *_rest(record, texts)]
    path.write_text("".join(json.dumps(line) + "\n" for line in [record.header, *texts.lines, *lines]))
    for each in record.children:
        write(each, path.with_name(f"{path.name}.{each.header['pid']}"))
    return path


def _imports(record: Record, t: Texts):
    for e in record.imports:
        figures = (e.start_ns, e.wall_ns, e.cpu_ns, e.minor_faults, e.major_faults, e.read_bytes, e.rss_bytes)
        who = (e.id, e.parent, e.thread, t(e.name), t(e.file), e.line)
        yield ["i", *who, *figures, t(e.origin), e.how, t(e.error), e.use, t(e.function)]


def _deferrals(record: Record, t: Texts):
    for e in record.deferrals:
        names = (t(e.module), t(e.bound), t(e.target), t(e.attribute), t(e.file))
        yield ["d", e.id, *names, e.line, e.kind, e.at_ns]
        if e.use is not None:
            u = e.use
            yield ["u", e.id, t(u.file), u.line, t(u.function), u.at_ns, u.wall_ns, t(u.error)]


def _rest(record: Record, t: Texts):
    yield from (["o", t(e.path), e.at_ns, e.during, int(e.writes)] for e in record.opened)
    yield ["l", *map(t, record.libraries)]
    for e in record.phases:
        yield ["p", t(e.name), e.start_ns, e.wall_ns, e.cpu_ns, e.minor_faults, e.major_faults, t(e.detail)]
    yield from (["m", t(e.name), e.at_ns, *_counted(e.counters)] for e in record.marks)
    if record.first_batch is not None:
        b = record.first_batch
        yield ["b", t(b.rule), t(b.confidence), b.at_ns, *_counted(b.counters), t(b.framework)]
    yield from (["r", t(e.rule), e.at_ns, t(e.why)] for e in record.rejected)
    yield from (["x", t(name), t(origin)] for name, origin in record.present)
    yield from (["v", key, value] for key, value in record.facts.items())
    if record.end is not None:
        e = record.end
        yield ["e", e.at_ns, e.user_ns, e.system_ns, *_counted(e.counters)[1:], t(e.exception)]


def _counted(c: Counters) -> list[int]:
    return [c.cpu_ns, c.minor_faults, c.major_faults, c.read_bytes, c.rss_bytes, c.modules]
