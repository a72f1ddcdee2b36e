"""A Ray cluster as a way to jobs: asks what any host is asked, of the Jobs API and of the job's own files."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from lazyimp.ship.channels import Access, talk
from lazyimp.ship.errors import LostError, ShipError
from lazyimp.ship.following import ENDED
from lazyimp.ship.ray.address import DASHBOARD_PORT, Cluster, headers, parse
from lazyimp.ship.ray.api import LONGEST, Api, Refusal

FOLDER = "lazyimp"  # as in the part that runs there
PIECE = 1 << 18
POLL_S = 0.4
LOOK_S = 4  # between two questions for what Ray itself thinks of a job that runs
SPARE_S = 40  # after a job's grace, until Ray has ended it by force
PENDING_S = 5
MARK = {"lazyimp": "1"}  # metadata of our jobs
OVER = {"SUCCEEDED": "done", "FAILED": "failed", "STOPPED": "cancelled"}
NODE = re.compile(r"[0-9a-f]{8,128}")


def connect(destination: str, access: Access) -> Ray:
    """Go to the cluster's dashboard; raises ShipError where none answers."""
    cluster = parse(destination)
    api = Api(cluster.url, headers(os.environ))
    try:
        version = api.json("GET", "/api/version")
    except LostError:
        if not cluster.client_port:
            raise
        raise LostError(
            f"{cluster.client_port} is Ray's port for clients; jobs go to the cluster's dashboard, and at "
            f"{cluster.url} none answers. Name it as ray+http://host:port (`ray start` prints it), or add "
            f"?dashboard=PORT; ssh -L {DASHBOARD_PORT}:localhost:{DASHBOARD_PORT} leads to a closed one"
        ) from None
    if not isinstance(version, dict) or not isinstance(version.get("ray_version"), str):
        raise ShipError(f"{cluster.url} is no dashboard of Ray: it tells no ray_version")
    return Ray(cluster, api, talk.printable(version["ray_version"])[:40])


