"""Carries plans out on a Ray cluster: packages, then one job with its runtime_env; Ray builds and starts."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from lazyimp.ship.carrying import Carrier, Shipped
from lazyimp.ship.errors import ShipError
from lazyimp.ship.planning import digest_name
from lazyimp.ship.ray.channel import MARK, Ray
from lazyimp.ship.ray.packages import RUNNER, packages_of, runtime_env
from lazyimp.ship.settling import settled
from lazyimp.ship.values import Lack, Plan

WISH = "LAZYIMP_RAY_JOB"  # as in the part that runs there


class RayCarrier(Carrier):
    """Carries plans out on one cluster."""

    def __init__(self, channel: Ray, say: Callable[[str], None] = lambda _: None) -> None:
        super().__init__(channel, say)
        self.ray = channel
        self.clock: tuple[float, float] | None = None

    def look(self, plan: Plan) -> tuple[Plan, Lack]:
        """The plan as it is for the cluster, and what that lacks; which environments its nodes have, only they know."""
        if plan.job.secrets:
            raise ShipError(
                f"the secret {plan.job.secrets[0]} cannot go to a Ray cluster: Ray shows a job's environment to "
                "everybody who sees its dashboard. Set it where the cluster's nodes start, and leave it out here"
            )
        if plan.job.image:
            raise ShipError(
                "Ray's nodes choose their container image; leave image out, or use another destination"
            )
        if plan.environment is not None and plan.environment.conda:
            raise ShipError(
                "Ray's nodes get what conda installed here neither from pip nor from uv; use them here, too"
            )
        if plan.store:
            raise ShipError(
                "files go to a Ray cluster as packages through its dashboard; leave the store out"
            )
        plan = settled(plan, self.ray)
        lacking = self._lacking(plan)
        gone = {each.what for each in lacking}
        parts = [part for part in plan.parts if f"code {part.name}" in gone]
        blobs = [*plan.job.inputs] if "inputs" in gone else []
        blobs += plan.environment.wheels if plan.environment and "runner" in gone else ()
        return plan, Lack(
            environment=plan.environment is not None,
            parts=tuple(map(digest_name, parts)),
            files=tuple(each.sha256 for part in parts for each in part.files),
            blobs=tuple(each.sha256 for each in blobs),
            system=f"Ray {self.ray.version}",
            machine=self.ray.cluster.url,
        )

    def measure(self, done: Shipped) -> None:
        """The head's clock to half a second; better where Ray takes the job quickly, since it notes when."""
        self.clock = self.ray.api.clock()
        done.offset_s, done.offset_error_s = self.clock or (0.0, 0.0)

    def _lacking(self, plan: Plan) -> list[Any]:
        return [each for each in packages_of(plan) if not self.ray.api.has_package(each.name)]

    def _send(self, plan: Plan, lack: Lack, done: Shipped) -> None:
        for each in self._lacking(plan):
            with tempfile.TemporaryDirectory(prefix="lazyimp-ship-") as folder:
                path = os.path.join(folder, "package.zip")
                each.write(path)
                size = os.path.getsize(path)
                self.say(f"sending {each.what} ({len(each.rows)} files, {size} bytes)")
                self.ray.api.put_package(each.name, path)
            done.sent_files += len(each.rows)
            done.sent_bytes += size

    def _build(self, plan: Plan, lack: Lack, done: Shipped) -> None:
        """Ray does it, on the node, once it has chosen one; the job tells how long that took."""

    def _start(self, plan: Plan, job: str, secrets: dict[str, str], t0_ns: int) -> dict[str, Any]:
        packages = packages_of(plan)
        environ = runtime_env(plan, packages)
        environ["env_vars"][WISH] = json.dumps(self._wish(plan, job, packages))
        request = {
            "entrypoint": f"python -I {RUNNER} ray",
            "submission_id": job,
            "runtime_env": environ,
            "metadata": {**MARK, "name": plan.job.name},
            **self._resources(plan),
        }
        sent_ns = time.time_ns()
        self.ray.submit(request)
        back_ns = time.time_ns()
        state: dict[str, Any] = self.ray.ask("state", id=job)
        error_s = (back_ns - sent_ns) / 2e9 + 0.0005
        if "asked_ns" in state and (self.clock is None or error_s < self.clock[1]):  # in ms, between the two
            state["head_offset_s"] = (state["asked_ns"] + 500_000 - (sent_ns + back_ns) / 2) / 1e9
            state["head_offset_error_s"] = error_s
        return state

    def _wish(self, plan: Plan, job: str, packages: Any) -> dict[str, Any]:
        """The job as the part that runs there gets it."""
        wish = asdict(plan.job)
        for name in ("name", "secrets", "resources"):
            wish.pop(name, None)
        code = {
            digest_name(part): package.name for part, package in zip(plan.parts, packages[1:], strict=False)
        }
        return {
            **wish,
            "env": {"LAZYIMP_RECORD": "{job}/record.jsonl"},
            "id": job,
            "code": list(code),
            "archives": {digest_name(part): part.archive for part in plan.parts if part.archive},
            "packages": code,
            "inputs": {each.name: each.sha256 for each in plan.job.inputs},
            "input_package": packages[-1].name if plan.job.inputs else None,
            "python": plan.environment.python if plan.environment else "",
        }

    def _resources(self, plan: Plan) -> dict[str, float]:
        """What the program's own process asks for; its tasks and actors ask for themselves."""
        job, asked = plan.job.resources, self.ray.cluster.asks
        wanted: dict[str, float] = {
            "entrypoint_num_cpus": asked.get("cpus", 0) or job.cpus,
            "entrypoint_num_gpus": asked.get("gpus", 0) or job.gpus,
            "entrypoint_memory": int(asked.get("memory", 0)) or job.memory_bytes,
        }
        return {name: value for name, value in wanted.items() if value}
