"""Replays each program of a corpus in a fresh environment made of its manifest alone; prints a table.

    python bench/replay_corpus.py --corpus FOLDER --python VENV/bin/python [--find-links FOLDER] [--cases a,b]
        [--mode MODE] [--minimal]
        [--no-replay] [--records FOLDER] [--peers envzy=VENV,pipreqs=VENV,pigar=VENV] [--json FILE]

VENV holds lazyimp and what the programs need. A program is recorded there (eager, or in --mode), the manifest is built
from the record, an environment is made of its pins (uv, offline: its cache and --find-links have to have the files),
and the program runs there again: its code from the manifest's bundle, its data from a copy of its folder that has
no code left. The corpus's own checks of status and output decide, in both runs. Equal lists share an environment.
With --peers the same is done with what other tools list (bench/replay_peers.py says how they are asked).
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from environments import Environments, NotInstallable
from replay_peers import PEERS, Listed

from lazyimp.distributions import Environment, canonical
from lazyimp.manifest.build import Builder
from lazyimp.manifest.closure import close
from lazyimp.manifest.outputs import bundle
from lazyimp.manifest.requires import Requires
from lazyimp.manifest.values import Manifest
from lazyimp.record import read_record

MEGABYTE = 1 << 20
TIME_LIMIT_S = 600


class Corpus:
    """The programs of a corpus, run and checked by its own run.py, each in a copy of its folder."""

    def __init__(self, folder: Path, only: Sequence[str]) -> None:
        sys.path.insert(0, str(folder))
        self.runner: Any = importlib.import_module("run")
        self.root = Path(self.runner.ROOT)
        cases = json.loads((folder / "cases.json").read_text())["cases"]
        self.cases = {each["name"]: each for each in cases if not only or each["name"] in only}
        golden = self.root / "golden.json"
        self.golden = json.loads(golden.read_text()) if golden.exists() else {}

    def copy(self, name: str, place: Path, code: bool = True) -> None:
        """The program's folder below `place`; without `code` no source file is in it."""
        leave = shutil.ignore_patterns("__pycache__", *([] if code else ["*.py"]))
        (place / "home").mkdir(parents=True)
        shutil.copytree(self.root / "work" / name, place / "work" / name, symlinks=True, ignore=leave)

    def run(
        self, name: str, place: Path, venv: Path, variables: dict[str, str], script: str = ""
    ) -> tuple[dict[str, Any], str]:
        """(run, what is wrong with it) in a copy, with an environment; `script` stands in for the program's own."""
        case = dict(self.cases[name])
        if script:
            case["argv"] = [script, *case["argv"][1:]]
        self.runner.ROOT, self.runner.VENV = str(place), str(venv)
        program = case["argv"][0].replace("{bin}", f"{venv}/bin")
        if program.startswith(str(venv)) and not os.path.exists(program):
            return {}, f"no {os.path.basename(program)} in the environment"
        python = str(venv / "bin" / "python")
        done = self.runner.one(case, [python], True, TIME_LIMIT_S, extra_env=variables)
        return done, str(self.runner.check(case, done, self.golden)[1])


