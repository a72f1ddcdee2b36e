"""Builds environments: one folder for each content, made by uv beside its name, then renamed."""

import os
import shutil
import subprocess
import sys
import time

from lazyimp.ship.host.paths import Refused, inside, read_json, write_json

TAIL = 4000  # characters of a builder's output that an error repeats


def find_uv(root, sent=None):
    """The uv to use: the one that was sent (a blob), one on the PATH, in this interpreter's folder, or the user's."""
    places = [
        sent and root.place("blobs", sent),
        shutil.which("uv"),
        os.path.join(os.path.dirname(sys.executable), "uv"),
        os.path.expanduser("~/.local/bin/uv"),
    ]
    return next((each for each in places if each and os.access(each, os.X_OK)), None)


def python_of(root, name):
    """The interpreter of an environment."""
    return os.path.join(root.place("envs", name), "bin", "python")


def is_built(root, name):
    """The environment is there, whole."""
    return read_json(root.place("envs", name, "lazyimp.json")) is not None


def build(root, wish):
    """Build the environment `wish["name"]` unless it is there; returns {"reused": bool, "seconds": s, "log": tail}.

    `wish`: name, python ("3.11.7", or the path of an interpreter), requirements (text, every line exact, with
    hashes or not), wheels (blob names -> file names), only_binary, index (arguments for uv), offline.
    """
    name, began = wish["name"], time.monotonic()
    with root.lock(f"env-{name}"):
        if is_built(root, name):
            return {"reused": True, "seconds": time.monotonic() - began}
        work = root.temporary("env")
        try:
            log = _make(root, wish, os.path.join(work, "env"))
            write_json(
                os.path.join(work, "env", "lazyimp.json"), {"name": name, "python": wish.get("python")}
            )
            final = root.place("envs", name)
            if os.path.exists(final):  # what an interrupted removal left
                root.discard(final)
            os.rename(os.path.join(work, "env"), final)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return {"reused": False, "seconds": time.monotonic() - began, "log": log[-TAIL:]}


def _make(root, wish, folder):
    uv = find_uv(root, wish.get("uv"))
    if uv is None:
        raise Refused(
            "this host has no uv, and none was sent; install uv there, or `uv` here, on a machine of the same kind"
        )
    own = os.path.join(root.path, "uv.toml")  # the host's say about indexes, certificates and the like
    config = ["--config-file", own] if os.path.exists(own) else []
    log = _run(
        [uv, "venv", *config, "--quiet", "--relocatable", "--no-project", "--python", wish["python"], folder],
        "python",
    )
    lines = wish.get("requirements", "")
    wheels = [_wheel(root, blob, file, folder) for blob, file in sorted(wish.get("wheels", {}).items())]
    if not lines.strip() and not wheels:
        return log
    path = os.path.join(folder, "requirements.txt")
    with open(path, "w") as file:
        file.write(lines)
    install = [
        uv,
        "pip",
        "install",
        "--no-deps",
        "--no-progress",
        *config,
        "--python",
        os.path.join(folder, "bin", "python"),
    ]
    install += [] if not wish.get("only_binary", True) else ["--only-binary", ":all:"]
    install += wish.get("index", []) + (["--offline"] if wish.get("offline") else [])
    if lines.strip():
        log += _run([*install, *(["--require-hashes"] if wish.get("hashes") else []), "-r", path], "install")
    if wheels:
        log += _run([*install, *wheels], "install")
    return log


def _wheel(root, blob, file, folder):
    """A wheel under the name that installers want, linked to its blob."""
    path = inside(folder, os.path.join("wheels", file))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.link(root.place("blobs", blob), path)
    return path


def _run(words, what):
    """Run a builder; its output. Raises Refused with the end of what it said."""
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        hint = {
            "python": "the host has no such Python, and uv could not get it",
            "install": "the environment could not be installed",
        }[what]
        raise Refused(f"{hint}:\n{text[-TAIL:].strip()}")
    return text
