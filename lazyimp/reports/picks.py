"""Which rows of a profile the tables of reports show, and in which order: each said once, for all formats."""

from __future__ import annotations

from lazyimp.profile import NEVER, REIFIED, DeferralRow, FileRow, Node, Profile


def statements(profile: Profile) -> list[Node]:
    """What the main program's own import statements loaded, the dearest first."""
    found = [
        node
        for node in profile.nodes
        if not (node.hidden or node.parent or node.process or node.error)
        and node.use == "statement"
        and node.phase not in ("queue", "ship", "interp", "site")
    ]
    return sorted(found, key=lambda node: (-node.wall_s, node.id))


def hidden(profile: Profile) -> list[Node]:
    """What the main process loaded late, without what that loaded in turn; the dearest first.

    What a first use loads is not among them: it has a table of its own.
    """
    found = [
        node
        for node in profile.nodes
        if node.hidden and not node.parent and not node.process and not node.error and node.use != "first use"
    ]
    return sorted(found, key=lambda node: (-node.wall_s, node.id))


def in_vain(profile: Profile) -> list[tuple[DeferralRow, float]]:
    """Deferrals whose first use loaded something before the first batch, and how long that took."""
    walls = {node.id: node.wall_s for node in profile.nodes}
    found = [
        (row, sum(walls.get(number, 0.0) for number in row.loaded))
        for row in profile.deferrals
        if row.verdict == REIFIED and row.before_batch and row.loaded
    ]
    return sorted(found, key=lambda each: (-each[1], each[0].id))


def never(profile: Profile) -> list[tuple[str, list[DeferralRow]]]:
    """Modules that were deferred, never used by anybody and never loaded, with the statements; by name."""
    loaded = {node.name for node in profile.nodes if not node.error}
    asked: dict[str, list[DeferralRow]] = {}
    for row in profile.deferrals:
        name = row.target.partition(":")[0]
        if row.verdict == NEVER and row.kind != "submodule" and name not in loaded:
            asked.setdefault(name, []).append(row)
    return sorted(asked.items())


def failed(profile: Profile) -> list[tuple[Node, int, float]]:
    """Modules whose import failed: the first try, how many there were, and what they took; the dearest first.

    The two modules that every interpreter looks for when it starts are left out.
    """
    tries: dict[str, list[Node]] = {}
    for node in profile.nodes:
        if node.error and node.name not in ("sitecustomize", "usercustomize"):
            tries.setdefault(node.name, []).append(node)
    found = [(group[0], len(group), sum(node.wall_s for node in group)) for group in tries.values()]
    return sorted(found, key=lambda each: (-each[2], each[0].id))


def from_disk(profile: Profile) -> list[FileRow]:
    """Files of modules that were not in memory, the slowest first."""
    found = [row for row in profile.files if row.kind == "module" and (row.read_bytes or row.major_faults)]
    return sorted(found, key=lambda row: (-row.wall_s, row.path))
