"""`lazyimp status`: what lazyimp would do in this interpreter and this folder, and where each setting comes from."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from lazyimp import __version__, _program, _startup
from lazyimp.cli.startup_file import folders, is_active
from lazyimp.cli.style import BOLD, DIM, GREEN, YELLOW, Style, wrapped
from lazyimp.errors import ConfigError, UsageError

FORMAT = 1
SCHEMA = "lazyimp-status/1"
ROOM = 16
DEFAULT = "default"


class ShowStatus:
    """Show what is active here: core, start-up file, recipes, profiles, settings."""

    name = "status"

    def split(self, words: list[str]) -> int:
        """All words are ours."""
        return len(words)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("program", nargs="?", help="a script: its configuration and its profile")
        parser.add_argument(
            "--config", action="store_true", help="all settings, each with where it comes from"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Print the facts."""
        if options.program is not None and not os.path.exists(options.program):
            raise UsageError(f"no script {options.program!r}; check the path")
        style, fault = Style.of(sys.stdout), None
        settings: list[Setting] = []
        try:
            settings = gather_settings(options.program)
        except ConfigError as error:
            fault = error
        if options.json:
            print(as_json(gather(options.program), settings, fault))
            if fault is not None:
                print(f"lazyimp: {fault}", file=sys.stderr)
            return int(fault is not None)
        if not options.config:
            print("\n".join(as_text(gather(options.program), style)))
        if fault is not None:
            raise fault
        told = settings if options.config else [each for each in settings if each.source != DEFAULT]
        if told:
            print("\n".join(([""] if not options.config else []) + settings_as_text(told, style)))
        return 0


# -- facts -----------------------------------------------------------------------------------------------


def gather(program: str | None = None) -> dict[str, object]:
    """What is true of this interpreter, and of the folder that the program, or who asks, is in."""
    from lazyimp.doctor import project
    from lazyimp.doctor.values import shown

    core, why, unsupported = chosen_core()
    folder = folder_of(program)
    path = _program.search_config(folder)
    found = project.coverage()
    files = [os.path.join(each, "lazyimp.pth") for each in folders()]
    return {
        "version": __version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "core": core,
        "core_reason": why,
        "extension": _startup.has_extension(),
        "startup_line": is_active(),
        "startup_file": next((shown(file) for file in files if os.path.isfile(file)), None),
        "mode": _startup.mode,
        "refusal": unsupported or _startup.refusal,
        "recipes": found.known
        if found.built
        else "never built: mode deep is closed inside every distribution",
        "recipes_here": len(found.fitting),
        "profiles": profiles(folder, core, program),
        "configuration": None if path is None else shown(path),
    }


def chosen_core() -> tuple[str | None, str, str | None]:
    """(the core, why that one, why there is none)."""
    unsupported = _startup.unsupported(sure=True)
    if unsupported:
        return None, "", unsupported
    try:
        name = (_startup.core or _startup.choose()).name
    except _startup.Refused as reason:
        return None, "", str(reason)
    if _startup.switch("LAZYIMP_CORE"):
        return name, "as LAZYIMP_CORE says", None
    if not _startup.has_extension():
        return name, "the extension is missing, and this is the one that needs none", None
    if name != _startup.best_cores()[0]:
        return name, f"{_startup.best_cores()[0]} cannot be loaded; LAZYIMP_DEBUG=1 says why", None
    return name, "the best for this interpreter", None


def folder_of(program: str | None) -> str:
    """Where the search for configuration and profile begins."""
    return os.getcwd() if program is None else os.path.dirname(os.path.abspath(program))


def profiles(folder: str, core: str | None, program: str | None) -> dict[str, str]:
    """The tuned profiles in the folder, or the program's, and whether they would be used here."""
    from lazyimp.doctor import project

    found = project.profiles(folder, core or "")
    own = os.path.basename(_program.profile_path([program], ()) or "") if program is not None else ""
    return {name: fault or "fits" for name, fault in found.items() if not own or name == own}


def as_json(facts: dict[str, object], settings: Sequence[Setting], fault: ConfigError | None) -> str:
    """Facts and settings for machines."""
    rows = {each.name: {"value": each.value, "from": each.source} for each in settings}
    whole = {
        "schema": SCHEMA,
        "format": FORMAT,
        "exit_code": int(fault is not None),
        **facts,
        "settings": rows,
    }
    if fault is not None:
        whole["fault"] = str(fault)
    return json.dumps(whole, indent=2, sort_keys=True)


def as_text(facts: dict[str, object], style: Style) -> list[str]:
    """The facts for people."""
    lines = [f"{style.paint(f'lazyimp {__version__}', BOLD)}  {_state(facts, style)}", ""]
    known = facts["profiles"]
    assert isinstance(known, dict)
    rows = {
        "python": facts["python"],
        "core": f"{facts['core']}: {facts['core_reason']}" if facts["core"] else "none",
        "extension": "yes" if facts["extension"] else "missing",
        "start-up file": facts["startup_file"]
        if facts["startup_line"]
        else "not read here; `lazyimp run` works",
        "recipes": _recipes(facts),
        "profiles": "; ".join(f"{name} {each}" for name, each in known.items()) or "none here",
        "configuration": facts["configuration"] or "none here or above",
    }
    for label, text in rows.items():
        lines += style.beside(label, str(text), ROOM, DIM)
    return lines


