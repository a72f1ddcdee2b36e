"""How reports in words speak of a profile's values: titles of phases, places in files, the environment."""

from __future__ import annotations

from lazyimp.profile import RUNNING, Batch, PhaseRow, Profile

AFTER, IMPORTS = "first-batch", "main-imports"
OWN_CODE = "own code"
BUSY, LEAST_BUSY_S = 2.0, 0.2
CONFIDENCE = {"high": "sure", "medium": "likely", "low": "a guess"}


def phase_title(row: PhaseRow) -> str:
    """The name of a phase; what nobody claimed behind one is its rest, behind the imports the program's own code."""
    if row.claimed:
        return phase_name(row.name)
    return f"  {OWN_CODE if row.name == IMPORTS else 'rest'}"


def phase_name(name: str) -> str:
    """The name of a phase in words."""
    return {"interp": "interpreter", AFTER: "after it"}.get(name) or name.replace("-", " ")


def place(file: str, line: int) -> str:
    """A place in a file."""
    return f"{file}:{line}" if file and line > 0 else file


def asker(file: str, line: int, function: str) -> str:
    """A place, and the function that it is in; of one that is made by others, its own name."""
    where = place(file, line)
    running = ", running" if function.endswith(RUNNING) else ""
    function = function.removesuffix(RUNNING).rpartition(".<locals>.")[2]
    return (f"{where} {function}()" if function not in ("", "<module>") else where) + running


def until(profile: Profile) -> str:
    """What the profile's time counts to."""
    if profile.batch is not None:
        return "first batch"
    return "the end" if profile.complete else "where the record ends"


def environment(profile: Profile) -> str:
    """The program, and what ran it."""
    told = profile.environment
    mode = told.get("mode", "")
    tuned = ", tuned" if "profile" in told else ""
    how = "eager" if mode == "0" else f"mode {mode}, core {told.get('core', '?')}{tuned}" if mode else ""
    rank = (
        f"rank {told['rank']} of {told.get('world_size', '?')}"
        if "rank" in told and not profile.ranks
        else ""
    )
    python = f"Python {told['python']}" if "python" in told else ""
    return " · ".join(filter(None, [profile.title, python, how, rank]))


def batch_rule(batch: Batch) -> str:
    """By which rule the first batch was told, and how sure that is."""
    told = batch.rule if batch.rule.startswith(batch.framework) else f"{batch.framework}: {batch.rule}"
    sure = CONFIDENCE.get(batch.confidence, batch.confidence)
    return f"{told} ({sure})" if sure else told


def busy(profile: Profile) -> str:
    """A warning where imports took much longer by the clock than the processor worked for them."""
    nodes = [node for node in profile.nodes if node.before_batch and not node.parent and not node.process]
    wall, cpu = sum(node.wall_s for node in nodes), sum(node.cpu_s for node in nodes)
    if cpu <= 0 or wall < BUSY * cpu or wall < LEAST_BUSY_S:
        return ""
    return f"imports took {wall / cpu:.1f} times their CPU time: the processor or the disk was busy"


def t0(profile: Profile) -> str:
    """Where the time counts from, where that is not the process's start."""
    source = profile.environment.get("t0_source", "process start")
    return "" if source == "process start" else f"counted from {source}"
