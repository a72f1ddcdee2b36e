"""Chromium for the tests of what a browser shows: started once, closed at the end, its every complaint a failure."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import profiles
import pytest

from browser.pages import drawn
from lazyimp.profile import Profile
from lazyimp.reports.html import render

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WAIT_MS = 20_000

OpenPage = Callable[..., Any]


def _missing(what: str) -> None:
    """Skips, or fails where a browser was promised (as in our CI)."""
    if os.environ.get("LAZYIMP_TEST_BROWSER"):
        pytest.fail(f"LAZYIMP_TEST_BROWSER is set, and {what}")
    pytest.skip(what)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser."""
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        _missing("no chromium is installed")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any, tmp_path: Path) -> Iterator[OpenPage]:
    """Open a report from disk in a window of its own; what its console says and what it asks for fails the test."""
    contexts, complaints = [], []

    def open_report(text: str, *, script: str = "", is_checked: bool = True, **options: Any) -> Any:
        file = tmp_path / f"report {len(contexts)}.html"
        file.write_text(text, encoding="utf-8")
        context = chromium.new_context(reduced_motion="reduce", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        if script:
            page.add_init_script(script)
        if is_checked:
            page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
            page.on(
                "request", lambda request: complaints.append(request.url) if _leaves(request.url) else None
            )
        page.goto(file.as_uri())
        return page

    yield open_report
    for context in contexts:
        context.close()
    assert complaints == []


def _leaves(url: str) -> bool:
    return not url.startswith(("file:", "data:", "blob:"))


@pytest.fixture(scope="session")
def small() -> Profile:
    """About forty imports, two processes, a second thread."""
    return profiles.small()


@pytest.fixture(scope="session")
def report(small: Profile) -> str:
    """Its page."""
    return render(small)


@pytest.fixture
def page(open_page: Callable[..., Any], report: str) -> Any:
    """Its page, drawn."""
    return drawn(open_page(report, viewport={"width": 1400, "height": 900}))
