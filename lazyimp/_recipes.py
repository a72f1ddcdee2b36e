"""Looks up what the compiled recipes say of an importer and a target.

HOT. The table is loaded with the first policy of mode deep, and a distribution's version is asked for when
one of its modules first imports or is imported. Where there is no table every distribution is closed inside.
"""

from lazyimp import _tables, _units

NEVER_BUILT = "the recipes were never built; install lazyimp, or run python build_backend/recipes.py"

TYPE_CHECKING = False
if TYPE_CHECKING:
    Bounds = tuple[tuple[str, tuple[int, ...]], ...]
    # names, modules, versions, the same as bounds, why closed inside or "", rows, whether it holds together:
    # build_backend/recipes.py
    Compiled = tuple[tuple[str, ...], tuple[str, ...], str, Bounds, str, str, bool]


class Recipe:
    """One distribution's recipe, as it holds for the installed version."""

    __slots__ = ("closed", "fits", "holds_together", "importers", "name", "plain", "rows", "version")

    def __init__(self, compiled: "Compiled", units: "_units.Units") -> None:
        names, modules, versions, bounds, closed, rows, together = compiled
        self.name = names[0]
        version = self.version = units.version(modules, names)
        fits = version is not None and is_within(version, bounds)
        if version is None:
            closed = "which version is installed cannot be told"
        elif not fits:
            closed = f"version {version} is installed, and the recipe is for {versions}"
        self.fits = fits
        self.holds_together = fits and together
        self.plain: set[str] = set()
        self.closed = closed and f"recipe for {self.name}: {closed}"
        self.rows: dict[str, dict[str, tuple[bool, str]]] = {}  # target -> importer -> (is lazy, reason)
        for row in rows.splitlines():
            importer, target, kind, reason, when = row.split("	")
            if kind == "plain":
                self.plain.update([importer] if fits else ())
            elif (fits or kind == "eager") and (not when or _tables.holds(when)):
                self.rows.setdefault(target, {})[importer] = (kind == "lazy", reason)
        self.importers = frozenset([importer for by in self.rows.values() for importer in by if importer])

    def best(self, importer: str, name: str, in_unit: bool) -> tuple[bool, str] | None:
        """The row for `importer` and a target `name`: the longer target wins, then the longer importer."""
        target = name
        while True:
            by_importer = self.rows.get(target) if target or in_unit else None
            found = by_importer and _of_prefix(by_importer, importer)
            if found:
                return found[0], f"recipe for {self.name}: {target or importer}: {found[1]}"
            if not target:
                return None
            target = target.rpartition(".")[0]

    def names(self, importer: str, top: str) -> list[str]:
        """The targets under `top` that have a row for `importer`."""
        below = top + "."
        return [
            target
            for target, by_importer in self.rows.items()
            if target.startswith(below) and _of_prefix(by_importer, importer)
        ]


