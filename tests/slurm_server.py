"""A single-node Slurm of the tests' own: free ports of loopback, its own munge socket; stopped at the end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol")

CONFIG = """
ClusterName=lazyimp
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld_port}
SlurmdPort={d_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/munge.sock
CryptoType=crypto/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/ctld.log
SlurmdLogFile={folder}/d.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs=1 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
PartitionName=closed Nodes={host} MaxTime=INFINITE State=DOWN
"""


def _binary(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def why_not() -> str:
    """Why no Slurm can be started here, or ""."""
    lacking = [name for name in NEEDED if _binary(name) is None]
    if lacking:
        return f"there is no {lacking[0]} (Debian: slurmctld slurmd slurm-client munge)"
    if os.geteuid() != 0:
        return "only root may start Slurm's daemons"
    return ""


class Slurm:
    """One that runs; `environ` makes its commands find it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.processes = folder, []
        host = socket.gethostname().partition(".")[0]
        for name in ("munge", "state", "spool"):
            (folder / name).mkdir(mode=0o711)
        key = folder / "munge" / "key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        ports = []
        for _ in range(2):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                ports.append(free.getsockname()[1])
        config = folder / "slurm.conf"
        config.write_text(CONFIG.format(host=host, folder=folder, ctld_port=ports[0], d_port=ports[1]))
        self.environ = {"SLURM_CONF": str(config)}
        munge = folder / "munge"
        self._start(
            "munged", "--foreground", "--force", f"--key-file={key}", f"--socket={munge / 'munge.sock'}",
            f"--pid-file={munge / 'pid'}", f"--log-file={munge / 'log'}", f"--seed-file={munge / 'seed'}",
        )  # fmt: skip
        self._until(lambda: (munge / "munge.sock").exists())
        self._start("slurmctld", "-D", "-c", "-f", str(config))
        self._start("slurmd", "-D", "-c", "-f", str(config))
        self._until(lambda: "idle" in self.run("sinfo", "--noheader", "--partition=main", "--format=%T"))

    def _start(self, name: str, *words: str) -> None:
        with open(self.folder / f"{name}.out", "wb") as said:
            environ = {**os.environ, **self.environ}
            command = [str(_binary(name)), *words]
            self.processes.append(subprocess.Popen(command, stdin=-3, stdout=said, stderr=said, env=environ))

    def _until(self, is_right) -> None:
        end = time.monotonic() + 60
        while not is_right():
            dead = [each.args for each in self.processes if each.poll() is not None]
            if dead or time.monotonic() > end:
                said = "\n".join(path.read_text()[-1500:] for path in sorted(self.folder.glob("*.out")))
                self.stop()
                raise AssertionError(f"Slurm does not start {dead}: {said}")
            time.sleep(0.1)

    def run(self, *words: str) -> str:
        """What one of its commands prints."""
        done = subprocess.run(
            words, env={**os.environ, **self.environ}, capture_output=True, text=True, check=False
        )
        return done.stdout

    def stop(self) -> None:
        """End it, jobs first."""
        self.run("scancel", f"--user={os.geteuid()}")
        for each in reversed(self.processes):
            each.send_signal(signal.SIGTERM)
        for each in reversed(self.processes):
            try:
                each.wait(10)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()
