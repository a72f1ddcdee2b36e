"""Carries a plan out: sends what the host lacks, builds the environment, starts the job; each step timed."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lazyimp.manifest.archive import pack
from lazyimp.manifest.values import LocalPart
from lazyimp.ship.channels import Channel
from lazyimp.ship.errors import LostError, ShipError
from lazyimp.ship.planning import blob_of, digest_name, lack_of
from lazyimp.ship.settling import settled, unfit
from lazyimp.ship.values import Blob, Lack, Plan

if TYPE_CHECKING:  # it loads much, for those who use one
    from lazyimp.ship.store import Store

CLOCK_ROUNDS = 5


@dataclass
class Shipped:
    """What was done for one job: seconds for each step, what travelled, and how far the host's clock is off."""

    job: str = ""
    steps: dict[str, float] = field(default_factory=dict)
    sent_files: int = 0
    sent_bytes: int = 0
    stored_bytes: int | None = None  # of them, what the store did not have; None without a store
    environment_reused: bool = True
    offset_s: float = 0.0  # the host's clock less ours
    offset_error_s: float = 0.0
    asked_ns: int = 0
    state: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what is done inside."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.steps[name] = self.steps.get(name, 0.0) + time.monotonic() - began


class Carrier:
    """Carries plans out on one host; `say` shows what is going on. Files go through `store` where there is one."""

    def __init__(
        self, channel: Channel, say: Callable[[str], None] = lambda _: None, store: Store | None = None
    ) -> None:
        self.channel, self.say, self.store = channel, say, store

    def carry(self, plan: Plan, job: str, environ: Mapping[str, str], began_ns: int) -> Shipped:
        """Do all of it; raises ShipError. A step that is done is not done again by the next attempt."""
        refuse(plan)
        secrets = secrets_of(plan, environ)
        done = Shipped(job)
        with done.step("look"):
            self.measure(done)
            plan, lack = self.look(plan)
            refuse(plan)
        with done.step("upload"):
            self._send(plan, lack, done)
            done.stored_bytes = self.store.sent_bytes if self.store else None
        with done.step("build"):
            self._build(plan, lack, done)
        with done.step("start"):
            done.state = self._start(plan, job, secrets, began_ns + int(done.offset_s * 1e9))
        done.offset_s = done.state.pop("head_offset_s", done.offset_s)
        done.offset_error_s = done.state.pop("head_offset_error_s", done.offset_error_s)
        return done

    def measure(self, done: Shipped) -> None:
        """How far the host's clock is off."""
        done.offset_s, done.offset_error_s = clock_offset(self.channel)

    def look(self, plan: Plan) -> tuple[Plan, Lack]:
        """The plan as it is for this host, with what stands in its way, and what the host lacks of it."""
        plan = settled(plan, self.channel)
        lack = lack_of(plan, self.channel)
        if getattr(self.channel, "scheduler", ""):  # the host that answers is not the one that runs it
            return plan, lack
        return replace(plan, refused=(*plan.refused, *unfit(plan, lack))), lack

    def send_blob(self, blob: Blob, done: Shipped, executable: bool = False) -> None:
        """One blob, whole or not at all; what was sent damaged is sent once more."""
        if self.store is not None:
            self.store.stock([blob])
        for attempt in (1, 2):
            place = self.channel.ask("upload", blob=blob.sha256)
            have = place["have"] if 0 <= int(place["have"]) <= blob.size_bytes else 0
            self._put(blob, place, have)
            try:
                self.channel.ask("adopt", blob=blob.sha256, name=place["name"], executable=executable)
                break
            except LostError:
                raise
            except ShipError:
                if attempt == 2:
                    raise
        done.sent_bytes += blob.size_bytes - have
        done.sent_files += 1

    def _put(self, blob: Blob, place: Mapping[str, Any], have: int) -> None:
        try:
            if self.store is not None:
                self.store.bring(self.channel, blob, str(place["name"]), have)
            else:
                self.channel.put(blob.path, str(place["path"]), have)
        except LostError:
            raise
        except ShipError as error:
            free = int(self.channel.ask("hello")["free_bytes"])
            if free < blob.size_bytes - have:
                raise ShipError(
                    f"the host's disk is full: {blob.name} has {blob.size_bytes} bytes, and {free} are free there; "
                    "`lazyimp job gc --to DEST` makes room"
                ) from None
            raise error

    def _send(self, plan: Plan, lack: Lack, done: Shipped) -> None:
        blobs = [
            *plan.job.inputs,
            *(plan.environment.wheels if plan.environment and lack.environment else ()),
        ]
        blobs = list({each.sha256: each for each in blobs if each.sha256 in lack.blobs}.values())
        if self.store is not None:
            self.store.stock(blobs)  # all at once, several at a time
        for blob in blobs:
            self.say(f"sending {blob.name} ({blob.size_bytes} bytes)")
            self.send_blob(blob, done)
        for part in plan.parts:
            if digest_name(part) in lack.parts:
                self._send_part(part, frozenset(lack.files), done)

    def _send_part(self, part: LocalPart, unknown: frozenset[str], done: Shipped) -> None:
        """The files that the host lacks, as one archive; the host finds the others in the parts it has."""
        new = tuple(each for each in part.files if each.sha256 in unknown)
        held = [
            [each.name, each.sha256, each.executable] for each in part.files if each.sha256 not in unknown
        ]
        wish: dict[str, Any] = {"digest": digest_name(part), "held": held}
        if new:
            self.say(f"sending {len(new)} of {len(part.files)} files of {part.name}")
            with tempfile.TemporaryDirectory(prefix="lazyimp-ship-") as folder:
                path = os.path.join(folder, "part.tar.gz")
                with open(path, "wb") as file:
                    pack(LocalPart(part.name, part.root, part.kind, new), file)
                blob = blob_of(path)
                self.send_blob(blob, done)
                done.sent_files += len(new) - 1
            wish["blob"] = blob.sha256
        self.channel.ask("unpack", **wish)

    def _build(self, plan: Plan, lack: Lack, done: Shipped) -> None:
        if plan.job.image:
            self.say(f"fetching image {plan.job.image}")
            done.environment_reused = bool(self.channel.ask("image", image=plan.job.image)["reused"])
        if plan.environment is None or not lack.environment:
            return
        wish = plan.environment
        uv = self._send_uv(lack, done) if lack.uv else None
        self.say(f"building environment {wish.name[:12]} with Python {wish.python}")
        answer = self.channel.ask(
            "build",
            name=wish.name,
            python=wish.python,
            requirements=wish.requirements,
            wheels={each.sha256: each.name for each in wish.wheels},
            index=list(wish.arguments),
            only_binary=wish.only_binary,
            uv=uv,
            conda=wish.conda,
            accelerated=wish.accelerated,
            hashes=wish.require_hashes,
        )
        done.environment_reused = bool(answer["reused"])

    def _send_uv(self, lack: Lack, done: Shipped) -> str | None:
        """Send our uv to a host of the same kind that has none; its blob. Other hosts get one by their pip."""
        path = own_uv()
        if path is None or not is_same_kind(lack):
            self.say("installing uv there")
            try:
                self.channel.ask("install_uv")
            except LostError:
                raise
            except ShipError as error:
                way_out = "install uv here (pip install uv) or there" if path is None else "install uv there"
                raise ShipError(f"{error}\n{way_out}") from None
            return None
        blob = blob_of(path)
        if self.channel.ask("missing", blobs=[blob.sha256])["blobs"]:
            self.say(f"sending uv ({blob.size_bytes} bytes)")
            self.send_blob(blob, done, executable=True)
        return blob.sha256

    def _start(self, plan: Plan, job: str, secrets: dict[str, str], t0_ns: int) -> dict[str, Any]:
        wish = asdict(plan.job)
        for name in ("name", "inputs", "secrets", "place", "output_limit_bytes"):
            del wish[name]
        env = {**plan.job.env, "LAZYIMP_RECORD": "{job}/record.jsonl", "LAZYIMP_T0": str(t0_ns)}
        state: dict[str, Any] = self.channel.ask(
            "start",
            **wish | {"env": env},
            id=job,
            secrets=secrets,
            environment=plan.environment.name if plan.environment else None,
            code=[digest_name(part) for part in plan.parts],
            archives={digest_name(part): part.archive for part in plan.parts if part.archive},
            inputs={each.name: each.sha256 for each in plan.job.inputs},
            place=[list(each) for each in plan.job.place],
        )
        return state


