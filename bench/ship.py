"""Ships recorded programs over ssh, and over ssh with a store between, and compares them with their runs here.

    python bench/ship.py --python VENV/bin/python [--rounds 3] [--uv-config FILE] [--any-build] SCRIPT ...

Each script is run and recorded with the interpreter of an environment that has what it needs, then shipped to a
folder that holds nothing, through an sshd on loopback and (`s3`) a nanio beside it. Seconds of wall time. `here` and
`there` are medians of what the program itself took, eager and with lazyimp on. `first +` is what the first
`lazyimp ship` took beyond that: sending and building. `again +` is the same of the next ones, the least and the
median: plan, connection, start, report. `cpu` is the processor time that takes on this side. The last line tells
what a connection and the host's shell take by themselves.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
HERE = 2  # runs of the program on this side

import sshd  # noqa: E402
import stores  # noqa: E402


@dataclass(frozen=True)
class Run:
    """One run: its output and status, its wall time, what the program itself took, and our own processor time."""

    stdout: bytes
    status: int
    wall_s: float
    own_s: float
    cpu_s: float = 0.0


class Bench:
    """The servers, and the ways through them."""

    def __init__(self, options: argparse.Namespace, place: Path) -> None:
        self.options, self.place = options, place
        for name in ("sshd", "nanio"):
            (place / name).mkdir()
        self.sshd, self.nanio = sshd.Sshd(place / "sshd"), stores.Nanio(place / "nanio")
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LAZYIMP"))
        }
        self.environ = {**kept, **self.nanio.environ, "XDG_CACHE_HOME": str(place / "cache")}

    def stop(self) -> None:
        """End the servers."""
        self.sshd.stop()
        self.nanio.stop()

    def measure(self, script: Path) -> list[str]:
        """Lines about one program."""
        folder = self.place / script.stem
        folder.mkdir()
        copy = folder / script.name
        copy.write_bytes(script.read_bytes())
        here = [self._here(copy) for _ in range(HERE)]
        self._lazyimp(folder, [self.options.python, "-m", "lazyimp", "profile", copy.name])
        own = statistics.median(each.wall_s for each in here)
        lines = []
        for way in ("ssh", "s3"):
            first = self._ship(copy, way)
            again = [self._ship(copy, way) for _ in range(self.options.rounds)]
            same = {(each.stdout, each.status) for each in (*here, first, *again)}
            over = [each.wall_s - each.own_s for each in again]
            there = statistics.median(each.own_s for each in again)
            lines.append(
                f"{script.stem:<16}{way:<5}{own:8.2f}{there:8.2f}{first.wall_s - first.own_s:9.2f}"
                f"{min(over):9.2f}{statistics.median(over):8.2f}{statistics.median(each.cpu_s for each in again):7.2f}"
                f"   {'same' if len(same) == 1 else 'DIFFERENT'}"
            )
        return lines

    def nothing(self) -> float:
        """What a command that does nothing takes by OpenSSH: the connection and the host's shell; the least of some."""
        words = ["ssh", "-i", str(self.sshd.folder / "user"), "-p", str(self.sshd.port)]
        words += [
            "-o",
            f"UserKnownHostsFile={self.sshd.known_hosts}",
            "-o",
            "BatchMode=yes",
            "127.0.0.1",
            "true",
        ]
        taken = []
        for _ in range(5):
            began = time.monotonic()
            subprocess.run(words, env=self.environ, check=True, capture_output=True)
            taken.append(time.monotonic() - began)
        return min(taken)

    def _here(self, script: Path) -> Run:
        began = time.monotonic()
        done = subprocess.run(
            [self.options.python, script.name], cwd=script.parent, env=self.environ, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        wall = time.monotonic() - began
        return Run(done.stdout, done.returncode, wall, wall)

    def _ship(self, script: Path, way: str) -> Run:
        root = self.place / "hosts" / f"{script.stem}-{way}"
        if not root.exists():
            root.mkdir(parents=True, mode=0o700)
            if self.options.uv_config:
                (root / "uv.toml").write_bytes(Path(self.options.uv_config).read_bytes())
        access = ["--to", self.sshd.address(root), "--known-hosts", str(self.sshd.known_hosts)]
        access += ["--identity", str(self.sshd.folder / "user")]
        words = [sys.executable, "-m", "lazyimp", "ship", *access]
        words += ["--any-build"] if self.options.any_build else []
        words += ["--store", f"s3://{stores.BUCKET}/{script.stem}"] if way == "s3" else []
        began = time.monotonic()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = self._lazyimp(script.parent, [*words, script.name])
        wall = time.monotonic() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        listed = self._lazyimp(
            script.parent, [sys.executable, "-m", "lazyimp", "job", "ls", "--json", *access]
        )
        state = json.loads(listed.stdout)[0]
        return Run(done.stdout, done.returncode, wall, (state["ended_ns"] - state["started_ns"]) / 1e9, cpu)

    def _lazyimp(self, folder: Path, words: list[str]) -> "subprocess.CompletedProcess[bytes]":
        environ = {**self.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(words, cwd=folder, env=environ, capture_output=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr.decode(errors="replace"))
        return done


def main() -> int:
    """Print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", default=sys.executable, help="the interpreter that the programs run in")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--uv-config", metavar="FILE", help="settings for the host's uv, such as its index")
    parser.add_argument("--any-build", action="store_true", help="let the host build from sources")
    parser.add_argument("scripts", nargs="+", type=Path)
    options = parser.parse_args()
    print(
        f"{'program':<16}{'way':<5}{'here':>8}{'there':>8}{'first +':>9}{'again +':>9}{'median':>8}{'cpu':>7}   output"
    )
    with tempfile.TemporaryDirectory(prefix="lazyimp-ship-bench-") as place:
        bench = Bench(options, Path(place))
        try:
            for script in options.scripts:
                for line in bench.measure(script.resolve()):
                    print(line, flush=True)
            print(f"`ssh host true` takes {bench.nothing():.2f} s here, in which nothing of ours runs")
        finally:
            bench.stop()
    load, cores = os.getloadavg()[0], os.cpu_count()
    print(f"{options.rounds} rounds, load {load:.1f} on {cores} cores, Python {sys.version.split()[0]}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
