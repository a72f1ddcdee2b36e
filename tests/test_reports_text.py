"""Reports for people: the same bytes for the same profile, at any width, with colours or without, in ASCII if need be.

`python tests/test_reports_text.py` writes the expected outputs anew; look at what changed.
"""

import re
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from profiles import large, record, small, started
from record_writer import SITE, TRAIN

from lazyimp import profile
from lazyimp.reports import compare, markdown, summary, text, why
from lazyimp.reports.terminal import Cell, Column, Style, Unit, amount, bar, count, fit, table, wide

EXPECTED = Path(__file__).parent / "data" / "reports"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def runs(made, times, name=None):
    return [
        replace(made, ttfb_s=made.ttfb_s * x, ttfb_cpu_s=made.ttfb_cpu_s * x, title=name or made.title)
        for x in times
    ]


def comparison():
    return profile.compare(runs(small(), (1, 1.02, 1.04, 1.06)), runs(large(60), (1, 1.1, 1.2, 1.3)))


def outputs():
    """Name of the file -> what is expected in it."""
    found = {}
    for width in (60, 80, 120):
        for colour in (False, True):
            name = f"text-{width}{'-colour' if colour else ''}.txt"
            found[name] = text.render(small(), Style(colour, width))
    found["text-80-verbose.txt"] = text.render(small(), Style(), verbose=True)
    found["text-80-ascii.txt"] = text.render(small(), Style(is_unicode=False))
    found["summary.txt"] = summary.render(small()) + "\n"
    found["compare-80.txt"] = compare.render(comparison(), Style())
    found["why-80.txt"] = "".join(
        why.render(profile.why(small(), name), Style()) for name in ("pandas.core.frame", "torch", "tensorrt")
    )
    found["report.md"] = markdown.render(small())
    found["compare.md"] = markdown.render_comparison(comparison())
    return found


@pytest.mark.parametrize("name", sorted(outputs()))
def test_reports_are_what_they_were(name):
    assert outputs()[name] == (EXPECTED / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
@pytest.mark.parametrize("verbose", [False, True])
def test_no_line_is_wider_than_the_terminal(width, verbose):
    for made in (small(), large(300)):
        for line in text.render(made, Style(False, width), verbose=verbose).splitlines():
            assert wide(line) <= width or "lazyimp" in line, line  # commands are to be copied, and stay whole


def test_the_short_report_fits_into_25_lines():
    for made in (small(), large(1000), profile.merge([record(), record()])):
        assert len(text.render(made, Style()).splitlines()) <= 25


def test_numbers_are_never_cut():
    for width in range(24, 121):
        shown = text.render(small(), Style(False, width))
        assert "1.74" in shown and "3.90 s" in shown


def test_colours_change_nothing_but_colours():
    for width in (60, 80):
        coloured = text.render(small(), Style(True, width), verbose=True)
        assert coloured != COLOUR.sub("", coloured) == text.render(small(), Style(False, width), verbose=True)


def test_names_cannot_move_the_cursor():
    w = started()
    w.load("evil\x1b[2Jname", f"{TRAIN}\x07:1", 900)
    w.load("wide\u202ename", f"{SITE}/x\n.py:3", 900, function="f\x1b")
    made = profile.build_profile(w.record())
    shown = text.render(made, Style(), verbose=True) + summary.render(made) + markdown.render(made)
    shown += why.render(profile.why(made, "evil\x1b[2Jname"), Style())
    shown += compare.render(profile.compare([made], [small()]), Style())
    assert all(each.isprintable() for each in shown.replace("\n", ""))


def test_ascii_is_ascii():
    text.render(large(300), Style(is_unicode=False), verbose=True).encode("ascii")
    why.render(profile.why(small(), "torch"), Style(is_unicode=False)).encode("ascii")
    compare.render(comparison(), Style(is_unicode=False)).encode("ascii")


def test_what_is_missing_is_said():
    whole = record()
    made = profile.build_profile(replace(whole, first_batch=None, end=None))
    shown = text.render(made, Style())
    assert "no first batch was seen" in shown and "the record has no end" in shown
    assert summary.render(made).startswith("lazyimp: no first batch, end after")
    nothing = dict.fromkeys(("imports", "phases", "marks", "deferrals"), ())
    empty = profile.build_profile(replace(whole, first_batch=None, end=None, **nothing))
    assert "Time to" in text.render(empty, Style(), verbose=True)


def test_ranks_are_shown_with_their_spread():
    def rank(number, ms):
        w = started()
        w.header |= {"rank": number, "world_size": 2}
        w.load("torch", f"{TRAIN}:1", ms)
        w.first_batch("rule", "torch")
        return w.record()

    shown = text.render(profile.merge([rank(0, 2000), rank(1, 2500)]), Style(), verbose=True)
    assert "rank 1 of 2, the slowest; 0.50 s behind rank 0" in shown
    assert "Ranks  the slowest first" in shown


# -- comparisons ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("times", "word"),
    [
        ((0.5, 0.51, 0.52, 0.53), "faster"),
        ((1.5, 1.51, 1.52, 1.53), "slower"),
        ((1.0, 1.001, 1.002, 1.003), "no difference"),
        ((0.7, 1.2, 0.9, 1.3), "inconclusive"),
    ],
)
def test_a_verdict_minds_the_spread(times, word):
    found = profile.compare(runs(small(), (1, 1.001, 1.002, 1.003)), runs(small(), times))
    assert compare.render(found, Style()).splitlines()[2].startswith(word)