def refuse(plan: Plan) -> None:
    """Raise ShipError where something of the plan stands in the way."""
    blocking = [each for each in plan.refused if each.blocks]
    if blocking:
        first = blocking[0]
        raise ShipError(
            f"{first.what} cannot be had there: {first.why}; {first.way_out} ({len(blocking)} such)"
        )


def is_same_kind(lack: Lack) -> bool:
    """A program of this machine runs on the host."""
    here = (sys.platform, platform.machine(), platform.libc_ver()[0] or "musl")
    return here == (lack.system, lack.machine, lack.libc)


def carrier_for(
    channel: Channel, say: Callable[[str], None] = lambda _: None, store: Store | None = None
) -> Carrier:
    """What carries plans out there: clusters that build and start by themselves have one of their own."""
    made: Callable[..., Carrier] | None = getattr(channel, "carrier", None)
    return Carrier(channel, say, store) if made is None else made(say)


def own_uv() -> str | None:
    """The uv of this machine."""
    beside = os.path.join(os.path.dirname(sys.executable), "uv")
    return beside if os.access(beside, os.X_OK) else shutil.which("uv")


def secrets_of(plan: Plan, environ: Mapping[str, str]) -> dict[str, str]:
    """The values of the plan's secrets, from the caller's environment; raises ShipError for one that is not there."""
    lacking = [name for name in plan.job.secrets if name not in environ]
    if lacking:
        raise ShipError(f"the secret {lacking[0]} is not in the environment; export it, then ship")
    return {name: environ[name] for name in plan.job.secrets}


def clock_offset(channel: Channel) -> tuple[float, float]:
    """How far the host's clock is ahead of ours, and how sure that is: half of the quickest round trip."""
    best: tuple[float, float] | None = None
    for _ in range(CLOCK_ROUNDS):
        sent = time.time_ns()
        there = int(channel.ask("time"))
        back = time.time_ns()
        half = (back - sent) / 2e9
        if best is None or half < best[1]:
            best = ((there - (sent + back) / 2) / 1e9, half)
    assert best is not None
    return best
