"""A Profile as columns of small integers and one table of texts: what the page carries and its script reads back.

Rows of one kind become a table: `{"rows": n, "texts": {field: []}, "seconds": {field: []}, "numbers": {field: []}}`.
A text is its place in the table of texts (0 is the empty one), seconds are whole microseconds, null is None.

`nodes` are packed closer, so that most numbers repeat or are small and an import takes about 15 bytes of the page.
They come in the order of their ids and are called by their row from then on (`parent`, a package's `first`, a
deferral's `loaded`): row + 1, 0 for none. Their times are in steps of 10 microseconds, which is finer than they are.

- `up` leads to the parent: 0 is the row before, 1 that one's parent, and so on; one more than there are is none. Where
  it is not among them (another thread came between), -n is n rows back.
- `gap` is the time from the end of the parent's previous child, or from the parent's start, to this one's start;
  for a node without a parent, from the start of the previous such node. `tail` is what of a node's time is left
  after its last child: its whole time is that and, for each child, the child's gap and time.
- `wait` is the own time less the own processor time; the total processor time is what is own and the children's
  totals. `odd_self` and `odd_cpu` are what has to be added to the own time and the total processor time that follow.
- `base` is the package whose name and a dot begin this name, `leaf` the rest: 0 none, 1 the base of the last row
  that had one, 2 the parent, 3 the parent's base, 3 + n is n rows back.
- `origin` is a text in which \\x01 stands for the name with slashes; `file` is 0 where it is the parent's origin,
  else a text + 1; `package` is 0 where the name's first part says it, else a text + 1.
- `line` is the difference to the parent's previous child's.
- `rss` counts blocks of 65536 bytes, `minor` 16 minor faults, both less those of the children; `read` counts 512 bytes.

Deferrals have a list of names, `bound`, and `target` is the text before the colon; `attribute`, what follows it, is 0
for none, 1 for what `bound` is, else a text + 2. Only the slowest files are here; `files` says how many there are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, get_origin, get_type_hints

from lazyimp.profile import DeferralRow, FileRow, Node, Profile

Table = dict[str, Any]

FILES = 100
MEMORY, BLOCK, MINOR, STEPS_PER_SECOND = 65536, 512, 16, 100_000
NAME = "\x01"  # no visible text holds it
NODE_PLAIN = ("process", "thread", "major_faults")
NODE_FLAGS = ("hidden", "before_batch")
NODE_TEXTS = ("error", "use", "phase", "function")
NODES = ("first", "loaded", "node", "during")  # fields that mean a node, or several
PAIRS = ("packages", "phases")  # fields that are pairs of a name and seconds
PACKED: dict[type, tuple[str, ...]] = {DeferralRow: ("id", "bound", "target")}  # deferral_columns() has these


class Texts:
    """The table of texts: each is kept once, in the order in which it was first asked for."""

    def __init__(self) -> None:
        self.rows = [""]
        self._places = {"": 0}

    def place(self, text: str) -> int:
        """The text's place; a new one goes to the end."""
        return self._place(visible(text))

    def origin(self, path: str, name: str) -> int:
        """The place of a file's name in which NAME stands for the module's name with slashes."""
        return self._place(visible(path).replace(visible(name).replace(".", "/"), NAME, 1))

    def _place(self, text: str) -> int:
        found = self._places.get(text)
        if found is None:
            found = self._places[text] = len(self.rows)
            self.rows.append(text)
        return found


def visible(text: str) -> str:
    """`text` with what is no visible character, and may hide or turn other text, as a backslash escape."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def micro(seconds: float | None) -> int | None:
    """Whole microseconds; None for None and for what is no finite number."""
    return None if seconds is None or not math.isfinite(seconds) else round(seconds * 1_000_000)


def profile_tables(profile: Profile, texts: Texts) -> Table:
    """The whole profile; `texts` may be shared by several."""
    nodes = sorted(profile.nodes, key=lambda node: node.id)
    rows = {node.id: row for row, node in enumerate(nodes, 1)}
    made: Table = {"plain": {}, "seconds": {}, "tables": {}, "nodes": node_columns(nodes, rows, texts)}
    for name in (field.name for field in fields(profile)):
        value = getattr(profile, name)
        if name.endswith("_s"):
            made["seconds"][name] = micro(value)
        elif isinstance(value, tuple):
            made["tables"][name] = table(TABLES.get(name, tuple)(value), texts, rows)
        elif name != "batch":
            made["plain"][name] = _plain(value)
    made["deferrals"] = deferral_columns(profile.deferrals, texts)
    made["batch"] = table([profile.batch] if profile.batch else [], texts, rows)
    made["files"] = len(profile.files)
    return made


def _plain(value: Any) -> Any:
    """A value that is no row: texts made visible, and numbers as text that have more digits than a browser's."""
    if isinstance(value, dict):
        return {visible(str(key)): _plain(value[key]) for key in sorted(value)}
    if isinstance(value, str):
        return visible(value)
    return str(value) if isinstance(value, int) and abs(value) >= 1 << 53 else value


