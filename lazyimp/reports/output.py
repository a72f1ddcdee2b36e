"""A report in a format, by its name or by the ending of a file's name, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module

from lazyimp.errors import LazyimpError, unknown_word
from lazyimp.profile import Comparison, Profile

REPORTERS: Mapping[str, str] = {  # format -> the module whose `render` makes it
    "text": "lazyimp.reports.text",
    "summary": "lazyimp.reports.summary",
    "json": "lazyimp.reports.as_json",
    "html": "lazyimp.reports.html",
    "trace": "lazyimp.reports.chrome",
    "speedscope": "lazyimp.reports.speedscope",
    "folded": "lazyimp.reports.folded",
    "otlp": "lazyimp.reports.otlp",
    "md": "lazyimp.reports.markdown",
}
ENDINGS: Mapping[str, str] = {  # the longer ones first
    ".speedscope.json": "speedscope",
    ".trace.json": "trace",
    ".otlp.json": "otlp",
    ".json": "json",
    ".html": "html",
    ".htm": "html",
    ".folded": "folded",
    ".md": "md",
    ".txt": "text",
}


class ReportError(LazyimpError):
    """A report that cannot be written."""

    slug = "report"


def format_of(path: str) -> str:
    """The format that a file's name asks for; raises ReportError."""
    for ending, name in ENDINGS.items():
        if path.lower().endswith(ending):
            return name
    raise ReportError(f"cannot tell the format of {path!r}; end its name in {', '.join(ENDINGS)}")


def rendered(profile: Profile, name: str) -> str:
    """The report in the format of that name; raises ReportError."""
    if name not in REPORTERS:
        raise ReportError(unknown_word("format", name, tuple(REPORTERS)))
    text: str = import_module(REPORTERS[name]).render(profile)
    return text


def rendered_comparison(found: Comparison, name: str) -> str:
    """A comparison as "text" or "md"; raises ReportError."""
    from lazyimp.reports import compare, markdown

    if name == "text":
        return compare.render(found)
    if name == "md":
        return markdown.render_comparison(found)
    raise ReportError(unknown_word("format", name, ("text", "md")))


def write(profile: Profile, path: str | os.PathLike[str], format: str | None = None) -> None:
    """Write a report; without `format` the ending of the file's name tells it. Raises ReportError."""
    path = os.fspath(path)
    write_text(path, rendered(profile, format or format_of(path)))


def write_text(path: str, text: str) -> None:
    """Write under another name, then rename, so that nobody sees half of it; raises ReportError."""
    temporary = f"{path}.{os.getpid()}.part"
    try:
        with open(temporary, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError as error:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise ReportError(f"cannot write {path!r}: {error.strerror or error}") from None
