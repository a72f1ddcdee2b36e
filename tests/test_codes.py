"""Message codes: each says what it means and what to do, and every reason for an eager import has one."""

import ast
from pathlib import Path

import pytest

from lazyimp import _policy, _tables, codes
from lazyimp.errors import ConfigError, UnsupportedError, UsageError

SOURCE = Path(_policy.__file__)


def reasons():
    """The texts that the policy returns beside EAGER, as they stand in its source."""
    for node in ast.walk(ast.parse(SOURCE.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple | ast.IfExp)):
            continue
        for pair in ast.walk(node.value):
            if isinstance(pair, ast.Tuple) and ast.unparse(pair.elts[0]) == "EAGER":
                text = pair.elts[1]
                if isinstance(text, ast.Constant):
                    yield text.value
                elif isinstance(text, ast.JoinedStr) and isinstance(text.values[0], ast.Constant):
                    yield "".join(
                        each.value if isinstance(each, ast.Constant) else "x" for each in text.values
                    )


def test_codes_are_unique_sorted_and_complete():
    names = [each.code for each in codes.CODES]
    assert names == sorted(set(names))
    for each in codes.CODES:
        assert codes.looks_like_code(each.code) and each.title and each.text and each.way_out
        assert each.title[-1] not in ".;" and each.text.endswith("."), each.code


def test_codes_are_found_by_any_case_and_by_slug():
    assert codes.find("lz203") is codes.find("LZ203")
    assert codes.find("unknown-mode").code == "LZ101"
    assert codes.find("LZ999") is None and codes.find("") is None
    for error in (ConfigError, UnsupportedError, UsageError):
        assert codes.find(error.slug) is not None, error
    assert not codes.looks_like_code("lz") and not codes.looks_like_code("torch")


def test_every_reason_of_the_policy_has_a_code():
    found = list(reasons())
    assert len(found) > 8
    assert [text for text in found if not codes.of_reason(text)] == []


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("[tool.lazyimp] eager: pkg (registers)", "LZ204"),
        ("train.lazyimp.toml, eager: a -> b (wrong when it is late)", "LZ205"),
        ("recipe for torch: torch.backends: fills a registry", "LZ206"),
        ("recipe for sympy: its modules fill registries while they are imported", "LZ207"),
        ("recipe for torch: version 9.9 is installed, and the recipe is for >=2,<3", "LZ207"),
        ("recipe for torch: which version is installed cannot be told", "LZ207"),
        ("own code, and importing it calls register (in plugins)", "LZ208"),
        ("never named: gym_x: registers environments with gymnasium or gym", "LZ209"),
        ("never named, and compiled: there for its effect", "LZ209"),
        ("no recipe, and importing it is part of a cycle that its author's order resolves", "LZ217"),
        ("the whole module stays eager", "LZ213"),
        ("something nobody has said yet", ""),
    ],
)
def test_reasons(reason, code):
    assert codes.of_reason(reason) == code


@pytest.mark.parametrize(
    ("table", "known"),
    [
        (_tables.ESSENTIAL_IMPORTERS, {"LZ214"}),
        (_tables.ESSENTIAL_TARGETS, {"LZ214"}),
        (_tables.EAGER_IMPORTERS, {"LZ213"}),
        (_tables.EAGER_TARGETS, {"LZ210"}),
    ],
)
def test_rows_of_the_tables_have_the_code_of_their_table(table, known):
    assert {codes.of_reason(f"{name}: {reason}") for name, reason in table.items()} == known


def test_a_code_is_told_in_80_columns():
    from lazyimp.cli import code_text
    from lazyimp.cli.style import Style

    for each in codes.CODES:
        lines = code_text.as_text(each, Style())
        assert lines[0] == f"{each.code}  {each.title}" and max(map(len, lines)) <= 80
        assert lines[-1].startswith("  ") and code_text.as_json(each)["code"] == each.code
    assert len(code_text.overview(Style())) == len(codes.CODES)
