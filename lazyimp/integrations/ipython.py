"""IPython and notebooks: `%load_ext lazyimp`, `%lazyimp`, `%%ttfb`, `%%eager`.

`%lazyimp on [MODE] | off | status | reify | why NAME | report | manifest [OPTION...]` acts on this kernel. `%%ttfb`
runs a cell and shows, below it, where the time to its first batch (or to its end) went. Cells themselves import
eagerly: what their imports load defers. Tab completion looks at names, and loads nothing that waits.
"""

from __future__ import annotations

import html
import os
import shlex
import sys
import tempfile
from collections.abc import Iterable
from typing import Any

from lazyimp import _control
from lazyimp.errors import LazyimpError, UsageError, unknown_word

ACTIONS = ("on", "off", "status", "reify", "why", "report", "manifest")
HEIGHT = 620  # pixels of the page below a cell

_last: dict[str, Any] = {}  # the profile and the record of the last %%ttfb
_kernel: dict[str, Any] = {}  # the shell, and the names of the modules that were there before us


def load(shell: Any) -> None:
    """Give the shell our magics."""
    _kernel.update(shell=shell, before=frozenset(sys.modules))
    shell.register_magic_function(_guarded(line_magic), "line", "lazyimp")
    shell.register_magic_function(_guarded(Ttfb(shell).run), "cell", "ttfb")
    shell.register_magic_function(_guarded(Eager(shell).run), "cell", "eager")


def unload(shell: Any) -> None:
    """Take them back; what is deferred stays so."""
    for kind, name in (("line", "lazyimp"), ("cell", "ttfb"), ("cell", "eager")):
        shell.magics_manager.magics[kind].pop(name, None)


def _guarded(function: Any) -> Any:
    """A user's mistake is one line, as on the command line."""

    def magic(*words: str) -> Any:
        try:
            return function(*words)
        except LazyimpError as error:
            sys.stdout.write(f"lazyimp: {error}\n")
            return None

    magic.__doc__ = function.__doc__
    return magic


def line_magic(line: str) -> Any:
    """`%lazyimp on [MODE] | off | status | reify | why NAME | report | manifest [OPTION...]`."""
    words = shlex.split(line) or ["status"]
    action, rest = words[0], words[1:]
    if action not in ACTIONS:
        raise UsageError(unknown_word("action", action, ACTIONS))
    if action == "on":
        _control.enable(rest[0] if rest else None)
    elif action == "off":
        _control.disable()
    elif action == "reify":
        return _told(_control.disable(resolve=True))
    elif action == "why":
        return _why(rest)
    elif action == "report":
        return Page(_profile())
    elif action == "manifest":
        return _manifest(rest)
    return _Text(str(_control.status()))


