"""Recipes: their files, their compiled table, and what the policy makes of each kind of row."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import made_recipes
import pytest
from made_recipes import WHY, recipe, rows

import lazyimp
from lazyimp._policy import Policy
from lazyimp._recipes import NEVER_BUILT, Recipes, is_within
from lazyimp._units import DIST, STDLIB, Units
from lazyimp._verdict import EAGER, EFFECT_ORDER, FROM, LAZY, PROTECTED, PROXY, UNUSED

ROOT = Path(__file__).resolve().parents[1]
RECIPES = Path(lazyimp.__file__).parent / "recipes"
SITE = "/v/lib/python3.11/site-packages/"

pytestmark = made_recipes.needs_builder
builder = made_recipes.builder


# -- the files -----------------------------------------------------------------------------------------------


def test_every_recipe_is_of_the_schema(builder: Any) -> None:
    pytest.importorskip("fastjsonschema")
    recipes = builder.read_all(RECIPES)
    assert len(recipes) > 10
    for name, one in recipes.items():
        assert name == one["distribution"].lower().replace("-", "_") + ".toml", "one file per distribution"


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"versions": "~=1.5"}, "versions is '~=1.5' (The releases"),
        ({"versions": ">=1.5rc1"}, "versions is '>=1.5rc1'"),
        ({"insde": "lazy"}, "the recipe must not contain {'insde'} properties"),
        ({"inside": "maybe"}, "inside must be one of ['lazy', 'eager'], and is 'maybe'"),
        ({"inside": "eager"}, "the recipe must contain ['reason'] properties"),
        ({"modules": []}, "modules must contain at least 1 items"),
        ({"modules": ["a.b"]}, "modules[0] is 'a.b'"),
        ({"eager": [{"reason": WHY}]}, "eager[0] names neither an importer nor a target"),
        ({"eager": [{"target": "pkg.a"}]}, "eager[0] must contain ['reason'] properties"),
        ({"eager": rows("pkg.a b")}, "eager[0].target is 'pkg.a b'"),
        ({"eager": [{"target": "pkg.a", "reason": "Ends with a stop."}]}, "eager[0].reason is"),
        ({"eager": rows("numpy")}, "eager[0].target 'numpy' is of another distribution"),
        ({"eager": rows("pkg.a", "pkg.a")}, "eager[1] has the importer and target of an earlier row"),
        ({"eager": rows("pkg.a"), "lazy": rows("pkg.a")}, "lazy[0] has the importer and target of an"),
        ({"eager": [{**rows("pkg.a -> pkg.b")[0], "also_safe": True}]}, "eager[0].also_safe is for rows"),
        ({"eager": [{**rows("pkg.a")[0], "when": "offline"}]}, "eager[0].when is 'offline'"),
        ({"lazy": rows("numpy.x -> pkg")}, "lazy[0].importer 'numpy.x' is of another distribution"),
        ({"lazy": rows("pkg.x ->")}, "lazy[0] must contain ['target'] properties"),
        (
            {"stub": [{"module": "pkg.x", "file": "no_such", "reason": WHY}]},
            "stub[0].file: there is no stubs/no_such.py",
        ),
        (
            {"verified": [{"version": "1", "python": "3.11", "core": "d", "how": "by hand"}]},
            "verified[0].core must be one of",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_fault_names_the_file_and_the_key(builder: Any, changed: dict[str, Any], fault: str) -> None:
    pytest.importorskip("fastjsonschema")
    found = builder.faults_in("pkg.toml", recipe(**changed), builder.validator(RECIPES), RECIPES)
    assert len(found) == 1 and found[0].startswith(f"pkg.toml: {fault}"), found


def test_all_faults_are_told_together(builder: Any, tmp_path: Path) -> None:
    pytest.importorskip("fastjsonschema")
    shutil.copy(RECIPES / "schema.json", tmp_path)
    good = 'distribution = "a"\nmodules = ["a"]\nversions = "<2"\ninside = "lazy"\n'
    (tmp_path / "a.toml").write_text(good)
    (tmp_path / "b.toml").write_text(good)
    (tmp_path / "c.toml").write_text("no TOML")
    with pytest.raises(builder.RecipeError) as caught:
        builder.read_all(tmp_path)
    told = str(caught.value).splitlines()
    assert told[0] == "b.toml: modules: a.toml names 'a', too"
    assert told[1].startswith("c.toml: not a TOML file")


def test_the_same_recipes_give_the_same_bytes(builder: Any, tmp_path: Path) -> None:
    pytest.importorskip("fastjsonschema")
    for path in (*RECIPES.glob("*.toml"), RECIPES / "schema.json"):
        shutil.copy(path, tmp_path)
    shutil.copytree(RECIPES / "stubs", tmp_path / "stubs")
    count = builder.build(tmp_path)
    assert count == len(list(tmp_path.glob("*.toml")))
    made = {name: (tmp_path / name).read_bytes() for name in ("_table.py", "_safe.py")}
    assert builder.build(tmp_path) == count
    assert made == {name: (tmp_path / name).read_bytes() for name in made}
    assert made == {name: (RECIPES / name).read_bytes() for name in made}, "the installed table is stale"
    assert not list(tmp_path.glob("*.draft"))


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ("1.5", ">=1.5,<4", True),
        ("1.5.0", ">=1.5,<4", True),
        ("1.4.9", ">=1.5,<4", False),
        ("3.99", ">=1.5,<4", True),
        ("4.0", ">=1.5,<4", False),
        ("4.0rc1", ">=1.5,<4", False),
        ("2.13.0+cpu", "==2.13", True),
        ("2.13.1", "==2.13", False),
        ("2.13.1", "!=2.13.0", True),
        ("1.10", ">1.9,<=1.10", True),
        ("nightly", ">=0", False),
    ],
)
def test_version_ranges(builder: Any, version: str, wanted: str, fits: bool) -> None:
    assert is_within(version, builder.bounds(wanted)) is fits


# -- the policy ----------------------------------------------------------------------------------------------


class KnownUnits(Units):
    """Units that know `pkg`, `other` and json, and which version of pkg is installed."""

    def __init__(self, version: str | None = "2.1") -> None:
        super().__init__()
        self.installed = version

    def of_top(self, top: str) -> tuple[str | None, bool]:
        kind = {"pkg": DIST, "other": DIST, "json": STDLIB}.get(top)
        return kind, kind is not None

    def version(self, tops: tuple[str, ...], names: tuple[str, ...]) -> str | None:
        return self.installed


@pytest.fixture
def policy(builder: Any) -> Callable[..., Policy]:
    """Make a policy that knows one recipe."""

    def make(mode: str = "deep", version: str | None = "2.1", **keys: Any) -> Policy:
        table = types.ModuleType("table")
        exec(builder.tables({"pkg.toml": recipe(**keys)})["_table.py"], vars(table))
        units = KnownUnits(version)
        return Policy(mode, units=units, recipes=Recipes(units, table) if mode == "deep" else None)

    return make


def ask(policy: Policy, importer: str, target: str, context: int = 0, *names: str) -> tuple[str, str]:
    """What `decide` says of one statement, after `open` and `fill` were seen to say the same."""
    file = "/home/me/main.py" if importer == "__main__" else SITE + importer.replace(".", "/") + ".py"
    context |= FROM if names else 0
    said = policy.decide(importer, file, target, names or None, context)
    verdicts, _ = policy.open(importer, file)
    top = target.partition(".")[0]
    verdict = verdicts.setdefault(top, policy.fill(importer, file, top))
    bits, listed = verdict if isinstance(verdict, tuple) else (verdict, frozenset())
    wanted = {target, target.rpartition(".")[0], *(f"{target}.{name}" for name in names)}
    if not bits & 8 and not wanted & listed and not context & EFFECT_ORDER:
        from lazyimp._verdict import by_bits

        assert by_bits(bits, context) == said[0]
    return said


def test_a_target_that_stays_eager_whoever_imports_it(policy: Callable[..., Policy]) -> None:
    one = policy(eager=rows("pkg.capsule", "pkg.tools:register"))
    for importer in ("pkg", "pkg.sub", "other", "__main__"):
        assert ask(one, importer, "pkg.capsule") == (EAGER, f"recipe for pkg: pkg.capsule: {WHY}")
        assert ask(one, importer, "pkg.capsule.inner")[0] == EAGER
        assert ask(one, importer, "pkg", 0, "capsule", "other")[0] == EAGER
        assert ask(one, importer, "pkg.tools", 0, "register")[0] == EAGER
        assert ask(one, importer, "pkg.tools", 0, "load")[0] == LAZY
        assert ask(one, importer, "pkg.other")[0] == LAZY


def test_an_importer_that_stays_eager(policy: Callable[..., Policy]) -> None:
    one = policy(eager=rows("pkg.core ->", "pkg.sub -> json"))
    assert ask(one, "pkg.core.x", "pkg.a") == (EAGER, f"recipe for pkg: pkg.core.x: {WHY}")
    assert ask(one, "pkg.core", "json")[0] == LAZY, "only what comes from inside"
    assert ask(one, "pkg.sub", "json")[0] == EAGER
    assert ask(one, "pkg", "pkg.a")[0] == LAZY
    shared = one.open("pkg", SITE + "pkg/__init__.py")[0]
    assert one.open("pkg.x", SITE + "pkg/x.py")[0] is shared
    assert one.open("pkg.core", SITE + "pkg/core.py")[0] is not shared, "rows of its own, a table of its own"


def test_rows_that_open(policy: Callable[..., Policy]) -> None:
    one = policy(inside="eager", reason=WHY, lazy=rows("pkg.big", "pkg.sub -> json"))
    assert ask(one, "pkg", "pkg.small") == (EAGER, f"recipe for pkg: {WHY}")
    assert ask(one, "pkg", "pkg.big") == (LAZY, f"recipe for pkg: pkg.big: {WHY}")
    assert ask(one, "pkg", "pkg", UNUSED, "big")[0] == LAZY
    assert ask(one, "pkg", "pkg.big", UNUSED)[0] == LAZY
    assert ask(one, "pkg", "pkg.big", PROTECTED)[0] == PROXY
    assert ask(one, "pkg", "pkg.big", PROTECTED, "name")[0] == LAZY
    assert ask(one, "pkg", "pkg", 0, "big", "small")[0] == EAGER, "all names of a statement, or none"
    assert ask(one, "pkg.sub", "json", PROTECTED)[0] == PROXY
    assert ask(one, "pkg", "json", PROTECTED)[0] == EAGER
    assert ask(one, "pkg", "pkg.big", EFFECT_ORDER)[0] == EAGER


def test_the_more_specific_row_wins(policy: Callable[..., Policy]) -> None:
    one = policy(eager=rows("pkg.a", "pkg.a.b.c", "pkg.x ->"), lazy=rows("pkg.a.b", "pkg.x -> pkg.a"))
    assert ask(one, "pkg", "pkg.a")[0] == EAGER
    assert ask(one, "pkg", "pkg.a.b")[0] == LAZY
    assert ask(one, "pkg", "pkg.a.b.c.d")[0] == EAGER
    assert ask(one, "pkg.x", "pkg.a")[0] == LAZY, "the longer importer"
    assert ask(one, "pkg.x", "pkg.z")[0] == EAGER


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("3.0", "version 3.0 is installed, and the recipe is for >=1,<3"),
        (None, "which version is installed cannot be told"),
    ],
)
def test_another_version_is_closed_inside(policy: Callable[..., Policy], version: str, why: str) -> None:
    one = policy(version=version, lazy=rows("pkg.big"), eager=rows("pkg.capsule"))
    assert ask(one, "pkg", "pkg.big") == (EAGER, f"recipe for pkg: {why}")
    assert ask(one, "other", "pkg.capsule")[0] == EAGER, "what is eager stays so"
    assert ask(one, "other", "pkg.big")[0] == LAZY


def test_a_checkout_that_was_never_built_is_closed_everywhere() -> None:
    units = KnownUnits()
    one = Policy("deep", units=units, recipes=Recipes(units, object()))
    assert ask(one, "other", "other.a") == (EAGER, NEVER_BUILT)
    assert ask(one, "other", "pkg")[0] == LAZY


def test_recipes_count_in_mode_deep_only(policy: Callable[..., Policy]) -> None:
    row = {**rows("pkg.capsule")[0], "also_safe": True}
    assert ask(policy("all", eager=[row]), "other", "pkg.capsule")[0] == LAZY
    assert ask(policy("safe", eager=[row]), "other", "pkg.capsule")[0] == LAZY, "the shipped rows count"
    shipped = Policy("safe", units=KnownUnits())
    shipped._units.of_top = lambda top: (DIST, True)  # type: ignore[method-assign]
    assert ask(shipped, "other", "scipy.fft", 0, "_backend")[0] == EAGER


def test_a_row_may_hang_on_an_environment_variable(
    policy: Callable[..., Policy], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {**rows("pkg.capsule")[0], "when": "PKG_MODE=off line"}
    assert ask(policy(eager=[row]), "other", "pkg.capsule")[0] == LAZY
    monkeypatch.setenv("PKG_MODE", "off line")
    assert ask(policy(eager=[row]), "other", "pkg.capsule")[0] == EAGER
    shipped = Policy("safe", units=KnownUnits())
    shipped._units.of_top = lambda top: (DIST, True)  # type: ignore[method-assign]
    assert ask(shipped, "__main__", "transformers", 0, "Trainer")[0] == LAZY
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert ask(shipped, "__main__", "transformers", 0, "Trainer")[0] == EAGER, (
        "asked as the import is decided"
    )
    assert ask(shipped, "__main__", "transformers", 0, "AutoModel")[0] == LAZY


class Tuned:
    """A profile with one row of each kind."""

    opened = 0

    def touches(self, importer: str) -> bool:
        return importer == "pkg.a"

    def names(self, importer: str, top: str) -> frozenset[str]:
        return frozenset({"pkg.late"} if importer == "pkg.a" and top == "pkg" else set())

    def decide(self, importer: str, target: str, names: tuple[str, ...] | None) -> tuple[str, str] | None:
        found = importer == "pkg.a" and target == "pkg.late"
        return ("lazy", "never used by the program") if found else None

    def opens(self, unit: str) -> int:
        return self.opened


def test_a_profile_goes_before_recipes(policy: Callable[..., Policy]) -> None:
    one = policy(inside="eager", reason=WHY, eager=rows("pkg.late", "pkg.capsule"))
    one.profile = Tuned()
    assert ask(one, "pkg.a", "pkg.late") == (LAZY, "never used by the program")
    assert ask(one, "pkg.a", "pkg.late", PROTECTED)[0] == PROXY
    assert ask(one, "pkg.b", "pkg.late")[0] == EAGER
    assert ask(one, "pkg.b", "pkg.other")[0] == EAGER


def test_a_trial_run_opens_what_is_closed(policy: Callable[..., Policy]) -> None:
    def opened(how: int) -> Policy:
        one = policy(inside="eager", reason=WHY, eager=rows("pkg.capsule"))
        one.profile = Tuned()
        one.profile.opened = how
        return one

    assert ask(opened(1), "pkg.b", "pkg.x")[0] == LAZY
    assert ask(opened(1), "pkg.b", "pkg.capsule")[0] == EAGER
    assert ask(opened(1 | 2), "pkg.b", "pkg.capsule")[0] == LAZY
    assert ask(opened(1), "pkg.b", "pkg.x", PROTECTED)[0] == EAGER
    assert ask(opened(1 | 4), "pkg.b", "pkg.x", PROTECTED)[0] == PROXY
    assert ask(opened(1 | 4), "pkg.b", "other", PROTECTED, "x")[0] == LAZY
    assert ask(opened(1), "pkg.b", "pkg.x", UNUSED)[0] == EAGER
    assert ask(opened(1 | 8), "pkg.b", "pkg.x", UNUSED)[0] == LAZY


def test_the_version_is_read_off_the_metadata_folder(tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    for name in ("Some_Pkg-2.13.0+cpu.dist-info", "old-1.2-py3.11.egg-info", "linked.egg-info"):
        (site / name).mkdir(parents=True)
    units = Units()
    for top in ("pkg", "old", "linked"):
        units.of_module(top, f"{site}/{top}.py")
    assert units.version(("_pkg", "pkg"), ("absent", "some-pkg")) == "2.13.0+cpu"
    assert units.version(("old",), ("old",)) == "1.2"
    assert units.version(("linked",), ("linked",)) is None
    assert units.version(("nowhere",), ("old",)) is None


def test_the_table_comes_with_the_first_import_in_mode_deep() -> None:
    code = "import sys; from lazyimp._policy import Policy; old = {*sys.modules}; Policy(sys.argv[1]);"
    code += "print(*sorted({*sys.modules} - old))"

    def added(mode: str) -> list[str]:
        command = [sys.executable, "-c", code, mode]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert added("all") == []
    assert added("safe") == ["lazyimp.recipes", "lazyimp.recipes._safe"]
    assert added("deep") == ["lazyimp._recipes", "lazyimp.recipes", "lazyimp.recipes._table"]


def test_the_scripts_that_verified_rows_name_are_there(builder: Any) -> None:
    """Somebody who doubts a row can run what is said to have been run."""
    pytest.importorskip("fastjsonschema")
    for name, made in builder.read_all(RECIPES).items():
        for row in made.get("verified", ()):
            scripts = re.findall(r"bench/\S+?\.py", row["how"])
            assert [script for script in scripts if not (ROOT / script).is_file()] == [], name
