"""`python3 host.pyz ROOT COMMAND [words]`: one request, JSON on standard input, one line of JSON as the answer."""

import json
import os
import platform
import shutil
import sys
import time

from . import environments, jobs
from .extract import digest_of, extract
from .paths import Refused, Root

VERSION = 1


def hello(root, _):
    """What this host is."""
    name, libc = platform.libc_ver()
    return {
        "version": VERSION,
        "python": platform.python_version(),
        "executable": sys.executable,
        "machine": platform.machine(),
        "system": sys.platform,
        "libc": [name or "musl", libc],
        "uv": environments.find_uv(root),
        "conda": shutil.which("conda") or shutil.which("mamba") or shutil.which("micromamba"),
        "sbatch": shutil.which("sbatch"),
        "nvidia": shutil.which("nvidia-smi"),
        "free_bytes": shutil.disk_usage(root.path).free,
        "root": root.path,
        "time_ns": time.time_ns(),
    }


def missing(root, wish):
    """Which of the named blobs, code parts and environments are not here."""
    return {
        "blobs": [each for each in wish.get("blobs", ()) if not os.path.exists(root.place("blobs", each))],
        "code": [each for each in wish.get("code", ()) if not os.path.isdir(root.place("code", each))],
        "envs": [each for each in wish.get("envs", ()) if not environments.is_built(root, each)],
    }


def upload(root, wish):
    """A path below tmp/ to which a blob may be written, and how much of it an interrupted upload left there."""
    path = os.path.join(root.path, "tmp", f"upload-{os.path.basename(root.place('blobs', wish['blob']))}")
    return {"path": path, "have": os.path.getsize(path) if os.path.exists(path) else 0}


def adopt(root, wish):
    """Make what was uploaded the blob it is said to be, if it is."""
    path = upload(root, wish)["path"]
    final = root.place("blobs", wish["blob"])
    found = jobs._sha256(path)
    if found != wish.get("sha256", wish["blob"]):
        os.unlink(path)
        raise Refused(f"what arrived for {wish['blob'][:12]} is damaged; send it again")
    os.chmod(path, 0o700 if wish.get("executable") else 0o600)
    os.replace(path, final)
    return {}


def unpack(root, wish):
    """Unpack a blob into code/<digest>, if it is what the digest says."""
    digest = wish["digest"]
    final = root.place("code", digest)
    with root.lock(f"code-{digest}"):
        if os.path.isdir(final):
            return {"reused": True}
        work = root.temporary("code")
        try:
            if digest_of(extract(root.place("blobs", wish["blob"]), work)) != digest:
                raise Refused(f"the archive of {digest[:12]} holds other files than it should")
            os.rename(work, final)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return {"reused": False}


def read(root, wish):
    """A piece of a log, as text that JSON can carry: latin-1, a character a byte."""
    name = {"out": "out.log", "err": "err.log"}[wish.get("stream", "out")]
    try:
        with open(os.path.join(root.place("jobs", wish["id"]), name), "rb") as file:
            file.seek(wish.get("offset", 0))
            data = file.read(min(wish.get("most", 1 << 20), 4 << 20))
    except OSError:
        data = b""
    return {"data": data.decode("latin-1")}


COMMANDS = {
    "hello": hello,
    "missing": missing,
    "upload": upload,
    "adopt": adopt,
    "unpack": unpack,
    "read": read,
    "build": environments.build,
    "start": jobs.start,
    "state": lambda root, wish: jobs.state_of(root, wish["id"]),
    "wait": lambda root, wish: jobs.wait_for(
        root,
        wish["id"],
        lambda state: state["state"] in jobs.ENDED or state["sizes"] != wish.get("sizes"),
        wish["within_s"],
    ),
    "cancel": lambda root, wish: jobs.cancel(root, wish["id"], wish.get("grace_s", 10)),
    "list": lambda root, _: jobs.listing(root),
    "outputs": lambda root, wish: jobs.outputs(root, wish["id"]),
    "sweep": lambda root, wish: jobs.sweep(root, wish.get("older_s", 14 * 86400)),
}


def main(words):
    """Answer one request, or (`serve`) one a line until the input ends."""
    root = Root(words[0])
    if words[1] == "supervise":
        from .supervisor import supervise

        supervise(root, words[2])
        return 0
    if words[1] == "serve":
        for line in sys.stdin:
            request = json.loads(line)
            print(json.dumps(answer(root, request["command"], request.get("wish", {}))), flush=True)
        return 0
    print(json.dumps(answer(root, words[1], json.loads(sys.stdin.read() or "{}"))))
    return 0


def answer(root, command, wish):
    """{"ok": value}, or {"error": text} for what cannot be done."""
    try:
        if command not in COMMANDS:
            raise Refused(f"unknown command {command!r}; the host has another version of lazyimp's helper")
        return {"ok": COMMANDS[command](root, wish)}
    except Refused as error:
        return {"error": str(error)}
    except OSError as error:
        return {"error": f"{error.strerror or error}: {error.filename or root.path}"}
    except (KeyError, TypeError, ValueError) as error:
        return {"error": f"the request {command!r} cannot be understood: {error!r}"}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
