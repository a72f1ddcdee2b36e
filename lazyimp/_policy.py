"""Lazy, proxy or eager: the layers and the one function that decide every import, each with its reason.

HOT. A core asks `open` once for a module, `fill` once for a top-level name in a unit, and `decide` only where
no few bits can say the answer. `fill` asks the function behind `decide`, so the two cannot disagree.
Layers, first match wins: what the process cannot run without, the user's patterns, the tuned profile, the
recipes, what own modules do, the mode's rules.

`importer` is the module's dotted name (`__main__` for a script). Profiles (`_protocol.pyi`) count in
modes safe and deep.
"""

import sys

from lazyimp import _tables, _units
from lazyimp._units import DIST, OWN, STDLIB, Importer
from lazyimp._verdict import (
    ASK,
    CONTEXTS,
    EAGER,
    EFFECT_ORDER,
    FROM,
    LAZY,
    LOADED,
    MODULE_EAGER,
    MODULE_OWN,
    NO_STORE,
    OPEN_ROWS,
    OPEN_TRY,
    OPEN_UNUSED,
    OWN_CODE,
    PLAIN,
    PROTECTED,
    SETTLED,
    UNGUARDED,
    UNUSED,
    WITHIN_TRY,
    as_lazy,
    by_bits,
    protected,
)

MODES = ("safe", "deep", "all")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lazyimp._config import Config
    from lazyimp._protocol import Profile
    from lazyimp._recipes import Recipes

    Verdict = int | tuple[int, frozenset[str]]


