"""The HTML report in Chromium, from disk: every pane, search, zoom, keys, themes, two runs, a narrow window, print."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import profiles
import pytest

from lazyimp.profile import Node, Profile
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
ROW, HEAD, LANE = 19, 36, 18  # as in icicle.js
EVIL = "</script><img src=x onerror=alert(1)>';$(reboot)\""


@pytest.fixture(scope="module")
def small() -> Profile:
    """About forty imports, two processes, a second thread."""
    return profiles.small()


@pytest.fixture(scope="module")
def report(small: Profile) -> str:
    """Its page."""
    return render(small)


@pytest.fixture
def page(open_page: Callable[..., Any], report: str) -> Any:
    """Its page, drawn."""
    return drawn(open_page(report, viewport={"width": 1400, "height": 900}))


def drawn(page: Any) -> Any:
    """The page once everything is drawn."""
    page.wait_for_selector("html[data-ready=yes], #trouble:not([hidden])", state="attached")
    assert page.inner_text("#trouble") == ""
    return page


def selected(page: Any) -> str:
    """The module that the why-pane is about."""
    return page.inner_text("#why-title")


def named(profile: Profile, name: str) -> Node:
    """The node of a module."""
    return next(node for node in profile.nodes if node.name == name)


def spot(page: Any, profile: Profile, name: str) -> dict[str, float]:
    """Where in the canvas a module of the first thread is drawn before anything was zoomed."""
    node = named(profile, name)
    by_id, depth, above = {n.id: n for n in profile.nodes}, 0, node
    while above.parent in by_id:
        depth, above = depth + 1, by_id[above.parent]
    until = profile.batch.at_s * 1.04
    width = page.evaluate("document.getElementById('icicle').clientWidth")
    return {
        "x": (node.start_s + node.wall_s / 2) / until * width,
        "y": HEAD + LANE + depth * ROW + ROW / 2,
    }


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


def test_searching_finds_filters_and_selects(page):
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("torch.nn")
    assert "2 imports" in page.inner_text("#found")
    page.keyboard.press("Enter")
    assert selected(page) == "torch.nn"
    page.keyboard.press("Enter")
    assert selected(page) == "torch.nn.functional"
    page.click("#tab-modules")
    assert page.locator("#pane-modules tbody tr").count() == 2 and "2 of" in page.inner_text("#pane-modules")
    page.locator("#legend button", has_text="hidden import").click()
    assert page.input_value("#search") == "is:hidden"
    page.locator("#legend button", has_text="hidden import").click()
    assert page.input_value("#search") == "" and page.inner_text("#found") == ""


def test_clicking_zooms_and_escape_goes_back(page, small):
    page.click("#icicle", position=spot(page, small, "torch._dynamo"))
    assert selected(page) == "torch._dynamo" and "torch._dynamo" in page.inner_text("#trail")
    assert page.is_visible("#brush")
    why = page.inner_text("#why")
    assert "torch/_compile.py:47" in why and "Import chain" in why and "Pulled in" in why
    page.focus("#icicle")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("#trail button").count() == 3
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert page.locator("#trail button").count() == 0 and page.is_hidden("#brush")
    page.click("#zoom-in")
    assert page.is_visible("#brush")
    page.click("#zoom-batch")
    assert page.is_hidden("#brush")
    page.locator(".strip button[data-name='optimizer build']").click()
    assert "optimizer build" in page.inner_text("#trail")


def test_hovering_tells(page, small):
    page.hover("#icicle", position=spot(page, small, "pandas"))
    tip = page.inner_text("#tip")
    for word in (
        "pandas",
        "total",
        "by itself",
        "CPU",
        "memory",
        "major faults",
        "loading.py:31",
        "first use",
    ):
        assert word in tip, word
    page.mouse.move(5, 5)
    assert page.is_hidden("#tip")


def test_the_icicle_is_walked_by_keys(page):
    page.focus("#icicle")
    page.keyboard.press("Home")
    page.keyboard.press("End")
    last = selected(page)
    page.keyboard.press("ArrowLeft")
    assert selected(page) != last
    page.keyboard.press("ArrowRight")
    assert selected(page) == last
    page.keyboard.press("/")
    page.keyboard.type("torch.nn.functional")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")  # empties the search
    page.keyboard.press("Escape")  # leaves it for the icicle
    assert page.evaluate("document.activeElement.id") == "icicle"
    page.keyboard.press("ArrowUp")
    assert selected(page) == "torch.nn"
    page.keyboard.press("ArrowUp")
    assert selected(page) == "torch"
    page.keyboard.press("ArrowDown")
    assert selected(page) == "torch._C"  # the longest inside
    assert "torch._C, " in page.inner_text("#said") and "level 2" in page.inner_text("#said")
    page.keyboard.press("PageDown")
    assert selected(page) == "queue"
    page.keyboard.press("w")
    assert page.evaluate("document.activeElement.id") == "why"


def test_question_mark_lists_the_keys(page):
    page.keyboard.press("?")
    assert page.is_visible("#keys") and "Esc" in page.inner_text("#keys")
    page.keyboard.press("Escape")
    assert page.is_hidden("#keys")


def test_all_can_be_reached_by_keys(page):
    """Tab comes to the icicle, the tabs and every button; arrow keys move between tabs."""
    seen = []
    for _ in range(80):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
    for each in ("copy-text", "theme", "search", "zoom-all", "icicle", "tab-todo"):
        assert each in seen, (each, seen)
    page.focus("#tab-todo")
    page.keyboard.press("ArrowRight")
    assert page.is_visible("#pane-phases") and page.evaluate("document.activeElement.id") == "tab-phases"
    page.keyboard.press("End")
    assert page.is_visible("#pane-processes")
    nameless = """[...document.querySelectorAll('button')].filter((each) =>
        each.offsetParent && !each.textContent.trim() && !each.getAttribute('aria-label')).length"""
    assert page.evaluate(nameless) == 0


def test_themes(open_page, report):
    dark = drawn(open_page(report, color_scheme="dark"))
    assert dark.get_attribute("html", "data-theme") == "dark"
    dark.click("#theme")
    assert dark.get_attribute("html", "data-theme") == "light"
    for _ in range(10):  # the browser writes down what to remember when it has time
        dark.reload()
        if drawn(dark).get_attribute("html", "data-theme") == "light":
            break
        dark.wait_for_timeout(200)
    assert dark.get_attribute("html", "data-theme") == "light"
    assert dark.inner_text("#theme") == "Theme: light"
    dark.click("#theme")
    dark.click("#theme")
    dark.emulate_media(color_scheme="light")
    dark.wait_for_selector("html[data-theme=light]")
    assert dark.inner_text("#theme") == "Theme: auto"
    forbidden = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('forbidden') } })"
    page = drawn(open_page(report, script=forbidden))
    page.click("#theme")
    page.click("#theme")
    assert page.get_attribute("html", "data-theme") == "dark"


@pytest.mark.parametrize("width", [400, 800])
def test_narrow_windows_do_not_scroll_sideways(open_page, report, small, width):
    compared = render(small, profiles.large(60))
    for text in (report, compared):
        page = drawn(open_page(text, viewport={"width": width, "height": 800}))
        for tab in page.locator("#tabs button").all():
            tab.click()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        cut = """[...document.querySelectorAll('td.n, dd, .value')].filter((each) =>
            each.offsetParent && each.scrollWidth > each.clientWidth + 1).length"""
        assert page.evaluate(cut) == 0  # no number is cut off


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
