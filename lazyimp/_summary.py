"""The line at the first batch: the time to it, its parts, what lazy imports did.

HOT in its imports, loaded at the first batch and only where LAZYIMP_SUMMARY asked for it. A phase that loaded many
modules names the package that they came with.
"""

import os
import sys

LEAST_PART = 0.02  # of the whole; shorter parts are left out
MANY = 50  # modules that a phase loaded; fewer are not worth a word
GOOD_PART = 0.1


def say(monotonic_ns, wall_ns, t0, core):
    """Write the line to stderr, at once."""
    os.write(2, (line(*facts(monotonic_ns, wall_ns, t0, core)) + "\n").encode("utf-8", "replace"))


def facts(monotonic_ns, wall_ns, t0, core):
    """(time to first batch in ns, [(part, ns, package)], number of modules, totals of the imports)."""
    from lazyimp import _header, firstbatch

    start = _header.process_start(monotonic_ns)
    began, _ = _header.time_zero(t0, wall_ns, None if start is None else wall_ns - (monotonic_ns - start))
    parts = phases(firstbatch.spans, list(sys.modules))
    recorder = sys.modules.get("lazyimp._recorder")
    totals = recorder.totals() if recorder is not None else {}
    if totals:
        early = [] if start is None else [("interpreter", recorder.backend.record_base() - start, "")]
        parts = [*early, ("imports", totals["wall_ns"] - totals["hidden_wall_ns"], ""), *parts]
    elif core is not None:
        counts = core.counts()
        deferred = counts.get("deferred", 0)
        totals = {"deferred": deferred, "pending": counts.get("pending", deferred - counts.get("reified", 0))}
    return wall_ns - began, parts, len(sys.modules), totals


def phases(spans, names):
    """[(name, ns, package)] of phases that are over, in the order of their first beginnings."""
    found = {}
    for name, _, start_ns, end_ns, before, after in spans:
        took, package = found.get(name, (0, ""))
        found[name] = took + end_ns - start_ns, package or _package(names[before:after])
    return [(name.replace("-", " "), took, package) for name, (took, package) in found.items()]


def _package(names):
    """Of many modules, the first package that a good part of them lies in: it will have asked for the rest."""
    counts = {}
    for name in names:
        key = ".".join(name.split(".")[:2])
        counts[key] = counts.get(key, 0) + 1
    least = max(len(names) * GOOD_PART, 1)
    return next((key for key in counts if counts[key] >= least), "") if len(names) >= MANY else ""


def line(ttfb_ns, parts, modules, totals):
    """The line."""
    seconds = ttfb_ns >= 10**9
    told = [
        f"{name} {_time(took, seconds)}" + (f" [imports {package}]" if package else "")
        for name, took, package in parts
        if took >= LEAST_PART * ttfb_ns
    ]
    counts = [f"{modules:,} modules"]
    if totals.get("deferred"):
        counts += [f"{totals['deferred']:,} deferred", f"{totals['pending']:,} not used yet"]
    inside = f"  ({' · '.join(told)})" if told else ""
    unit = "s" if seconds else "ms"
    return f"lazyimp: TTFB {_time(ttfb_ns, seconds)} {unit}{inside}  {', '.join(counts)}"


def _time(ns, seconds):
    return f"{ns / 1e9:,.2f}" if seconds else f"{ns / 1e6:,.1f}"
