"""Builds a fresh environment from a program's manifest alone, runs it there, and compares its output.

    python bench/replay.py --python VENV/bin/python [--find-links FOLDER] [--lines REGEX] FOLDER SCRIPT [ARGUMENT ...]

FOLDER is the program's working folder; it is copied, and the copies are where it runs. The first run is eager and
recorded, with the interpreter of an environment that has lazyimp; the second one uses nothing of that environment.
Prints one line: distributions and megabytes of the manifest and of the whole environment, and "same" or what differs.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from environments import Environments

from lazyimp.manifest.build import Builder
from lazyimp.manifest.outputs import bundle
from lazyimp.manifest.values import Manifest
from lazyimp.record import read_record

MEGABYTE = 1 << 20


def main() -> int:
    """Record, build, run again, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", required=True)
    parser.add_argument("--find-links", default="")
    parser.add_argument("--lines", default=".*", help="which lines of the output have to be the same")
    parser.add_argument("folder", type=Path)
    parser.add_argument("words", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lazyimp-replay-", dir=os.environ.get("TMPDIR")) as place:
        return replay(options, Path(place))


def replay(options: argparse.Namespace, place: Path) -> int:
    """Do it all in one folder."""
    first, second = place / "first", place / "second"
    for copy in (first, second):
        shutil.copytree(options.folder, copy, symlinks=True)
    record = place / "record.jsonl"
    recording = {"LAZYIMP": "off", "LAZYIMP_RECORD": str(record), "LAZYIMP_RECORD_FILES": "1"}
    before = output([options.python, *options.words], first, recording)
    began = time.process_time()
    manifest = Builder(read_record(str(record))).build()
    seconds = time.process_time() - began
    bundle.write(manifest, str(place / "bundle"))
    # the very build that was here, since the target is this machine
    pins = [f"{each.name}=={each.version}" for each in manifest.requirements if not each.travels]
    python = Environments(place, options.python, options.find_links).of(pins) / "bin" / "python"
    shutil.rmtree(first)
    code = place / "bundle" / "code"
    path = os.pathsep.join(str(code / part.name) for part in manifest.local)
    after = output([str(python), *moved(options.words, code, manifest)], second, {"PYTHONPATH": path})
    return told(options, manifest, seconds, before, after)


def moved(words: list[str], code: Path, manifest: Manifest) -> list[str]:
    """The command with the script that the bundle holds."""
    if words[0].startswith("-"):
        return words
    name = manifest.program["name"]
    found = next(code / part.name / name for part in manifest.local if (code / part.name / name).exists())
    return [str(found), *words[1:]]


def output(words: list[str], folder: Path, variables: dict[str, str]) -> tuple[int, str]:
    """(status, output) of a run; what the caller's environment says of Python does not count."""
    base = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LAZYIMP"))}
    settings = {**base, "PYTHONUNBUFFERED": "1", "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", **variables}
    done = subprocess.run(
        words,
        cwd=folder,
        env=settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=900,
        check=False,
    )
    return done.returncode, done.stdout


def told(
    options: argparse.Namespace,
    manifest: Manifest,
    seconds: float,
    before: tuple[int, str],
    after: tuple[int, str],
) -> int:
    """Print the line; 0 if the output is the same."""
    lines = re.compile(options.lines)
    kept = [[line for line in text.splitlines() if lines.search(line)] for _, text in (before, after)]
    same = before[0] == after[0] and kept[0] == kept[1] and bool(kept[0])
    size = sum(each.size_bytes for each in manifest.requirements) / MEGABYTE
    whole = manifest.whole["size_bytes"] / MEGABYTE
    counts = (
        f"{len(manifest.roots())} roots, {len(manifest.requirements)} of {manifest.whole['distributions']}"
    )
    print(
        f"{' '.join(options.words)[:40]:<40} {counts} distributions, {size:.0f} of {whole:.0f} MB, "
        f"{seconds:.2f} s: {'same' if same else 'DIFFERENT'}",
        flush=True,
    )
    if not same:
        print(f"before: {before[0]} {kept[0][-5:]}\nafter: {after[0]} {kept[1][-5:]}\n{after[1][-1500:]}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
