"""What this host has: GPUs and which are free, processors and memory as its limits say, conda, a container engine."""

import contextlib
import os
import shutil
import subprocess

from lazyimp.ship.host.paths import Refused, read_json

ANSWERS_WITHIN_S = 20
QUERY = ["--query-gpu=uuid,name,memory.total,driver_version", "--format=csv,noheader,nounits"]
UNLIMITED = 1 << 60  # what version 1 of cgroups calls no limit is about the largest integer
CONDAS = ("micromamba", "mamba", "conda")
CONDA_FOLDERS = ("miniforge3", "mambaforge", "miniconda3", "anaconda3", "micromamba")


def facts(root, wish):
    """What a plan asks of this host: of "gpus", "conda" and "engine" those in `wanted`: their tools take time."""
    wanted = wish.get("wanted", ("gpus", "conda", "engine"))
    found, why = gpus() if "gpus" in wanted else ([], "")
    return {
        "gpus": [{"id": each["id"], "name": each["name"]} for each in found],
        "gpu_trouble": why,
        "driver": found[0]["driver"] if found else "",
        "cpus": cpus(),
        "memory_bytes": memory_bytes(),
        "conda": find_conda() if "conda" in wanted else None,
        "engine": find_engine() if "engine" in wanted else None,
    }


def gpus():
    """The GPUs that nvidia-smi lists and CUDA_VISIBLE_DEVICES allows, and what went wrong, or ""."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return [], ""
    try:
        done = subprocess.run(
            [tool, *QUERY], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=ANSWERS_WITHIN_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return [], "nvidia-smi does not answer"
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        return [], (text.strip().splitlines() or ["nvidia-smi fails"])[-1][:200]
    found = []
    for line in text.splitlines():
        fields = [each.strip() for each in line.split(",")]
        if len(fields) == 4 and fields[0].startswith("GPU-"):
            found.append({"id": fields[0], "name": fields[1], "driver": fields[3]})
    return _allowed(found, os.environ.get("CUDA_VISIBLE_DEVICES")), ""


def _allowed(found, visible):
    """Those that the host's own CUDA_VISIBLE_DEVICES leaves: numbers, or beginnings of UUIDs."""
    if visible is None:
        return found
    words = [each.strip() for each in visible.split(",") if each.strip()]
    return [
        each
        for place, each in enumerate(found)
        if str(place) in words
        or any(word.startswith("GPU-") and each["id"].startswith(word) for word in words)
    ]


def cpus(proc="/proc", sys_folder="/sys/fs/cgroup"):
    """Processors that this process may use: its affinity, and what its cgroups grant."""
    count = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    for folder in _cgroups("cpu", proc, sys_folder):
        words = _text(folder, "cpu.max").split() or [
            _text(folder, "cpu.cfs_quota_us"),
            _text(folder, "cpu.cfs_period_us"),
        ]
        if len(words) == 2 and words[0].isdigit() and words[1].isdigit() and int(words[1]):
            count = min(count, int(words[0]) / int(words[1]))
    return count


def memory_bytes(proc="/proc", sys_folder="/sys/fs/cgroup"):
    """Memory that this process may use; 0 where nobody says."""
    total = 0
    for line in _text(proc, "meminfo").splitlines():
        if line.startswith("MemTotal:"):
            total = int(line.split()[1]) * 1024
    for folder in _cgroups("memory", proc, sys_folder):
        text = _text(folder, "memory.max") or _text(folder, "memory.limit_in_bytes")
        if text.isdigit() and int(text) < UNLIMITED:
            total = min(total or int(text), int(text))
    return total


def _cgroups(controller, proc, sys_folder):
    """The folders of this process's cgroups for a controller, up to the topmost: each of them may set a limit."""
    found = []
    for line in _text(proc, "self/cgroup").splitlines():
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        if number == "0" and not controllers:
            base = sys_folder
        elif controller in controllers.split(","):
            base = os.path.join(sys_folder, controllers)
            base = base if os.path.isdir(base) else os.path.join(sys_folder, controller)
        else:
            continue
        parts = [each for each in path.split("/") if each not in ("", "..")]
        found += [os.path.join(base, *parts[:count]) for count in range(len(parts), -1, -1)]
    return found


def _text(folder, name):
    try:
        with open(os.path.join(folder, name)) as file:
            return file.read().strip()
    except OSError:
        return ""


def find_conda():
    """micromamba, mamba or conda: from the PATH, or where their installers put them; None if there is none."""
    named = [os.environ.get("MAMBA_EXE"), os.environ.get("CONDA_EXE")]
    places = [*(shutil.which(name) for name in CONDAS), *named]
    for base in (os.path.expanduser("~"), "/opt"):
        places += [os.path.join(base, each, "bin", name) for each in CONDA_FOLDERS for name in CONDAS]
        places.append(os.path.join(base, "conda", "bin", "conda"))
    places.append(os.path.expanduser("~/.local/bin/micromamba"))
    return next((each for each in places if each and os.access(each, os.X_OK)), None)


def find_engine():
    """A container engine that answers: {"path", "name", "rootless"}; None if there is none."""
    for name in ("docker", "podman"):
        path = shutil.which(name)
        if path is None:
            continue
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            done = subprocess.run(
                [path, "info"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                timeout=ANSWERS_WITHIN_S, check=False,
            )  # fmt: skip
            if done.returncode == 0:
                return {"path": path, "name": name, "rootless": b"rootless" in done.stdout}
    return None


def refuse_too_much(wish):
    """Raise Refused where a job asks for more than this host has; GPUs are counted when they are chosen."""
    if wish.get("cpus", 0) > cpus():
        raise Refused(f"the job asks for {wish['cpus']:g} processors, and {cpus():g} may be used here")
    memory = memory_bytes()
    if memory and wish.get("memory_bytes", 0) > memory:
        raise Refused(
            f"the job asks for {wish['memory_bytes'] / 1e9:.1f} GB of memory, "
            f"and {memory / 1e9:.1f} GB may be used here"
        )


def choose_gpus(root, count, jobs):
    """`count` GPUs that none of the jobs that run has been given; held by whoever holds the lock "gpus"."""
    found, why = gpus()
    taken = {}
    for state in jobs:
        wish = read_json(root.place("jobs", state["id"], "job.json"), {})
        taken.update(dict.fromkeys(wish.get("gpu_ids", ()), state["id"]))
    free = [each["id"] for each in found if each["id"] not in taken]
    if len(free) >= count:
        return free[:count]
    if not found:
        raise Refused(
            f"the job asks for {_words(count)}, and this host has none" + (f" ({why})" if why else "")
        )
    holders = ", ".join(sorted({taken[each["id"]] for each in found if each["id"] in taken}))
    more = f"; {holders} hold the others" if holders else ""
    raise Refused(f"the job asks for {_words(count)}, and of {len(found)} here {len(free)} are free{more}")


def _words(count):
    return f"{count} GPU" if count == 1 else f"{count} GPUs"
