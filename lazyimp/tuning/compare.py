"""Tells what differs between a run and its eager references, and what of it makes the run wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lazyimp.tuning import fingerprint, text
from lazyimp.tuning.runs import HANG, Outcome

# Kinds, worst first. Those in OUTCOME make a run wrong; the others are told.
OUTCOME = ("status", "stdout", "stderr", "warning", "first_batch", "random")
KINDS = (*OUTCOME, "side_effect", "modules", "order")


@dataclass(frozen=True)
class Difference:
    """One difference of a run from its references.

    `kind` is one of KINDS; `text` says it in one line. `expected` and `got` are the two sides where both
    can be shown. `module` is the module whose execution makes the difference, where known, `importer` and
    `statement` ("file:line") the import statement that loads it eagerly; `is_guess` says that the
    module was not seen to make the difference, only to be executed, or to fail, on one side alone.
    """

    kind: str
    text: str
    expected: str = ""
    got: str = ""
    module: str = ""
    importer: str = ""
    statement: str = ""
    is_guess: bool = False

    @property
    def is_wrong(self) -> bool:
        """The program's outcome differs."""
        return self.kind in OUTCOME


def compare(
    references: Sequence[Outcome], candidate: Outcome, normalise: Sequence[str] = ()
) -> list[Difference]:
    """The differences of `candidate` from the eager `references` (two or more), worst first.

    What differs between the references themselves counts for nothing. `normalise` are regular expressions;
    what they match is masked on all sides.
    """
    found = [*_statuses(references, candidate), *_printed(references, candidate, normalise)]
    found += [Difference(*each) for each in _observed(references, candidate)]
    return sorted(found, key=lambda each: KINDS.index(each.kind))


def is_right(references: Sequence[Outcome], candidate: Outcome, normalise: Sequence[str] = ()) -> bool:
    """No difference of `candidate` makes it wrong."""
    return not any(each.is_wrong for each in compare(references, candidate, normalise))


def _statuses(references: Sequence[Outcome], candidate: Outcome) -> Iterable[Difference]:
    expected = [each.status for each in references]
    if candidate.status in expected:
        return
    error = text.read(candidate.stderr)
    target, place = error.late[-1] if error.late else ("", "")
    yield Difference(
        "status",
        f"{said(candidate.status)} instead of {said(expected[0])}",
        said(expected[0]),
        said(candidate.status) + (f": {error.exceptions[-1]}" if error.exceptions else ""),
        module=target,
        statement=place,
    )


def said(status: str) -> str:
    """A status in words."""
    if status == HANG:
        return "no end within the time limit"
    return f"ended by {status[1:]}" if status.startswith("-") else f"exit status {status}"


def _printed(
    references: Sequence[Outcome], candidate: Outcome, normalise: Sequence[str]
) -> Iterable[Difference]:
    late = text.read(candidate.stderr).late  # an import that failed late moves what is printed, too
    module, statement = late[-1] if late else ("", "")
    for kind in ("stdout", "stderr"):
        runs = [text.read(getattr(each, kind), normalise) for each in references]
        got = text.read(getattr(candidate, kind), normalise)
        expected = text.learn([each.lines for each in runs])
        wrong = text.mismatches(expected, got.lines)
        if wrong:
            yield Difference(
                kind, *_told(kind, wrong, expected, got.lines), module=module, statement=statement
            )
        yield from _warnings(runs, got)


def _told(
    kind: str, wrong: Sequence[text.Mismatch], expected: Sequence[text.Expected], lines: Sequence[str]
) -> tuple[str, str, str]:
    """The first line that differs: in words, what was expected in its place, and what came."""
    first = wrong[0]
    more = f"; {len(wrong) - 1} more differences" if len(wrong) > 1 else ""
    if first.expected and first.got:
        return f"line {first.got_at + 1} of {kind} is another one{more}", first.expected, first.got
    if first.expected:
        if any(each.got == first.expected for each in wrong):
            there = lines[first.got_at] if first.got_at < len(lines) else ""
            return f"the lines of {kind} come in another order", first.expected, there
        return f"a line of {kind} is missing{more}", first.expected, ""
    if any(each.expected == first.got for each in wrong):
        here = expected[first.expected_at].text if first.expected_at < len(expected) else ""
        return f"the lines of {kind} come in another order", here, first.got
    return f"line {first.got_at + 1} of {kind} is one too many{more}", "", first.got


def _warnings(references: Sequence[text.Printed], got: text.Printed) -> Iterable[Difference]:
    every = {name for each in (*references, got) for name in each.warnings}
    for name in sorted(every):
        counts = [each.warnings[name] for each in references]
        now = got.warnings[name]
        if now < min(counts):
            yield Difference(
                "warning", "a warning is missing" if not now else "a warning comes less often", name, ""
            )
        elif now > max(counts):
            yield Difference("warning", "a warning is one too many", "", name)


def _observed(references: Sequence[Outcome], candidate: Outcome) -> Iterable[fingerprint.Found]:
    seen = [each.observation for each in references if each.observation is not None]
    mine = candidate.observation
    if mine is None or len(seen) < len(references):
        return
    yield from fingerprint.first_batches(seen, mine)
    yield from fingerprint.ends(seen, mine)
    yield from fingerprint.modules(seen, mine)
