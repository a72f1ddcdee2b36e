"""The HTML report in Chromium, how one moves in it: search, zoom, keys, hovering, themes, narrow windows."""

from __future__ import annotations

import profiles
import pytest

from browser.pages import drawn, selected, spot
from lazyimp.reports.html import render

pytestmark = pytest.mark.browser


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