class Policy:
    """One mode's answers, with the user's patterns, a profile and the recipes before them."""

    # Core native says yes: from 3.15 on the standard library is tested under the interpreter's own lazy
    # imports. Before, C code and the shutdown rely on what its modules import.
    opens_stdlib = False
    is_settled = True  # what it says holds in a later run, too

    def __init__(
        self,
        mode: str,
        config: "Config | None" = None,
        units: "_units.Units | None" = None,
        profile: "Profile | None" = None,
        recipes: "Recipes | None" = None,
    ) -> None:
        if mode not in MODES:
            raise ValueError(f"unknown mode {mode!r}; use safe, deep or all")
        self.mode = mode
        self.config = config
        self.profile = profile
        self._units = units or _units.shared
        if recipes is None and mode == "deep":
            from lazyimp._recipes import Recipes

            recipes = Recipes(self._units)
        self._recipes = recipes
        safe = _tables.safe_rows() if mode == "safe" else {}
        self._state_targets: dict[str, _tables.Reason] = {
            **safe,
            **_tables.EAGER_TARGETS,
            **_tables.started(),
        }
        names = (*self._state_targets, *_tables.EFFECT_TARGETS)
        self._rows = frozenset([name.partition(".")[0] for name in names])
        self._deeper = [name for name in names if "." in name]
        self._tables: dict[tuple[str, ...], dict[str, Verdict]] = {}
        self._importers: dict[tuple[str, str | None], Importer] = {}
        self._alike: dict[tuple[tuple[str, str], str, bool], int] = {}  # verdicts on tops without a row
        self._standard: frozenset[str] = frozenset()  # as the units gave it
        self._common: frozenset[str] = frozenset()  # those of it that no rule names
        self._on_common: dict[tuple[str, str], int] = {}  # an importer's key -> the verdict on each of them

    # -- what the cores ask ------------------------------------------------------------------------------

    def open(self, importer: str, file: str | None) -> "tuple[dict[str, Verdict], int]":
        """The verdicts that all modules like this one share, filled as they are needed, and its flags."""
        known = self._importer(importer, file)
        flags = (MODULE_OWN if known.kind is OWN else 0) | self._trust(known)
        reopened = not known.essential and self.config is not None and self.config.reopens(known.name)
        if known.stays_eager and not reopened:
            flags |= MODULE_EAGER
        key = (*known.key, known.name) if known.is_named else known.key
        return self._tables.setdefault(key, {}), flags

    def _trust(self, known: Importer) -> int:
        """UNGUARDED and PLAIN, where a module has them."""
        if self.mode == "all":
            return UNGUARDED
        top = known.name.partition(".")[0]
        if known.kind is STDLIB and self._opens_stdlib():
            unguarded = 0 if top in _tables.MAY_FAIL or top[0] == "_" else UNGUARDED
            return unguarded | (0 if top in _tables.WALKS_ITSELF else PLAIN)
        if known.kind is not DIST or self._recipes is None or self._opens(known):
            return 0
        unguarded = UNGUARDED if self._recipes.holds_together(known.key[0]) else 0
        return unguarded | (PLAIN if self._recipes.is_plain(*known.place) else 0)

    def _opens_stdlib(self) -> bool:
        return self.opens_stdlib and self.mode == "deep"

    def fill(self, importer: str, file: str | None, top: str) -> "Verdict":
        """The verdict on imports of `top`, or of anything under it, by modules like `importer`."""
        known = self._importer(importer, file)
        is_common = top in self._common_tops() and top not in sys.modules
        if is_common and known.key in self._on_common and not self._is_singled_out(known, top):
            return self._on_common[known.key]
        kind, lasting = self._units.of_top(top)
        if kind is None:
            return NO_STORE
        names: frozenset[str] | None = frozenset()
        if known.essential or top in _tables.ESSENTIAL_TARGETS:
            bits = 0
        elif self.config is not None and self.config.touches(top):
            bits = ASK
        elif kind is OWN and self.mode != "all":
            bits = ASK  # what its modules do while they are imported decides
        elif self._looks_inside(known, kind, top):
            bits = ASK  # likewise
        else:
            names = self._named(known, top)
            bits = ASK if names is None else self._verdict(known, kind, top)
        bits |= 0 if lasting else NO_STORE
        if names and not bits & ASK:
            return bits, names
        if is_common and lasting and not self._is_singled_out(known, top):
            self._on_common[known.key] = bits
        return bits

    def _common_tops(self) -> frozenset[str]:
        """Standard modules of which nothing is said by name: a unit's verdict on one is its verdict on each."""
        standard = self._units.standard()
        if standard is not self._standard:
            self._standard = standard
            self._common = standard.difference(self._rows, _tables.ESSENTIAL_TARGETS)
            if self.config is not None:
                self._common = frozenset([top for top in self._common if not self.config.touches(top)])
            if self.profile is not None:
                self._common = frozenset(
                    [top for top in self._common if self.profile.names("", top) == frozenset()]
                )
        return self._common

    def _is_singled_out(self, known: Importer, top: str) -> bool:
        """Whether a row is about this very importer, or about `top` imported by its unit."""
        if known.is_named or known.kind is not DIST or self._recipes is None:
            return known.is_named
        return self._recipes.mentions(known.place[0], "", top)

    def decide(
        self, importer: str, file: str | None, target: str, names: tuple[str, ...] | None, context: int
    ) -> tuple[str, str]:
        """(decision, reason) for one import statement."""
        top = target.partition(".")[0]
        kind = self._units.of_top(top)[0]
        if kind is None:
            return EAGER, "no finder knows it: the import raises in its place"
        known = self._importer(importer, file)
        if known.essential:
            return EAGER, known.stays_eager
        if top in _tables.ESSENTIAL_TARGETS:
            return EAGER, f"{top}: {_tables.ESSENTIAL_TARGETS[top]}"
        wanted = [f"{target}.{name}" for name in names] if names else [target]
        return (
            self._by_user(known, wanted, context)
            or self._by_profile(known, target, names, context)
            or self._by_recipe(known, kind, top, wanted, context)
            or self._by_effect(importer, kind, target, names, context)
            or self._by_code(known, kind, target, names, context)
            or self._by_mode(known, kind, top, wanted, context)
        )

    def depends_on(self, importer: str, file: str | None, target: str) -> int:
        """What the answer on an import of `target` depends on: SETTLED, or OWN_CODE, or the modules that are LOADED."""
        top = target.partition(".")[0]
        kind, lasting = self._units.of_top(top)
        if kind is None or kind is OWN or not lasting:
            return OWN_CODE
        return LOADED if self._looks_inside(self._importer(importer, file), kind, top) else SETTLED

    # -- the layers --------------------------------------------------------------------------------------

    def _by_user(self, known: Importer, wanted: list[str], context: int) -> tuple[str, str] | None:
        if self.config is None:
            return None
        # "lazy: pandas" is about programs; it does not reopen pytest or setuptools. "_pytest -> pandas" does.
        found = self.config.match(known.name, wanted, bool(known.stays_eager))
        if found is None:
            return None
        lazy, reason = found
        return (as_lazy(context) if lazy else EAGER), reason

    def _by_profile(
        self, known: Importer, target: str, names: "tuple[str, ...] | None", context: int
    ) -> "tuple[str, str] | None":
        found = self.profile.decide(known.name, target, names) if self.profile is not None else None
        if found is None or (found[0] != EAGER and known.stays_eager):
            return None
        return (EAGER if found[0] == EAGER else as_lazy(context)), found[1]

    def _by_recipe(
        self, known: Importer, kind: str, top: str, wanted: list[str], context: int
    ) -> "tuple[str, str] | None":
        if self._recipes is None:
            return None
        found = self._recipes.decide(*known.place, top if kind is DIST else "", wanted)
        if found is None:
            return None
        lazy, reason = found
        if not lazy:
            return None if self._opens(known) & OPEN_ROWS else (EAGER, reason)
        # whether an importer waits and what is set before an import stay the mode's to judge
        return None if known.stays_eager or context & EFFECT_ORDER else (as_lazy(context), reason)

    def _by_effect(
        self, importer: str, kind: str, target: str, names: "tuple[str, ...] | None", at: int
    ) -> "tuple[str, str] | None":
        """Own modules that do something while they are imported do it in their place."""
        if kind is not OWN or self.mode == "all" or at & (PROTECTED | UNUSED):
            return None
        from lazyimp._effects import of_statement

        effect = of_statement(importer, target, names, self._units.kind_of)
        return None if effect is None else (EAGER, f"own code, and importing it {effect}")

    def _looks_inside(self, known: Importer, kind: str, top: str) -> bool:
        """Mode deep, inside a distribution of which no recipe says what it needs."""
        if self.mode != "deep" or kind is not DIST or known.stays_eager or self._opens(known):
            return False
        if self._recipes is None or not self._recipes.built or self._recipes.of(known.key[0]) is not None:
            return False
        return self._inside_one_unit(known, kind, top)

    def _by_code(
        self, known: Importer, kind: str, target: str, names: "tuple[str, ...] | None", context: int
    ) -> "tuple[str, str] | None":
        """Without a recipe, what changes other modules while imported does it where the statement stands."""
        top = target.partition(".")[0]
        if context & PROTECTED or not self._looks_inside(known, kind, top):
            return None
        from lazyimp import _inside

        if context & UNUSED and _inside.is_extension(target):
            return EAGER, "never named, and compiled: there for its effect"
        effect = _inside.of_statement(known.name, target, names, self._units.same)
        return None if effect is None else (EAGER, f"no recipe, and importing it {effect}")

    def _by_mode(
        self, known: Importer, kind: str, top: str, wanted: list[str], context: int
    ) -> tuple[str, str]:
        if self.mode == "all":
            if context & PROTECTED:
                return EAGER, "inside try or with, as in PEP 810"
            return LAZY, "mode all: everything"
        if known.stays_eager:
            return EAGER, known.stays_eager
        if top in self._rows:
            row = _tables.row(self._state_targets, wanted)
            if row:
                return EAGER, row
        if context & EFFECT_ORDER:
            return EAGER, "the code around it changes what the import sees"
        if context & WITHIN_TRY and self._within(known, kind, top):
            return EAGER, "its importer is imported inside try or with: what fails has to fail there"
        if known.kind is not OWN and self._inside_one_unit(known, kind, top):
            return self._inside(known, context)
        if context & UNUSED:
            if top in self._rows or top.startswith(_tables.PLUGIN_PREFIX):
                row = _tables.row(_tables.EFFECT_TARGETS, wanted)
                if row or top.startswith(_tables.PLUGIN_PREFIX):
                    return EAGER, "never named: " + (row or f"{top}: {_tables.ENVIRONMENTS}")
            # in a package's __init__ too: `from .resnet import ResNet` puts a model into a registry
            if kind is OWN:
                return EAGER, "own code that is never named is imported for its effect"
        if context & PROTECTED:
            if kind is DIST and self._opens(known) & OPEN_TRY:
                return as_lazy(context), "trial run: inside try or with, too"
            return protected(kind, context)
        if known.kind is OWN:
            return LAZY, "imported by own code"
        return LAZY, "crosses from one unit to another"

    def _within(self, known: Importer, kind: str, top: str) -> bool:
        """The user's own code, or one distribution, on both sides; trial runs open that too."""
        own = kind is OWN and known.kind is OWN
        return (own or self._inside_one_unit(known, kind, top)) and not self._opens(known)

    def _inside_one_unit(self, known: Importer, kind: str, top: str) -> bool:
        if kind is not known.kind:
            return False
        return kind is STDLIB or self._units.same(known.name.partition(".")[0], top)

    def _inside(self, known: Importer, context: int) -> tuple[str, str]:
        """Both sides are of one unit that is not the user's."""
        if known.kind is STDLIB:
            for_effect = context & UNUSED and not context & FROM
            if self._opens_stdlib() and not context & PROTECTED and not for_effect:
                return LAZY, "mode deep: inside the standard library, which this interpreter defers itself"
            return EAGER, "inside the standard library"
        opened = self._opens(known)
        if not opened and self.mode == "safe":
            return EAGER, "inside one distribution the author's order stands"
        # its modules share their verdicts, so what they are called does not matter
        closed = self._recipes.closed(known.key[0]) if self._recipes is not None and not opened else ""
        if closed:
            return EAGER, closed
        if context & PROTECTED and not opened & OPEN_TRY:
            return EAGER, "inside try or with: a distribution may ship parts that fail here, and catches that"
        if context & UNUSED and not context & FROM and not opened & OPEN_UNUSED:
            return EAGER, "inside one distribution, and never named: there for its effect"
        return as_lazy(context), "trial run" if opened else "mode deep: inside one distribution"

    def _opens(self, known: Importer) -> int:
        return self.profile.opens(known.key[0]) if self.profile is not None and known.kind is DIST else 0

    # -- importers and verdicts --------------------------------------------------------------------------

    def _importer(self, name: str, file: str | None) -> Importer:
        known = self._importers.get((name, file))
        if known is None:
            known = self._importers[name, file] = Importer(self._units, name, file, self.mode)
            if known.kind is DIST and self._recipes is not None:
                known.is_named = self._recipes.touches(*known.place)
            if self.profile is not None and self.profile.touches(known.name):
                known.is_named = True
        return known

    def _named(self, known: Importer, top: str) -> "frozenset[str] | None":
        """The dotted names in `top` that `decide` is to be asked about; None: about all."""
        below = top + "."
        names = [name for name in self._deeper if name.startswith(below)] if self.mode != "all" else []
        if self._recipes is not None:
            names += self._recipes.names(*known.place, top)
        if self.profile is not None:
            rows = self.profile.names(known.name, top)
            if rows is None:
                return None
            names += rows
        return frozenset(names)

    def _verdict(self, known: Importer, kind: str, top: str) -> int:
        """The bits that say what the layers say in every context; ASK if no bits do."""
        if self._has_row(known, kind, top):
            return self._bits(known, kind, top)
        alike = (known.key, kind, self._inside_one_unit(known, kind, top))
        bits = self._alike.get(alike)
        if bits is None:
            bits = self._alike[alike] = self._bits(known, kind, top)
        return bits

    def _has_row(self, known: Importer, kind: str, top: str) -> bool:
        """Whether what is imported counts by its name, and not by what kind of unit it is of."""
        if top in self._rows or top.startswith(_tables.PLUGIN_PREFIX):
            return True
        place = known.place[0], top if kind is DIST else ""
        return self._recipes is not None and self._recipes.mentions(*place, top)

    def _bits(self, known: Importer, kind: str, top: str) -> int:
        wanted = [top]
        answers = [
            (self._by_recipe(known, kind, top, wanted, at) or self._by_mode(known, kind, top, wanted, at))[0]
            for at in range(8)
        ]
        bits = sum(bit for bit, context in CONTEXTS.items() if answers[context] is by_bits(bit, context))
        for context, answer in enumerate(answers):
            if answer is not by_bits(bits, context):
                return ASK
        return bits
