"""Asks package indexes which files they have of a version: on request only, in parallel, within time limits."""

from __future__ import annotations

import base64
import html
import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from http.client import HTTPMessage
from typing import IO
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit
from urllib.request import Request

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from lazyimp.distributions import canonical
from lazyimp.distributions.conda import without_secrets
from lazyimp.manifest.files import fingerprint
from lazyimp.manifest.index_config import IndexConfig
from lazyimp.manifest.target import ACCELERATOR

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
WORKERS, TRIES, TIMEOUT_S = 16, 3, 10.0
PASSING = (408, 425, 429, 500, 502, 503, 504)  # an index that may answer the next time


@dataclass(frozen=True, slots=True)
class IndexFile:
    """One file of an index; `url` without credentials."""

    name: str
    url: str
    hashes: tuple[str, ...] = ()
    size_bytes: int = 0
    yanked: str = ""  # the reason; "yanked" where none is given
    requires_python: str = ""
    index: str = ""
    metadata_sha256: str = ""  # of the METADATA in a wheel, where the index says so (PEP 658, 714)


@dataclass(frozen=True, slots=True)
class Answer:
    """The files of one version; `asked` says what each index answered: "found", "not there", or what went wrong."""

    files: tuple[IndexFile, ...]
    asked: dict[str, str]

    @property
    def failed(self) -> bool:
        """Nothing was found, and somebody could not be asked: that is no proof of absence."""
        return not self.files and any(each not in ("found", "not there") for each in self.asked.values())


def ask(
    wanted: Mapping[str, str], config: IndexConfig, *, timeout_s: float = TIMEOUT_S, tries: int = TRIES
) -> dict[str, Answer]:
    """name -> Answer for each name and version in `wanted`; never raises for what an index does."""
    with ThreadPoolExecutor(WORKERS) as pool:
        futures = {
            name: pool.submit(_files_of, name, version, config, timeout_s, tries)
            for name, version in sorted(wanted.items())
        }
        return {name: future.result() for name, future in futures.items()}


def _files_of(name: str, version: str, config: IndexConfig, timeout_s: float, tries: int) -> Answer:
    """The first index that has the version counts; a name is never mixed from several."""
    asked: dict[str, str] = {}
    for url in config.urls:
        page = url.rstrip("/") + f"/{canonical(name)}/"
        shown = without_secrets(url)
        try:
            found = _of_version(_page(page, timeout_s, tries), version, shown)
        except _Unreachable as error:
            asked[shown] = str(error)
            continue
        asked[shown] = "found" if found else "not there"
        if found:
            return Answer(tuple(found), asked)
    for place in config.find_links:
        found = _of_version(
            [each for each in _links(place, timeout_s, tries) if _is_of(each.name, name)], version, place
        )
        asked[without_secrets(place)] = "found" if found else "not there"
        if found:
            return Answer(tuple(map(_hashed, found)), asked)
    return Answer((), asked)


class _Unreachable(Exception):
    pass


