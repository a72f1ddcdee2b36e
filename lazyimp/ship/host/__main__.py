"""`python3 host.pyz ROOT COMMAND [words]`: one request, JSON on standard input, one line of JSON as the answer."""

import base64
import contextlib
import json
import os
import platform
import pwd
import shutil
import sys
import time

from lazyimp.ship.host import (
    blobs,
    containers,
    environments,
    fetching,
    jobs,
    outputs,
    parts,
    resources,
    stowing,
)
from lazyimp.ship.host.paths import Refused, Root

VERSION = 1
MARK = "lazyimp-host "  # before an answer: what start-up files of shells print is told from it


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
        "sbatch": shutil.which("sbatch"),
        "free_bytes": shutil.disk_usage(root.path).free,
        "root": root.path,
        "time_ns": time.time_ns(),
    }


def missing(root, wish):
    """Which of the named blobs, code parts and environments are not here."""
    for kind, names in wish.items():
        for name in names:  # what is asked for is about to be used: `sweep` spares it
            with contextlib.suppress(OSError):
                os.utime(root.place(kind, name))
    return {
        "blobs": [each for each in wish.get("blobs", ()) if not os.path.exists(root.place("blobs", each))],
        "code": [each for each in wish.get("code", ()) if not parts.is_whole(root, each)],
        "envs": [each for each in wish.get("envs", ()) if not environments.is_built(root, each)],
    }


def read(root, wish):
    """A piece of a log, in base64."""
    name = {"out": "out.log", "err": "err.log"}[wish.get("stream", "out")]
    try:
        with open(os.path.join(root.place("jobs", wish["id"]), name), "rb") as file:
            file.seek(wish.get("offset", 0))
            data = file.read(min(wish.get("most", 1 << 20), 4 << 20))
    except OSError:
        data = b""
    return {"data": base64.b64encode(data).decode()}


COMMANDS = {
    "hello": hello,
    "missing": missing,
    "upload": blobs.upload,
    "fetch": fetching.fetch,
    "cut": stowing.cut,
    "stow": stowing.stow,
    "adopt": blobs.adopt,
    "files": parts.unknown,
    "unpack": parts.unpack,
    "read": read,
    "build": environments.build,
    "facts": resources.facts,
    "install_uv": environments.install_uv,
    "image": containers.fetch_image,
    "start": jobs.start,
    "state": lambda root, wish: jobs.state_of(root, wish["id"]),
    "wait": lambda root, wish: jobs.wait_for(
        root,
        wish["id"],
        lambda state: (
            state["state"] in jobs.ENDED or (not wish.get("ended") and state["sizes"] != wish.get("sizes"))
        ),
        wish["within_s"],
    ),
    "cancel": lambda root, wish: jobs.cancel(root, wish["id"], wish.get("grace_s", 10)),
    "list": lambda root, _: jobs.listing(root),
    "outputs": lambda root, wish: outputs.outputs(root, wish["id"]),
    "records": lambda root, wish: outputs.records(root, wish["id"]),
    "time": lambda root, wish: time.time_ns(),
    "sweep": lambda root, wish: jobs.sweep(root, wish.get("older_s", 14 * 86400)),
}


def main(words):
    """Answer one request, or (`serve`) one a line until the input ends; `ray` alone runs a Ray job."""
    if words == ["ray"]:
        from lazyimp.ship.host import ray_job

        return ray_job.run()
    if not os.path.isdir(os.environ.get("HOME", "")):  # fish garbles other letters where no locale is set
        with contextlib.suppress(KeyError):
            os.environ["HOME"] = pwd.getpwuid(os.geteuid()).pw_dir
    try:
        root = Root(words[0])
    except (Refused, OSError) as error:
        _say({"error": str(error)})
        return 1
    if words[1] == "supervise":
        from lazyimp.ship.host.supervisor import supervise

        return supervise(root, words[2])
    if words[1] == "serve":
        for line in sys.stdin:
            request = json.loads(line)
            _say(answer(root, request["command"], request.get("wish", {})))
        return 0
    _say(answer(root, words[1], json.loads(sys.stdin.read() or "{}")))
    return 0


def _say(value):
    sys.stdout.write(f"{MARK}{json.dumps(value)}\n")
    sys.stdout.flush()


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
