"""Which indexes pip and uv would ask here: their environment variables and files, read in their own order."""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

YES = ("1", "true", "yes", "on", "t", "y")


@dataclass(frozen=True, slots=True)
class IndexConfig:
    """`urls` of simple indexes, the first one first; `find_links` folders and pages; `offline`: none may be asked."""

    urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    offline: bool = False
    source: str = ""  # who says so


def read_config(environ: Mapping[str, str], prefix: str, folder: str) -> IndexConfig:
    """uv's configuration where it names an index, else pip's, else the index that pip was made for."""
    return _uv(environ, folder) or _pip(environ, prefix) or _default()


def _pip(environ: Mapping[str, str], prefix: str) -> IndexConfig | None:
    sections: dict[str, dict[str, str]] = {"global": {}, "install": {}}
    for path in _pip_files(environ, prefix):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        for section, found in sections.items():
            if parser.has_section(section):
                found.update({key.replace("_", "-"): value for key, value in parser.items(section)})
    values = {**sections["global"], **sections["install"]}
    for name in ("index-url", "extra-index-url", "find-links", "no-index"):
        given = environ.get("PIP_" + name.upper().replace("-", "_"))
        if given:
            values[name] = given
    if not any(name in values for name in ("index-url", "extra-index-url", "find-links", "no-index")):
        return None
    offline = values.get("no-index", "").lower() in YES
    first = [values["index-url"]] if values.get("index-url") else list(_default().urls)
    urls = [] if offline else [*first, *values.get("extra-index-url", "").split()]
    return IndexConfig(tuple(urls), tuple(values.get("find-links", "").split()), offline, "pip")


def _pip_files(environ: Mapping[str, str], prefix: str) -> list[str]:
    """pip's files, the weakest first."""
    chosen = environ.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return []
    home = environ.get("HOME", os.path.expanduser("~"))
    config = environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    site = [
        os.path.join(each, "pip", "pip.conf")
        for each in environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")
    ]
    files = [
        *site,
        "/etc/pip.conf",
        os.path.join(home, ".pip", "pip.conf"),
        os.path.join(config, "pip", "pip.conf"),
    ]
    return [*files, os.path.join(prefix, "pip.conf"), *([chosen] if chosen else [])]


def _uv(environ: Mapping[str, str], folder: str) -> IndexConfig | None:
    table = {} if environ.get("UV_NO_CONFIG", "").lower() in YES else _uv_table(environ, folder)
    listed = [each for each in table.get("index", []) if isinstance(each, dict) and not each.get("explicit")]
    found = [str(each.get("url", "")) for each in listed if not each.get("default")]
    first = next((str(each.get("url", "")) for each in listed if each.get("default")), "")
    links, none = "", False
    pip = table.get("pip", {})
    for values in (pip if isinstance(pip, dict) else {}, table):
        first = first or str(values.get("index-url", "") or values.get("default-index", ""))
        found += [str(each) for each in values.get("extra-index-url", [])]
        links = links or " ".join(map(str, values.get("find-links", [])))
        none = none or bool(values.get("no-index") or values.get("offline"))
    first = environ.get("UV_DEFAULT_INDEX") or environ.get("UV_INDEX_URL") or first
    found = [*environ.get("UV_INDEX", "").split(), *environ.get("UV_EXTRA_INDEX_URL", "").split(), *found]
    found = [each.partition("=")[2] if "=" in each.partition("://")[0] else each for each in found]
    links = environ.get("UV_FIND_LINKS", "").replace(",", " ") or links
    offline = none or any(environ.get(name, "").lower() in YES for name in ("UV_NO_INDEX", "UV_OFFLINE"))
    if not (first or found or links or offline):
        return None
    urls = [] if offline else [*found, *([first] if first else _default().urls)]
    return IndexConfig(tuple(dict.fromkeys(urls)), tuple(links.split()), offline, "uv")


def _uv_table(environ: Mapping[str, str], folder: str) -> dict[str, Any]:
    """The nearest uv.toml or [tool.uv], else the user's."""
    config = environ.get("XDG_CONFIG_HOME") or os.path.join(environ.get("HOME", ""), ".config")
    places = [environ["UV_CONFIG_FILE"]] if environ.get("UV_CONFIG_FILE") else []
    while True:
        places += [os.path.join(folder, "uv.toml"), os.path.join(folder, "pyproject.toml")]
        if folder == os.path.dirname(folder):
            break
        folder = os.path.dirname(folder)
    for path in [*places, os.path.join(config, "uv", "uv.toml"), "/etc/uv/uv.toml"]:
        try:
            with open(path, "rb") as file:
                data = tomllib.load(file)
        except (OSError, ValueError):
            continue
        table = data.get("tool", {}).get("uv") if path.endswith("pyproject.toml") else data
        if isinstance(table, dict) and table:
            return table
    return {}


def _default() -> IndexConfig:
    """The index that pip asks if nobody says otherwise; none where there is no pip."""
    try:
        from pip._internal.models.index import PyPI
    except ImportError:
        return IndexConfig()
    return IndexConfig((PyPI.simple_url,), (), False, "pip's default")
