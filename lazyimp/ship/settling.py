"""Settles a plan for one host: accelerator, resources, conda and containers are looked at before anything travels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from lazyimp.manifest.values import Undecided
from lazyimp.ship.amounts import shown
from lazyimp.ship.channels import Channel
from lazyimp.ship.channels.talk import printable
from lazyimp.ship.planning import named
from lazyimp.ship.values import EnvironmentWish, Lack, Plan, Resources

OPEN = ("auto", "cuda")  # accelerators that only the host can decide


def settled(plan: Plan, channel: Channel) -> Plan:
    """The plan as it is for the host at the end of `channel`: the same where nothing depends on it.

    A channel whose jobs run on nodes that something else chooses names that as its `scheduler`, and says with
    `wants_gpus` whether jobs get GPUs there that the destination asks for.
    """
    plan = _plain_accelerator(plan)
    scheduler = getattr(channel, "scheduler", "")
    if scheduler:
        return _unasked(
            plan, scheduler, bool(plan.job.resources.gpus) or getattr(channel, "wants_gpus", False)
        )
    wanted = _wanted(plan)
    if not wanted and plan.job.resources == Resources():
        return plan
    facts: dict[str, Any] = channel.ask("facts", wanted=wanted)
    plan = _accelerated(plan, facts)
    refused = [*_resources(plan.job.resources, facts), *_tools(plan, facts)]
    return replace(plan, refused=(*plan.refused, *refused))


def _wanted(plan: Plan) -> list[str]:
    """What the host has to be asked for, beside processors and memory, which it knows at once."""
    wish = plan.environment
    asked = {
        "gpus": bool(plan.job.resources.gpus) or (wish is not None and wish.accelerator in OPEN),
        "conda": wish is not None and bool(wish.conda),
        "engine": bool(plan.job.image),
    }
    return [name for name, is_asked in asked.items() if is_asked]


def _plain_accelerator(plan: Plan) -> Plan:
    """One that was named: the installer gets it as it is."""
    wish = plan.environment
    if wish is None or not wish.accelerator or wish.accelerator in OPEN:
        return plan
    return replace(plan, environment=_built_for(wish, wish.accelerator))


def _built_for(wish: EnvironmentWish, accelerator: str, driver: str = "") -> EnvironmentWish:
    """The environment for one accelerator ("index": whatever the host's index has): exact where that was recorded."""
    if accelerator == wish.exact_for:
        wish, left = _exact(wish)
    else:
        wish, left = replace(wish, exact_wheels=()), True
    words = () if accelerator == "index" or not left else ("--torch-backend", accelerator)
    wish = replace(wish, accelerator="", arguments=words)
    return named(replace(wish, platform=f"{wish.platform} driver {driver}" if driver else wish.platform))


def _exact(wish: EnvironmentWish) -> tuple[EnvironmentWish, bool]:
    """What was recorded and nothing else: wheels that are at hand, the rest by lines; whether there is such a rest."""
    here = {parse_wheel_filename(each.name)[0] for each in wish.exact_wheels}
    lines = [
        each
        for each in wish.accelerated.splitlines()
        if canonicalize_name(Requirement(each).name) not in here
    ]
    made = replace(
        wish,
        requirements="".join(f"{each}\n" for each in sorted([*wish.requirements.splitlines(), *lines])),
        accelerated="",
        require_hashes=wish.require_hashes and not lines,
        wheels=tuple(sorted([*wish.wheels, *wish.exact_wheels], key=lambda each: each.name)),
        exact_wheels=(),
    )
    return made, bool(lines)


def _unasked(plan: Plan, scheduler: str, wants_gpus: bool) -> Plan:
    """Nodes cannot be asked before one is chosen, and their scheduler knows what they have."""
    wish = plan.environment
    if plan.job.image:
        why = f"{scheduler} chooses a node later, and nobody knows whether that has a container engine"
        way_out = "start the container in the command, or use another destination"
        return replace(
            plan, refused=(*plan.refused, Undecided(f"image {plan.job.image}", why, way_out, True))
        )
    if wish is None or wish.accelerator not in OPEN:
        return plan
    why = f"{scheduler} chooses a node later, so that none can be asked"
    if wish.accelerator == "cuda" or wants_gpus:
        way_out = "name the build, such as --accelerator cu126"
        refused = Undecided(f"accelerator {wish.accelerator}", why, way_out, True)
        return replace(plan, refused=(*plan.refused, refused))
    note = f"accelerator cpu: {why}; --accelerator cu126 names another"
    return replace(plan, environment=_built_for(wish, "cpu"), notes=(*plan.notes, note))


def _accelerated(plan: Plan, facts: dict[str, Any]) -> Plan:
    """cpu, or the build that fits the host's driver; the driver is part of the environment's name."""
    wish = plan.environment
    if wish is None or wish.accelerator not in OPEN:
        return plan
    found, driver = facts["gpus"], printable(facts["driver"])
    names = sorted({printable(each["name"]) for each in found})
    why = (
        f"{len(found)} x {', '.join(names)}, driver {driver}" if found else "the host has no GPU of NVIDIA's"
    )
    why += f" ({printable(facts['gpu_trouble'])})" if facts["gpu_trouble"] else ""
    if not found and wish.accelerator == "cuda":
        refused = Undecided("accelerator cuda", why, "use another host, or --accelerator cpu", True)
        return replace(plan, refused=(*plan.refused, refused))
    word = "auto" if found else "cpu"  # uv's auto takes the newest CUDA that the driver can do
    chosen = _built_for(wish, word, driver if found else "")
    note = f"accelerator {'cuda' if found else 'cpu'}: {why}"
    return replace(plan, environment=chosen, notes=(*plan.notes, note))


def unfit(plan: Plan, lack: Lack) -> tuple[Undecided, ...]:
    """What was compiled for another kind of machine than the host's."""
    wish = plan.environment
    made_for = wish.platform.split(" ")[1:3] if wish is not None else []
    there = [printable(lack.machine), {"darwin": "macos"}.get(lack.system, printable(lack.system))]
    if wish is None or len(made_for) < 2 or made_for == there:
        return ()
    bound = [each.name for each in wish.wheels if not each.name.endswith("-any.whl")]
    bound += [part.name for part in plan.parts if part.tags]
    way_out = "`lazyimp manifest --system {1} --architecture {0} -o FILE`, and ship with --manifest FILE"
    why = f"made for {' '.join(made_for)}, and the host is {' '.join(there)}"
    return tuple(Undecided(each, why, way_out.format(*there), True) for each in bound)


def _resources(wish: Resources, facts: dict[str, Any]) -> list[Undecided]:
    """What the host cannot give, before anything is sent; which GPUs are free is asked when the job starts."""
    found = []
    if wish.gpus > len(facts["gpus"]):
        trouble = f" ({printable(facts['gpu_trouble'])})" if facts["gpu_trouble"] else ""
        found.append((gpus(wish.gpus), f"the host has {len(facts['gpus'])}{trouble}"))
    if wish.cpus > facts["cpus"]:
        found.append((f"{wish.cpus:g} processors", f"{facts['cpus']:g} may be used there"))
    if 0 < facts["memory_bytes"] < wish.memory_bytes:
        found.append(
            (f"{shown(wish.memory_bytes)} of memory", f"{shown(facts['memory_bytes'])} may be used there")
        )
    return [Undecided(what, why, "ask for less, or use another host", True) for what, why in found]


def gpus(count: int) -> str:
    """So many GPUs, in words."""
    return f"{count} GPU" if count == 1 else f"{count} GPUs"


def _tools(plan: Plan, facts: dict[str, Any]) -> list[Undecided]:
    """conda and container engines that a plan needs and the host lacks."""
    found = []
    if plan.environment is not None and plan.environment.conda and facts["conda"] is None:
        lines = plan.environment.conda.partition("dependencies:")[2].split("\n  - ")
        found.append(
            Undecided(
                f"what conda installed here ({len(lines) - 2} distributions)",
                "the host has no conda, mamba or micromamba",
                "install one there (micromamba is a single file), or install it with pip here and record again",
                True,
            )
        )
    if plan.job.image and facts["engine"] is None:
        why = "no docker or podman answers on the host"
        found.append(Undecided(f"image {plan.job.image}", why, "start one, or use an environment", True))
    return found