def _page(url: str, timeout_s: float, tries: int) -> list[IndexFile]:
    """The files that an index lists for one name; none for 404. Raises _Unreachable."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return _local_page(unquote(parts.path), url)
    text, kind, final = _get(url, timeout_s, tries)
    if "json" in kind:
        try:
            return [_of_json(each, final) for each in json.loads(text)["files"]]
        except (ValueError, KeyError, TypeError):
            raise _Unreachable("it answered something that is no index") from None
    found = _of_html(text, final)
    if "pypi:repository-version" not in text and all(_version(each.name) is None for each in found):
        raise _Unreachable("it answered something that is no index")
    return found


def _local_page(path: str, url: str) -> list[IndexFile]:
    index = os.path.join(path, "index.html") if os.path.isdir(path) else path
    if not os.path.exists(index):
        return _links(path, 0, 0) if os.path.isdir(path) else []
    with open(index, encoding="utf-8", errors="replace") as file:
        return _of_html(file.read(), url if url.endswith("/") else url + "/")


def _get(url: str, timeout_s: float, tries: int) -> tuple[str, str, str]:
    """(text, content type, final URL); a passing failure is tried again, longer apart each time."""
    parts = urlsplit(url)
    headers = {"Accept": ACCEPT, "User-Agent": "lazyimp"}
    if parts.username:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(secret.encode()).decode()
        url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    said = ""
    for attempt in range(tries):
        if attempt:
            time.sleep(0.2 * 2**attempt)
        try:
            request = Request(url, headers=headers)
            with urllib.request.build_opener(_Redirects).open(request, timeout=timeout_s) as answer:
                return (
                    answer.read().decode("utf-8", "replace"),
                    answer.headers.get("Content-Type", ""),
                    answer.url,
                )
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (404, 410):
                return '{"files": []}', "json", url
            said = f"it answered {error.code}"
            if error.code not in PASSING:
                break
        except (OSError, ValueError) as error:
            said = f"it cannot be reached ({getattr(error, 'reason', None) or error})"
    raise _Unreachable(said)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but keeps the credentials from other hosts."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """The request that follows."""
        made = super().redirect_request(req, fp, code, msg, headers, newurl)
        if made is not None and urlsplit(req.full_url).netloc != urlsplit(newurl).netloc:
            made.remove_header("Authorization")
        return made


def _of_json(data: dict[str, object], page: str) -> IndexFile:
    hashes = data.get("hashes")
    yanked = data.get("yanked")
    size = data.get("size")
    return IndexFile(
        str(data["filename"]),
        without_secrets(urljoin(page, str(data["url"]))),
        tuple(f"{name}:{value}" for name, value in sorted(hashes.items()))
        if isinstance(hashes, dict)
        else (),
        size if isinstance(size, int) else 0,
        (yanked if isinstance(yanked, str) and yanked else "yanked") if yanked else "",
        str(data.get("requires-python") or ""),
        metadata_sha256=_metadata_hash(data),
    )


def _metadata_hash(data: dict[str, object]) -> str:
    found = data.get("core-metadata", data.get("dist-info-metadata"))
    return str(found.get("sha256", "")) if isinstance(found, dict) else ""


def _of_html(text: str, page: str) -> list[IndexFile]:
    found = []
    for attributes, name in re.findall(r"<a\s([^>]*)>([^<]*)</a>", text, re.IGNORECASE):
        values = {
            key.lower(): html.unescape(a or b)
            for key, a, b in re.findall(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", attributes)
        }
        url = urljoin(page, values.get("href", ""))
        base, _, fragment = url.partition("#")
        digest = fragment.replace("=", ":", 1) if "=" in fragment else ""
        yanked = (values.get("data-yanked") or "yanked") if "data-yanked" in attributes.lower() else ""
        name = unquote(base.rpartition("/")[2]) or html.unescape(name).strip()
        found.append(
            IndexFile(
                name,
                without_secrets(base),
                (digest,) if digest else (),
                0,
                yanked,
                values.get("data-requires-python", ""),
            )
        )
    return found


def _links(place: str, timeout_s: float, tries: int) -> list[IndexFile]:
    """The files of a folder, or the links of a page, as find-links has them."""
    folder = unquote(urlsplit(place).path) if place.startswith("file:") else place
    if os.path.isdir(folder):
        return [
            IndexFile(name, "file://" + os.path.join(os.path.abspath(folder), name))
            for name in sorted(os.listdir(folder))
        ]
    try:
        return _page(place, timeout_s, tries) if "://" in place else []
    except _Unreachable:
        return []


def _hashed(file: IndexFile) -> IndexFile:
    """The same with its hash, where it lies in a folder here: nobody tells it."""
    if file.hashes or not file.url.startswith("file:"):
        return file
    try:
        size, digest = fingerprint(unquote(urlsplit(file.url).path))
    except OSError:
        return file
    return replace(file, hashes=(f"sha256:{digest}",), size_bytes=size)


def _of_version(files: Iterable[IndexFile], version: str, index: str) -> list[IndexFile]:
    """Those of that very version, compared as PEP 440 does; local parts that the index lacks do not count.

    Those that name an accelerator do: the same version for another one is another build, and requires others.
    """
    try:
        wanted = Version(version)
    except InvalidVersion:
        return []
    found = []
    for each in files:
        has = _version(each.name)
        if has is not None and has in (wanted, Version(wanted.public)):
            found.append(replace(each, index=index))
    exact = [each for each in found if _version(each.name) == wanted]
    return exact if wanted.local and ACCELERATOR.fullmatch(wanted.local) else exact or found


def _version(name: str) -> Version | None:
    try:
        return parse_wheel_filename(name)[1] if name.endswith(".whl") else parse_sdist_filename(name)[1]
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None


def _is_of(file: str, name: str) -> bool:
    stem = file.partition("-")[0] if file.endswith(".whl") else file.rpartition("-")[0]
    return canonical(stem) == canonical(name)
