"""The HTML report without a browser: size, safety, the same bytes each time, and that its data is the profile's."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import zlib
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path

import profiles
import pytest

import lazyimp
from lazyimp.profile import Node, Process, Profile
from lazyimp.reports.html import render

PAGE = Path(lazyimp.__file__).parent / "reports" / "html" / "page"
EVIL = "</script><img src=x onerror=alert(1)><style>*{color:red}</style>'\"&amp;{{x}}$verdict"


class Elements(HTMLParser):
    """The elements of a page with their attributes, and the texts of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.inside = tag if tag in self.raw else ""
        if self.inside:
            self.raw[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.raw[self.inside][-1] += data


def data_of(page: str) -> dict:
    """What the page carries."""
    form, text = re.search(r'id="data" data-form="(\w+)">(.*?)</script>', page, re.S).groups()
    return json.loads(text if form == "json" else zlib.decompress(base64.b64decode(text)))


def unpacked(data: dict, index: int = 0) -> list[dict]:
    """The nodes again, by the rules in the docstring of columns.py."""
    texts, packed = data["texts"], data["profiles"][index]["nodes"]
    nodes: list[dict] = []
    chain: list[int] = []
    base = 0
    for row, up in enumerate(packed["up"], 1):
        chain = [row + up] if up < 0 else chain[: len(chain) - up]
        parent = chain[-1] if chain else 0
        chain = [*chain, row]
        code = packed["base"][row - 1]
        own = {0: 0, 1: base, 2: parent, 3: nodes[parent - 1]["base"] if parent else 0}.get(
            code, row + 3 - code
        )
        base = own or base
        leaf, file = packed["leaf"][row - 1], packed["file"][row - 1]
        name = f"{nodes[own - 1]['name']}.{leaf}" if own else leaf
        package = packed["package"][row - 1]
        nodes.append(
            {
                "parent": parent,
                "base": own,
                "name": name,
                "package": texts[package - 1] if package else name.partition(".")[0],
                "origin": texts[packed["origin"][row - 1]].replace("\x01", name.replace(".", "/")),
                "file": texts[file - 1] if file else nodes[parent - 1]["origin"],
                **{key: texts[packed[key][row - 1]] for key in ("error", "use", "phase", "function")},
                **{key: packed[key][row - 1] for key in ("process", "thread", "major_faults")},
                **{key: bool(packed[key][row - 1]) for key in ("hidden", "before_batch")},
                "read_bytes": packed["read"][row - 1] * 512,
            }
        )
    add_numbers(nodes, packed)
    return nodes


def add_numbers(nodes: list[dict], packed: dict) -> None:
    """Lines, memory and times, of which a node's own follow from its children's."""
    wall, rss, inside, cpu = (
        [0, *packed["tail"]],
        [0, *packed["rss"]],
        [0] * (len(nodes) + 1),
        [0] * (len(nodes) + 1),
    )
    for row in range(len(nodes), 0, -1):
        node, up = nodes[row - 1], nodes[row - 1]["parent"]
        own = wall[row] - inside[row] + packed["odd_self"][row - 1]
        cpu[row] += own - packed["wait"][row - 1] + packed["odd_cpu"][row - 1]
        node.update(self_wall_s=own / 1e5, self_cpu_s=(own - packed["wait"][row - 1]) / 1e5)
        node.update(wall_s=wall[row] / 1e5, cpu_s=cpu[row] / 1e5, rss_bytes=rss[row] * 65536)
        wall[up] += packed["gap"][row - 1] + wall[row]
        inside[up] += wall[row]
        cpu[up] += cpu[row]
        rss[up] += rss[row]
    edge, line = [0] * (len(nodes) + 1), [0] * (len(nodes) + 1)
    for row, node in enumerate(nodes, 1):
        up = node["parent"]
        start = edge[up] + packed["gap"][row - 1]
        edge[row], edge[up] = start, start + wall[row] if up else start
        line[up] += packed["line"][row - 1]
        node.update(start_s=start / 1e5, line=line[up])


def check_nodes(profile: Profile) -> None:
    """What the page carries is the profile, but for the rounding that the docstring tells."""
    sorted_nodes = sorted(profile.nodes, key=lambda node: node.id)
    rows = {node.id: row for row, node in enumerate(sorted_nodes, 1)}
    found = unpacked(data_of(render(profile)))
    assert len(found) == len(sorted_nodes)
    for node, got in zip(sorted_nodes, found, strict=True):
        want = asdict(node)
        assert got["parent"] == rows.get(want["parent"], 0)
        for key in (
            "name",
            "package",
            "origin",
            "file",
            "line",
            "error",
            "use",
            "phase",
            "function",
            "process",
            "thread",
        ):
            assert got[key] == want[key], (node, key)
        for key in ("major_faults", "hidden", "before_batch"):
            assert got[key] == want[key], (node, key)
        for key in ("start_s", "wall_s", "self_wall_s", "cpu_s", "self_cpu_s"):
            assert got[key] == pytest.approx(want[key], abs=1e-3), (node, key)
        assert got["rss_bytes"] == pytest.approx(want["rss_bytes"], abs=32768)
        assert got["read_bytes"] == pytest.approx(want["read_bytes"], abs=256)


def node(number: int, parent: int = 0, **other: object) -> Node:
    """A made-up node."""
    name = f"m{number}"
    values = {"id": number, "parent": parent, "process": 0, "thread": 0, "name": name, "package": name}
    values |= {
        "file": "a.py",
        "line": 1,
        "start_s": 0.01 * number,
        "origin": "",
        "error": "",
        "use": "statement",
    }
    values |= dict.fromkeys(("wall_s", "self_wall_s"), 0.005) | dict.fromkeys(("cpu_s", "self_cpu_s"), 0.004)
    values |= dict.fromkeys(("minor_faults", "major_faults", "read_bytes", "rss_bytes"), 0)
    return Node(**{**values, "hidden": False, "before_batch": True, "phase": "main-imports", **other})


def empty() -> Profile:
    """The profile of a program that imported nothing and never came to a first batch."""
    bare = replace(profiles.small(), batch=None, first_step_excess_s=None, complete=False, environment={})
    rows = dict.fromkeys(
        ("nodes", "packages", "phases", "marks", "deferrals", "files", "findings", "ranks"), ()
    )
    return replace(bare, ttfb_s=0.0, ttfb_cpu_s=0.0, end_s=0.0, end_cpu_s=0.0, counts={}, **rows)


def test_a_report_of_5000_imports_is_smaller_than_200_kilobytes():
    assert len(render(profiles.large(5000)).encode()) < 200_000
    assert len(render(profiles.large(1000)).encode()) < 140_000


def test_the_same_profile_gives_the_same_bytes():
    profile = profiles.large(300)
    nodes = list(profile.nodes)
    random.Random(1).shuffle(nodes)
    assert render(profile) == render(profile) == render(replace(profile, nodes=tuple(nodes)))


@pytest.mark.parametrize("profile", [profiles.small(), profiles.large(1500)], ids=["small", "large"])
def test_the_page_carries_the_profile(profile):
    check_nodes(profile)


def test_the_page_carries_odd_profiles():
    """Threads that interleave, parents that are missing or come later, names like paths, times that do not add up."""
    small = profiles.small()
    nodes = (
        *(node(3), node(5, 3, thread=1, name="a.b", package="a"), node(7, 3, wall_s=0.5, self_wall_s=0.001)),
        node(8, 5, name="a.b.c", package="odd", origin="a/b/c.py", file="x.py", line=9),
        node(9, 7, name="", package="", origin="x"),
        *(
            node(11, 99),
            node(13, 14),
            node(14, 8, error="ImportError", cpu_s=3.0, self_cpu_s=0.2, rss_bytes=-(1 << 20)),
        ),
        node(20, 0, process=1, start_s=-0.02, read_bytes=4096, hidden=True, before_batch=False, line=0),
    )
    check_nodes(replace(small, nodes=tuple(replace(n, parent=0) if n.id == 13 else n for n in nodes)))
    assert (
        unpacked(data_of(render(replace(small, nodes=nodes))))[6]["parent"] == 0
    )  # it would begin before its parent


def test_every_name_is_inert():
    """A module, file, phase or title may be called anything: the page's elements stay the same."""
    small = profiles.small()
    evil = replace(
        small,
        title=EVIL,
        environment={**small.environment, "core": EVIL},
        nodes=tuple(replace(n, name=n.name + EVIL, file=EVIL, origin=EVIL, error=EVIL) for n in small.nodes),
        packages=tuple(replace(p, name=EVIL) for p in small.packages),
        phases=tuple(replace(p, name=EVIL, detail=EVIL) for p in small.phases),
        marks=tuple(replace(m, name=EVIL) for m in small.marks),
        deferrals=tuple(replace(d, target=EVIL, used_file=EVIL, used_by=EVIL) for d in small.deferrals),
        findings=tuple(replace(f, subject=EVIL, how=EVIL, command=EVIL) for f in small.findings),
        processes=tuple(replace(p, main=EVIL) for p in small.processes),
    )
    harmless, page = Elements(render(small)), render(evil)
    assert [tag for tag, _ in Elements(page).found] == [tag for tag, _ in harmless.found]
    assert page.count("</script>") == 2 and "<img" not in page
    assert unpacked(data_of(page))[0]["file"] == EVIL


@pytest.mark.parametrize("name", ["half \udcff", "turn \u202e", "new\nline", "nul \0", "bell \x07", "\x01"])
def test_characters_that_are_not_seen_become_visible(name):
    small = profiles.small()
    page = render(replace(small, title=name, nodes=tuple(replace(n, name=name) for n in small.nodes)))
    page.encode("utf-8")
    assert name not in page
    assert unpacked(data_of(page))[0]["name"] == name.encode("unicode_escape").decode()


def test_the_policy_forbids_all_but_the_pages_own():
    elements = Elements(render(profiles.large(1200)))
    policy = next(
        a["content"] for tag, a in elements.found if a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; ")
    for kind in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(elements.raw[kind][0].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy and "http" not in policy.replace("http-equiv", "")
    scripts = [a for tag, a in elements.found if tag == "script"]
    assert [a.get("type") for a in scripts] == [None, "application/octet-stream"]
    assert not [a for _, a in elements.found if "style" in a or any(key.startswith("on") for key in a)]


def test_the_page_asks_for_nothing_and_makes_elements_of_text_only():
    page = render(profiles.small())
    assert not re.findall(r"https?://|@import|url\(", page)
    for path in sorted(PAGE.glob("*.js")):
        text = path.read_text(encoding="utf-8")
        assert text.startswith("// "), path.name
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|\bfetch\(|new Function", text
        ), path.name
        assert len(text.splitlines()) < 400


def test_two_profiles_share_one_page():
    a, b = profiles.large(400), profiles.large(250)
    page = render(a, b)
    data = data_of(page)
    assert len(data["profiles"]) == 2
    assert [n["name"] for n in unpacked(data, 1)] == [n.name for n in b.nodes]
    assert (
        "B is " in page
        and "A: CPython 3.11.7" in page
        and len(page) < len(render(a)) + len(render(b)) - 80_000
    )


def test_the_headline_is_there_without_scripts():
    page = render(profiles.small())
    assert "Time to first batch" in page and '<span class="value">3.90\N{NO-BREAK SPACE}s</span>' in page
    assert "of it is imports" in page and "CPython 3.11.7" in page
    assert "no first batch was seen" in render(empty())


def test_an_empty_profile_can_be_shown():
    assert data_of(render(empty()))["profiles"][0]["nodes"]["gap"] == []
    assert "The record has no end" in render(empty())
    assert render(empty(), profiles.small())


def colours() -> dict[str, dict[str, str]]:
    """The variables of the light and the dark theme."""
    css = (PAGE / "style.css").read_text(encoding="utf-8")
    blocks = [
        re.search(begin + r" \{(.*?)\}", css, re.S)[1] for begin in (":root", r':root\[data-theme="dark"\]')
    ]
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks)
    return {"light": light, "dark": {**light, **dark}}


def contrast(one: str, other: str) -> float:
    """WCAG's contrast of two colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


INKS = ("ink", "soft", "accent", "hidden", "bad", "good")
TEXTS = [(ink, ground) for ground in ("paper", "panel", "raised", "band") for ink in INKS]
TEXTS += [(ink, "accent-soft") for ink in ("ink", "soft", "accent", "bad", "good")]
TEXTS += [("ink", "line"), ("soft", "line"), ("on-own", "own"), ("on-fill", "stdlib"), ("on-fill", "other")]
TEXTS += [("on-fill", f"fill-{number}") for number in range(7)]
SHAPES = [(name, "paper") for name in ("stdlib", "other", "own", "edge", "hidden", "accent")]
SHAPES += [(f"fill-{number}", "paper") for number in range(7)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_and_shapes_can_be_told_from_their_ground(theme):
    """WCAG AA: 4.5 for text, 3 for shapes."""
    values = colours()[theme]
    weak = [
        (a, b, round(contrast(values[a], values[b]), 2))
        for a, b in TEXTS
        if contrast(values[a], values[b]) < 4.5
    ]
    weak += [
        (a, b, round(contrast(values[a], values[b]), 2))
        for a, b in SHAPES
        if contrast(values[a], values[b]) < 3
    ]
    assert weak == []
