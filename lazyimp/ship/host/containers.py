"""Jobs in containers: docker or podman runs the image; code and the working folder are mounted where they are."""

import os
import shutil
import subprocess
import time

from lazyimp.ship.host.paths import Refused
from lazyimp.ship.host.resources import find_engine

TAIL = 2000


def fetch_image(root, wish):
    """See that the image is here, pulled if need be: {"reused", "seconds"}. Credentials are the engine's own."""
    began, engine = time.monotonic(), _engine()
    if _run([engine["path"], "image", "inspect", wish["image"]])[0] == 0:
        return {"reused": True, "seconds": time.monotonic() - began}
    status, text = _run([engine["path"], "pull", "--quiet", wish["image"]])
    if status:
        raise Refused(f"{engine['name']} cannot get the image {wish['image']!r}:\n{text[-TAIL:].strip()}")
    return {"reused": False, "seconds": time.monotonic() - began}


def _engine():
    engine = find_engine()
    if engine is None:
        raise Refused(
            "no docker or podman answers on this host; start one, or give the job an environment instead of an image"
        )
    return engine


def name_of(folder):
    """What the container of a job is called."""
    return "lazyimp-" + os.path.basename(folder)


def container_words(wish, folder, code, names):
    """The words before the job's command that run it in a container.

    Values of variables are taken from the engine's own environment: on its command line are their names alone.
    """
    engine = _engine()
    work = os.path.join(folder, "work")
    words = [engine["path"], "run", "--rm", "--pull", "never", "--name", name_of(folder), *_init(engine)]
    words += ["--workdir", work, "--env", "HOME=/tmp"]
    words += ["--volume", f"{work}:{work}"]
    for each in code:
        words += ["--volume", f"{each}:{each}:ro"]
    if engine["name"] == "podman" and os.geteuid():
        words += ["--userns", "keep-id"]
    elif os.geteuid() and not engine["rootless"]:
        words += ["--user", f"{os.geteuid()}:{os.getegid()}"]
    gpus = wish.get("gpu_ids", ())
    if engine["name"] == "docker" and gpus:
        words += ["--gpus", '"device=' + ",".join(gpus) + '"']
    else:
        for each in gpus:
            words += ["--device", f"nvidia.com/gpu={each}"]
    for each in sorted({*names} - {"CUDA_VISIBLE_DEVICES"}):
        words += ["--env", each]
    return [*words, wish["image"]]


def _init(engine):
    """A first process that hands signals on, where there is one: docker brings its own, podman needs catatonit."""
    places = ["/usr/libexec/podman/catatonit", "/usr/lib/podman/catatonit", shutil.which("catatonit")]
    has = engine["name"] == "docker" or any(each and os.path.exists(each) for each in places)
    return ["--init"] if has else []


def remove(name):
    """End the container whatever it does: the engine's command can be killed without it."""
    engine = find_engine()
    if engine is not None:
        _run([engine["path"], "kill", name])  # podman's rm would wait for one that refuses to end
        _run([engine["path"], "rm", "--force", name])


def _run(words):
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")
