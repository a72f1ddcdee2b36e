"""Builds environments: one folder for each content, made by uv beside its name, then renamed."""

import json
import os
import shutil
import subprocess
import sys
import time

from lazyimp.ship.host import conda
from lazyimp.ship.host.paths import Refused, inside, read_json, write_json

TAIL = 4000  # characters of a builder's output that an error repeats


def find_uv(root, sent=None):
    """The uv to use: the one that was sent (a blob), one on the PATH, in this interpreter's folder, or the user's."""
    places = [
        sent and root.place("blobs", sent),
        shutil.which("uv"),
        os.path.join(os.path.dirname(sys.executable), "uv"),
        os.path.join(root.path, "uv", "bin", "uv"),
        os.path.expanduser("~/.local/bin/uv"),
    ]
    return next((each for each in places if each and os.access(each, os.X_OK)), None)


def install_uv(root, wish):
    """Have pip install uv beside the environments, where this host has pip and may download; its path."""
    with root.lock("uv"):
        found = find_uv(root)
        if found is not None:
            return {"uv": found}
        work = root.temporary("uv")
        try:
            words = [sys.executable, "-m", "pip", "install", "--quiet", "--only-binary", ":all:"]
            _run([*words, "--target", os.path.join(work, "uv"), "uv"], "uv")
            os.rename(os.path.join(work, "uv"), os.path.join(root.path, "uv"))
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return {"uv": find_uv(root)}


def python_of(root, name):
    """The interpreter of an environment."""
    return os.path.join(root.place("envs", name), "bin", "python")


def is_built(root, name):
    """The environment is there, whole."""
    return read_json(root.place("envs", name, "lazyimp.json")) is not None


def build(root, wish):
    """Build the environment `wish["name"]` unless it is there; returns {"reused": bool, "seconds": s, "log": tail}.

    `wish`: name, python ("3.11.7", or the path of an interpreter), requirements (text, every line exact, with
    hashes or not), wheels (blob names -> file names), only_binary, index (arguments for uv), offline, hashes (every
    line has one), conda (environment.yml, in place of python), accelerated (lines installed with what they need).
    """
    name, began = wish["name"], time.monotonic()
    with root.lock(f"env-{name}"):
        if is_built(root, name):
            return {"reused": True, "seconds": time.monotonic() - began}
        work, final = root.temporary("env"), root.place("envs", name)
        try:
            if os.path.lexists(final):  # what an interrupted removal, or making, left
                root.discard(final)
            folder = final if wish.get("conda") else os.path.join(work, "env")
            log = _make(root, wish, folder, work)
            note = {"name": name, "python": wish.get("python"), "conda": bool(wish.get("conda"))}
            write_json(os.path.join(folder, "lazyimp.json"), note)
            if folder != final:
                os.rename(folder, final)
        finally:
            shutil.rmtree(work, ignore_errors=True)
            if os.path.lexists(final) and not is_built(root, name):
                root.discard(final)
    return {"reused": False, "seconds": time.monotonic() - began, "log": log[-TAIL:]}


def _make(root, wish, folder, work):
    lines = wish.get("requirements", "")
    if wish.get("conda"):
        log = conda.make(root, wish["conda"], folder, work)
        if not lines.strip() and not wish.get("wheels"):
            return log
    uv = find_uv(root, wish.get("uv"))
    if uv is None:
        raise Refused(
            "this host has no uv, and none was sent; install uv there, or `uv` here, on a machine of the same kind"
        )
    own = os.path.join(root.path, "uv.toml")  # the host's say about indexes, certificates and the like
    config = ["--config-file", own] if os.path.exists(own) else []
    if not wish.get("conda"):
        log = _venv([uv, "venv", *config], uv, wish["python"], folder)
    python = os.path.join(folder, "bin", "python")
    install = [uv, "pip", "install", "--no-progress", *config, "--python", python]
    install += [] if not wish.get("only_binary", True) else ["--only-binary", ":all:"]
    install += wish.get("index", []) + (["--offline"] if wish.get("offline") else [])
    wheels = [_wheel(root, blob, file, folder) for blob, file in sorted(wish.get("wheels", {}).items())]
    if lines.strip():
        exact = ["--require-hashes"] if wish.get("hashes") else []
        log += _run(
            [*install, "--no-deps", *exact, "-r", _file(folder, "requirements.txt", lines)], "install"
        )
    if wish.get(
        "accelerated"
    ):  # what these need differs from accelerator to accelerator; the rest stays exact
        more = _file(folder, "accelerated.txt", wish["accelerated"])
        limits = ["--constraint", _file(folder, "constraints.txt", _bare(lines))]
        log += _run([*install, *limits, "-r", more], "install")
    if wheels:
        log += _run([*install, "--no-deps", *wheels], "install")
    return log


def _venv(words, uv, python, folder):
    """Make an empty environment with the wished Python; raises Refused that says which ones are here."""
    try:
        return _run(
            [*words, "--quiet", "--relocatable", "--no-project", "--python", python, folder], "python"
        )
    except Refused as error:
        found = subprocess.run(
            [uv, "python", "list", "--only-installed", "--output-format", "json"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
        ).stdout  # fmt: skip
        try:
            versions = sorted({str(each["version"]) for each in json.loads(found or b"[]")})
        except (ValueError, KeyError, TypeError):
            versions = []
        here = (
            f"here are {', '.join(versions)}; --python takes one of those, or"
            if versions
            else "here is none;"
        )
        raise Refused(f"{error}\n{here} install {python} there") from None


def _file(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def _bare(lines):
    """Requirements as constraints: without hashes, which would be asked of everything else, too."""
    return "".join(f"{line.partition(' --hash=')[0]}\n" for line in lines.splitlines() if " @ " not in line)


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
            "uv": "the host has no uv, and pip could not get it there",
        }[what]
        raise Refused(f"{hint}:\n{text[-TAIL:].strip()}")
    return text