class Ray:
    """One cluster."""

    scheduler = "Ray"  # chooses the node

    def __init__(self, cluster: Cluster, api: Api, version: str) -> None:
        self.cluster, self.api, self.version = cluster, api, version
        self.wants_gpus = bool(cluster.asks.get("gpus"))
        self.nodes: dict[str, str] = {}  # job -> the node its files are on
        self.sizes: dict[str, int] = {}  # of files that were listed
        self.looked: dict[str, tuple[float, dict[str, Any]]] = {}

    def carrier(self, *words: Any) -> Any:
        """What carries plans out here."""
        from lazyimp.ship.ray.carrying import RayCarrier

        return RayCarrier(self, *words)

    def ask(self, command: str, /, **wish: Any) -> Any:
        """What a host part would answer."""
        asked: Callable[..., Any] | None = getattr(self, f"_{command}", None)
        if asked is None:
            raise ShipError(f"a Ray cluster cannot be asked to {command!r}")
        return asked(**wish)

    def put(self, path: str, place: str, offset: int) -> None:
        """Nothing is put but packages."""
        raise ShipError("a Ray cluster takes packages only")

    def get(self, place: str, path: str, size_bytes: int) -> None:
        """Copy a file of a job from the node it ran on, and no more of it than its list says."""
        node, _, name = place.partition("/")
        with open(path, "wb") as file:
            if self.api.file(node, name, file.write, min(size_bytes, self.sizes.get(place, 0))) is None:
                raise ShipError(f"the cluster has {name!r} no more")

    def close(self) -> None:
        """Nothing is open."""

    def submit(self, request: dict[str, Any]) -> None:
        """Hand a job to Ray."""
        try:
            self.api.json("POST", "/api/jobs/", request)
        except Refusal as refusal:
            if "already exists" in refusal.text:
                raise ShipError(
                    f"job {request['submission_id']!r} is there already; attach to it, or take another name"
                ) from None
            raise ShipError(f"Ray does not take the job: {refusal.text}") from None

    def info(self, job: str) -> dict[str, Any]:
        """What Ray itself says of a job."""
        try:
            value = self.api.json("GET", f"/api/jobs/{quote(job, safe='')}")
        except Refusal as refusal:
            if refusal.status == 404:
                raise ShipError(f"there is no job {job!r} on this cluster") from None
            raise
        return self._checked(value)

    def _checked(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or not isinstance(value.get("status"), str):
            raise ShipError(
                f"{self.cluster.url} tells of a job what makes no sense; is that a Ray dashboard?"
            )
        return value

    def _state(self, id: str) -> dict[str, Any]:
        return self._told(id, self.info(id))

    def _told(self, job: str, info: dict[str, Any]) -> dict[str, Any]:
        """A job's state: its own word where there is one, Ray's where it never began or was cut off.

        `info` is older than what the job says of itself now, so an end that Ray knows of is in the job's file, too.
        """
        self.looked[job] = (time.monotonic(), info)
        node = info.get("driver_node_id")
        if isinstance(node, str) and NODE.fullmatch(node):
            self.nodes[job] = node
        state: dict[str, Any] = {"id": job, "ray": self.version, "sizes": {"out": 0, "err": 0}}
        for name, key in (("asked_ns", "start_time"), ("ended_ns", "end_time")):
            if isinstance(info.get(key), int):
                state[name] = info[key] * 1_000_000
        own = self._own(job)
        if own is not None:
            state.update({name: value for name, value in own.items() if name not in ("id", "asked_ns")})
        status, message = info["status"], talk.printable(str(info.get("message") or ""))[-2000:]
        if own is not None and own["state"] in ENDED:
            return state
        if status in OVER:
            state.update(state=OVER[status], why=f"Ray says {status}: {_plain(message)}")
            if status == "FAILED" and own is not None and own["state"] == "running":
                state["state"] = "lost"
            state["status"] = _status(status, info, message) if state["state"] != "lost" else None
        elif own is None:
            state["state"] = "queued" if status == "PENDING" else "starting"
            if status == "PENDING" and message:
                state["why"] = f"Ray: {_plain(message)}"
        return state

    def _own(self, job: str) -> dict[str, Any] | None:
        """What the job itself says of its state."""
        value = self._json_file(job, "now.json")
        if value is None:
            return None
        sizes = value.get("sizes") if isinstance(value, dict) else None
        if (
            not isinstance(sizes, dict)
            or not isinstance(value.get("state", ""), str)
            or not all(type(sizes.get(each)) is int and sizes[each] >= 0 for each in ("out", "err"))
            or not all(
                type(each) is int
                for name, each in value.items()
                if name.endswith("_ns") and name != "built_ns"
            )
        ):
            raise ShipError("the job's own state makes no sense; something else wrote it")
        return {"state": "starting", **value}

    def _json_file(self, job: str, name: str) -> Any:
        found = self._file(job, name, LONGEST)
        if not found:
            return None
        try:
            return json.loads(found)
        except (ValueError, RecursionError):
            raise ShipError(f"the job's file {name!r} is no JSON; something else wrote it") from None

    def _file(self, job: str, name: str, most: int) -> bytes | None:
        if job not in self.nodes:
            return None
        found = io.BytesIO()
        path = f"{FOLDER}/{job}/{name}"
        return None if self.api.file(self.nodes[job], path, found.write, most) is None else found.getvalue()

    def _wait(
        self, id: str, within_s: float, sizes: dict[str, int] | None = None, ended: bool = False
    ) -> dict[str, Any]:
        end = time.monotonic() + within_s
        while True:
            at, info = self.looked.get(id, (0.0, {}))
            runs = info.get("status") == "RUNNING" and id in self.nodes
            if not runs or time.monotonic() - at > LOOK_S:
                info = self.info(id)
                state = self._told(id, info)
            else:
                state = self._told(id, info)
                self.looked[id] = (at, info)
            grown = not ended and sizes is not None and state["sizes"] != sizes
            if state["state"] in ENDED or grown or time.monotonic() >= end:
                return state
            time.sleep(min(POLL_S, max(end - time.monotonic(), 0.05)))

    def _read(self, id: str, stream: str, offset: int, most: int) -> dict[str, str]:
        number, used = divmod(offset, PIECE)
        found = self._file(id, f"{stream}.{number}", PIECE) or b""
        return {"data": base64.b64encode(found[used : used + most]).decode()}

    def _cancel(self, id: str, grace_s: float) -> dict[str, Any]:
        state = self._state(id)
        if state["state"] in ENDED:
            return state
        self.api.json("POST", f"/api/jobs/{quote(id, safe='')}/stop")
        self.looked.pop(id, None)
        began = id in self.nodes
        state = self._wait(id, grace_s + SPARE_S if began else PENDING_S, ended=True)
        if state["state"] == "queued":
            state["why"] = "Ray ends a job that waits only when its turn comes, or gives up; it was asked to"
        return state

    def _list(self) -> list[dict[str, Any]]:
        """Our jobs, the newest first."""
        rows = self.api.json("GET", "/api/jobs/")
        if not isinstance(rows, list):
            raise ShipError(f"{self.cluster.url} lists no jobs; is that a Ray dashboard?")
        found = []
        for row in map(self._checked, rows):
            job, metadata = row.get("submission_id"), row.get("metadata")
            if isinstance(job, str) and isinstance(metadata, dict) and metadata.get("lazyimp"):
                found.append(self._told(job, row))
        return sorted(found, key=lambda each: (-each.get("asked_ns", 0), each["id"]))

    def _cut(self, path: str, piece: int) -> list[Any]:
        """No store: nobody on a node listens once a job has ended."""
        raise ShipError("a Ray job's files come back over the dashboard's port; get them without --store")

    def _outputs(self, id: str) -> list[Any]:
        return self._listed(id, "outputs")

    def _records(self, id: str) -> list[Any]:
        return self._listed(id, "records")

    def _listed(self, job: str, which: str) -> list[Any]:
        """[name, size, sha256, place] of a job's files; its names are checked by whoever writes them."""
        self._state(job)
        rows = self._json_file(job, f"{which}.json")
        if rows is None and which == "outputs":
            raise ShipError(
                f"job {job!r} has left no list of outputs: it runs still, never began, or was cut off"
            )
        found = []
        for row in rows or []:
            if not isinstance(row, list) or len(row) != 4 or type(row[1]) is not int:
                raise ShipError("the cluster's list of files makes no sense; something else wrote it")
            place = f"{self.nodes[job]}/{row[3]}" if row[3] else ""
            self.sizes[place] = row[1]
            found.append([*row[:3], place])
        return found

    def _sweep(self, older_s: float) -> list[str]:
        """Have Ray forget old jobs; their files go with a later job on the same node, or with the session."""
        gone = []
        for state in self._list():
            if state["state"] in ENDED and time.time() - state.get("ended_ns", 0) / 1e9 > older_s:
                self.api.json("DELETE", f"/api/jobs/{quote(state['id'], safe='')}")
                gone.append(f"jobs/{state['id']}")
        return gone


def _plain(message: str) -> str:
    """A message of Ray's: the last lines, which hold the reason, on one line."""
    return "; ".join(line.strip() for line in message.splitlines()[-6:] if line.strip())[-900:]


def _status(status: str, info: dict[str, Any], message: str) -> int | None:
    """A job's exit status as Ray knows it: as a number, or in its message."""
    if status == "SUCCEEDED":
        return 0
    if isinstance(info.get("driver_exit_code"), int):
        return int(info["driver_exit_code"])
    found = re.search(r"exit code (-?\d{1,3})\b", message)
    return int(found[1]) if found else None
