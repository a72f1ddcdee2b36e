"""The tuned profile of one program: reads its file, checks what it is bound to, answers the policy.

HOT, loaded only where there is such a file. `lazyimp tune` writes it. The format is a strict part of TOML:
one line each for a section, `key = "value"`, a comment, or nothing, without escapes:

    [profile]   format, program, python ("3.11"), core ("c"), lazyimp (its version), mode ("deep" when absent)
    [versions]  "torch" = "2.13.0"                          what the verified runs loaded from
    [lazy]      "importer -> target" = "reason"             deferred on top of the mode: just these statements
                "importer -> target: name, name" = "reason"
    [eager]     the same, and "importer -> *", "* -> target", "importer -> target" for any names: on the spot
    [stubs]     "torch._dynamo" = "reason"                 stand-ins to hand out (see `_stubs`)
    [open]      "torch" = "reason", or "*"; for trials: all inside it is lazy ("torch!": recipes' rows, too)
"""

import os
import sys

from lazyimp import _metadata

FORMAT = "1"
MODES = ("safe", "deep", "all")
SECTIONS = ("profile", "versions", "lazy", "eager", "stubs", "open")
ARROW = " -> "
ANY = "*"
NOT_USED = "using mode safe (lazyimp tune renews it)"

Rows = dict[str, dict[str, str]]  # importer -> what it imports, as written -> reason


class Damaged(Exception):
    """The file is no profile; the text says where."""


class Profile:
    """The rows of one file; the policy's `profile`."""

    __slots__ = ("_eager", "_lazy", "_open", "about", "mode", "path", "stubs", "versions")

    def __init__(self, path: str, sections: dict[str, dict[str, str]]) -> None:
        self.path = path
        self.about = sections["profile"]
        self.versions = sections["versions"]
        self.mode = self.about.get("mode", "deep")
        self.stubs = tuple(sections["stubs"])
        self._open = sections["open"]
        self._lazy = _by_importer(sections["lazy"], path)
        self._eager = _by_importer(sections["eager"], path)

    # -- what the policy asks ---------------------------------------------------------------------------

    def touches(self, importer: str) -> bool:
        """Some row names this importer."""
        return importer in self._lazy or importer in self._eager

    def names(self, importer: str, top: str) -> "frozenset[str] | None":
        """The targets at or under `top` that rows name for this importer or for any; None: all of them."""
        found = set()
        for rows, who in ((self._lazy, importer), (self._eager, importer), (self._eager, ANY)):
            for written in rows.get(who, ()):
                target = written.partition(":")[0]
                if target == ANY:
                    return None
                if target == top or target.startswith(top + "."):
                    found.add(target)
        return frozenset(found)

    def decide(self, importer: str, target: str, names: "tuple[str, ...] | None") -> "tuple[str, str] | None":
        """("lazy" or "eager", reason) where a row says it."""
        written = f"{target}: {', '.join(names)}" if names else target
        for who in (importer, ANY):
            rows = self._eager.get(who)
            if rows is not None:
                for key in (written, target, ANY):
                    if key in rows:
                        return "eager", self._explain("eager", who, key, rows[key])
        rows = self._lazy.get(importer)
        if rows is not None and written in rows:
            return "lazy", self._explain("lazy", importer, written, rows[written])
        return None

    def opens(self, unit: str) -> int:
        """Trial runs: how far a unit's insides are open, in the policy's bits."""
        if not self._open:
            return 0
        from lazyimp import _verdict

        for key in (unit, ANY):
            for mark, bits in (("!", _verdict.OPEN_ROWS), ("", 0)):
                if key + mark in self._open:
                    return _verdict.OPEN | _verdict.OPEN_TRY | _verdict.OPEN_UNUSED | bits
        return 0

    def _explain(self, kind: str, importer: str, written: str, reason: str) -> str:
        return f"{os.path.basename(self.path)}, {kind}: {importer}{ARROW}{written} ({reason})"

    # -- what it is bound to ----------------------------------------------------------------------------

    def changed(self, core: str, lazyimp_version: str, complete: bool = True) -> "str | None":
        """The one line that says what is no longer as it was when the file was made; None: nothing.

        `complete`: sys.path is; else what is not found may still come.
        """
        found = {
            "Python": f"{sys.version_info[0]}.{sys.version_info[1]}",
            "core": core,
            "lazyimp": lazyimp_version,
        }
        changes = [
            f"{what} {self.about[key]}, found {found[what]}"
            for what, key in (("Python", "python"), ("core", "core"), ("lazyimp", "lazyimp"))
            if self.about.get(key, found[what]) != found[what]
        ]
        if self.versions and not changes:
            installed = installed_versions(self.versions)
            for name, version in self.versions.items():
                there = installed.get(name, ())
                if version not in there and (there or complete):
                    changes.append(f"{name} {version}, " + (f"found {there[0]}" if there else "not found"))
        if not changes:
            return None
        more = f", and {len(changes) - 1} more differ" if len(changes) > 1 else ""
        return f"{os.path.basename(self.path)} was made with {changes[0]}{more}; {NOT_USED}"


