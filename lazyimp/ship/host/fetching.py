"""Fetches pieces of a blob from an object store by addresses that the client signed; each is checked first."""

import hashlib
import os
import random
import re
import stat
import time
from urllib.parse import unquote, urlsplit

from lazyimp.ship.host.paths import Refused

AT_ONCE = 4
ATTEMPTS = 5
SILENT_S = 30  # a store that sends nothing for so long hangs
LARGEST = 64 << 20  # a piece is held in memory until it is known to be right
BLOCK = 1 << 18
AGAIN = (408, 425, 429, 500, 502, 503, 504)
LONGEST_PAUSE_S = 10


def fetch(root, wish):
    """Append pieces to an upload; {"have": its bytes now, "damaged": pieces that the store lacks or has wrongly}.

    `wish`: name (the upload's), offset (where the first piece begins), pieces ([[sha256, size, url]], in order),
    attempts, silent_s. The upload grows in order, so whatever is in it is right, and another attempt goes on there.
    """
    import concurrent.futures  # like those below: much to load for every host part, which mostly fetches nothing

    path = root.place("tmp", wish["name"])
    pieces = [_checked(*each) for each in wish["pieces"]]
    limits = (int(wish.get("attempts", ATTEMPTS)), float(wish.get("silent_s", SILENT_S)))
    have, damaged = int(wish["offset"]), []
    with open(path, "r+b") as file, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        file.truncate(have)
        file.seek(have)
        waiting = [pool.submit(_piece, each, *limits) for each in pieces[:AT_ONCE]]
        try:
            for at in range(len(pieces)):  # no more than AT_ONCE pieces are in memory
                data = waiting[at].result()
                waiting[at] = None
                if at + AT_ONCE < len(pieces):
                    waiting.append(pool.submit(_piece, pieces[at + AT_ONCE], *limits))
                if data is None:
                    damaged.append(pieces[at][0])
                elif not damaged:
                    file.write(data)
                    have += len(data)
        finally:
            for each in waiting:
                if each is not None:
                    each.cancel()
    return {"have": have, "damaged": damaged}


def _checked(sha256, size, url):
    parts = urlsplit(url)
    if not re.fullmatch("[0-9a-f]{64}", sha256) or not 0 < size <= LARGEST:
        raise Refused(f"{sha256!r} of {size!r} bytes is no piece of a blob")
    if parts.scheme not in ("http", "https", "file"):
        raise Refused(f"{parts.scheme!r} is no way to a store")
    return sha256, size, url


def _piece(piece, attempts, silent_s):
    """The bytes of a piece, or None where the store has none or others; raises Refused where it cannot be asked."""
    import http.client
    import urllib.error

    sha256, size, url = piece
    where = urlsplit(url).netloc.rpartition("@")[2] or "the shared folder"
    why = ""
    for attempt in range(attempts):
        pause = min(0.25 * 2**attempt, LONGEST_PAUSE_S)
        try:
            data = _read(url, size, silent_s)
            return data if hashlib.sha256(data).hexdigest() == sha256 else None
        except FileNotFoundError:
            return None
        except urllib.error.HTTPError as error:
            why = said_of(error)
            if error.code in (404, 410):
                return None
            if error.code not in AGAIN:
                raise Refused(f"{where} refuses this host: {why}{_hint(error.code)}") from None
            pause = _asked_for(error.headers.get("Retry-After"), pause)
        except (OSError, http.client.HTTPException) as error:
            why = words_of(error, silent_s)
            if url.startswith("file:"):  # a folder that says no says it again
                raise Refused(f"this host cannot read the shared folder: {why}") from None
        if attempt + 1 < attempts:
            time.sleep(pause * (0.5 + random.random() / 2))
    raise Refused(
        f"this host cannot fetch from {where}: {why}, {attempts} times; "
        "what is there stays, ship again, or without the store"
    )


def _read(url, size, silent_s):
    """The bytes at an address: one more than `size` at most, so that a longer answer is seen and not stored."""
    if url.startswith("file:"):
        return _read_file(unquote(urlsplit(url).path), size)
    import http.client
    import urllib.request

    deadline = time.monotonic() + silent_s * 20
    found = bytearray()
    with opener().open(urllib.request.Request(url), timeout=silent_s) as answer:
        while len(found) <= size:
            block = answer.read(min(BLOCK, size + 1 - len(found)))
            if not block:
                break
            found += block
            if time.monotonic() > deadline:
                raise TimeoutError("too slow")
    if len(found) < size and answer.headers.get("Content-Length") not in (None, str(len(found))):
        raise http.client.IncompleteRead(bytes(found[:0]), size - len(found))
    return bytes(found)


def _read_file(path, size):
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileNotFoundError(path)
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(size + 1)
    finally:
        os.close(descriptor)


def opener():
    """http and https alone: no redirects, which a signature does not cover, and none of urllib's other schemes."""
    import urllib.request

    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def said_of(error):
    """The status of an HTTP error, and the store's own word for it where its answer holds one."""
    try:
        found = re.search(rb"<Code>([A-Za-z]{1,60})</Code>", error.read(4096))
    except Exception:  # what it says is only told if it can be read
        found = None
    return f"HTTP {error.code} {found.group(1).decode()}" if found else f"HTTP {error.code}"


def _hint(code):
    if code in (401, 403):
        return "; the credentials may lack the right to read, or a clock is wrong"
    return "; name the bucket's own endpoint and region" if 300 <= code < 400 else ""


def _asked_for(text, otherwise):
    return min(max(int(text), otherwise), LONGEST_PAUSE_S) if (text or "").isdigit() else otherwise


def words_of(error, silent_s):
    """What went wrong, without the address, whose signature is a secret."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError) or "timed out" in str(reason):
        return f"no answer within {silent_s:g} s"
    if not isinstance(error, OSError):
        return "the connection broke off"
    return str(getattr(reason, "strerror", None) or type(reason).__name__)