def row_fields() -> dict[str, list[str]]:
    """The fields of each kind of rows, under the name that a Profile has for them."""
    kinds = {
        name: kind.__args__[0] for name, kind in get_type_hints(Profile).items() if get_origin(kind) is tuple
    }
    return {name: [field.name for field in fields(kind)] for name, kind in kinds.items()}


def slowest(rows: Sequence[FileRow]) -> list[FileRow]:
    """The files that took longest, or read most where none took long; the page lists no more than that."""
    return sorted(rows, key=lambda row: (-row.wall_s, -row.read_bytes, row.at_s, row.path))[:FILES]


TABLES: dict[str, Callable[..., Sequence[Any]]] = {"files": slowest, "nodes": lambda _: ()}


def table(values: Sequence[Any], texts: Texts, rows: dict[int, int]) -> Table:
    """One kind of rows as columns, sorted by what their fields hold."""
    made: Table = {"rows": len(values), "texts": {}, "seconds": {}, "numbers": {}}
    for name in (field.name for field in fields(values[0])) if values else ():
        column = [getattr(value, name) for value in values]
        if name in PACKED.get(type(values[0]), ()):
            continue
        if name in NODES:
            made["numbers"][name] = [_in_rows(each, rows) for each in column]
        elif name in PAIRS:
            made["numbers"][name] = [[[texts.place(n), micro(s)] for n, s in each] for each in column]
        elif name == "rejected":
            made["numbers"][name] = [
                [[visible(r), micro(s), visible(why)] for r, s, why in each] for each in column
            ]
        elif name.endswith("_s"):
            made["seconds"][name] = [micro(each) for each in column]
        elif isinstance(column[0], str):
            made["texts"][name] = [texts.place(each) for each in column]
        else:
            made["numbers"][name] = [None if each is None else int(each) for each in column]
    return made


def deferral_columns(deferrals: Sequence[DeferralRow], texts: Texts) -> Table:
    """What the table of deferrals leaves out; a lazy program has thousands of them."""
    made: Table = {"bound": [visible(row.bound) for row in deferrals], "target": [], "attribute": []}
    for row in deferrals:
        module, _, attribute = row.target.partition(":")
        made["target"].append(texts.place(module))
        usual = {"": 0, row.bound: 1} if row.bound else {"": 0}
        made["attribute"].append(usual[attribute] if attribute in usual else texts.place(attribute) + 2)
    return made


def _in_rows(value: int | tuple[int, ...], rows: dict[int, int]) -> int | list[int]:
    """Ids as rows; an id that no node has is left out."""
    if isinstance(value, int):
        return rows.get(value, 0)
    return [rows[each] for each in value if each in rows]


def node_columns(nodes: list[Node], rows: dict[int, int], texts: Texts) -> Table:
    """The nodes, packed as this module's docstring says."""
    made: Table = {name: [getattr(node, name) for node in nodes] for name in NODE_PLAIN}
    for name in NODE_FLAGS:
        made[name] = [int(getattr(node, name)) for node in nodes]
    for name in NODE_TEXTS:
        made[name] = [texts.place(getattr(node, name)) for node in nodes]
    made["read"] = [round(node.read_bytes / BLOCK) for node in nodes]
    parents = [rows.get(node.parent, 0) for node in nodes]
    parents = [parent if parent < row else 0 for row, parent in enumerate(parents, 1)]  # ids count starts
    made["up"] = _ways_up(parents)
    made.update(_wall(nodes, parents), **_places(nodes, parents, texts), line=_lines(nodes, parents))
    made["rss"] = _own([round(node.rss_bytes / MEMORY) for node in nodes], parents)
    made["minor"] = _own([round(node.minor_faults / MINOR) for node in nodes], parents)
    made.update(_cpu(nodes, parents), **_names(nodes, parents, texts))
    return made