def read(path: str) -> Profile:
    """The profile in the file; raises Damaged, or OSError."""
    with open(path, "rb") as file:
        data = file.read()
    try:
        return Profile(path, parse(data.decode("utf-8")))
    except Damaged as fault:
        raise Damaged(f"{os.path.basename(path)}, {fault}; {NOT_USED}") from None
    except UnicodeDecodeError:
        raise Damaged(f"{os.path.basename(path)} is not UTF-8; {NOT_USED}") from None


def parse(text: str) -> dict[str, dict[str, str]]:
    """The sections of a profile's text, all of them; raises Damaged."""
    sections: dict[str, dict[str, str]] = {name: {} for name in SECTIONS}
    rows: dict[str, str] | None = None
    seen = set()
    for number, line in enumerate(text.split("\n"), 1):
        parts = line.split('"', 4)
        if len(parts) == 5 and not parts[0].strip() and parts[2].strip() == "=":
            key, value, rest = parts[1], parts[3], parts[4]
        elif len(parts) > 2 and parts[0][:1].isalpha() and parts[0].rstrip().endswith("="):
            key, value, rest = parts[0].rstrip()[:-1].rstrip(), parts[1], '"'.join(parts[2:])
        else:
            plain = line.partition("#")[0].strip()
            name = plain[1:-1]
            if plain[:1] == "[" and plain[-1:] == "]" and name in sections and name not in seen:
                seen.add(name)
                rows = sections[name]
            elif plain:
                raise Damaged(f"line {number}, is not a line of a profile")
            continue
        rest = rest.strip()
        if rows is None or key in rows or (rest and rest[0] != "#") or "\\" in key + value:
            raise Damaged(f"line {number}, is not a line of a profile")
        rows[key] = value
    about = sections["profile"]
    if about.get("format") != FORMAT:
        raise Damaged(f"format {about.get('format')!r} is not {FORMAT!r}")
    if about.get("mode", "deep") not in MODES:
        raise Damaged(f"mode {about['mode']!r} is none of ours")
    return sections


def _by_importer(rows: dict[str, str], path: str) -> Rows:
    found: Rows = {}
    for key, reason in rows.items():
        importer, arrow, written = key.partition(ARROW)
        if not arrow or not importer or not written:
            raise Damaged(f"row {key!r} names no 'importer -> target'")
        if importer in found:
            found[importer][written] = reason
        else:
            found[importer] = {written: reason}
    return found


# -- what is installed ---------------------------------------------------------------------------------


def installed_versions(wanted: "dict[str, str]") -> dict[str, tuple[str, ...]]:
    """The versions of these distributions, from the names of metadata folders along sys.path."""
    found: dict[str, tuple[str, ...]] = {}
    spelt = {_metadata.normalised(name): name for name in wanted}
    # distributions lie in site directories; any other folder may be large, and is read only if one is missing
    sites = [entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))]
    others = [entry for entry in sys.path if entry and entry not in sites]
    for folder in (*sites, *others):
        if len(found) == len(wanted):
            break
        here: dict[str, tuple[str, ...]] = {}
        for name, version in versions_in(folder):
            if name in spelt:
                here[spelt[name]] = (*here.get(spelt[name], ()), version)
        for name, versions in here.items():
            found.setdefault(name, versions)  # the first folder on the path is the one that is imported
    return found


def versions_in(folder: str) -> "list[tuple[str, str]]":
    """(normalised name, version) of the distributions whose metadata lies in the folder."""
    try:
        entries = os.listdir(folder)
    except OSError:
        return []
    found = []
    for entry in entries:
        if entry.endswith((".dist-info", ".egg-info")):
            name, _, rest = entry[:-10].partition("-")
            found.append((_metadata.normalised(name), rest.partition("-")[0]))
    return found
