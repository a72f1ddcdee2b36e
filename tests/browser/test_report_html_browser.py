"""The HTML report in Chromium, from disk: every pane, what it saves, two runs, odd names, old browsers, print."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, replace
from typing import Any

import profiles
import pytest

from browser.pages import drawn, named
from lazyimp.reports import as_json
from lazyimp.reports.html import render

pytestmark = pytest.mark.browser

PANES = (
    "todo",
    "phases",
    "packages",
    "modules",
    "hidden",
    "reified",
    "never",
    "failed",
    "files",
    "processes",
)
EVIL = "</script><img src=x onerror=alert(1)>';$(reboot)\""


def test_long_names_leave_room_for_the_last_column(open_page, small):
    name = "pandas.core.indexes.accessors:CombinedDatetimelikePropertiesOfLongNames"
    file = "/work/site-packages/scientific/interpolate/_ndgriddata_of_many_points.py"
    deferrals = tuple(replace(each, target=name, file=file, used_file=file) for each in small.deferrals)
    page = drawn(
        open_page(render(replace(small, deferrals=deferrals)), viewport={"width": 1300, "height": 900})
    )
    page.click("#tab-reified")
    wide = page.eval_on_selector("#pane-reified table", "e => [e.scrollWidth, e.parentElement.clientWidth]")
    assert page.locator("#pane-reified tbody tr").count() and wide[0] <= wide[1]


def test_every_pane_opens_and_says_something(page):
    for name in PANES:
        page.click(f"#tab-{name}")
        pane = page.locator(f"#pane-{name}")
        assert pane.is_visible() and page.get_attribute(f"#tab-{name}", "aria-selected") == "true"
        assert pane.locator("tbody tr, li").count() > 0, name
        assert page.locator(".pane:visible").count() == 1
    page.click("#tab-reified")
    row = page.locator("#pane-reified tbody tr", has_text="pandas").inner_text()
    assert "loading.py:31" in row and "is_frame" in row and "loading.py:3" in row
    page.click("#tab-todo")
    assert "torch/_compile.py:47" in page.inner_text("#pane-todo")


def test_tables_are_sorted_by_their_heads(page):
    page.click("#tab-packages")
    head = page.locator("#pane-packages th button", has_text="Package")
    head.click()
    names = page.locator("#pane-packages tbody tr td:first-child").all_inner_texts()
    assert (
        names == sorted(names, key=str.lower) and head.locator("..").get_attribute("aria-sort") == "ascending"
    )
    head.click()
    assert page.locator("#pane-packages tbody tr td:first-child").all_inner_texts() == names[::-1]


@pytest.mark.parametrize("size", [0, 1500], ids=["plain", "packed"])
def test_the_json_it_saves_is_the_profile(open_page, small, size):
    profile = profiles.large(size) if size else small
    page = drawn(open_page(render(profile)))
    with page.expect_download() as caught:
        page.click("#get-json")
    assert caught.value.suggested_filename == "train.py.json"
    saved = as_json.read(caught.value.path().read_bytes())
    nodes = sorted(profile.nodes, key=lambda node: node.id)
    rows = {0: 0} | {node.id: row for row, node in enumerate(nodes, 1)}
    want = replace(
        profile,
        nodes=tuple(replace(each, id=rows[each.id], parent=rows[each.parent]) for each in nodes),
        packages=tuple(replace(each, first=rows[each.first]) for each in profile.packages),
        deferrals=tuple(
            replace(each, loaded=tuple(map(rows.get, each.loaded))) for each in profile.deferrals
        ),
        requests=tuple(
            replace(each, node=rows[each.node], during=rows[each.during]) for each in profile.requests
        ),
        files=saved.files,
    )
    assert differences(asdict(saved), asdict(want)) == []
    assert {each.path for each in saved.files} <= {each.path for each in profile.files}


ROUNDED = {"rss_bytes": 32768, "read_bytes": 256, "minor_faults": 8}


def differences(got: Any, want: Any, name: str = "") -> list[tuple[str, Any, Any]]:
    """Where two values differ by more than what the page rounds."""
    if isinstance(want, dict):
        return (
            [d for key in want for d in differences(got[key], want[key], key)]
            if got.keys() == want.keys()
            else [(name, sorted(got), sorted(want))]
        )
    if isinstance(want, (list, tuple)):
        if len(got) != len(want):
            return [(name, len(got), len(want))]
        return [d for one, other in zip(got, want, strict=True) for d in differences(one, other, name)]
    if isinstance(want, (int, float)) and not isinstance(want, bool) and isinstance(got, (int, float)):
        most = ROUNDED.get(name, 1e-3 if name.endswith("_s") or isinstance(want, float) else 0)
        return [] if abs(got - want) <= most else [(name, got, want)]
    return [] if got == want else [(name, got, want)]


def test_the_trace_it_saves_holds_every_import(page, small):
    with page.expect_download() as caught:
        page.click("#get-trace")
    events = json.loads(caught.value.path().read_text(encoding="utf-8"))["traceEvents"]
    imports = [e for e in events if e.get("cat", "").endswith("import")]
    assert sorted(e["name"] for e in imports) == sorted(n.name for n in small.nodes)
    torch = next(e for e in imports if e["name"] == "torch")
    assert torch["args"]["importer"] == "train.py:7" and torch["dur"] == pytest.approx(
        1e6 * named(small, "torch").wall_s, abs=20
    )
    assert [e["ts"] for e in events if e["name"] == "first batch"] == [round(small.batch.at_s * 1e6)]


def test_copy_as_text(open_page, report):
    page = drawn(open_page(report, permissions=["clipboard-read", "clipboard-write"]))
    page.click("#copy-text")
    page.wait_for_selector("#toast:visible")
    text = page.evaluate("navigator.clipboard.readText()")
    assert (
        text.startswith("Time to first batch  3.90 s") and "main imports" in text and "torch._dynamo" in text
    )
    assert max(map(len, text.splitlines()[3:12])) <= 80
    page.locator("#pane-todo .copy").first.click()
    assert "torch._dynamo" in page.evaluate("navigator.clipboard.readText()")


def test_two_runs(open_page, small):
    other = profiles.large(60)
    page = drawn(open_page(render(small, other), viewport={"width": 1400, "height": 900}))
    assert page.locator(".chart canvas").count() == 2 and page.locator(".strip").count() == 2
    sums = page.locator("#pane-by-package tfoot th").all_inner_texts()
    total = 1e3 * (sum(p.wall_s for p in other.packages) - sum(p.wall_s for p in small.packages))
    said = float(
        sums[3]
        .replace("\N{MINUS SIGN}", "-")
        .replace(",", "")
        .replace("+", "")
        .removesuffix("\N{NO-BREAK SPACE}ms")
    )
    assert said == pytest.approx(total, abs=0.2)
    for name in ("by-phase", "only", *PANES):
        page.click(f"#tab-{name}")
        assert page.is_visible(f"#pane-{name}")
    page.click("#tab-packages")
    first = page.locator("#pane-packages tbody tr").count()
    page.locator("#pane-packages .side-pick button").nth(1).click()
    assert page.locator("#pane-packages tbody tr").count() == len(other.packages) != first
    page.focus("#icicle-b")
    page.keyboard.press("Home")
    assert "B train.py" in page.inner_text("#why")


def test_names_are_shown_as_they_are_and_do_nothing(open_page, small):
    evil = replace(
        small,
        title=EVIL,
        nodes=tuple(replace(n, name=f"{n.name}{EVIL}", file=EVIL) for n in small.nodes),
        packages=tuple(replace(p, name=f"{p.name}{EVIL}") for p in small.packages),
        phases=tuple(replace(p, name=EVIL, detail=EVIL) for p in small.phases),
        findings=tuple(replace(f, subject=EVIL, command=EVIL) for f in small.findings),
    )
    page = drawn(open_page(render(evil, small)))
    for tab in page.locator("#tabs button").all():
        tab.click()
    page.focus("#icicle")
    page.keyboard.press("ArrowDown")
    assert EVIL in page.inner_text("#why") and EVIL in page.inner_text(".top")
    assert page.locator("img").count() == 0
    word = page.locator("#why .command code").inner_text().removeprefix("lazyimp why ")
    assert shlex.split(word) == [page.inner_text("#why-title")]


def test_the_policy_stops_what_is_not_the_pages_own(open_page, report):
    """Even if a name came through as markup, it could do nothing."""
    page = drawn(open_page(report, is_checked=False))
    page.evaluate(
        "window.harm = 0; document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"harm = 1\">')"
    )
    page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'harm = 2'; document.body.append(s)"
    )
    page.wait_for_timeout(50)
    assert page.evaluate("window.harm") == 0
    assert "Refused" in page.evaluate("fetch('http://127.0.0.1:9/').catch(() => 'Refused')")


def test_browsers_without_decompression(open_page, report):
    page = drawn(open_page(report, script="delete window.DecompressionStream"))  # a small one is plain
    assert page.is_visible("#timeline")
    page = open_page(
        render(profiles.large(1200)), script="delete window.DecompressionStream", is_checked=False
    )
    page.wait_for_selector("#trouble:visible")
    assert "cannot unpack" in page.inner_text("#trouble") and "Time to first batch" in page.inner_text(
        ".headline"
    )


def test_printing_shows_every_pane_in_light_colours(open_page, report):
    page = drawn(open_page(report, color_scheme="dark"))
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.get_attribute("html", "data-theme") == "light"
    assert page.locator(".pane:visible").count() == len(PANES) and page.is_hidden(".actions")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.get_attribute("html", "data-theme") == "dark"


@pytest.mark.parametrize("change", ["no batch", "nothing"])
def test_odd_profiles_are_drawn(open_page, small, change):
    odd = replace(small, batch=None, first_step_excess_s=None)
    if change == "nothing":
        rows = dict.fromkeys(
            ("nodes", "packages", "phases", "marks", "deferrals", "files", "findings", "processes"), ()
        )
        odd = replace(
            odd, environment={}, counts={}, ttfb_s=0.0, ttfb_cpu_s=0.0, end_s=0.0, end_cpu_s=0.0, **rows
        )
    page = drawn(open_page(render(odd)))
    for tab in page.locator("#tabs button").all():
        tab.click()
    page.focus("#icicle")
    for key in ("ArrowDown", "ArrowRight", "Enter", "Escape", "PageDown", "End", "n", "0", "b"):
        page.keyboard.press(key)
    page.click("#copy-text")
    drawn(open_page(render(small, odd)))
    drawn(open_page(render(odd, small)))
