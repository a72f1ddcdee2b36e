"""Parts of local code: made of an archive of what is new and of files that other parts here hold already."""

import os
import shutil
import stat

from lazyimp.ship.host.extract import digest_of, extract
from lazyimp.ship.host.jobs import ENDED, listing, sha256_of
from lazyimp.ship.host.paths import Refused, inside, read_json, write_json


def _listing(root, digest):
    return root.place("code", f"{digest}.json")


def _known(root):
    """sha256 -> path, of every file that a part here holds as it was sent."""
    found = {}
    for name in sorted(os.listdir(os.path.join(root.path, "code"))):
        if name.endswith(".json"):
            digest = name[: -len(".json")]
            changed = set(_changed(root, digest))
            for file, _, sha256, _ in read_json(root.place("code", name), ()):
                if file not in changed:
                    found[sha256] = inside(root.place("code", digest), file)
    return found


def _changed(root, digest):
    """Files of a part that are not what was sent; read only where they were touched since."""
    listed, folder = _listing(root, digest), root.place("code", digest)
    try:
        made_ns = os.stat(listed).st_ctime_ns
    except OSError:
        return
    for file, size, sha256, _ in read_json(listed, ()):
        path = inside(folder, file)
        try:
            about = os.lstat(path)
            right = stat.S_ISREG(about.st_mode) and about.st_size == size
            if right and (about.st_ctime_ns < made_ns or sha256_of(path) == sha256):
                continue
        except OSError:
            pass
        yield file


def is_whole(root, digest):
    """The part is here, and its files are what was sent; one that a job has changed is thrown away, to be sent again.

    Raises Refused where a job that still runs has changed it.
    """
    folder = root.place("code", digest)
    if not os.path.isdir(folder):
        return False
    changed = next(_changed(root, digest), None)
    if changed is None:
        return True
    with root.lock(f"code-{digest}"):
        for state in listing(root):
            wish = read_json(root.place("jobs", state["id"], "job.json"), {})
            if state["state"] not in ENDED and digest in wish.get("code", ()):
                raise Refused(
                    f"job {state['id']!r}, which runs, has changed {changed!r} of the code that it runs from; ship "
                    "again once it has ended, and let it write into its working folder"
                )
        root.discard(folder)
    return False


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
            raise Refused(f"{name!r} was changed on this host just now; ship again")
        listed.append((name, os.path.getsize(path), sha256, bool(executable)))
    return listed