class _Text:
    """A value whose text is shown as it is."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _told(done: _control.Disabled) -> _Text:
    lines = [f"{done.resolved} names loaded"]
    lines += [f"{name}: {type(error).__name__}: {error}" for name, error in done.failures]
    return _Text("\n".join(lines))


def _profile() -> Any:
    if "profile" not in _last:
        raise UsageError("no cell was recorded; put %%ttfb before one")
    return _last["profile"]


def _why(rest: list[str]) -> _Text:
    if not rest:
        raise UsageError("name a module: %lazyimp why pandas")
    from lazyimp.profile import why
    from lazyimp.reports import why as report

    return _Text(report.render(why(_profile(), rest[0])).rstrip())


def _manifest(words: list[str]) -> None:
    """What the recorded cell needs elsewhere; without one, what this kernel has loaded for the cells that ran."""
    there = frozenset(sys.modules)
    from lazyimp.cli import Parser
    from lazyimp.cli.manifest import MakeManifest, made_of
    from lazyimp.manifest import running, static

    command, parser = MakeManifest(), Parser(prog="%lazyimp manifest")
    command.add_options(parser)
    _kernel["ours"] = _kernel.get("ours", frozenset()) | (sys.modules.keys() - there)
    try:
        options = parser.parse_args(words)
        if options.file or options.pid is not None:
            raise UsageError(
                "%lazyimp manifest is about this notebook; `lazyimp manifest` takes files and --pid"
            )
        record = _of_cell(static) if "record" in _last else _so_far(running, static)
        command.show(options, *made_of(record, options))
    except SystemExit:  # argparse leaves that way after --help
        pass
    finally:
        _kernel["ours"] |= sys.modules.keys() - there


NOTEBOOK = {"kind": "notebook", "name": ""}


def _of_cell(static: Any) -> Any:
    """The record of the last %%ttfb, about its cell: what that names counts, also if another had loaded it.

    Of the libraries that are mapped nothing tells whether they came before; the kernel is not the program.
    """
    from dataclasses import replace

    record = _last["record"]
    named = _named(static, [_last["cell"]])
    before = [name for name in record.header.get("before", ()) if name.partition(".")[0] not in named]
    header = {**record.header, "before": before, "main": NOTEBOOK}
    facts = {name: value for name, value in record.facts.items() if name != "main"}
    return replace(record, header=header, facts=facts, libraries=())


def _named(static: Any, cells: Iterable[object]) -> set[str]:
    """The top-level names that cells import."""
    return {
        name.partition(".")[0]
        for cell in cells
        for each in static.imports_in(str(cell))
        for name in each.names
    }


def _so_far(running: Any, static: Any) -> Any:
    """The record of this kernel: what was there before us does not count, unless a cell names it, nor what we load."""
    shell = _kernel.get("shell")
    cells = getattr(getattr(shell, "history_manager", None), "input_hist_parsed", ())
    named = _named(static, cells)
    before = [
        name
        for name in _kernel.get("before", frozenset()) | _kernel.get("ours", frozenset())
        if name.partition(".")[0] not in named
    ]
    return running.of_this_process(before, NOTEBOOK)


class Page:
    """A profile as a page below the cell; as text where there is no browser."""

    def __init__(self, profile: Any) -> None:
        self.profile = profile

    def __repr__(self) -> str:
        from lazyimp.reports import text

        return text.render(self.profile).rstrip()

    def _repr_html_(self) -> str:
        from lazyimp.reports.html import render

        page = html.escape(render(self.profile), quote=True)
        return (
            f'<iframe srcdoc="{page}" sandbox="allow-scripts allow-downloads" title="lazyimp report" '
            f'style="width:100%;height:{HEIGHT}px;border:0"></iframe>'
        )


class Ttfb:
    """`%%ttfb`: run a cell, recorded, and show its report."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell

    def run(self, line: str, cell: str) -> Page | None:
        """Time to the cell's first batch; to its end where it has none. `%%ttfb --files` notes opened files, too."""
        words = shlex.split(line)
        if words not in ([], ["--files"]):
            raise UsageError(f"%%ttfb takes --files, not {line.strip()!r}")
        folder = tempfile.mkdtemp(prefix="lazyimp-")
        path = os.path.join(folder, "cell.jsonl")
        try:
            _control.start_record(path, bool(words))
            try:
                result = self.shell.run_cell(cell)
            finally:
                _control.stop_record()
            if not result.success:
                return None  # IPython has shown the error
            _last["cell"] = cell
            return Page(self._read(path))
        finally:
            import shutil

            shutil.rmtree(folder, ignore_errors=True)

    def _read(self, path: str) -> Any:
        from lazyimp.profile import build_profile
        from lazyimp.record import read_record

        _last["record"] = read_record(path)
        _last["profile"] = build_profile(_last["record"])
        return _last["profile"]


class Eager:
    """`%%eager`: run a cell with nothing deferred."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell

    def run(self, line: str, cell: str) -> None:
        """What the cell's imports load is loaded at once; deferring goes on after it."""
        status = _control.status()
        if status["enabled"]:
            _control.disable()
        try:
            self.shell.run_cell(cell)
        finally:
            if status["enabled"]:
                _control.enable(str(status["mode"]))
