"""Parts of local code: made of an archive of what is new and of files that other parts here hold already."""

import os
import shutil

from lazyimp.ship.host.extract import digest_of, extract
from lazyimp.ship.host.jobs import sha256_of
from lazyimp.ship.host.paths import Refused, inside, read_json, write_json


def _listing(root, digest):
    return root.place("code", f"{digest}.json")


def _known(root):
    """sha256 -> path, of every file that a part here holds."""
    found = {}
    for name in sorted(os.listdir(os.path.join(root.path, "code"))):
        if name.endswith(".json"):
            folder = root.place("code", name[: -len(".json")])
            for file, _, sha256, _ in read_json(root.place("code", name), ()):
                found[sha256] = inside(folder, file)
    return found


def unknown(root, wish):
    """Which of the files (by sha256) no part here holds."""
    known = _known(root)
    return sorted(each for each in set(wish["files"]) if not os.path.isfile(known.get(each, "")))


def unpack(root, wish):
    """Make code/<digest> of the files in a blob and of those in `held` ([name, sha256, executable]), or refuse.

    The result has the files, the contents and the executable bits that the digest stands for, and nothing else.
    """
    digest = wish["digest"]
    final = root.place("code", digest)
    with root.lock(f"code-{digest}"):
        if os.path.isdir(final):
            return {"reused": True}
        work = root.temporary("code")
        try:
            listed = extract(root.place("blobs", wish["blob"]), work) if wish.get("blob") else []
            listed += _copied(root, wish.get("held", ()), work)
            if digest_of(listed) != digest:
                raise Refused(f"the archive of {digest[:12]} holds other files than it should")
            write_json(_listing(root, digest), listed)
            os.rename(work, final)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return {"reused": False}


def _copied(root, held, work):
    known, listed = _known(root) if held else {}, []
    for name, sha256, executable in held:
        path = inside(work, name)
        if os.path.lexists(path):
            raise Refused(f"{name!r} is there twice")
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        shutil.copyfile(known.get(sha256, ""), path)
        os.chmod(path, 0o700 if executable else 0o600)
        if sha256_of(path) != sha256:
            raise Refused(f"{name!r} was changed on this host; `lazyimp job gc`, then ship again")
        listed.append((name, os.path.getsize(path), sha256, bool(executable)))
    return listed