def _ways_up(parents: list[int]) -> list[int]:
    """`up`."""
    ways: list[int] = []
    chain: list[int] = []  # the row before and its ancestors, outermost first
    for row, parent in enumerate(parents, 1):
        if parent in chain:
            place = chain.index(parent)
            ways.append(len(chain) - 1 - place)
            chain = [*chain[: place + 1], row]
        else:
            ways.append(parent - row if parent else len(chain))
            chain = [parent, row] if parent else [row]
    return ways


def _lines(nodes: list[Node], parents: list[int]) -> list[int]:
    """`line`."""
    before, lines = [0] * (len(nodes) + 1), []
    for node, parent in zip(nodes, parents, strict=True):
        lines.append(node.line - before[parent])
        before[parent] = node.line
    return lines


def _own(totals: list[int], parents: list[int]) -> list[int]:
    """What is left of each node's total without its children's."""
    own = [0, *totals]
    for total, parent in zip(totals, parents, strict=True):
        own[parent] -= total
    return own[1:]


def _steps(seconds: float) -> int:
    """Seconds in steps of 10 microseconds."""
    return round(seconds * STEPS_PER_SECOND) if math.isfinite(seconds) else 0


def _wall(nodes: list[Node], parents: list[int]) -> Table:
    """`gap`, `tail` and `odd_self`."""
    starts = [_steps(node.start_s) for node in nodes]
    ends = [_steps(node.start_s + node.wall_s) for node in nodes]
    edges = [0, *starts]  # of each row + 1: where the next child's gap begins
    own = [0, *(end - start for start, end in zip(starts, ends, strict=True))]
    gaps, children = [], [0] * len(own)
    for start, end, parent in zip(starts, ends, parents, strict=True):
        gaps.append(start - edges[parent])
        edges[parent] = end if parent else start
        own[parent] -= end - start
        children[parent] += 1
    tails = [end - edge for end, edge in zip(ends, edges[1:], strict=True)]
    odd = [_odd(node.self_wall_s, own[row], children[row]) for row, node in enumerate(nodes, 1)]
    return {"gap": gaps, "tail": tails, "odd_self": odd}


def _cpu(nodes: list[Node], parents: list[int]) -> Table:
    """`wait` and `odd_cpu`."""
    own = [_steps(node.self_cpu_s) for node in nodes]
    waits = [_steps(node.self_wall_s) - cpu for node, cpu in zip(nodes, own, strict=True)]
    totals, below, odd = [0, *own], [0] * (len(nodes) + 1), [0] * len(nodes)
    for row in range(len(nodes), 0, -1):  # children have larger rows
        odd[row - 1] = _odd(nodes[row - 1].cpu_s, totals[row], below[row])
        totals[parents[row - 1]] += totals[row] + odd[row - 1]
        below[parents[row - 1]] += below[row] + 1
    return {"wait": waits, "odd_cpu": odd}


def _odd(true_s: float, guess: int, parts: int) -> int:
    """How far a guess is off; what rounding its parts explains is nothing."""
    gap = _steps(true_s) - guess
    return 0 if abs(gap) <= 1 + math.isqrt(parts) else gap


def _names(nodes: list[Node], parents: list[int], texts: Texts) -> Table:
    """`base`, `leaf` and `package`."""
    made: Table = {"base": [], "leaf": [], "package": []}
    seen: dict[str, int] = {}
    bases, last = [0], 0
    for row, (name, parent) in enumerate(zip((visible(n.name) for n in nodes), parents, strict=True), 1):
        head, _, leaf = name.rpartition(".")
        base = seen.get(head, 0) if head else 0
        usual = {last: 1, parent: 2, bases[parent]: 3} if base else {}
        made["base"].append(usual.get(base, row - base + 3) if base else 0)
        made["leaf"].append(leaf if base else name)
        bases.append(base)
        seen[name], last = row, base or last
    for node in nodes:
        is_first_part = node.package == node.name.partition(".")[0]
        made["package"].append(0 if is_first_part else texts.place(node.package) + 1)
    return made


def _places(nodes: list[Node], parents: list[int], texts: Texts) -> Table:
    """`origin` and `file`."""
    made: Table = {"origin": [], "file": []}
    for node, parent in zip(nodes, parents, strict=True):
        made["origin"].append(texts.origin(node.origin, node.name))
        is_parents = parent and nodes[parent - 1].origin == node.file
        made["file"].append(0 if is_parents else texts.place(node.file) + 1)
    return made
