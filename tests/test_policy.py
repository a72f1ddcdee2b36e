"""What is lazy, a proxy or eager, by the mode, the units on both sides, and the place of the statement."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from lazyimp import _effects, _inside, _policy, _tables, _verdict
from lazyimp._config import check_config
from lazyimp._policy import Policy
from lazyimp._units import DIST, OWN, STDLIB, Units
from lazyimp._verdict import (
    ASK,
    EAGER,
    EFFECT_ORDER,
    FROM,
    LAZY,
    NO_STORE,
    PACKAGE,
    PROTECTED,
    PROXY,
    UNUSED,
    by_bits,
)

SITE = "/v/lib/python3.11/site-packages/"
DISTRIBUTIONS = (
    "numpy pandas torch torchgen _torchprivate sklearn matplotlib mpl_toolkits mpi4py seaborn gym_aloha"
    " zoo _zooprivate"
)
KINDS = {
    **dict.fromkeys(DISTRIBUTIONS.split(), DIST),
    **dict.fromkeys(["pytest", "_pytest", "setuptools", "lazyimp"], DIST),
    **dict.fromkeys(["json", "lzma", "readline", "__future__"], STDLIB),
    **dict.fromkeys(["model", "project"], OWN),
}
IMPORTERS = {
    "__main__": "/home/me/train.py",
    "project": "/home/me/project/__init__.py",
    "project.data": "/home/me/project/data.py",
    "conftest": "/home/me/conftest.py",
    "zoo": SITE + "zoo/__init__.py",
    "zoo.filters": SITE + "zoo/filters.py",
    "torch": SITE + "torch/__init__.py",
    "torch.nn": SITE + "torch/nn/__init__.py",
    "torchgen.model": SITE + "torchgen/model.py",
    "pandas.core": SITE + "pandas/core/__init__.py",
    "_pytest.python": SITE + "_pytest/python.py",
    "lazyimp._finder": SITE + "lazyimp/_finder.py",
    "json": "<frozen json>",
}


class KnownUnits(Units):
    """Units that know the names above and no disk."""

    def of_top(self, top: str) -> tuple[str | None, bool]:
        return KINDS.get(top), top in KINDS and top != "model"


def policy(mode: str = "safe", **table: object) -> Policy:
    return Policy(mode, check_config(table, "p.toml") if table else None, KnownUnits())


def decision(mode: str, importer: str, target: str, context: int = 0, *names: str, **table: object) -> str:
    context |= FROM if names else 0
    found, reason = policy(mode, **table).decide(
        importer, IMPORTERS[importer], target, names or None, context
    )
    assert reason and reason == reason.strip()
    return found


def test_safe_defers_what_own_code_imports_and_what_crosses_units() -> None:
    assert decision("safe", "__main__", "numpy") == LAZY
    assert decision("safe", "__main__", "json", 0, "loads") == LAZY
    assert decision("all", "project.data", "model") == LAZY
    assert decision("safe", "pandas.core", "numpy") == LAZY
    assert decision("safe", "pandas.core", "json") == LAZY


@pytest.fixture
def effects(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the user's own modules do while they are imported; what is not in it does nothing."""
    found: dict[str, str] = {}
    monkeypatch.setattr(_effects, "of_statement", lambda importer, target, names, kind_of: found.get(target))
    return found


