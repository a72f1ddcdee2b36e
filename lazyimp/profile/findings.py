"""What could be avoided on the way to the first batch, each with one thing to do.

A record of one run cannot tell what the program would do without an import. So what a finding saves is the most
that it could, or 0 where even that is not known. First comes what is wasted for certain: waiting for files, what a
recipe has a stub for, what start-up files load, what fails; then what may be needed, but is asked for by a place
that can be looked at: an early use of what was deferred, a hidden import.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from lazyimp.profile.values import REIFIED, DeferralRow, Finding, Node, Request
from lazyimp.record import RUNNING

LEAST_S = 0.01
LEAST_PART = 0.01  # of the time to the first batch
DOUBTFUL_PART = 0.03  # what may be needed has to be dearer to be worth a line
WAITING_PART = 0.1
LEAST_READ = 1 << 20
MOST = 8


Candidate = tuple[tuple[int, ...], Finding]  # the nodes it is about


@dataclass(frozen=True)
class Seen:
    """What findings are made from: the main process before its first batch."""

    program: str  # as a command names it
    mode: str
    is_tuned: bool
    framework: str
    exception: str  # what ended the program
    ttfb_s: float
    nodes: Sequence[Node]
    deferrals: Sequence[DeferralRow]
    requests: Sequence[Request]
    own_files: frozenset[str]
    site_s: float  # when the program's first line ran

    @property
    def least_s(self) -> float:
        """Less is not worth a line."""
        return max(LEAST_S, LEAST_PART * self.ttfb_s)

    @property
    def doubtful_s(self) -> float:
        """Nor is less of what may be needed."""
        return max(LEAST_S, DOUBTFUL_PART * self.ttfb_s)


def findings(seen: Seen) -> tuple[Finding, ...]:
    """At most MOST findings, none of which is part of another."""
    by_id = {node.id: node for node in seen.nodes}
    sure = [*_stubs(seen, by_id), *_at_every_start(seen), *_failing(seen), *_waiting(seen)]
    doubtful = [*_used_early(seen, by_id), *_hidden(seen)]
    found: list[Finding] = []
    taken: set[int] = set()
    for numbers, finding in (*_ranked(sure), *_ranked(doubtful)):
        if not any(_above(number, by_id) & taken for number in numbers):
            taken.update(numbers)
            found.append(finding)
    return (*found[: MOST - 1], *_next_step(seen))


def _ranked(candidates: list[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda each: (-each[1].saves_s, each[1].subject))


def _above(number: int, by_id: Mapping[int, Node]) -> set[int]:
    """The node and all those it is part of."""
    found: set[int] = set()
    while number in by_id and number not in found:
        found.add(number)
        number = by_id[number].parent
    return found


def _stubs(seen: Seen, by_id: Mapping[int, Node]) -> Iterator[Candidate]:
    """Modules for which a recipe has a stub, asked for by nobody but whom the stub answers."""
    for module, (file, reason, _) in sorted(_known_stubs().items()):
        node = next((each for each in seen.nodes if each.name == module and not each.error), None)
        if node is None or node.wall_s < seen.least_s:
            continue
        answered = {name.replace(".", "/") for name in _answered(file)}
        if all(_is_one_of(place, answered) for place in _askers(node, seen, by_id)):
            line = f'[tool.lazyimp] stubs = ["{module}"]'
            yield (
                (node.id,),
                Finding(
                    module, node.wall_s, f"a stub can stand in for it: {reason}", line, node.file, node.line
                ),
            )


def _known_stubs() -> Mapping[str, tuple[str, str, object]]:
    try:
        from lazyimp.recipes import _table
    except ImportError:  # a checkout that was never built
        return {}
    return getattr(_table, "STUBS", {})


def _answered(file: str) -> set[str]:
    """The modules that a stub answers by name; what it answers anybody ("*") tells nothing of who asked."""
    answers = import_module(f"lazyimp.recipes.stubs.{file}").ANSWERS
    return {module for by_module in answers.values() for module in by_module if module != "*"}


def _askers(node: Node, seen: Seen, by_id: Mapping[int, Node]) -> set[str]:
    """The files that asked for the module, or for one below it, from outside of what it loaded itself."""

    def is_outside(number: int) -> bool:
        return node.id not in _above(number, by_id)

    below = [each for each in seen.nodes if each.name.startswith(node.name + ".")]
    places = {node.file, *(each.file for each in below if is_outside(each.id))}
    return places | {each.file for each in seen.requests if each.node == node.id and is_outside(each.during)}


def _is_one_of(file: str, modules: set[str]) -> bool:
    return any(file.removesuffix(".py").removesuffix("/__init__").endswith(module) for module in modules)


def _at_every_start(seen: Seen) -> Iterator[Candidate]:
    """What start-up files load before the program."""
    by_file: dict[str, list[Node]] = {}
    for node in seen.nodes:
        if not node.parent and node.start_s < seen.site_s and node.file:
            by_file.setdefault(node.file, []).append(node)
    for file, group in by_file.items():
        took = sum(node.wall_s for node in group)
        first = max(group, key=lambda node: node.wall_s)
        if took >= seen.least_s:
            how = f"{file} loads it at the start of every Python process"
            yield _ids(group), Finding(first.name, took, how, f"lazyimp why {first.name}", file, first.line)


def _ids(group: Sequence[Node]) -> tuple[int, ...]:
    return tuple(node.id for node in group)


def _failing(seen: Seen) -> Iterator[Candidate]:
    """Imports that cost something and then fail."""
    by_name: dict[str, list[Node]] = {}
    for node in seen.nodes:
        if node.error and node.before_batch and node.error != seen.exception:
            by_name.setdefault(node.name, []).append(node)
    for name, group in by_name.items():
        took = sum(node.wall_s for node in group)
        if took >= seen.least_s:
            first = group[0]
            how = f"fails with {first.error} in every run, tried at {_place(first.file, first.line)}"
            yield _ids(group), Finding(name, took, how, f"lazyimp why {name}", first.file, first.line)


def _place(file: str, line: int) -> str:
    return f"{file}:{line}" if line > 0 else file


def _used_early(seen: Seen, by_id: Mapping[int, Node]) -> Iterator[Candidate]:
    """What was deferred in vain: a line of the user's own used it before the first batch."""
    for row in seen.deferrals:
        if row.verdict != REIFIED or not row.before_batch or row.used_file not in seen.own_files:
            continue
        name = row.target.partition(":")[0]
        took = sum(by_id[number].wall_s for number in row.loaded if number in by_id)
        if took >= seen.doubtful_s and name.partition(".")[0] != seen.framework:
            how = _early(row)
            yield row.loaded, Finding(name, took, how, f"lazyimp why {name}", row.used_file, row.used_line)


