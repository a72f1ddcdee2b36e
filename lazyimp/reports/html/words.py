"""The sentences at the top of the HTML report: what the figures of a Profile say."""

from __future__ import annotations

from lazyimp.profile import Profile
from lazyimp.reports.html.columns import visible

MINUS, ARROW, NB = "\N{MINUS SIGN}", "\N{RIGHTWARDS ARROW}", "\N{NO-BREAK SPACE}"


def headline(profile: Profile, other: Profile | None = None) -> dict[str, str]:
    """The page's title, its figure with label, the verdict and the lines about the environment, as plain texts."""
    if other is None:
        label = "Time to first batch" if profile.batch else "Time to the end; no first batch was seen"
        figure, verdict, name = seconds(profile.ttfb_s), verdict_of(profile), visible(profile.title)
        about = [environment(profile)]
    else:
        both = profile.batch and other.batch
        label = "Time to first batch, A and B" if both else "Time to the first batch or the end, A and B"
        figure, verdict = (
            f"{seconds(profile.ttfb_s)} {ARROW} {seconds(other.ttfb_s)}",
            change_of(profile, other),
        )
        name = f" {ARROW} ".join(dict.fromkeys(visible(each.title) for each in (profile, other)))
        about = [f"A: {environment(profile)}", f"B: {environment(other)}"]
    title = f"{figure}, {name}: lazyimp"
    texts = {"name": name, "title": title, "label": label, "figure": figure, "verdict": verdict}
    return {**texts, "environment": "\n".join(about)}


def verdict_of(profile: Profile) -> str:
    """What the time to the first batch was spent on, in a sentence or two."""
    imports_s, hidden_s = import_times(profile)
    sentences = [f"{percent(imports_s, profile.ttfb_s)} of it is imports, {seconds(imports_s)}"]
    if hidden_s > 0.02 * profile.ttfb_s:
        sentences.append(
            f"{seconds(hidden_s)} of that is hidden: no import statement of the program shows it"
        )
    deferred, never = (profile.counts.get(name, 0) for name in ("deferred", "never"))
    if never:
        sentences.append(f"{never:,} of {counted(deferred, 'deferred import')} were never used")
    if profile.findings:
        best = max(profile.findings, key=lambda each: each.saves_s)
        sentences += (
            [f"Most to save: {visible(best.subject)}, up to {seconds(best.saves_s)}"] if best.saves_s else []
        )
    if profile.exception:
        sentences.append(f"The program ended with {visible(profile.exception)}")
    if not profile.complete:
        sentences.append("The record has no end: the program crashed, was killed or is still running")
    return " ".join(f"{each}." for each in sentences)


def change_of(before: Profile, after: Profile) -> str:
    """How two runs differ, signed."""
    change, cpu = after.ttfb_s - before.ttfb_s, after.ttfb_cpu_s - before.ttfb_cpu_s
    modules = after.counts.get("modules", 0) - before.counts.get("modules", 0)
    share = f" ({sign(change)}{percent(abs(change), before.ttfb_s)})" if before.ttfb_s else ""
    return (
        f"B is {seconds(abs(change))} {'slower' if change > 0 else 'faster'}{share}:"
        f" {sign(cpu)}{seconds(abs(cpu))} of processor time, {sign(modules)}{counted(abs(modules), 'module')}."
        " Two single runs also differ by chance; lazyimp ttfb -n 5 repeats them."
    )


def import_times(profile: Profile) -> tuple[float, float]:
    """Seconds in imports, and in hidden ones, before the first batch in the main thread."""
    ids = {node.id: node for node in profile.nodes}
    nodes = [
        n for n in profile.nodes if not n.process and not n.thread and (n.before_batch or not profile.batch)
    ]
    hidden = [n for n in nodes if n.hidden and not (n.parent in ids and ids[n.parent].hidden)]
    return sum(node.wall_s for node in nodes if node.parent not in ids), sum(node.wall_s for node in hidden)


def environment(profile: Profile) -> str:
    """One line: interpreter, platform, mode, where the time counts from, and what else is known by its name."""
    values = {visible(key): visible(value) for key, value in profile.environment.items()}
    python = " ".join(filter(None, (values.pop("implementation", ""), values.pop("python", ""))))
    mode = values.pop("mode", "")
    known = [
        python.replace("cpython", "CPython"),
        values.pop("platform", ""),
        _named(values, "cpus", "{} CPUs"),
        "eager" if mode == "0" else f"mode {mode}" if mode else "",
        _named(values, "profile", "{}"),
        _named(values, "core", "core {}"),
        _named(values, "lazyimp", "lazyimp {}"),
        _named(values, "rank", "rank {}") + _named(values, "world_size", " of {}"),
        _named(values, "t0_source", "time from {}"),
    ]
    rest = [f"{key} {value}" for key, value in sorted(values.items())]
    return " \N{MIDDLE DOT} ".join(filter(None, [*known, *rest]))


def _named(values: dict[str, str], key: str, form: str) -> str:
    """The value in its words, taken out; nothing where there is none."""
    value = values.pop(key, "")
    return form.format(value) if value else ""


def seconds(value: float) -> str:
    """A time with its unit, three figures or more."""
    if value >= 119.5:
        return f"{round(value) // 60}{NB}min{NB}{round(value) % 60}{NB}s"
    if value >= 0.9995:
        return f"{value:.2f}{NB}s"
    return f"{value * 1000:.0f}{NB}ms" if value >= 0.00995 or not value else f"{value * 1000:.2f}{NB}ms"


def percent(part: float, whole: float) -> str:
    """A share of the whole."""
    return f"{100 * part / whole:.0f}{NB}%" if whole else f"0{NB}%"


def counted(number: int, word: str) -> str:
    """`1 module`, `1,204 modules`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def sign(value: float) -> str:
    """The sign that a change is written with."""
    return MINUS if value < 0 else "+"