class Recipes:
    """All recipes; `unit` is a distribution's, or "" for own code, which no recipe names as importer."""

    def __init__(self, units: "_units.Units", table: object = None) -> None:
        table = table or load_table()
        self.built = getattr(table, "FORMAT", None) == 1
        self._modules: dict[str, int] = getattr(table, "MODULES", {}) if self.built else {}
        self._compiled: tuple[Compiled, ...] = getattr(table, "RECIPES", ())
        self._units = units
        self._recipes: dict[int, Recipe] = {}
        self._concerned: dict[tuple[str, str], tuple[Recipe, ...]] = {}

    def of(self, unit: str) -> Recipe | None:
        """The recipe of a unit, or None."""
        index = self._modules.get(unit)
        if index is None:
            return None
        recipe = self._recipes.get(index)
        if recipe is None:
            recipe = self._recipes[index] = Recipe(self._compiled[index], self._units)
        return recipe

    def closed(self, unit: str) -> str:
        """Why the author's order stands inside a unit, or ""."""
        if not self.built:
            return NEVER_BUILT
        recipe = self.of(unit)
        return recipe.closed if recipe is not None else ""

    def holds_together(self, unit: str) -> bool:
        """Whether what is imported of a unit inside try does not fail later by what it imports of itself."""
        recipe = self.of(unit)
        return recipe is not None and recipe.holds_together

    def is_plain(self, unit: str, importer: str) -> bool:
        """Whether nobody meets a deferred name in the namespace of `importer`, whatever its code looks like."""
        recipe = self.of(unit)
        return recipe is not None and importer in recipe.plain

    def touches(self, unit: str, importer: str) -> bool:
        """Whether some row names `importer`, or a package it is in."""
        recipe = self.of(unit)
        if recipe is None or not recipe.importers:
            return False
        part = importer
        while part:
            if part in recipe.importers:
                return True
            part = part.rpartition(".")[0]
        return False

    def names(self, unit: str, importer: str, top: str) -> list[str]:
        """The dotted targets under `top` that rows for `importer` name."""
        return [name for recipe in self._about(unit, top) for name in recipe.names(importer, top)]

    def mentions(self, unit: str, top: str, target: str) -> bool:
        """Whether some row may be about `target`, a top-level name, imported by this unit."""
        return any(target in recipe.rows or "" in recipe.rows for recipe in self._about(unit, top))

    def decide(self, unit: str, importer: str, top: str, wanted: list[str]) -> tuple[bool, str] | None:
        """(is lazy, reason) where rows decide a statement: eager if one name is, lazy if all are."""
        about = self._about(unit, top)
        if not about:
            return None
        in_unit = self.of(unit) is self.of(_units.SAME_DISTRIBUTION.get(top, top))
        found = [self._best(about, importer, name, in_unit) for name in wanted]
        for answer in found:
            if answer is not None and not answer[0]:
                return answer
        return None if not found or None in found else found[0]

    def _about(self, unit: str, top: str) -> tuple[Recipe, ...]:
        found = self._concerned.get((unit, top))
        if found is None:
            ours, theirs = self.of(unit), self.of(_units.SAME_DISTRIBUTION.get(top, top))
            both = (ours, theirs if theirs is not ours else None)
            found = tuple([recipe for recipe in both if recipe is not None])
            self._concerned[unit, top] = found
        return found

    def _best(
        self, about: tuple[Recipe, ...], importer: str, name: str, in_unit: bool
    ) -> tuple[bool, str] | None:
        for recipe in about:
            found = recipe.best(importer, name, in_unit)
            if found is not None:
                return found
        return None


def load_table() -> object:
    """The compiled table, or None in a checkout that was never built."""
    try:
        from lazyimp.recipes import _table
    except ImportError:
        return None
    return _table


def _of_prefix(by_importer: dict[str, tuple[bool, str]], importer: str) -> tuple[bool, str] | None:
    part = importer
    while part:
        found = by_importer.get(part)
        if found is not None:
            return found
        part = part.rpartition(".")[0]
    return by_importer.get("")


def is_within(version: str, bounds: "Bounds") -> bool:
    """Whether the release of `version` keeps all bounds; a pre-release counts as its release."""
    release = _release(version)
    return release is not None and all(_keeps(release, operator, bound) for operator, bound in bounds)


def _keeps(release: tuple[int, ...], operator: str, bound: tuple[int, ...]) -> bool:
    if operator in ("==", "!="):
        return (release == bound) is (operator == "==")
    if release == bound:
        return operator in (">=", "<=")
    return (release > bound) is (operator[0] == ">")


def _release(version: str) -> tuple[int, ...] | None:
    """The numbers of a version without zeros at the end; None where it does not start with one."""
    numbers = []
    for part in version.partition("+")[0].split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]  # no `re` in the hot zone
        if digits:
            numbers.append(int(digits))
        if digits != part:
            break
    if not numbers:
        return None
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
