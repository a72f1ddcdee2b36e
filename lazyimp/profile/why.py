"""Why a module was loaded, or was not: who asked for it, from where, when, and what it cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lazyimp.profile.ranks import ProfileError
from lazyimp.profile.values import DeferralRow, Node, Profile

Decided = Callable[[str, str], str]  # (importing module, target) -> the rule that decided, and its reason
MOST_PULLED = 8


@dataclass(frozen=True)
class Step:
    """One link of the chain: `name` was asked for at file:line, by `function` or a module's own code."""

    name: str
    file: str
    line: int
    function: str
    use: str
    wall_s: float
    deferred_file: str  # where the statement stands whose first use this was, or ""
    deferred_line: int


@dataclass(frozen=True)
class Asked:
    """Somebody who asked for the module: by a statement that loaded it, found it there, or left it for later."""

    file: str
    line: int
    how: str  # "loaded it", "tried it", "found it there", "deferred it"


@dataclass(frozen=True)
class Why:
    """All that a profile knows about one module."""

    name: str
    is_loaded: bool
    error: str
    process: str  # "" for the main one
    node: Node | None
    chain: tuple[Step, ...]  # from the program down to the module
    modules: int  # loaded with it, itself counted
    pulled: tuple[tuple[str, int, float], ...]  # packages loaded with it: name, modules, their own seconds
    asked: tuple[Asked, ...]
    deferrals: tuple[DeferralRow, ...]
    rule: str
    below: tuple[str, ...]  # modules of the run below a name that is none itself


def why(
    profile: Profile,
    name: str,
    *,
    modules_of: Callable[[str], Sequence[str]] | None = None,
    decided: Decided | None = None,
) -> Why:
    """What the profile knows about a module, or about a distribution's; raises ProfileError.

    `modules_of` tells the top-level modules of a distribution, `decided` what the policy says of a statement.
    """
    found = _resolve(profile, name, modules_of)
    nodes = [node for node in profile.nodes if node.name == found]
    node = min(nodes, key=lambda each: (bool(each.error), each.process, each.start_s), default=None)
    by_id = {each.id: each for each in profile.nodes}
    deferrals = tuple(_about(profile, found, {each.id for each in nodes}))
    chain = tuple(_chain(node, by_id, profile)) if node is not None else ()
    below = _below(node, profile.nodes) if node is not None else []
    role = profile.processes[node.process].role if node is not None and node.process else ""
    return Why(
        name=found,
        is_loaded=node is not None and not node.error,
        error=node.error if node is not None else "",
        process=role,
        node=node,
        chain=chain,
        modules=len({each.name for each in below if not each.error}),
        pulled=_pulled(below),
        asked=tuple(_asked(profile, nodes, deferrals)),
        deferrals=deferrals,
        rule=_rule(profile, node, by_id, deferrals, found, decided),
        below=() if node is not None else tuple(sorted(_under(profile, found))),
    )


def _resolve(profile: Profile, name: str, modules_of: Callable[[str], Sequence[str]] | None) -> str:
    """The module of the run that `name` means; raises ProfileError."""
    known = {node.name for node in profile.nodes} | {_target(row) for row in profile.deferrals}
    tops = {each.partition(".")[0] for each in known}
    if name in known or name in tops:
        return name
    provided = modules_of(name) if modules_of is not None else ()
    alike = sorted(each for each in tops if _plain(each) == _plain(name))
    for each in (*provided, *alike):
        if each in known or each in tops:
            return each
    if any(each.startswith(name + ".") for each in known):
        return name
    raise ProfileError(_unknown(name, known))


def _under(profile: Profile, name: str) -> set[str]:
    return {node.name for node in profile.nodes if node.name.startswith(name + ".") and not node.error}


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")


def _target(row: DeferralRow) -> str:
    """The module that a deferral stands for, or takes a name from."""
    return row.target.partition(":")[0]


def _unknown(name: str, known: set[str]) -> str:
    import difflib  # only ever needed on the way to an error

    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.75)
    hint = (
        f"did you mean {close[0]!r}?"
        if close
        else "nobody asked for it, or it was loaded before recording began"
    )
    return f"this run did not import {name!r}; {hint}"