def test_one_run_a_side_tells_nothing_for_certain():
    shown = compare.render(profile.compare([small()], [large(100)]), Style())
    assert "inconclusive" in shown and "1 run a side cannot tell" in shown


def test_what_makes_runs_hard_to_compare_is_noted():
    other = replace(
        small(), title="eval.py", environment={**small().environment, "python": "3.12.1"}, complete=False
    )
    notes = profile.compare([small()], [other]).notes
    assert notes == (
        "the programs differ: train.py against eval.py",
        "the Python differs: 3.11.7 against 3.12.1",
        "1 of 2 runs did not reach their end",
    )
    with pytest.raises(profile.ProfileError):
        profile.compare([], [other])


def test_modules_that_came_or_went_are_named():
    found = profile.compare([small()], [small()])
    assert found.added == found.removed == ()
    nodes = tuple(node for node in small().nodes if node.package != "pandas")
    found = profile.compare([small()], [replace(small(), nodes=nodes)])
    assert "pandas" in found.removed
    assert compare.outermost(("pandas", "pandas.core", "torch._C")) == ["pandas", "torch._C"]


# -- why -----------------------------------------------------------------------------------------------------


def test_why_names_the_chain_and_where_it_was_deferred():
    found = profile.why(small(), "pandas.core.frame")
    assert [(step.name, step.file, step.line) for step in found.chain] == [
        ("pandas", "loading.py", 31),
        ("pandas.core", "pandas/__init__.py", 49),
        ("pandas.core.frame", "pandas/core/api.py", 47),
    ]
    assert (found.chain[0].deferred_file, found.chain[0].deferred_line) == ("loading.py", 3)
    assert found.is_loaded and found.modules == 1


def test_why_knows_everybody_who_asked():
    found = profile.why(small(), "torch")
    assert [(each.file, each.how) for each in found.asked] == [
        ("train.py", "loaded it"),
        ("torch/_utils.py", "found it there"),
    ]


def test_why_says_what_was_never_used_and_what_failed():
    assert not profile.why(small(), "matplotlib").is_loaded
    assert profile.why(small(), "tensorrt").error == "ModuleNotFoundError"
    assert "never used" in why.render(profile.why(small(), "matplotlib.pyplot"), Style())


