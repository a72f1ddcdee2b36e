"""Blobs: files by their sha256, uploaded below tmp/ and adopted once they are what they are said to be."""

import glob
import os
import time
import uuid

from lazyimp.ship.host.jobs import sha256_of
from lazyimp.ship.host.paths import Refused

IDLE_S = 30  # an upload that nobody has written to for so long was interrupted; another may go on with it


def upload(root, wish):
    """A file below tmp/ for a blob's bytes, this client's alone, and how many an interrupted upload left in it."""
    blob = os.path.basename(root.place("blobs", wish["blob"]))
    name = f"upload-{blob[:64]}-{uuid.uuid4().hex}"
    path = root.place("tmp", name)
    for left in glob.glob(os.path.join(glob.escape(root.path), "tmp", f"upload-{blob[:64]}-*")):
        try:
            if time.time() - os.path.getmtime(left) >= IDLE_S:
                os.rename(left, path)  # of two clients one gets it
                return {"name": name, "path": path, "have": os.path.getsize(path)}
        except FileNotFoundError:
            continue
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return {"name": name, "path": path, "have": 0}


def adopt(root, wish):
    """Make what was uploaded the blob it is said to be, if it is."""
    path, final = root.place("tmp", wish["name"]), root.place("blobs", wish["blob"])
    if sha256_of(path) != wish["blob"]:
        os.unlink(path)
        raise Refused(f"what arrived for {wish['blob'][:12]} is damaged; send it again")
    os.chmod(path, 0o700 if wish.get("executable") else 0o600)
    os.replace(path, final)
    return {}