@pytest.fixture(autouse=True)
def plain_distributions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules of distributions without a recipe do nothing when imported; they are on no disk."""
    monkeypatch.setattr(_inside, "of_statement", lambda importer, target, names, same: None)
    monkeypatch.setattr(_inside, "is_extension", lambda target: False)


@pytest.mark.parametrize("mode", ["safe", "deep"])
def test_own_code_that_does_something_runs_where_its_statement_stands(
    effects: dict[str, str], mode: str
) -> None:
    effects["model"] = "prints"
    assert decision(mode, "__main__", "model") == EAGER
    assert decision(mode, "project.data", "model", 0, "Model") == EAGER
    assert decision("all", "__main__", "model") == LAZY
    told = policy(mode).decide("__main__", None, "model", None, 0)
    assert told == (EAGER, "own code, and importing it prints")
    assert decision(mode, "__main__", "model", 0, lazy=["model"]) == LAZY, "the user's word counts"
    effects.clear()
    assert decision(mode, "__main__", "model") == LAZY
    assert decision(mode, "project.data", "model", 0, "Model") == LAZY


@pytest.mark.parametrize("target", ["zoo.filters", "_zooprivate"])
def test_safe_keeps_an_authors_order(target: str) -> None:
    assert decision("safe", "zoo", target) == EAGER
    assert decision("deep", "zoo", target) == LAZY
    assert decision("all", "zoo", target) == LAZY


@pytest.mark.parametrize("importer", ["torch", "torchgen.model"])
@pytest.mark.parametrize("target", ["torch.nn", "torchgen", "_torchprivate"])
def test_deep_keeps_the_order_inside_what_registers_itself(importer: str, target: str) -> None:
    assert decision("deep", importer, target) == EAGER
    assert decision("deep", importer, "numpy") == LAZY
    assert decision("deep", importer, target, 0, lazy=["torch -> *", "torchgen -> *"]) == LAZY
    assert decision("all", importer, target) == LAZY


def test_only_all_opens_the_standard_library() -> None:
    assert [decision(mode, "json", "lzma") for mode in _policy.MODES] == [EAGER, EAGER, LAZY]


@pytest.mark.parametrize("mode", ["safe", "deep"])
def test_inside_try_an_installed_distribution_is_a_proxy(mode: str) -> None:
    assert decision(mode, "__main__", "pandas", PROTECTED) == PROXY
    assert decision(mode, "torch", "numpy", PROTECTED) == PROXY
    assert decision(mode, "__main__", "pandas", PROTECTED | UNUSED) == PROXY, "a check whether it is there"
    assert decision(mode, "__main__", "pandas", PROTECTED, "DataFrame") == EAGER
    assert decision(mode, "__main__", "lzma", PROTECTED) == EAGER
    assert decision(mode, "__main__", "model", PROTECTED) == EAGER
    assert decision(mode, "zoo.filters", "zoo.setters", PROTECTED) == EAGER


def test_all_follows_pep_810() -> None:
    assert decision("all", "__main__", "pandas", PROTECTED) == EAGER
    assert decision("all", "__main__", "model", UNUSED) == LAZY
    assert decision("all", "_pytest.python", "numpy") == LAZY
    assert decision("all", "lazyimp._finder", "json") == EAGER
    assert decision("all", "__main__", "__future__", 0, "annotations") == EAGER


def test_own_code_that_is_never_named_is_there_for_its_effect() -> None:
    assert decision("safe", "__main__", "model", UNUSED) == EAGER
    assert decision("safe", "__main__", "model", UNUSED, "register") == EAGER
    assert decision("safe", "project", "project.data", UNUSED | PACKAGE, "Data") == EAGER, "a registry"
    assert decision("safe", "project", "project.data", UNUSED | PACKAGE) == EAGER
    assert decision("safe", "project.data", "project", UNUSED, "data") == EAGER


def test_unused_imports_of_others_stay_lazy() -> None:
    assert decision("safe", "__main__", "pandas", UNUSED) == LAZY
    assert decision("safe", "__main__", "json", UNUSED, "loads") == LAZY
    assert decision("safe", "pandas.core", "numpy", UNUSED) == LAZY


def test_unused_submodules_of_the_own_package_are_eager() -> None:
    assert decision("deep", "zoo.filters", "zoo.setters", UNUSED) == EAGER
    assert decision("deep", "zoo.filters", "zoo.setters", UNUSED, "frozen") == LAZY


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("readline", ()),
        ("mpl_toolkits.mplot3d", ("Axes3D",)),
        ("sklearn.experimental", ("enable_iterative_imputer",)),
        ("sklearn", ("experimental",)),
        ("matplotlib.backends.backend_agg", ()),
        ("seaborn", ()),
        ("gym_aloha", ()),
    ],
)
def test_imports_known_for_their_effect(target: str, names: tuple[str, ...]) -> None:
    assert decision("safe", "__main__", target, UNUSED, *names) == EAGER
    assert decision("safe", "__main__", target, PROTECTED | UNUSED, *names) == EAGER
    assert decision("safe", "__main__", target, 0, *names) == LAZY, "used: it loads in time"


def test_imports_that_set_global_state_are_eager() -> None:
    for mode in ("safe", "deep"):
        assert decision(mode, "__main__", "mpi4py", 0, "MPI") == EAGER
        assert decision(mode, "torch", "mpi4py", PROTECTED) == EAGER
    assert decision("safe", "__main__", "numpy", EFFECT_ORDER) == EAGER


@pytest.mark.parametrize("importer", ["_pytest.python", "conftest"])
def test_importers_that_stay_eager(importer: str) -> None:
    for mode in ("safe", "deep"):
        assert decision(mode, importer, "numpy") == EAGER
        assert policy(mode).open(importer, IMPORTERS[importer])[1] & _verdict.MODULE_EAGER


def test_a_name_that_nothing_knows_raises_in_its_place() -> None:
    assert policy().fill("__main__", None, "nowhere") == NO_STORE
    assert policy("all").fill("__main__", None, "nowhere") == NO_STORE
    assert decision("safe", "__main__", "nowhere", 0, lazy=["nowhere"]) == EAGER


def test_what_may_be_gone_again_is_not_stored() -> None:
    assert policy().fill("__main__", None, "model") & NO_STORE


def test_patterns_beat_the_rules() -> None:
    assert decision("safe", "torch", "torch.nn", 0, lazy=["torch"]) == LAZY
    assert decision("safe", "__main__", "numpy", 0, eager=["numpy"]) == EAGER
    assert decision("safe", "__main__", "lzma", PROTECTED, lazy=["lzma"]) == PROXY
    assert decision("safe", "__main__", "lzma", PROTECTED, "open", lazy=["lzma"]) == LAZY
    assert decision("all", "__main__", "numpy", 0, eager=["numpy"]) == EAGER
    assert decision("safe", "__main__", "mpi4py", 0, lazy=["mpi4py"]) == LAZY


def test_a_pattern_reopens_an_eager_importer_only_by_name() -> None:
    assert decision("safe", "_pytest.python", "numpy", 0, lazy=["numpy"]) == EAGER
    assert decision("safe", "_pytest.python", "numpy", 0, lazy=["_pytest -> numpy"]) == LAZY
    file = IMPORTERS["_pytest.python"]
    assert not policy(lazy=["_pytest -> numpy"]).open("_pytest.python", file)[1] & _verdict.MODULE_EAGER
    blind = decision("safe", "lazyimp._finder", "json", 0, lazy=["lazyimp -> json"])
    assert blind == EAGER, "lazyimp is blind to itself"


def test_the_reason_is_the_users_own() -> None:
    one = policy(eager=[{"pattern": "numpy", "reason": "sets threads"}])
    told = one.decide("__main__", None, "numpy.linalg", None, 0)
    assert told == (EAGER, "[tool.lazyimp] eager: numpy (sets threads)")


def test_modules_of_one_unit_share_a_table() -> None:
    one = policy()
    torch, torchgen, pandas = (
        one.open(n, IMPORTERS[n])[0] for n in ("torch", "torchgen.model", "pandas.core")
    )
    assert torch is torchgen
    assert torch is not pandas
    assert one.open("__main__", None)[1] == _verdict.MODULE_OWN
    assert one.open("torch", IMPORTERS["torch"])[1] == 0


def unpacked(verdict: "_policy.Verdict", target: str, names: tuple[str, ...] | None) -> int:
    """The bits that a core makes of a verdict for one statement."""
    if isinstance(verdict, int):
        return verdict
    bits, listed = verdict
    parts = target.split(".")
    wanted = {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
    wanted |= {f"{target}.{name}" for name in names or ()}
    return bits | (ASK if wanted & listed else 0)


def test_tables_answer_as_decide_does() -> None:
    """A core that follows `open` and `fill` does what `lazyimp why` says, whoever filled the table."""
    chance = random.Random(810)
    tables: list[dict[str, object]] = [
        {},
        {"lazy": ["torch", "__main__ -> lzma"], "eager": ["pandas.io", "project -> *"]},
        {"lazy": ["_pytest -> numpy"]},
    ]
    asked = 0
    for one in [policy(mode, **table) for mode in _policy.MODES for table in tables]:
        for _ in range(3000):
            importer, file = chance.choice(sorted(IMPORTERS.items()))
            top = chance.choice(sorted([*KINDS, "nowhere"]))
            target = top + chance.choice(["", "", ".io", ".experimental", ".backends"])
            context = chance.randrange(4)
            names = chance.choice([None, ("a",), ("io", "b")])
            context |= (FROM if names else 0) | (PACKAGE if "__init__" in file else 0)
            said = one.decide(importer, file, target, names, context)[0]
            verdicts, flags = one.open(importer, file)
            if flags & _verdict.MODULE_EAGER:
                assert said is EAGER, (one.mode, importer, target)
                continue
            verdict = verdicts.get(top)
            if verdict is None:
                verdict = one.fill(importer, file, top)
                if not unpacked(verdict, "", None) & NO_STORE:
                    verdicts[top] = verdict
            bits = unpacked(verdict, target, names)
            if bits & ASK:
                asked += 1
            else:
                assert said == by_bits(bits, context), (one.mode, importer, target, names, context, bits)
    assert asked


def test_the_common_edges_need_no_asking() -> None:
    for mode in _policy.MODES:
        for importer in ("__main__", "project", "pandas.core"):
            for top in ("numpy", "torch", "json"):
                assert policy(mode).fill(importer, IMPORTERS[importer], top) != ASK, (mode, importer, top)


def test_every_row_has_a_reason_and_fits_one_table() -> None:
    tables = (_tables.EAGER_TARGETS, _tables.EFFECT_TARGETS, _tables.ESSENTIAL_TARGETS)
    names = [name for table in tables for name in table]
    assert len(names) == len(set(names))
    for table in (*tables, _tables.EAGER_IMPORTERS, _tables.ESSENTIAL_IMPORTERS):
        assert all(reason and not reason.endswith(".") for reason in table.values())


def test_policy_imports_nothing_that_is_not_loaded() -> None:
    """One interpreter of its own; the rest of this file leaves import state alone."""
    code = "import sys, lazyimp; old = {*sys.modules}; import lazyimp._policy; print(*{*sys.modules} - old)"
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    loaded = ["lazyimp._policy", "lazyimp._program", "lazyimp._tables", "lazyimp._units", "lazyimp._verdict"]
    assert sorted(done.stdout.split()) == loaded


@pytest.mark.parametrize("mode", ["safe", "deep", "all"])
@pytest.mark.parametrize("opens_stdlib", [False, True])
def test_one_verdict_on_all_standard_modules_that_no_rule_names(
    mode: str, opens_stdlib: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of them a unit imports first, and rows on single ones hold."""
    tops = (
        "csv",
        "calendar",
        "readline",
        "__future__",
        "antigravity",
        "_pickle",
        "turtle",
        "lzma",
        "this",
        "winreg",
    )
    for top in tops:
        monkeypatch.delitem(sys.modules, top, raising=False)
    config = check_config({"eager": ["calendar"]}, "p.toml")
    for used in (None, config):
        shared = Policy(mode, used, Units())
        shared.opens_stdlib = opens_stdlib
        for importer, file in IMPORTERS.items():
            shared.fill(importer, file, "wave")
            for top in tops:
                alone = Policy(mode, used, Units())
                alone.opens_stdlib = opens_stdlib
                assert shared.fill(importer, file, top) == alone.fill(importer, file, top), (importer, top)


@pytest.mark.parametrize(
    ("importer", "essential"),
    [
        ("encodings", True),
        ("encodings.utf_8_sig", True),
        ("encodings.idna", False),
        ("importlib.metadata", False),
    ],
)
def test_what_the_import_system_stands_on_imports_eagerly(importer: str, essential: bool) -> None:
    """`"münchen.de".encode("idna")` needs Unicode's tables, `"a.de"` does not."""
    assert _tables.why_eager(importer, "deep")[0] is essential


@pytest.mark.skipif(sys.version_info < (3, 15), reason="inside the standard library only core native defers")
def test_the_codec_of_host_names_loads_unicodes_tables_when_it_needs_them() -> None:
    code = "import sys, lazyimp; lazyimp.enable('deep'); b'a'.decode('idna'); print('unicodedata' in sys.modules)"
    code += "; print('\\u00fc.de'.encode('idna'), 'unicodedata' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "b'xn--tda.de'", "True"]