def _early(row: DeferralRow) -> str:
    """Why something deferred was loaded before the first batch."""
    where, function = _place(row.used_file, row.used_line), row.used_by.removesuffix(RUNNING)
    if function == row.used_by:
        who = f" ({function})" if function not in ("", "<module>") else ""
        return f"deferred, and used before the first batch at {where}{who}"
    who = "the main program" if function == "<module>" else f"{function}()"
    return (
        f"loaded as deferring stopped at {where}, for {who} names it; move its use into a function of its own"
    )


def _hidden(seen: Seen) -> Iterator[Candidate]:
    """What a function or a framework loads late, which no timing of an import statement shows."""
    for node in seen.nodes:
        is_late = node.hidden and not node.parent and not node.thread and node.use != "first use"
        if is_late and node.before_batch and not node.error and node.wall_s >= seen.doubtful_s:
            where = _place(node.file, node.line)
            how = f"hidden: {where} imports it while the program runs ({node.phase})"
            yield (
                (node.id,),
                Finding(node.name, node.wall_s, how, f"lazyimp why {node.name}", node.file, node.line),
            )


def _waiting(seen: Seen) -> Iterator[Candidate]:
    """Time in which modules waited for their files: more than those that read nothing waited for a processor."""
    before = [node for node in seen.nodes if node.before_batch and not node.thread]
    slow = [node for node in before if node.major_faults or node.read_bytes]
    others = [node for node in before if not (node.major_faults or node.read_bytes)]
    busy = max(_sum(others, "self_wall_s") / (_sum(others, "self_cpu_s") or 1.0), 1.0)
    waited = sum(max(node.self_wall_s - busy * node.self_cpu_s, 0.0) for node in slow)
    if waited >= max(WAITING_PART * seen.ttfb_s, 10 * LEAST_S) and _sum(slow, "read_bytes") >= LEAST_READ:
        how = f"{len(slow)} modules waited for the disk: a cold page cache, or a slow file system"
        yield (), Finding("reading files", waited, how, f"lazyimp profile --cold {seen.program}", "", 0)


def _sum(nodes: Sequence[Node], field: str) -> float:
    return float(sum(getattr(node, field) for node in nodes))


def _next_step(seen: Seen) -> Iterator[Finding]:
    """What tells more than a record can."""
    if seen.mode == "0":
        how = "runs it eagerly and lazily, in turns: what lazy imports save"
        yield Finding("all imports", 0.0, how, f"lazyimp ttfb -n 5 {seen.program}", "", 0)
    elif not seen.is_tuned and seen.mode in ("safe", "deep"):
        how = "finds out what this program never needs"
        yield Finding("all imports", 0.0, how, f"lazyimp tune {seen.program}", "", 0)
