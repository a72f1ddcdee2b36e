"""Compares what programs print: masks what changes by itself, learns the rest from several eager runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher

# More lines than this are compared only if the program printed the same number of them.
MOST_LINES = 4000

MASKS = (
    (r"\x1b\[[0-9;?]*[A-Za-z]", ""),  # colours and cursor movements
    (r"0x[0-9a-fA-F]{6,}", "<address>"),
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?", "<time>"),
    (r"\|[█▉▊▋▌▍▎▏ #\d]*\|", "<bar>"),
    (r"\[\d+:\d\d[^\]]*\]", "<time>"),  # what tqdm puts behind the bar
    (r"\b\d\d?:\d\d:\d\d([.,]\d+)?", "<time>"),
    (r"(?<![\w.])\d+(\.\d+)?(e[-+]?\d+)?\s?(ns|us|µs|ms|s|secs?|seconds?|mins?|minutes?)\b", "<time>"),
    (
        r"(?<![\w.])\d+(\.\d+)?\s?((it|ex|batch|batches|samples?|steps?|examples?|rows?|[kMG]?i?B)/s|s/it)\b",
        "<rate>",
    ),
    (r"\btmp[a-z0-9_]{8}\b", "<temporary>"),
    (r"\bLAZYIMP\w*['\"]?\s*[:=,]\s*['\"]?[^\s,'\"})]*", "<switch>"),
)
_MASKS = tuple((re.compile(pattern), text) for pattern, text in MASKS)
_NUMBER = re.compile(r"[-+]?\d+(\.\d*)?([eE][-+]?\d+)?")
_TOKENS = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?(?!\w)|\w+|\s+|[^\w\s]")
_WARNING = re.compile(r"(?P<place>[^\s:][^:]*:\d+): (?P<kind>\w*Warning): (?P<text>.*)")
_LATE = re.compile(
    r"(ImportError: )?lazy import of '(?P<target>[^']+)'( as '[^']*')? "
    r"declared (in \S+ )?at (?P<place>.+:\d+)"
)
_NATIVE_LATE = re.compile(r"ImportError: lazy import of '[^']+' raised an exception during resolution")
_CHAINED = (
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)
_TRACEBACK = "Traceback (most recent call last):"


# -- one run -------------------------------------------------------------------------------------------------


@dataclass
class Printed:
    """What one stream of one run shows: lines, and what is told apart from them.

    `offsets` says where each line began in the stream, `warned_at` where a warning first came. A traceback is
    its last line alone, because a late import has more frames. `late` holds the places that lazyimp's own
    notes name, as (target, "file:line").
    """

    lines: list[str] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    warned_at: dict[str, int] = field(default_factory=dict)
    warnings: Counter[str] = field(default_factory=Counter)
    exceptions: list[str] = field(default_factory=list)
    late: list[tuple[str, str]] = field(default_factory=list)


def read(stream: bytes, normalise: Sequence[str] = ()) -> Printed:
    """What a stream shows, masked; a line that `normalise` covers whole may come or not."""
    asked = [re.compile(pattern) for pattern in normalise]
    masks = [*((pattern, "<masked>") for pattern in asked), *_MASKS]
    rows = [row for row in _rows(stream) if not any(pattern.fullmatch(row[1]) for pattern in asked)]
    found = Printed()
    at = 0
    while at < len(rows):
        at = _take(found, rows, at, masks)
    return found


def _rows(stream: bytes) -> list[tuple[int, str]]:
    """(offset, text) of each line; of a line that was overwritten, what stood there last."""
    rows, offset = [], 0
    for raw in stream.split(b"\n"):
        text = raw.decode("utf-8", "backslashreplace").rstrip("\r")
        rows.append((offset, text.rpartition("\r")[2]))
        offset += len(raw) + 1
    if rows and not rows[-1][1]:
        rows.pop()
    return rows


def _take(
    found: Printed, rows: list[tuple[int, str]], at: int, masks: Sequence[tuple[re.Pattern[str], str]]
) -> int:
    """Take one line, or what belongs together; gives where the next begins."""
    offset, text = rows[at]
    if text == _TRACEBACK:
        return _take_traceback(found, rows, at + 1, masks)
    late = _LATE.fullmatch(text)
    if late is not None:
        found.late.append((late["target"], late["place"]))
        return at + 1
    if text in _CHAINED:
        if found.lines and not found.lines[-1]:
            found.lines.pop(), found.offsets.pop()
        return at + 2 if at + 1 < len(rows) and not rows[at + 1][1] else at + 1
    warning = _WARNING.fullmatch(text)
    if warning is not None:
        name = f"{warning['kind']}: {_masked(warning['text'], masks)}"
        found.warnings[name] += 1
        found.warned_at.setdefault(name, offset)
        return at + 2 if at + 1 < len(rows) and rows[at + 1][1].startswith("  ") else at + 1
    found.lines.append(_masked(text, masks))
    found.offsets.append(offset)
    return at + 1


def _take_traceback(
    found: Printed, rows: list[tuple[int, str]], at: int, masks: Sequence[tuple[re.Pattern[str], str]]
) -> int:
    while at < len(rows) and rows[at][1].startswith(" "):
        at += 1
    if at == len(rows):
        return at
    offset, text = rows[at]
    late = _LATE.fullmatch(text)
    if late is not None:
        found.late.append((late["target"], late["place"]))
    elif not _NATIVE_LATE.fullmatch(text):
        found.exceptions.append(text)
        found.lines.append(_masked(text, masks))
        found.offsets.append(offset)
    return at + 1


def _masked(text: str, masks: Sequence[tuple[re.Pattern[str], str]]) -> str:
    for pattern, instead in masks:
        text = pattern.sub(instead, text)
    return text.rstrip()


# -- what is expected ----------------------------------------------------------------------------------------


@dataclass
class Expected:
    """A line that eager runs print: a text, or a pattern where it varied; optional if not all print it."""

    text: str
    pattern: re.Pattern[str] | None = None
    optional: bool = False
    samples: tuple[str, ...] = ()

    def fits(self, line: str) -> bool:
        """`line` is this one."""
        return line == self.text or (self.pattern is not None and self.pattern.fullmatch(line) is not None)


def learn(runs: Sequence[Sequence[str]]) -> list[Expected]:
    """What the eager `runs` print, with patterns where they differ."""
    expected = [Expected(line) for line in runs[0]]
    for lines in runs[1:]:
        expected = _merge(expected, lines)
    return expected


def _merge(expected: list[Expected], lines: Sequence[str]) -> list[Expected]:
    merged: list[Expected] = []
    for kind, i, i_end, j, j_end in _align([each.text for each in expected], lines):
        ours, theirs = expected[i:i_end], lines[j:j_end]
        if kind == "equal" or len(ours) == len(theirs):
            merged += [_widened(each, line) for each, line in zip(ours, theirs, strict=True)]
        else:
            merged += [replace(each, optional=True) for each in ours]
            merged += [Expected(line, optional=True) for line in theirs]
    return merged


def _widened(expected: Expected, line: str) -> Expected:
    """`expected`, made to fit `line` as well."""
    if expected.fits(line):
        return expected
    samples = (*expected.samples, line) if expected.samples else (expected.text, line)
    return Expected(expected.text, _pattern(samples), expected.optional, samples)


def _pattern(samples: Sequence[str]) -> re.Pattern[str]:
    """What all samples have in common, word by word; where they have not as many words, at both ends."""
    words = [_TOKENS.findall(sample) for sample in samples]
    shortest = min(map(len, words))
    if all(len(each) == shortest for each in words):
        return re.compile("".join(_any_of(column) for column in zip(*words, strict=True)))
    same = min(_common(words[0], each) for each in words[1:])
    rest = min(_common(words[0][::-1], each[::-1]) for each in words[1:])
    rest = min(rest, shortest - same)
    begin, end = words[0][:same], words[0][len(words[0]) - rest :]
    return re.compile(re.escape("".join(begin)) + ".*" + re.escape("".join(end)))


def _common(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """How many items at the beginning are the same."""
    count = 0
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            break
        count += 1
    return count


def _any_of(words: Sequence[str]) -> str:
    """A pattern for one word of a line."""
    if len(set(words)) == 1:
        return re.escape(words[0])
    return f"(?:{_NUMBER.pattern})" if all(map(_NUMBER.fullmatch, words)) else ".*"


def _align(ours: Sequence[str], theirs: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    """How to get from one list of lines to the other; lines that differ in numbers only are alike."""
    if list(ours) == list(theirs):
        return [("equal", 0, len(ours), 0, len(theirs))]
    if max(len(ours), len(theirs)) > MOST_LINES:
        if len(ours) == len(theirs):
            return [("equal", 0, len(ours), 0, len(theirs))]
        rest = ("replace", MOST_LINES, len(ours), MOST_LINES, len(theirs))
        return [*_align(ours[:MOST_LINES], theirs[:MOST_LINES]), rest]
    keys = [_NUMBER.sub("#", line) for line in ours], [_NUMBER.sub("#", line) for line in theirs]
    return list(SequenceMatcher(None, *keys, autojunk=False).get_opcodes())


# -- what differs --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mismatch:
    """Two lines that should be one, or one of them (the other is empty) that has no counterpart."""

    expected: str
    got: str
    expected_at: int
    got_at: int


def mismatches(expected: Sequence[Expected], lines: Sequence[str]) -> list[Mismatch]:
    """Where `lines` are not what is expected, in order."""
    found: list[Mismatch] = []
    optional = [each for each in expected if each.optional]
    for _, i, i_end, j, j_end in _align([each.text for each in expected], lines):
        found += _mismatches_in(expected, lines, range(i, i_end), range(j, j_end), optional)
    return found


def _mismatches_in(
    expected: Sequence[Expected],
    lines: Sequence[str],
    ours: range,
    theirs: range,
    optional: Sequence[Expected],
) -> Iterable[Mismatch]:
    if len(ours) == len(theirs):
        for i, j in zip(ours, theirs, strict=True):
            if not expected[i].fits(lines[j]):
                yield Mismatch(expected[i].text, lines[j], i, j)
        return
    left = list(theirs)
    for i in ours:
        fitting = next((j for j in left if expected[i].fits(lines[j])), None)
        if fitting is not None:
            left.remove(fitting)
        elif not expected[i].optional:
            yield Mismatch(expected[i].text, "", i, theirs.start)
    for j in left:
        if not any(each.fits(lines[j]) for each in optional):
            yield Mismatch("", lines[j], ours.start, j)
