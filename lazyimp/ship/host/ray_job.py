"""Runs one job as the entrypoint of a Ray job: its files lie below the node's log folder, which Ray lets clients read.

`LOGS/lazyimp/ID/` is a root like any host's. Beside it are `now.json` (the state, and how much was written), and the
output once more in pieces of one size, since clients can read whole files only: `out.0`, `out.1`, ...; `err.0`, ...
"""

import json
import os
import platform
import shutil
import sys
import sysconfig
import threading
import time

from lazyimp.ship.host import jobs, outputs
from lazyimp.ship.host.paths import Refused, Root, read_json, write_json
from lazyimp.ship.host.supervisor import supervise

WISH = "LAZYIMP_RAY_JOB"
FOLDER = "lazyimp"
PIECE = 1 << 18
PUMP_S = 0.2
KEPT_S = 14 * 86400


def run():
    """Run the job that the environment describes; its exit status, or 125 where this cluster cannot run it."""
    began_ns = time.time_ns()
    wish = json.loads(os.environ.pop(WISH))
    try:
        logs, root = _placed(wish)
    except Refused as error:
        sys.stderr.write(f"lazyimp: {error}\n")
        return 125
    about = {"runner_ns": began_ns, "python": platform.python_version(), **_built()}
    pump = Pump(root, wish["id"], about)
    pump.start()
    try:
        status = supervise(root, wish["id"])
        for name, rows in (
            ("outputs", outputs.outputs(root, wish["id"])),
            ("records", outputs.records(root, wish["id"])),
        ):
            relative = [[*row[:3], row[3] and os.path.relpath(row[3], logs)] for row in rows]
            write_json(os.path.join(root.path, f"{name}.json"), relative)
    finally:
        pump.finish()
    return status


def _placed(wish):
    """The node's log folder, and the job's root below it, which holds all that the job starts from."""
    logs = log_folder(os.path.realpath(os.getcwd()))
    if logs is None:
        raise Refused("Ray's log folder is not above its working folder; this Ray is not known")
    base = os.path.join(logs, FOLDER)
    os.makedirs(base, exist_ok=True)
    _sweep(base)
    root = Root(os.path.join(base, wish["id"]))
    cut = len(wish["command"]) - wish.get("arguments", 0)  # what follows is the program's own
    words = [sys.executable if each == "{python}" else each for each in wish["command"][:cut]]
    wish["command"] = words + wish["command"][cut:]
    for digest, package in wish.pop("packages").items():
        _link(_unpacked(package), root.place("code", digest))
    inputs = wish.pop("input_package", None)
    for blob in wish.get("inputs", {}).values():
        _link(os.path.join(_unpacked(inputs), "lazyimp-inputs", blob), root.place("blobs", blob))
    made = root.temporary("job")
    jobs._prepare(root, wish, made)
    os.rename(made, root.place("jobs", wish["id"]))
    return logs, root


def log_folder(path):
    """The log folder of the session that a path is in."""
    while path != os.path.dirname(path):
        path = os.path.dirname(path)
        if os.path.isdir(os.path.join(path, "logs")) and os.path.isdir(
            os.path.join(path, "runtime_resources")
        ):
            return os.path.join(path, "logs")
    return None


class Pump(threading.Thread):
    """Copies what the job writes into pieces, and says in `now.json` how far it is."""

    def __init__(self, root, job, about):
        super().__init__(daemon=True)
        self.root, self.job, self.about = root, job, about
        self.sizes, self.said, self.over = {"out": 0, "err": 0}, None, threading.Event()

    def run(self):
        while not self.over.wait(PUMP_S):
            self.copy(last=False)

    def finish(self):
        """Copy what is left, then say how it ended."""
        self.over.set()
        self.join()
        self.copy(last=True)

    def copy(self, last):
        """Copy what is new; a state that says the job has ended comes with the last of it."""
        folder = self.root.place("jobs", self.job)
        state = read_json(os.path.join(folder, "state.json"), {})
        if state.get("state") in jobs.ENDED and not last:
            return  # its outputs are not listed yet
        for stream in self.sizes:
            try:
                with open(os.path.join(folder, f"{stream}.log"), "rb") as file:
                    file.seek(self.sizes[stream])
                    while True:
                        number, used = divmod(self.sizes[stream], PIECE)
                        data = file.read(PIECE - used)
                        if not data:
                            break
                        with open(os.path.join(self.root.path, f"{stream}.{number}"), "ab") as piece:
                            piece.write(data)
                        self.sizes[stream] += len(data)
            except FileNotFoundError:
                continue
        now = {**state, **self.about, "sizes": dict(self.sizes)}
        if now != self.said:
            write_json(os.path.join(self.root.path, "now.json"), now)
            self.said = now


def _unpacked(package):
    """The folder that Ray unpacked a package into; it has put it on the path for modules."""
    stem = package.split(".")[0]
    for path in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        if os.path.basename(path) == stem:
            return path
    raise Refused(f"Ray has not unpacked {package}; this Ray is not known")


def _link(source, path):
    if not os.path.lexists(path):
        os.symlink(source, path)


def _built():
    """When the environment was begun, and when the last distribution was there; nothing outside of an environment."""
    try:
        began = os.stat(os.path.join(sys.prefix, "pyvenv.cfg")).st_ctime_ns  # copies keep the other time
        site = sysconfig.get_paths()["purelib"]
        infos = [os.path.join(site, name) for name in os.listdir(site) if name.endswith(".dist-info")]
        return {"built_ns": [began, max([began, *(os.stat(each).st_ctime_ns for each in infos)])]}
    except OSError:
        return {}


def _sweep(base):
    """Remove what jobs left here long ago; nobody else does."""
    for name in os.listdir(base):
        path = os.path.join(base, name)
        if (
            time.time() - os.lstat(path).st_mtime > KEPT_S
            and os.path.isdir(path)
            and not os.path.islink(path)
        ):
            shutil.rmtree(path, ignore_errors=True)
