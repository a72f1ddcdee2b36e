"""The project and what is installed: configuration, tuned profiles, recipes, and frameworks that load each other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from lazyimp import __version__, _config, _profile, _program, _recipes, _units
from lazyimp.doctor.values import BAD, GOOD, NOTE, Check, counted, shown
from lazyimp.errors import ConfigError

SUFFIX = ".lazyimp.toml"


def configuration(folder: str) -> Check:
    """The `[tool.lazyimp]` table that programs in `folder` get."""
    path = _program.search_config(folder)
    if path is None:
        return Check("configuration", GOOD, "none here or above; every value is the default")
    try:
        config = _config.load_config(path)
    except (ConfigError, OSError) as fault:
        said = str(fault).replace(path, shown(path))
        return Check("configuration", BAD, said, f"mend {shown(path)}", "LZ103")
    count = len(config.patterns) if config is not None else 0
    mode = (config.mode if config is not None else None) or "safe"
    return Check("configuration", GOOD, f"{shown(path)}: mode {mode}, {counted(count, 'pattern')}")


def profiles(folder: str, core: str) -> dict[str, str]:
    """The tuned profiles in `folder`, and what keeps each from being used here; "" for nothing."""
    found = {}
    for name in sorted(entry for entry in os.listdir(folder) if entry.endswith(SUFFIX)):
        try:
            found[name] = _profile.read(os.path.join(folder, name)).changed(core, __version__) or ""
        except (_profile.Damaged, OSError) as fault:
            found[name] = str(fault)
    return found


def tuned(folder: str, core: str) -> Check | None:
    """Profiles that would not be used."""
    found = profiles(folder, core)
    stale = [fault for fault in found.values() if fault]
    if not found:
        return None
    if stale:
        program = next(name for name, fault in found.items() if fault).removesuffix(SUFFIX)
        return Check("profiles", NOTE, "; ".join(stale), f"lazyimp tune {program}.py", "LZ104")
    return Check("profiles", GOOD, f"{', '.join(found)}: made with these versions")


# -- recipes ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Coverage:
    """How many recipes there are, which distributions they cover here, and which are of another version."""

    built: bool
    known: int = 0
    fitting: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()  # sentences


def coverage() -> Coverage:
    """Ask each recipe about what is installed."""
    units = _units.Units()
    recipes = _recipes.Recipes(units)
    table = _recipes.load_table()
    if not recipes.built:
        return Coverage(False)
    fitting, closed = [], []
    compiled: Sequence[_recipes.Compiled] = getattr(table, "RECIPES", ())
    for names, modules, *_ in compiled:
        here = [top for top in modules if units.of_top(top)[0] == _units.DIST]
        recipe = recipes.of(here[0]) if here else None
        if recipe is None:
            continue
        if recipe.fits:
            fitting.append(names[0])
        else:
            closed.append(recipe.closed.removeprefix("recipe for "))
    return Coverage(True, len(compiled), tuple(sorted(fitting)), tuple(sorted(closed)))


def recipes_check(found: Coverage) -> Check:
    """Mode deep knows what is installed."""
    if not found.built:
        fix = "python build_backend/recipes.py, or install lazyimp"
        return Check("recipes", NOTE, "never built: mode deep opens nothing", fix, "LZ109")
    facts: dict[str, object] = {"fitting": list(found.fitting), "closed": list(found.closed)}
    said = f"{found.known}, of these {len(found.fitting)} for what is installed here"
    if found.closed:
        said += "; mode deep leaves closed: " + "; ".join(found.closed)
        return Check("recipes", NOTE, said, "a newer lazyimp may know them", "LZ207", facts)
    return Check("recipes", GOOD, said, facts=facts)


# -- frameworks ------------------------------------------------------------------------------------------


def frameworks(folders: Sequence[str]) -> Check | None:
    """TensorFlow beside PyTorch: libraries that can use both look for both."""
    found: dict[str, str] = {}
    for folder in folders:
        for name, version in _profile.versions_in(folder):
            found.setdefault(name, version)
    flow = next((name for name in ("tensorflow", "tensorflow_cpu", "tf_nightly") if name in found), "")
    if not flow or "torch" not in found:
        return None
    said = f"torch {found['torch']} and {flow} {found[flow]} are both installed: transformers, keras and tensorboard"
    said += " load TensorFlow where they find it"
    return Check("frameworks", NOTE, said, "uninstall the one you do not use, or USE_TF=0 for transformers")
