"""Editable installs: the ways in which a distribution points at a source tree, and where that tree is."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from lazyimp.distributions.distribution import EGG_LINK, Distribution

# The module that meson-python and scikit-build-core leave behind loads what the build folder holds.
_REBUILDING = ("_editable_loader.py", "_editable_redirect", "-editable.pth", "_editable_skbc")


class Editable(NamedTuple):
    """A distribution that lies in a source tree.

    `root` is its project; `folders` go on sys.path, `modules` maps top-level names to files or folders; `how` is
    "pth", "finder", "links", "rebuild" or "egg-link"; `missing` says that the project is not there any more.
    """

    root: str
    how: str
    folders: tuple[str, ...] = ()
    modules: tuple[tuple[str, str], ...] = ()
    missing: bool = False

    def places_below(self, folder: str, path: str) -> list[str]:
        """The places of its code in `folder` that the file is in."""
        places = (*self.folders, *(place for _, place in self.modules))
        return [
            each
            for each in places
            if each.startswith(folder + os.sep)
            and (path == each or path.startswith(each.rstrip(os.sep) + os.sep))
        ]

    def holds(self, path: str) -> bool:
        """The file is of this source tree."""
        places = (*self.folders, *(place for _, place in self.modules), self.root)
        return any(
            path == place or path.startswith(place.rstrip(os.sep) + os.sep) for place in places if place
        )


def editable_of(distribution: Distribution) -> Editable | None:
    """How the distribution is editable, or None; conda's leftovers of a build are none."""
    if distribution.info.endswith(EGG_LINK):
        root = distribution.text("").split("\n")[0].strip()
        return Editable(root, "egg-link", (root,), missing=not os.path.isdir(root))
    url = distribution.direct_url
    info = url.get("dir_info")
    if not (isinstance(info, dict) and info.get("editable")):
        return None
    root = path_of(str(url.get("url", "")))
    helpers = _helpers(distribution)
    folders, modules, how = _targets(helpers)
    missing = not os.path.isdir(root)
    return Editable(root, how, tuple(folders), tuple(modules), missing)


def path_of(url: str) -> str:
    """The path that a file: URL names, or ""."""
    from urllib.parse import unquote, urlparse  # few distributions have a URL

    parts = urlparse(url)
    if parts.scheme != "file":
        return ""
    path = unquote(parts.path)
    return path[1:] if re.match(r"/[A-Za-z]:", path) else path


def _helpers(distribution: Distribution) -> list[str]:
    """The files that make it importable: what its RECORD lists outside its metadata."""
    return [
        os.path.join(distribution.site, row.path)
        for row in distribution.rows()
        if row.path.endswith((".pth", ".py")) and "/" not in row.path
    ]


def _targets(helpers: list[str]) -> tuple[list[str], list[tuple[str, str]], str]:
    folders: list[str] = []
    modules: list[tuple[str, str]] = []
    how = "pth"
    for path in helpers:
        text = _read(path)
        by_library = _redirected(text) if path.endswith(".py") and "redirector" in text else []
        if by_library:
            modules += by_library
            how = "finder"
        elif any(word in path for word in _REBUILDING) or ("_editable_" in path and path.endswith(".py")):
            how = "rebuild" if "__editable___" not in path else how
        if path.endswith(".pth"):
            lines = (line.strip() for line in text.splitlines())
            folders += [line for line in lines if line and not line.startswith(("import ", "import\t", "#"))]
        elif "__editable___" in path and path.endswith("_finder.py"):
            modules += _mapping(text)
            how = "finder"
    if any("__editable__" in folder and "build" in folder for folder in folders):
        how = "links"  # setuptools' strict mode: a tree of links to the project's files
    return folders, modules, how


def _mapping(text: str) -> list[tuple[str, str]]:
    """The names that setuptools' finder maps to places; read, never run."""
    found: list[tuple[str, str]] = []
    for name in ("MAPPING", "NAMESPACES"):
        line = re.search(rf"^{name}\b[^=]*=\s*(\{{.*\}})\s*$", text, re.MULTILINE)
        import ast  # see above

        try:
            values = ast.literal_eval(line.group(1)) if line else {}
        except (ValueError, SyntaxError):
            continue
        for key, value in values.items():
            found += [(key, each) for each in ([value] if isinstance(value, str) else value)]
    return sorted(found)


def _redirected(text: str) -> list[tuple[str, str]]:
    """The names that the finder of the library `editables` maps to packages and files (hatchling, PDM)."""
    pairs = re.findall(r"""map_module\((['"])([\w.]+)\1,\s*(['"])(.+?)\3\)""", text)
    found = [(name, os.path.normpath(place)) for _, name, _, place in pairs]
    return [
        (name, os.path.dirname(place) if os.path.basename(place).startswith("__init__.") else place)
        for name, place in found
    ]


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