def _about(profile: Profile, name: str, nodes: set[int]) -> list[DeferralRow]:
    """Deferrals of the module or of a name in it, who made it load first; of one that nobody named, those below it."""

    def order(row: DeferralRow) -> tuple[bool, bool, float, int]:
        used = row.used_s if row.used_s is not None else 0.0
        return not nodes & set(row.loaded), row.used_s is None, used, row.id

    def is_about(row: DeferralRow) -> bool:
        return name in (_target(row), row.target.replace(":", ".")) or bool(nodes & set(row.loaded))

    found = [row for row in profile.deferrals if is_about(row)]
    if not found and not nodes:
        found = [row for row in profile.deferrals if row.target.startswith(name + ".")]
    return sorted(found, key=order)


def _chain(node: Node, by_id: Mapping[int, Node], profile: Profile) -> Iterable[Step]:
    """From the outermost import down to the node."""
    path, seen = [node], {node.id}
    while path[-1].parent in by_id and path[-1].parent not in seen:
        path.append(by_id[path[-1].parent])
        seen.add(path[-1].id)
    first_uses = {number: row for row in reversed(profile.deferrals) for number in row.loaded}
    for each in reversed(path):
        row = first_uses.get(each.id)
        yield Step(
            name=each.name,
            file=row.used_file if row is not None else each.file,
            line=row.used_line if row is not None else each.line,
            function=row.used_by if row is not None else each.function,
            use=each.use,
            wall_s=each.wall_s,
            deferred_file=row.file if row is not None else "",
            deferred_line=row.line if row is not None else 0,
        )


def _below(node: Node, nodes: Sequence[Node]) -> list[Node]:
    """The node and all that it loaded; parents come before what they load."""
    inside, found = {node.id}, [node]
    for each in sorted(nodes, key=lambda each: (each.start_s, each.id)):
        if each.parent in inside and each.id not in inside:
            inside.add(each.id)
            found.append(each)
    return found


def _pulled(nodes: Sequence[Node]) -> tuple[tuple[str, int, float], ...]:
    """Packages by what their modules took themselves."""
    modules: dict[str, int] = {}
    took: dict[str, int] = {}
    for node in nodes:
        modules[node.package] = modules.get(node.package, 0) + (not node.error)
        took[node.package] = took.get(node.package, 0) + round(node.self_wall_s * 1e9)
    ranked = sorted(took, key=lambda package: (-took[package], package))
    return tuple((package, modules[package], took[package] / 1e9) for package in ranked[:MOST_PULLED])


def _asked(profile: Profile, nodes: Sequence[Node], deferrals: Sequence[DeferralRow]) -> list[Asked]:
    """Everybody who is known to have asked, each place once, those who loaded it first."""
    ids = {node.id for node in nodes}
    statements = [node for node in nodes if node.use != "first use"]
    told = [Asked(node.file, node.line, "tried it" if node.error else "loaded it") for node in statements]
    told += [Asked(row.file, row.line, "deferred it") for row in deferrals]
    told += [Asked(each.file, each.line, "found it there") for each in profile.requests if each.node in ids]
    return list({(each.file, each.line): each for each in reversed(told)}.values())[::-1]


def _rule(
    profile: Profile,
    node: Node | None,
    by_id: Mapping[int, Node],
    deferrals: Sequence[DeferralRow],
    name: str,
    decided: Decided | None,
) -> str:
    """What decided about the statement that asked for the module first."""
    if decided is None:
        return ""
    if deferrals:
        return decided(deferrals[0].module, _target(deferrals[0]))
    if node is None:
        return ""
    importer = by_id[node.parent].name if node.parent in by_id else _module_in(profile, node.file)
    return decided(importer, name)


def _module_in(profile: Profile, file: str) -> str:
    """The module that came from that file; the main program, where none did."""
    return next((node.name for node in profile.nodes if node.origin == file), "__main__")