def test_why_takes_distributions_and_asks_the_policy():
    asked = []

    def decided(importer, target):
        asked.append((importer, target))
        return "mode deep: deferred"

    found = profile.why(small(), "scikit-learn", modules_of=lambda name: ["sklearn"], decided=decided)
    assert (found.name, asked, found.rule) == (
        "sklearn",
        [("__main__", "sklearn.metrics")],
        "mode deep: deferred",
    )
    assert profile.why(small(), "Torch").name == "torch"
    profile.why(small(), "torch.nn.functional", decided=decided)
    profile.why(small(), "csv", decided=decided)
    assert asked[1:] == [("torch.nn", "torch.nn.functional"), ("loading", "csv")]


def test_why_about_a_stranger_suggests_a_name():
    with pytest.raises(profile.ProfileError, match="did you mean 'pandas'"):
        profile.why(small(), "pandsa")
    with pytest.raises(profile.ProfileError, match="did not import 'zzz'"):
        profile.why(small(), "zzz")


# -- the writer ----------------------------------------------------------------------------------------------


def test_columns_go_before_numbers_are_cut():
    columns = [
        Column("name", cut="right", least=4),
        Column("n", ">"),
        Column("more", drop=1),
        Column("bar", drop=2),
    ]
    rows = [["a long name", "12345", "details", "####"], ["b", "1", "", "#"]]
    assert table(columns, rows, Style(width=40))[1] == "a long name  12345  details  ####"
    assert table(columns, rows, Style(width=25))[1] == "a long n…  12345  details"
    assert table(columns, rows, Style(width=12))[1] == "a lo…  12345"


def test_text_is_cut_by_columns_not_letters():
    assert fit("日本語モジュール", 7) == "日本語…"
    assert fit("torch/fx/symbolic_shapes.py:61", 12, "left") == "…hapes.py:61"
    assert wide(fit("e\u0301" * 30, 10)) == 10


@pytest.mark.parametrize(
    ("environment", "wanted", "is_terminal", "coloured"),
    [
        ({}, None, True, True),
        ({}, None, False, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, True, False),
        ({}, True, False, True),
        ({"CLICOLOR_FORCE": "1"}, None, False, True),
        ({"CLICOLOR_FORCE": "1"}, False, True, False),
        ({"CLICOLOR_FORCE": "0"}, None, False, False),
        ({"TERM": "dumb"}, None, True, False),
    ],
)
def test_colours_are_for_who_wants_them(environment, wanted, is_terminal, coloured):
    stream = StringIO()
    stream.isatty = lambda: is_terminal
    assert Style.of(stream, environment, wanted).is_coloured is coloured


def test_numbers_read_well():
    sizes = [amount(each) for each in (0, 999, 2048, 5 << 20, 123 << 30)]
    assert sizes == ["0 B", "999 B", "2.0 KB", "5.0 MB", "123 GB"]
    assert (count(1, "modules"), count(1234, "modules")) == ("1 module", "1,234 modules")
    assert [Unit.of(each).full(each) for each in (3.904, 0.5, 0.05)] == ["3.90 s", "500.0 ms", "50.0 ms"]
    assert bar(0.5, 0.25, 0.25, 8) == "    ██░░"
    assert bar(1.0, 0.0, 0.0, 8).strip() == "░"
    assert Cell("x").code == ""


if __name__ == "__main__":
    EXPECTED.mkdir(parents=True, exist_ok=True)
    for file, expected in outputs().items():
        (EXPECTED / file).write_text(expected, encoding="utf-8")


def test_a_function_is_called_by_its_own_name_and_told_whether_it_only_runs():
    from lazyimp.reports.words import asker

    assert asker("a.py", 3, "f") == "a.py:3 f()"
    assert asker("a.py", 3, "<module>") == "a.py:3"
    assert asker("a.py", 3, "make.<locals>.inner") == "a.py:3 inner()"
    assert asker("a.py", 3, "main <running>") == "a.py:3 main(), running"
    assert asker("a.py", 3, "<module> <running>") == "a.py:3, running"
