"""The rules behind a recorded run: from what its record says to what the policy decided, statement by statement."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence

from lazyimp import _profile, _program
from lazyimp.record import Record
from lazyimp.tuning.decision import IN_FUNCTION, Decided, Judge, Place

EAGER_RUN = "0"
NOT_DEFERRED = ("eager", IN_FUNCTION)
WORDS = {"lazy": "is lazy", "proxy": "gets a proxy", "eager": "is eager", IN_FUNCTION: "is not deferred"}
HEADER_ONLY = ("core", "mode", "main")  # what a record may tell late


class RecordedRules:
    """Answers for the main process of one record; `note` says why it cannot, or what it assumed."""

    def __init__(self, record: Record) -> None:
        self.note = ""
        self._record = record
        self._header = {
            **record.header,
            **{key: record.facts[key] for key in HEADER_ONLY if key in record.facts},
        }
        self._mode = str(self._header.get("mode") or EAGER_RUN)
        self._judge: Judge | None = None
        self._files = {each.name: each.origin for each in record.imports if each.origin}
        self._modules = {file: name for name, file in self._files.items()}

    def statement(self, module: str, target: str) -> tuple[str, list[Decided]]:
        """Where `module` asked for `target`, and what was decided there; ("", []) where nobody can tell."""
        place = self._place_of(module, target)
        judge = self._judge_here() if place is not None else None
        if place is None or judge is None:
            return "", []
        file, line, deferred = place
        found = judge.of_line(module, file, line, deferred)
        named = [each for each in found if _is_about(each, target)]
        return f"{self._shown(file)}:{line}", named or found

    def said(self, module: str, target: str) -> tuple[str, str]:
        """The same in words, and the reason alone if the statement was not deferred; "" where nobody can tell."""
        where, found = self.statement(module, target)
        if not found:
            return "", ""
        words = f"{where} {WORDS[found[0].word]}: {found[0].reason}"
        reason = found[0].reason if found[0].word in NOT_DEFERRED else ""
        return words if self._mode != EAGER_RUN else f"in mode {self._asked_mode()} {words}", reason

    def _shown(self, file: str) -> str:
        """A file as seen from the working folder, or from where distributions lie."""
        for home in (f"{self._header.get('cwd')}{os.sep}", f"{os.sep}site-packages{os.sep}"):
            if home in file:
                return file.rpartition(home)[2]
        return os.path.basename(file)

    # -- where the statement stands ----------------------------------------------------------------------

    def _place_of(self, module: str, target: str) -> tuple[str, int, bool] | None:
        """(file, line, it was deferred) of the statement."""
        for row in self._record.deferrals:
            if row.module == module and (row.target == target or f"{row.target}.{row.attribute}" == target):
                return self._absolute(row.file), row.line, True
        for each in self._record.imports:
            if each.name == target and self._importer(each.file) == module:
                return self._absolute(each.file), each.line, False
        return None

    def _importer(self, file: str) -> str:
        """The module that lies in `file`; the main program, where the record knows none."""
        return self._modules.get(file, "__main__")

    def _absolute(self, file: str) -> str:
        return os.path.join(str(self._header.get("cwd") or ""), file)

    # -- the policy as it was ----------------------------------------------------------------------------

    def _judge_here(self) -> Judge | None:
        """The judge, if this interpreter is the one that ran the program."""
        if self._judge is not None:
            return self._judge
        if (self._header.get("python"), self._header.get("prefix")) != (
            platform.python_version(),
            sys.prefix,
        ):
            self.note = (
                f"recorded by Python {self._header.get('python')} in another environment; "
                "`lazyimp why` there names the rule"
            )
            return None
        self._judge = Judge(self._place())
        return self._judge

    def _place(self) -> Place:
        from lazyimp._config import load_config

        folder, words = self._folder(), self._words()
        path = _program.search_config(folder)
        config = None if path is None else load_config(path)
        tuned = _tuned(words, str(self._header.get("cwd") or ""), self._record.facts)
        mode = self._mode if self._mode != EAGER_RUN else getattr(tuned or config, "mode", None) or "safe"
        told = self._record.facts.get("sys_path")
        path_then = [str(each) for each in told] if isinstance(told, list) else [folder]
        profile = tuned if tuned is not None and tuned.mode == mode else None
        return Place(mode, path_then, config, profile, self._header.get("core") == "native")

    def _asked_mode(self) -> str:
        return self._judge.mode if self._judge is not None else self._mode

    def _folder(self) -> str:
        """Where the program's configuration is looked for."""
        words, cwd = self._words(), str(self._header.get("cwd") or "")
        if words and words[0] not in ("-m", "-c", "-"):
            return os.path.dirname(os.path.join(cwd, words[0]))
        return cwd

    def _words(self) -> list[str]:
        main = self._header.get("main")
        kind, name = (str(main.get("kind")), str(main.get("name"))) if isinstance(main, dict) else ("", "")
        return {"script": [name], "command": [name], "module": ["-m", name]}.get(kind, ["-c"])


def _is_about(decided: Decided, target: str) -> bool:
    named = {decided.target, *(f"{decided.target}.{name}" for name in decided.names or ())}
    return any(name == target or name.startswith(target + ".") for name in named)


def _tuned(words: Sequence[str], folder: str, facts: Mapping[str, object]) -> _profile.Profile | None:
    """The tuned profile of the program, if it is there and fits what is installed."""
    argv = ["-m", *words[2:]] if words[0] == "-m" else list(words)
    told = facts.get("profile")
    name = told if isinstance(told, str) and told else _program.profile_path(argv, words)
    path = None if name is None else os.path.join(folder, name)
    if path is None or not os.path.isfile(path):
        return None
    from lazyimp import __version__

    try:
        found = _profile.read(path)
    except (_profile.Damaged, OSError):
        return None
    return found if found.changed(found.about.get("core", ""), __version__) is None else None
