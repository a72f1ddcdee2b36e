"""`lazyimp check`: budgets decide by what was loaded and by what it took, without a lock."""

import checking
import pytest
from checking import BUDGET, check, program

from lazyimp.errors import ConfigError
from lazyimp.gate import budgets

folder, recorded = checking.folder, checking.recorded


def test_a_budget_decides_without_a_lock(folder, recorded, capsys):
    (folder / "pyproject.toml").write_text(BUDGET)
    recorded(program(folder))
    status, out, _ = check(capsys)
    assert status == 1
    flat = " ".join(out.split())
    assert "LZ401 7 modules until its end, 1 more than 6" in flat
    assert "LZ402 forbidden: pandas and 1 more below 'pandas'" in flat
    assert "LZ406 100 ms of processor time until its end, at most 50 wanted" in flat
    recorded(program(folder, pandas=False))
    status, out, _ = check(capsys)
    assert (status, "LZ406" in out) == (0, True), "times advise"
    (folder / "pyproject.toml").write_text(BUDGET + "strict = true\n")
    assert check(capsys)[0] == 1


def test_options_are_a_budget_for_one_run(folder, recorded, capsys):
    recorded(program(folder))
    assert check(capsys, "--max-modules", "7", "train.py")[0] == 0
    assert check(capsys, "--max-modules", "6", "train.py")[0] == 1
    assert check(capsys, "--forbid", "numpy", "train.py")[0] == 1


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("max_moduls = 3\ntarget = 'x'", "1: unknown key 'max_moduls'; did you mean 'max_modules'?"),
        ("max_modules = 3", "1: target must name a program"),
        ("target = 'x \"'", "cannot be split into words"),
        ("target = 'x'\nmax_modules = 0", "1: max_modules must be a whole number above 0, not 0"),
        ("target = 'x'\nmax_modules = true", "1: max_modules must be a whole number above 0, not True"),
        ("target = 'x'\nmax_cpu_ms = '4'", "1: max_cpu_ms must be a number above 0, not '4'"),
        ("target = 'x'\nforbid = 'pandas'", "1: forbid must be a list"),
        ("target = 'x'\nforbid = ['a b']", "1: forbid 'a b' is no dotted name"),
        ("target = 'x'\nstrict = 1", "1: strict must be true or false, not 1"),
        ("target = 'x'\nmode = 'deap'", "1: unknown mode 'deap'; did you mean 'deep'?"),
        ("target = 'x'\n[[tool.lazyimp.budget]]\ntarget = 'x'", "two budgets for 'x'"),
        ("target = 'x'\n[tool.lazyimp]\nmoed = 'safe'", "unknown key 'moed'; did you mean 'mode'?"),
    ],
)
def test_wrong_budgets_are_named(folder, rows, said):
    (folder / "pyproject.toml").write_text(f"[[tool.lazyimp.budget]]\n{rows}\n")
    with pytest.raises(ConfigError) as caught:
        budgets.load_budgets(str(folder / "pyproject.toml"))
    assert said in str(caught.value)


def test_all_faults_of_budgets_are_told_together(folder):
    (folder / "pyproject.toml").write_text("[[tool.lazyimp.budget]]\nmax_cpu_ms = 0\nx = 1\n")
    with pytest.raises(ConfigError) as caught:
        budgets.load_budgets(str(folder / "pyproject.toml"))
    assert len(str(caught.value).splitlines()) == 3


def test_forbid_patterns():
    assert budgets.matcher("pandas").fullmatch("pandas.core")
    assert not budgets.matcher("pandas").fullmatch("pandas_ta")
    assert budgets.matcher("torch._*").fullmatch("torch._dynamo.x")
