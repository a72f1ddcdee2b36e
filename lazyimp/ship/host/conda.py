"""Environments that conda makes: its folder cannot be moved, so so it is made in place and counts once marked."""

import os
import subprocess

from lazyimp.ship.host.paths import Refused
from lazyimp.ship.host.resources import find_conda

TAIL = 4000


def make(root, text, folder, work):
    """Make `folder` of an environment.yml; what was said. Raises Refused with the end of it."""
    tool = find_conda()
    if tool is None:
        raise Refused(
            "this host has no conda, mamba or micromamba; install one there (micromamba is a single file), or "
            "install what conda installed with pip here and record the run again"
        )
    path = os.path.join(work, "environment.yml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    words = ["create", "--yes"] if os.path.basename(tool) == "micromamba" else ["env", "create"]
    done = subprocess.run(
        [tool, *words, "--quiet", "--prefix", folder, "--file", path],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        env={**os.environ, "CONDA_ALWAYS_YES": "true", "MAMBA_ALWAYS_YES": "true"},
    )  # fmt: skip
    said = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        raise Refused(f"{os.path.basename(tool)} cannot make the environment:\n{said[-TAIL:].strip()}")
    if not os.access(os.path.join(folder, "bin", "python"), os.X_OK):
        raise Refused(f"{os.path.basename(tool)} made an environment without Python")
    return said
