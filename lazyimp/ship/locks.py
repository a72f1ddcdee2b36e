"""An environment from a lock: a requirements file whose every line is exact, or a pylock.toml (PEP 751)."""

from __future__ import annotations

import os
import re
import sys
from typing import Any
from urllib.parse import urlsplit

from packaging.pylock import Package, Pylock, PylockValidationError

from lazyimp.manifest.target import markers
from lazyimp.manifest.values import Target
from lazyimp.ship.errors import ShipError
from lazyimp.ship.planning import blob_of, named
from lazyimp.ship.values import Blob, EnvironmentWish

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HASH = re.compile(r"\s--hash[= ](\S+)")


def locked(path: str, python: str = "", cache: str = "") -> EnvironmentWish:
    """What to build for the lock in `path`; `cache` keeps digests of its wheels. Raises ShipError."""
    text = _read(path)
    lines: list[str] = []
    wheels: list[Blob] = []
    if os.path.basename(path).startswith("pylock") and path.endswith(".toml"):
        lock = _pylock(path, text)
        python = python or _python_of(lock, path)
        lines, wheels = _packages(lock, path, python, cache)
    else:
        lines = _lines(text, path)
    wish = EnvironmentWish(
        "",
        python,
        "".join(f"{line}\n" for line in sorted(lines)),
        tuple(sorted(wheels, key=lambda each: each.name)),
        only_binary=not any(" @ git+" in line for line in lines),
        require_hashes=bool(lines) and all(" --hash=" in line for line in lines),
    )
    return named(wish, Target(python))


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise ShipError(f"cannot read {path!r}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ShipError(f"{path!r} is no text: {error}") from None


def _lines(text: str, path: str) -> list[str]:
    """The requirements of a requirements file, a line each, with their hashes."""
    found = []
    for line in re.sub(r"\\\n", " ", text).splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if not line:
            continue
        if line.startswith("-"):
            raise ShipError(
                f"{path}: {line.split()[0]!r} is an option; indexes are the host's say, and other files are not read"
            )
        bare = HASH.sub("", f" {line}").strip()
        if "==" not in bare.partition(";")[0] and " @ " not in bare:
            raise ShipError(f"{path}: {bare!r} is not exact; write NAME==VERSION")
        _check_url(bare, path)
        found.append(" ".join([bare, *(f"--hash={each}" for each in HASH.findall(f" {line}"))]))
    return found


def _check_url(line: str, path: str) -> None:
    """What is named by a URL has to be there for the host, too, and its URL is seen by everybody."""
    url = line.partition(" @ ")[2].strip()
    if not url:
        return
    parts = urlsplit(url.partition("+")[2] if url.startswith(("git+", "hg+")) else url)
    if parts.username or parts.password:
        name = line.partition(" @ ")[0]
        raise ShipError(f"{path}: the URL of {name} has a credential in it, which would be seen by everybody")
    if parts.scheme not in ("http", "https", "ssh"):
        raise ShipError(f"{path}: {line!r} lies on this machine; build a wheel, and name it in a pylock.toml")


def _pylock(path: str, text: str) -> Pylock:
    try:
        return Pylock.from_dict(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ShipError(f"{path!r} is no TOML: {error}") from None
    except PylockValidationError as error:
        raise ShipError(f"{path!r} is no lock as PEP 751 has it: {error}") from None


def _python_of(lock: Pylock, path: str) -> str:
    """The Python that the lock is for, where it is for one."""
    found = re.fullmatch(r"==(3\.\d+)(?:\.\*|\.\d+)?", str(lock.requires_python or ""))
    if found is None:
        raise ShipError(f"{path}: the lock is for several Pythons; name one, such as python = '3.11'")
    return found[1]


def _packages(lock: Pylock, path: str, python: str, cache: str) -> tuple[list[str], list[Blob]]:
    version = python if re.match(r"3\.\d+", python) else ".".join(map(str, sys.version_info[:3]))
    groups = {"extras": frozenset[str](), "dependency_groups": frozenset(lock.default_groups or ())}
    environment: dict[str, Any] = {**markers(Target(version)), **groups}
    lines, wheels = [], []
    for each in lock.packages:
        marker = "" if each.marker is None else str(each.marker)
        if each.marker is not None and re.search(r"\b(extras|dependency_groups)\b", marker):
            if not each.marker.evaluate(environment, context="lock_file"):
                continue
            marker = ""  # only locks know such words
        here = _wheel_here(each, os.path.dirname(os.path.abspath(path)))
        if here:
            wheels.append(blob_of(here, cache=cache))
            continue
        line, hashes = _line(each, path)
        lines.append(" ".join([line, *([";", marker] if marker else []), *hashes]))
    return lines, wheels


def _wheel_here(each: Package, base: str) -> str:
    """The one wheel of a package that the lock names by its path."""
    files = [one.path for one in each.wheels or () if one.path and not one.url]
    if each.archive is not None and each.archive.path and each.archive.path.endswith(".whl"):
        files.append(each.archive.path)
    return os.path.join(base, files[0]) if files else ""


def _line(each: Package, path: str) -> tuple[str, list[str]]:
    """A package as a requirement, and every hash the lock has of it."""
    if each.vcs is not None and each.vcs.url:
        inside = f"#subdirectory={each.vcs.subdirectory}" if each.vcs.subdirectory else ""
        line = f"{each.name} @ {each.vcs.type}+{each.vcs.url}@{each.vcs.commit_id}{inside}"
        _check_url(line, path)
        return line, []
    if each.archive is not None and each.archive.url:
        line = f"{each.name} @ {each.archive.url}"
        _check_url(line, path)
        return line, _hashes([each.archive])
    if each.directory is not None or each.version is None:
        raise ShipError(
            f"{path}: {each.name} lies in a folder of this machine; build a wheel and lock that, or record a run"
        )
    files = [*(each.wheels or ()), *([each.sdist] if each.sdist is not None else [])]
    return f"{each.name}=={each.version}", _hashes(files)


def _hashes(files: list[Any]) -> list[str]:
    found = {f"--hash={name}:{value}" for one in files for name, value in one.hashes.items()}
    return sorted(each for each in found if each.startswith("--hash=sha"))
