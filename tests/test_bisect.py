"""`lazyimp bisect`: the fewest imports to keep eager, told apart by running the program again and again."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest
from run import clean_environment
from tunable import install

from lazyimp.tuning import config_file
from lazyimp.tuning.search import MODULE, Search

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# -- the search, without running anything ------------------------------------------------------------------


def made_up(count, wrong, **options):
    """A search over `count` statements of 40 units that is wrong with all of some set lazy, and its items."""
    items = [(f"u{at * 40 // count}", f"u{at * 40 // count}.m{at // 3}", f"s{at}") for at in range(count)]
    sets = [frozenset(items[at] for at in each) for each in wrong]
    return Search(lambda lazy: not any(each <= lazy for each in sets), **options), items


@pytest.mark.parametrize(("culprits", "most"), [(0, 1), (1, 15), (2, 29), (3, 42), (5, 69)])
def test_each_culprit_costs_a_logarithm(culprits, most):
    for seed in range(20):
        chosen = random.Random(seed).sample(range(2000), culprits)
        search, items = made_up(2000, [{at} for at in chosen])
        found = search.smallest_eager(items, explain=True)
        assert {each.items for each in found.culprits} == {(items[at],) for at in chosen}
        assert all(each.alone and not each.partners for each in found.culprits)
        assert found.complete and found.tests <= most
        assert found.right == frozenset(items) - {items[at] for at in chosen}


@pytest.mark.parametrize("size", [2, 3])
def test_interacting_culprits_are_told_as_a_cluster(size):
    for seed in range(20):
        chosen = random.Random(seed).sample(range(2000), size)
        search, items = made_up(2000, [set(chosen)])
        (culprit,) = search.smallest_eager(items, explain=True).culprits
        assert {*culprit.items, *culprit.partners} == {items[at] for at in chosen}
        assert culprit.alone is False and search.tests <= 15 * size


def test_one_that_covers_two_clusters_is_enough():
    search, items = made_up(2000, [{100, 1500}, {200, 1500}])
    assert len(search.smallest_eager(items, explain=True).culprits) == 1


def test_suspects_are_tried_first():
    wrong = [{500}, {501}, {1200}]
    blind, items = made_up(2000, wrong)
    told, _ = made_up(2000, wrong)
    modules = [items[500][1], items[1200][1]]
    assert len(told.smallest_eager(items, modules).culprits) == len(blind.smallest_eager(items).culprits) == 3
    assert told.tests <= blind.tests - 8


def test_what_a_culprit_implies_costs_nothing():
    chain = [100, 300, 900, 1700]
    search, items = made_up(2000, [{at} for at in chain])
    search.implied = lambda item: [items[at] for at in chain]
    found = search.smallest_eager(items, explain=True)
    assert [each.implied for each in found.culprits] == [False, True, True, True]
    assert search.tests <= 20 and all(each.alone for each in found.culprits)


def test_what_is_implied_wrongly_is_found_to_be_innocent():
    search, items = made_up(2000, [{100}])
    search.implied = lambda item: [items[7]]
    found = search.smallest_eager(items, explain=True)
    assert [each.items for each in found.culprits] == [(items[100],)]


def test_an_answer_is_asked_for_once_and_the_budget_holds():
    asked = []
    search, items = made_up(2000, [{at} for at in range(0, 2000, 100)], budget=40)
    right = search.is_right
    search.is_right = lambda lazy: (asked.append(lazy), right(lazy))[1]
    found = search.smallest_eager(items)
    assert len(asked) == len(set(asked)) == found.tests == 40
    assert not found.complete and right(found.right) and found.right


def test_a_coarser_search_keeps_whole_modules():
    search, items = made_up(2000, [{100}], level=lambda tests: MODULE)
    (culprit,) = search.smallest_eager(items).culprits
    assert items[100] in culprit.items and len({item[1] for item in culprit.items}) == 1


# -- the command -------------------------------------------------------------------------------------------

# Each plug-in registers itself while it is imported, and nothing names it: mode safe defers it all the same.
REGISTRY = {"registry.py": "names = []\n"}


def plugin(name, body=""):
    return {f"{name}.py": f"import registry\nregistry.names.append({name!r})\n{body}"}


@pytest.fixture
def bisect(tmp_path):
    """Run `lazyimp bisect` over a program that imports 60 plug-ins and then does what it is told to."""
    site = tmp_path / "site-packages"
    install(site, "registry", REGISTRY)
    for number in range(60):
        install(site, f"plug{number}", plugin(f"plug{number}"))
    imports = "".join(f"import plug{number}\n" for number in range(60))

    def run(program, *options, check=True, command=("main.py",)):
        (tmp_path / "main.py").write_text(f"import registry, os, sys, time\n{imports}{program}")
        environment = {**clean_environment(), "PYTHONPATH": str(site)}
        words = [sys.executable, "-m", "lazyimp", "bisect", *options, "--", *command]
        done = subprocess.run(
            words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    return run


def needs(*numbers, otherwise="sys.exit('missing')"):
    """A program that needs these plug-ins registered."""
    return "".join(f"if 'plug{number}' not in registry.names: {otherwise}\n" for number in numbers)


def told(done):
    found = json.loads(done.stdout)
    return [[each["imports"] for each in row["statements"]] for row in found["findings"]], found


def test_one_culprit_with_its_evidence(bisect):
    done = bisect(needs(41))
    assert "__main__ imports plug41  (main.py:43)" in done.stdout
    assert "fails with nothing else lazy" in done.stdout
    table = tomllib.loads(done.stdout[done.stdout.index("[tool.lazyimp]") :])
    (row,) = table["tool"]["lazyimp"]["eager"]
    assert row["pattern"] == "__main__ -> plug41"
    assert "exit status 1 instead of exit status 0" in row["reason"] and " runs:" in row["reason"]
    assert "suspects" in done.stderr


def test_three_independent_culprits(bisect):
    culprits, found = told(bisect(needs(5, 17, 50), "--json"))
    assert sorted(culprits) == [["plug17"], ["plug5"], ["plug50"]]
    assert found["runs"] <= 32 and found["complete"]


def test_mode_all_keeps_what_is_named_eager_and_nothing_else(bisect, tmp_path):
    (tmp_path / "own.py").write_text("import registry\nregistry.names.append('own')\n")
    program = "import own\nif 'own' not in registry.names: sys.exit('missing')\n"
    culprits, found = told(bisect(program, "--mode", "all", "--json"))
    assert culprits == [["own"]] and found["mode"] == "all" and found["complete"]


def test_two_that_fail_together_only(bisect):
    program = "if not {'plug3', 'plug33'} & set(registry.names): sys.exit('neither')\n"
    culprits, found = told(bisect(program, "--json"))
    assert culprits == [["plug33"]] and found["runs"] <= 24
    assert [row["imports"] for row in found["findings"][0]["together_with"]] == ["plug3"]
    assert not found["findings"][0]["alone"]


def test_a_chain_through_distributions_is_followed_back(bisect, tmp_path):
    site = tmp_path / "site-packages"
    install(site, "outer", {"outer.py": "import middle\ndef use(): return middle\n"})
    install(site, "middle", {"middle.py": "import inner\ndef use(): return inner\n"})
    install(site, "inner", plugin("inner"))
    program = "import outer\ndef use(): return outer\nif 'inner' not in registry.names: sys.exit('missing')\n"
    culprits, found = told(bisect(program, "--json"))
    assert sorted(culprits) == [["inner"], ["middle"], ["outer"]]
    assert found["runs"] <= 24


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_crash_counts(bisect):
    done = bisect(needs(9, otherwise="os.kill(os.getpid(), 11)"), "--json")
    assert told(done)[0] == [["plug9"]] and "SIGSEGV" in told(done)[1]["failure"][0]


def test_a_hang_counts(bisect):
    done = bisect(needs(30, otherwise="time.sleep(600)"), "--timeout", "1.5", "--json")
    assert told(done)[0] == [["plug30"]] and "time limit" in told(done)[1]["failure"][0]


def test_a_failure_that_comes_and_goes(bisect, tmp_path):
    """Every third run of the broken program works by luck."""
    lucky = (
        "    n = int(open('n').read()) + 1 if os.path.exists('n') else 1\n"
        "    open('n', 'w').write(str(n))\n"
        "    if n % 3: sys.exit('missing')\n"
    )
    program = f"if 'plug20' not in registry.names:\n{lucky}"
    done = bisect(program, "--flaky", "1/3", "--json")
    assert told(done)[0] == [["plug20"]]


def test_a_check_of_the_users_own_decides(bisect):
    program = "print('ok' if 'plug7' in registry.names else 'no')\n"
    check = f"{sys.executable} -c \"import sys; sys.exit('ok' not in sys.stdin.read())\""
    assert told(bisect(program, "--check", check, "--json"))[0] == [["plug7"]]


def test_output_counts_without_a_check(bisect):
    program = "print('ok' if 'plug7' in registry.names else 'no')\n"
    assert told(bisect(program, "--json"))[0] == [["plug7"]]


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("sys.exit(3)", "the program fails on its own: exit status 3, without lazyimp, too"),
        ("print(1)", "nothing to look for: the program is right in mode safe"),
    ],
)
def test_where_there_is_nothing_to_find_it_says_so(bisect, program, text):
    done = bisect(program, check=False)
    assert done.returncode == 1 and f"lazyimp: {text}" in done.stderr


@pytest.mark.parametrize(("program", "status"), [("print(1)", 0), (needs(4), 1), ("sys.exit(3)", 125)])
def test_git_bisect_run_is_obeyed(bisect, program, status):
    assert bisect(program, "--git-bisect", check=False).returncode == status


def test_write_puts_the_rule_where_it_works(bisect, tmp_path):
    bisect(needs(12), "--write")
    assert (tmp_path / "pyproject.toml").exists()
    environment = {**clean_environment(), "PYTHONPATH": str(tmp_path / "site-packages")}
    words = [sys.executable, "-X", "lazyimp", "main.py"]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# -- pyproject.toml ----------------------------------------------------------------------------------------

RULES = [("a -> b", "because"), ("c -> d.e", "of that")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        '[project]\nname = "x"',
        "[tool.lazyimp]\n",
        '[tool.lazyimp] # ours\nmode = "deep"\n\n[tool.other]\neager = []\n',
        '[tool.lazyimp]\neager = []\nmode = "deep"\n',
        '[tool.lazyimp]\neager = ["x", "y -> z"] # mine\n',
        '[tool.lazyimp]\nlazy = ["q"]\neager = [\n    "x",  # why\n]\n[a]\n',
    ],
)
def test_rules_are_added_and_every_other_byte_stays(text):
    after = config_file.added(text, RULES)
    before = tomllib.loads(text).get("tool", {}).get("lazyimp", {}).get("eager", [])
    eager = tomllib.loads(after)["tool"]["lazyimp"]["eager"]
    assert eager == [{"pattern": pattern, "reason": reason} for pattern, reason in RULES] + before
    for line in text.split("\n"):
        assert line.removeprefix("eager = [") in after


@pytest.mark.parametrize(
    "text", ["[tool]\nlazyimp = { eager = [] }\n", "[tool]\nlazyimp.mode = 'deep'\n", "not toml"]
)
def test_what_cannot_be_changed_for_certain_is_left_alone(text):
    assert config_file.added(text, RULES) is None