def _recipes(facts: dict[str, object]) -> str:
    count = facts["recipes"]
    return (
        f"{count}, of these {facts['recipes_here']} for what is installed here"
        if count != str(count)
        else str(count)
    )


def _state(facts: dict[str, object], style: Style) -> str:
    if facts["refusal"]:
        return style.paint(f"cannot be on: {facts['refusal']}", YELLOW)
    if facts["mode"]:
        return style.paint(f"on in this process, mode {facts['mode']}", GREEN)
    return "off in this process; `lazyimp run` switches it on"


# -- settings --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setting:
    """One setting, its value, and where that comes from: an option, a variable, a file, or the default."""

    name: str
    value: object
    source: str


def gather_settings(program: str | None = None) -> list[Setting]:
    """All settings in force for programs started here."""
    from lazyimp import _config

    folder = folder_of(program)
    path = _program.search_config(folder) or _startup.switch("LAZYIMP_CONFIG")
    try:
        table = _config.load_table(path) if path else None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    config = _config.check_config(table, path or "") if table is not None else _config.Config("")
    table = table if isinstance(table, dict) else {}
    name = _where(path) if path else ""
    found = [*_activation(program, config.mode, name)]
    for key in _config.KEYS:
        if key in ("mode", "stubs", "trackers"):
            continue
        if key in ("lazy", "eager"):
            value: object = [each.text for each in config.patterns if each.is_lazy == (key == "lazy")]
        else:
            value = getattr(config, key)
        found.append(Setting(key, value, name if key in table else DEFAULT))
    stubs = _startup.switch("LAZYIMP_STUBS")
    found.append(
        Setting("stubs", stubs.replace(",", " ").split(), "LAZYIMP_STUBS")
        if stubs
        else Setting("stubs", list(config.stubs), name if config.stubs else DEFAULT)
    )
    found.append(_trackers(config.trackers, name))
    found.append(Setting("debug", bool(_startup.switch("LAZYIMP_DEBUG")), _of_switch("LAZYIMP_DEBUG")))
    return found


def _trackers(of_file: bool | None, name: str) -> Setting:
    """Whether experiment trackers are told."""
    word = _startup.switch("LAZYIMP_TRACKERS")
    if word is not None:
        return Setting("trackers", word not in (_startup.OFF, "off"), "LAZYIMP_TRACKERS")
    if of_file is not None:
        return Setting("trackers", of_file, name)
    return Setting("trackers", "in runs that are recorded", DEFAULT)


def _activation(program: str | None, of_file: str | None, name: str) -> list[Setting]:
    """Whether it is on, the mode, the core, the profile and the configuration."""
    option = sys._xoptions.get("lazyimp")
    by = "-X lazyimp" if option is not None else _of_switch("LAZYIMP")
    try:
        asked, fault = _startup.asked(), None
    except _startup.Refused as reason:
        asked, fault = _startup.OFF, str(reason)
    profile, chosen_by = _profile(program)
    if asked and asked != _startup.OFF:
        mode = Setting("mode", asked, by)
    elif profile:
        mode = Setting("mode", "deep, and what the profile adds", os.path.basename(profile))
    else:
        mode = Setting("mode", of_file or _startup.MODES[0], name if of_file else DEFAULT)
    return [
        Setting("on", f"no: {fault}" if fault else asked != _startup.OFF, by),
        mode,
        Setting(
            "core", _startup.switch("LAZYIMP_CORE") or chosen_core()[0] or "none", _of_switch("LAZYIMP_CORE")
        ),
        Setting("profile", profile or "none", chosen_by),
        Setting("configuration", name or "none", _config_source(program)),
    ]


def _profile(program: str | None) -> tuple[str, str]:
    """(the program's profile, who named it)."""
    from lazyimp.doctor.values import shown

    given = _startup.switch("LAZYIMP_PROFILE")
    if given is not None:
        return ("" if given == _startup.OFF else shown(given)), "LAZYIMP_PROFILE"
    path = _program.profile_path([program], ()) if program is not None else None
    return (
        (_where(os.path.abspath(path)), "beside the program")
        if path and os.path.isfile(path)
        else ("", DEFAULT)
    )


def _config_source(program: str | None) -> str:
    if _program.search_config(folder_of(program)):
        return "nearest"
    return _of_switch("LAZYIMP_CONFIG")


def _of_switch(name: str) -> str:
    return name if _startup.switch(name) else DEFAULT


def _where(path: str) -> str:
    from lazyimp.doctor.values import shown

    return shown(path).removeprefix("./")


def settings_as_text(settings: Sequence[Setting], style: Style) -> list[str]:
    """A table: setting, value, where it comes from."""
    names = max(len(each.name) for each in settings)
    sources = max(len(each.source) for each in settings)
    room = style.width - 2 - names - 2 - sources - 2
    rows = [("setting", "value", "from", BOLD)]
    rows += [
        (each.name, _plain(each.value), each.source, DIM if each.source == DEFAULT else "")
        for each in settings
    ]
    width = min(room, max(len(value) for _, value, _, _ in rows))
    lines = []
    for name, value, source, code in rows:
        first, *more = wrapped(value, width)
        lines.append("  " + style.paint(f"{name:<{names}}  {first:<{width}}  {source}", code).rstrip())
        lines += [style.paint(f"  {'':<{names}}  {line}", code) for line in more]
    return lines


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)
