"""Builds records in tests as if a clock ran: what is loaded, deferred, used and marked moves it on."""

from __future__ import annotations

from lazyimp import record as r

MS = 1_000_000
HOME = "/home/ann"
CWD = f"{HOME}/project"
SITE = f"{HOME}/venv/lib/python3.11/site-packages"
STDLIB = "/usr/lib/python3.11"
TRAIN, LOADING = f"{CWD}/train.py", f"{CWD}/loading.py"
FAILS, FIRST_USE = {"how": r.FAILED}, {"use": r.FIRST_USE}


def make_header(pid: int, ppid: int, start_ms: int) -> dict[str, object]:
    """The header of a process that started `start_ms` before it was recorded."""
    return {
        "format": r.FORMAT,
        "version": r.VERSION,
        "lazyimp": "0.3.0",
        "pid": pid,
        "ppid": ppid,
        "forked": False,
        "python": "3.11.7",
        "implementation": "cpython",
        "platform": "linux-x86_64",
        "executable": f"{HOME}/venv/bin/python",
        "prefix": f"{HOME}/venv",
        "base_prefix": "/usr",
        "stdlib": [STDLIB, f"{STDLIB}/lib-dynload"],
        "core": "c",
        "mode": "deep",
        "main": {"kind": "script", "name": "train.py"},
        "cwd": CWD,
        "mono_ns": 5_000_000_000,
        "unix_ns": 1_800_000_000_000_000_000,
        "cpu_ns": 40 * MS,
        "start_mono_ns": 5_000_000_000 - start_ms * MS,
        "t0_unix_ns": 1_800_000_000_000_000_000 - start_ms * MS,
        "t0_source": "process start",
        "rank": None,
        "local_rank": None,
        "world_size": None,
        "before": ["sys", "builtins", "os", "site"],
    }


class Writer:
    """Builds one process's record as if a clock ran: `load` and `work` move it on."""

    def __init__(self, pid: int = 4242, ppid: int = 1, start_ms: int = 60, **header: object) -> None:
        self.now = 0
        self.cpu = 40 * MS
        self.minor, self.major, self.read, self.rss = 900, 0, 0, 30 << 20
        self.thread = 0
        self.stack: list[int] = []
        self.count = 0
        self.imports: list[r.Import] = []
        self.deferrals: list[r.Deferral] = []
        self.opened: list[r.Opened] = []
        self.phases: list[r.Phase] = []
        self.marks: list[r.Mark] = []
        self.batch: r.FirstBatch | None = None
        self.header = {**make_header(pid, ppid, start_ms), **header}

    def work(self, wall_ms: float, cpu_ms: float | None = None) -> None:
        """Time in which nothing is recorded passes."""
        self.now += round(wall_ms * MS)
        self.cpu += round((wall_ms if cpu_ms is None else cpu_ms) * MS)

    def counters(self) -> r.Counters:
        """What the process has come to."""
        loaded = sum(each.how == r.LOADED for each in self.imports)
        return r.Counters(self.cpu, self.minor, self.major, self.read, self.rss, 50 + loaded)

    def load(
        self,
        name: str,
        where: str,
        ms: float,
        *inside: tuple,
        how: int = r.LOADED,
        error: str = "",
        use: int = r.STATEMENT,
        function: str = "",
        disk: bool = False,
    ) -> None:
        """An import of `name` at `where` ("file:line") that takes `ms` by itself; `inside` is loaded within it.

        What is inside is given like the arguments of this function, the named ones as a dict at the end.
        """
        self.count += 1
        number, start = self.count, self.now
        before = (self.cpu, self.minor, self.major, self.read, self.rss)
        parent = self.stack[-1] if self.stack else 0
        self.stack.append(number)
        self.work(ms * 0.6, ms * (0.2 if disk else 0.5))
        self.minor, self.rss = self.minor + round(ms * 30), self.rss + round(ms * 50_000)
        if disk:
            self.major, self.read = self.major + 1 + round(ms) // 20, self.read + round(ms * 40_960)
        self.load_all(inside)
        self.work(ms * 0.4, ms * (0.1 if disk else 0.3))
        self.stack.pop()
        now = (self.cpu, self.minor, self.major, self.read, self.rss)
        took = [after - earlier for after, earlier in zip(now, before, strict=True)]
        file, _, line = where.rpartition(":")
        origin = "" if how == r.FAILED else origin_of(name, bool(inside))
        error = error or ("ModuleNotFoundError" if how == r.FAILED else "")
        asked = (number, parent, self.thread, name, file, int(line))
        self.imports.append(
            r.Import(*asked, start, self.now - start, *took, origin, how, error, use, function)
        )

    def load_all(self, loads: tuple) -> None:
        """Load each of them."""
        for each in loads:
            if isinstance(each[-1], dict):
                self.load(*each[:-1], **each[-1])
            else:
                self.load(*each)

    def defer(
        self, module: str, bound: str, target: str, where: str, attribute: str = "", kind: int = 0
    ) -> int:
        """A statement of `module` leaves `bound` for later; gives the deferral's number."""
        file, _, line = where.rpartition(":")
        number = len(self.deferrals) + 1
        self.deferrals.append(
            r.Deferral(number, module, bound, target, attribute, file, int(line), kind, self.now)
        )
        return number

    def use(self, number: int, where: str, function: str, *loads: tuple, error: str = "") -> None:
        """The first use of a deferral, and what it loads."""
        at = self.now
        self.load_all(loads)
        file, _, line = where.rpartition(":")
        use = r.Use(file, int(line), function, at, self.now - at, error)
        self.deferrals[number - 1] = self.deferrals[number - 1]._replace(use=use)

    def mark(self, name: str) -> None:
        """A named instant."""
        self.marks.append(r.Mark(name, self.now, self.counters()))

    def moment(self) -> tuple[int, int, int, int]:
        """Now, for `phase`."""
        return self.now, self.cpu, self.minor, self.major

    def phase(self, name: str, began: tuple[int, int, int, int], detail: str = "") -> None:
        """A phase that began at that moment ends."""
        now = self.moment()
        took = [after - before for after, before in zip(now, began, strict=True)]
        self.phases.append(r.Phase(name, began[0], *took, detail))

    def open(self, path: str, writes: bool = False) -> None:
        """A file is opened."""
        self.opened.append(r.Opened(path, self.now, self.stack[-1] if self.stack else 0, writes))

    def first_batch(self, rule: str, framework: str, confidence: str = "high") -> None:
        """The first batch comes."""
        self.batch = r.FirstBatch(rule, confidence, self.now, self.counters(), framework)

    def record(self, *children: r.Record, ends: bool = True, **more: object) -> r.Record:
        """The record so far."""
        counters = self.counters()
        end = r.End(self.now, round(self.cpu * 0.8), round(self.cpu * 0.2), counters, "") if ends else None
        return r.Record(
            "run.jsonl",
            self.header,
            tuple(sorted(self.imports, key=lambda each: each.id)),
            tuple(self.deferrals),
            tuple(self.opened),
            phases=tuple(self.phases),
            marks=tuple(self.marks),
            first_batch=self.batch,
            end=end,
            children=children,
            **more,
        )


def origin_of(name: str, is_package: bool) -> str:
    """Where a made-up module lies."""
    top = name.partition(".")[0]
    home = STDLIB if top in ("argparse", "gettext", "json", "decimal", "csv", "queue") else SITE
    if top in ("loading", "model"):
        home, is_package = CWD, False
    if name in ("_json", "_decimal"):
        return "built-in"
    return f"{home}/{name.replace('.', '/')}" + ("/__init__.py" if is_package else ".py")
