"""Puts a file's pieces into an object store, by addresses that the client signed: the way back of `fetching`."""

import hashlib
import os
import random
import time
from urllib.parse import urlsplit

from lazyimp.ship.host.fetching import AGAIN, ATTEMPTS, SILENT_S, opener, said_of, words_of
from lazyimp.ship.host.paths import Refused

AT_ONCE = 4
LARGEST = 64 << 20


def cut(root, wish):
    """[[sha256, size]] of the pieces of a file in a job's folder, `piece` bytes each, in order."""
    pieces = []
    with open(_of_a_job(root, wish["path"]), "rb") as file:
        while True:
            data = file.read(_size(wish["piece"]))
            if not data:
                return pieces
            pieces.append([hashlib.sha256(data).hexdigest(), len(data)])


def stow(root, wish):
    """Put pieces of such a file where their addresses lead: [[offset, size, sha256, url]]."""
    import concurrent.futures  # much to load for every host part

    path = _of_a_job(root, wish["path"])
    limits = (int(wish.get("attempts", ATTEMPTS)), float(wish.get("silent_s", SILENT_S)))
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for each in [pool.submit(_put, path, *row, *limits) for row in wish["pieces"]]:
            each.result()
    return {}


def _of_a_job(root, path):
    """A file that a job left, no link that leads elsewhere."""
    jobs, real = os.path.realpath(os.path.join(root.path, "jobs")), os.path.realpath(path)
    if not real.startswith(jobs + os.sep) or not os.path.isfile(real):
        raise Refused(f"{path!r} is no file of a job")
    return real


def _size(piece):
    if not 0 < int(piece) <= LARGEST:
        raise Refused(f"{piece!r} bytes are no size of a piece")
    return int(piece)


def _put(path, offset, size, sha256, url, attempts, silent_s):
    import http.client
    import urllib.error
    import urllib.request

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise Refused(f"{parts.scheme!r} is no way to a store")
    with open(path, "rb") as file:
        file.seek(int(offset))
        data = file.read(_size(size))
    if hashlib.sha256(data).hexdigest() != sha256:
        raise Refused(f"{os.path.basename(path)!r} is still being written; get it again")
    where, why = parts.netloc.rpartition("@")[2], ""
    for attempt in range(attempts):
        try:
            request = urllib.request.Request(url, data=data, method="PUT")
            request.add_header("Content-Type", "application/octet-stream")
            if "sig=" in parts.query:  # Azure wants to be told what is put; others sign in other words
                request.add_header("x-ms-blob-type", "BlockBlob")
            with opener().open(request, timeout=silent_s):
                return
        except urllib.error.HTTPError as error:
            why = said_of(error)
            if error.code not in AGAIN:
                raise Refused(f"{where} refuses this host: {why}") from None
        except (OSError, http.client.HTTPException) as error:
            why = words_of(error, silent_s)
        if attempt + 1 < attempts:
            time.sleep(min(0.25 * 2**attempt, 10) * (0.5 + random.random() / 2))
    raise Refused(
        f"this host cannot put anything into {where}: {why}, {attempts} times; get it without the store"
    )