def main() -> int:
    """Record, build, run again, compare; for each program."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", required=True, type=Path)
    parser.add_argument("--python", required=True, type=Path)
    parser.add_argument("--find-links", default="")
    parser.add_argument("--cases", default="")
    parser.add_argument("--mode", default="off")
    parser.add_argument("--peers", default="")
    parser.add_argument("--minimal", action="store_true", help="without what loads because it is installed")
    parser.add_argument(
        "--no-replay", action="store_true", help="lists and sizes alone, but for those of peers"
    )
    parser.add_argument("--records", type=Path, help="a folder to keep the records in")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    corpus = Corpus(options.corpus, options.cases.split(",") if options.cases else [])
    with tempfile.TemporaryDirectory(prefix="lazyimp-replay-", dir=os.environ.get("TMPDIR")) as folder:
        environments = Environments(Path(folder), str(options.python), options.find_links)
        for name in corpus.cases:
            place = Path(folder) / name
            rows.append(replay(corpus, name, place, environments, options))
            shutil.rmtree(place)
            print(line(rows[-1]), flush=True)
            if options.json:
                options.json.write_text(json.dumps(rows, indent=1))
    right = sum(not row["ours"]["fault"] for row in rows)
    print(f"{right} of {len(rows)} programs run in an environment of their manifest alone")
    return 0 if right == len(rows) else 1


def replay(
    corpus: Corpus, name: str, place: Path, environments: Environments, options: argparse.Namespace
) -> dict[str, Any]:
    """One program: the sizes of its manifest and of the whole environment, and what went wrong."""
    venv = options.python.absolute().parent.parent
    corpus.copy(name, place / "first")
    record = place / "record.jsonl"
    variables = {"LAZYIMP": options.mode, "LAZYIMP_RECORD": str(record), "LAZYIMP_RECORD_FILES": "1"}
    _, fault = corpus.run(name, place / "first", venv, variables)
    began = time.process_time()
    builder = Builder(read_record(str(record)), minimal=options.minimal)
    manifest = builder.build()
    row: dict[str, Any] = {"name": name, "seconds": time.process_time() - began}
    row["roots"], row["complete"] = len(manifest.roots()), manifest.complete
    whole = manifest.whole
    row["whole"] = {"distributions": whole["distributions"], "megabytes": whole["size_bytes"] / MEGABYTE}
    row["names"] = [f"{each.name}=={each.version}" for each in manifest.requirements]
    row["ours"] = {
        "distributions": len(manifest.requirements),
        "megabytes": sum(each.size_bytes for each in manifest.requirements) / MEGABYTE,
        "fault": f"when recorded: {fault}" if fault else NOT_TRIED,
    }
    if options.records:
        for each in place.glob("record.jsonl*"):
            shutil.copy(each, options.records / each.name.replace("record", f"{name}-{options.mode}"))
    if not fault and not options.no_replay:
        row["ours"]["fault"] = again(corpus, name, place, environments, manifest)
    for each in options.peers.split(",") if options.peers else ():
        peer, _, home = each.partition("=")
        case = corpus.cases[name]
        work = place / "first" / "work" / name / case.get("cwd", "")
        listed = PEERS[peer](corpus.runner, case, work, venv, Path(home))
        row[peer] = with_peer(corpus, name, place / peer, environments, listed, builder.environment)
    return row


def again(corpus: Corpus, name: str, place: Path, environments: Environments, manifest: Manifest) -> str:
    """Run from the manifest alone; what is wrong."""
    bundle.write(manifest, str(place / "bundle"))
    shutil.rmtree(place / "first" / "work" / name / "__pycache__", ignore_errors=True)
    corpus.copy(name, place / "second", code=False)
    code = place / "bundle" / "code"
    path = os.pathsep.join(str(code / part.place) for part in manifest.local)
    script = ""
    if corpus.cases[name]["argv"][0].endswith(".py"):
        file = manifest.program["name"]
        script = next(
            str(code / part.name / file) for part in manifest.local if (code / part.name / file).exists()
        )
    # the very build that was here: the target is this machine
    pins = [f"{each.name}=={each.version}" for each in manifest.requirements if not each.travels]
    try:
        venv = environments.of(pins)
    except NotInstallable as error:
        return f"cannot be installed: {error}"
    done, fault = corpus.run(name, place / "second", venv, {"PYTHONPATH": path} if path else {}, script)
    if fault:
        print(f"{name}: {done.get('out', '')[-1500:]}", file=sys.stderr)
    return fault


def with_peer(
    corpus: Corpus, name: str, place: Path, environments: Environments, listed: Listed, installed: Environment
) -> dict[str, Any]:
    """The same with what another tool lists; the program's own folder is there as it is."""
    row: dict[str, Any] = {"cpu_s": listed.cpu_s, "listed": listed.pins, "note": listed.note}
    if listed.fault:
        return {**row, "fault": listed.fault}
    pins = completed(listed.pins, installed)
    there = [installed.named(name_of(pin)) for pin in pins]
    row["distributions"] = len(pins)
    row["megabytes"] = sum(each.size_bytes for each in there if each is not None) / MEGABYTE
    try:
        venv = environments.of(pins, online=True)
    except NotInstallable as error:
        return {**row, "fault": f"cannot be installed: {error}"}
    corpus.copy(name, place)
    _, row["fault"] = corpus.run(name, place, venv, {})
    return row


def completed(pins: Iterable[str], installed: Environment) -> list[str]:
    """The pins and what they require, at the versions here: the most favourable answer an installer could find.

    Of what is here as a build for one accelerator that build is taken, whatever the list says of its version.
    """
    named = {name_of(pin): pin for pin in pins}
    closure = close(named, Requires(installed))
    for name in set(named).union(*(closure.below(name) for name in named)):
        found = installed.named(name)
        if found is not None and (name not in named or "+" in found.version):
            named[name] = f"{name}=={found.version}"
    return list(named.values())


def name_of(pin: str) -> str:
    """The distribution that a line is about."""
    return canonical(re.split(r"[\[=<>~!; ]", pin)[0])


NOT_TRIED = "not tried"


def verdict(fault: str) -> str:
    """One word, and why not."""
    return fault if fault == NOT_TRIED else f"FAILS: {fault[:110]}" if fault else "runs"


def line(row: dict[str, Any]) -> str:
    """A row of the table."""
    whole = row["whole"]
    cells = [
        f"{row['name']:<28} {row['roots']:>3} roots, whole {whole['distributions']} {whole['megabytes']:.0f} MB"
    ]
    for each in ("ours", *PEERS):
        if each in row:
            found = row[each]
            size = f"{found.get('distributions', '-')} {found.get('megabytes', 0):.0f} MB"
            cells.append(
                f"{each} {size} {'runs' if not found['fault'] else 'FAILS: ' + found['fault'][:110]}"
            )
    return "; ".join([*cells, f"{row['seconds']:.2f} s"])


if __name__ == "__main__":
    sys.exit(main())
