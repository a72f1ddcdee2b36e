"""A Jupyter kernel that starts lazily: its specification, and how long kernels take until they are ready."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Any

from lazyimp.errors import LazyimpError

NAME = "lazyimp"


class KernelError(LazyimpError):
    """Jupyter is not here, or its kernel cannot be installed or started."""

    slug = "kernel"


@dataclass(frozen=True)
class Ready:
    """One start of a kernel: seconds from the start of its process until it answered."""

    name: str
    wall_s: float


def specification(mode: str | None, display: str, python: str = sys.executable) -> dict[str, Any]:
    """kernel.json: the interpreter with lazyimp on, then ipykernel."""
    switch = f"lazyimp={mode}" if mode else "lazyimp"
    return {
        "argv": [python, "-X", switch, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": display,
        "language": "python",
        "metadata": {"debugger": True},
    }


def install(name: str, mode: str | None, display: str, prefix: str | None = None) -> str:
    """Write the kernel's specification where Jupyter finds it; its folder. Raises KernelError."""
    client = _client("jupyter_client.kernelspec")
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "kernel.json"), "w", encoding="utf-8") as file:
            json.dump(specification(mode, display), file, indent=1, sort_keys=True)
        os.chmod(folder, 0o755)
        manager = client.KernelSpecManager()
        try:
            place: str = manager.install_kernel_spec(folder, name, user=prefix is None, prefix=prefix)
        except (OSError, ValueError) as error:
            raise KernelError(f"kernel {name!r} cannot be installed: {error}") from None
    return place


def remove(name: str) -> None:
    """Take the specification away; raises KernelError where there is none."""
    client = _client("jupyter_client.kernelspec")
    try:
        client.KernelSpecManager().remove_kernel_spec(name)
    except (client.NoSuchKernel, KeyError):
        raise KernelError(f"there is no kernel {name!r}") from None


def measure(names: list[str], rounds: int, timeout_s: float = 120.0) -> list[Ready]:
    """How long each kernel takes until it answers, in turns; one start of each is not counted."""
    found = []
    for number in range(rounds + 1):
        for name in names if number % 2 == 0 else reversed(names):
            seconds = _start_once(name, timeout_s)
            if number:
                found.append(Ready(name, seconds))
    return found


def _start_once(name: str, timeout_s: float) -> float:
    manager = _client("jupyter_client.manager")
    began = time.perf_counter()
    try:
        kernel, client = manager.start_new_kernel(
            startup_timeout=timeout_s, kernel_name=name, stderr=subprocess.DEVNULL
        )  # it warns of TCP at each start
    except Exception as error:
        raise KernelError(f"kernel {name!r} does not start: {error}") from None
    seconds = time.perf_counter() - began
    client.stop_channels()
    kernel.shutdown_kernel(now=True)
    return seconds


def _client(module: str) -> Any:
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError:
        raise KernelError("jupyter_client is not installed here; `pip install ipykernel` brings it") from None
