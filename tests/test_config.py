"""The `[tool.lazyimp]` table: what it may hold, what is said about the rest, and which pattern wins."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from lazyimp._config import Config, check_config, load_config
from lazyimp.errors import ConfigError, LazyimpError

needs_toml = pytest.mark.skipif(
    not any(find_spec(name) for name in ("tomllib", "tomli")), reason="nothing here reads TOML"
)


def patterns(**table: object) -> Config:
    return check_config(table, "p.toml")


def faults(table: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        check_config(table, "p.toml")
    return str(caught.value).split("\n")


TOML = """
[tool.lazyimp]
mode = "deep"
keep = true
first_batch = false
lazy = ["numpy", {pattern = "train -> pandas.*", reason = "only in\\n the report"}]
eager = ["plugins"]
"""


@needs_toml
def test_a_table_is_read(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(TOML, encoding="utf-8")
    config = load_config(str(file))
    assert config is not None
    assert (config.mode, config.keep, config.first_batch) == ("deep", True, False)
    assert [(p.is_lazy, p.importer, p.target, p.reason) for p in config.patterns] == [
        (True, None, "numpy", ""),
        (True, "train", "pandas.*", "only in the report"),
        (False, None, "plugins", ""),
    ]


def test_a_file_without_the_table_gives_none(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("[project]\nname = 'x'\n[tool.other]\n", encoding="utf-8")
    assert load_config(str(file)) is None


@needs_toml
@pytest.mark.parametrize("data", [b"[tool.lazyimp\n", b"# lazyimp \xff\n"])
def test_a_file_that_is_not_toml_is_one_error(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_bytes(data)
    with pytest.raises(ConfigError, match=r"pyproject\.toml: not a TOML file"):
        load_config(str(file))


def test_without_a_toml_reader_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tomllib", "tomli"):
        monkeypatch.setitem(sys.modules, name, None)
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.lazyimp]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="needs tomli; install it, or remove the table"):
        load_config(str(file))


def test_unknown_keys_come_with_a_suggestion() -> None:
    assert faults({"eagre": []}) == ["p.toml: [tool.lazyimp] unknown key 'eagre'; did you mean 'eager'?"]
    assert faults({"zzz": 1}) == [
        "p.toml: [tool.lazyimp] unknown key 'zzz'; use mode, lazy, eager, keep, first_batch, stubs, rare_gc, "
        "trackers or budget"
    ]
    assert (
        "unknown key 'reasn'; did you mean 'reason'?" in faults({"lazy": [{"pattern": "x", "reasn": ""}]})[0]
    )
    assert faults({"mode": "deap"}) == ["p.toml: [tool.lazyimp] unknown mode 'deap'; did you mean 'deep'?"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ([], "must be a table, not a list"),
        ({"mode": 1}, "mode must be a string, not a number"),
        ({"keep": "yes"}, "keep must be true or false, not a string"),
        ({"first_batch": 0}, "first_batch must be true or false, not a number"),
        ({"lazy": "numpy"}, "lazy must be a list of patterns, not a string"),
        ({"lazy": [1]}, "lazy, entry 1: must be a string or a table, not a number"),
        ({"eager": [{"reason": "x"}]}, "eager, entry 1: the table has no 'pattern'"),
        ({"eager": [{"pattern": []}]}, "eager, entry 1: pattern must be a string, not a list"),
        ({"eager": [{"pattern": "x", "reason": 3}]}, "eager, entry 1: reason must be a string, not a number"),
        ({"eager": ["a b"]}, "'a b' is no pattern"),
        ({"eager": [""]}, "'' is no pattern"),
        ({"eager": ["-> x"]}, "'-> x' is no pattern"),
        ({"eager": ["a -> b -> c"]}, "is no pattern"),
        ({"eager": ["a..b"]}, "is no pattern"),
    ],
)
def test_wrong_types_are_named(table: object, said: str) -> None:
    (fault,) = faults(table)
    assert fault.startswith("p.toml: ")
    assert said in fault


def test_all_faults_are_reported_together() -> None:
    assert len(faults({"mode": "fast", "keep": 1, "lasy": [], "eager": ["!", 2]})) == 5
    assert issubclass(ConfigError, LazyimpError)


def test_a_pattern_holds_for_the_module_and_below() -> None:
    config = patterns(lazy=["a.b"])
    assert config.match("m", ["a.b"]) == (True, "[tool.lazyimp] lazy: a.b")
    assert config.match("m", ["a.b.c"])
    assert config.match("m", ["a"]) is None
    assert config.match("m", ["a.bc"]) is None
    assert config.touches("a")
    assert not config.touches("b")


def test_wildcards() -> None:
    config = patterns(eager=["gym_*", "*.plugins"])
    assert config.match("m", ["gym_aloha.env"])
    assert config.match("m", ["a.b.plugins.x"])
    assert config.match("m", ["gym"]) is None
    assert config.touches("anything")


def test_importer_patterns() -> None:
    config = patterns(lazy=["_pytest -> numpy"])
    assert config.match("_pytest.python", ["numpy"], True)
    assert config.match("pytest", ["numpy"]) is None
    assert config.reopens("_pytest.python")
    assert not config.reopens("pluggy")


def test_the_more_specific_pattern_wins_and_eager_breaks_a_tie() -> None:
    assert patterns(lazy=["a.b"], eager=["a"]).match("m", ["a.b.c"]) == (True, "[tool.lazyimp] lazy: a.b")
    config = patterns(lazy=["m -> a"], eager=["a"])
    assert config.match("m.x", ["a"]) == (True, "[tool.lazyimp] lazy: m -> a")
    assert config.match("n", ["a"]) == (False, "[tool.lazyimp] eager: a")
    assert patterns(lazy=["a"], eager=["a"]).match("m", ["a"]) == (False, "[tool.lazyimp] eager: a")


def test_one_eager_name_makes_the_statement_eager() -> None:
    config = patterns(lazy=["a"], eager=[{"pattern": "a.x", "reason": "registers"}])
    assert config.match("m", ["a.y", "a.x"]) == (False, "[tool.lazyimp] eager: a.x (registers)")
    assert config.match("m", ["a.y", "a.z"]) == (True, "[tool.lazyimp] lazy: a")
    assert patterns(lazy=["a.y"]).match("m", ["a.y", "a.z"]) is None, "lazy only when all of it is"
