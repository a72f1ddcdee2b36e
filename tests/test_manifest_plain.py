"""What manifests read for themselves, to load less, comes to the same as what the libraries for it say."""

import itertools
import os
import random
from dataclasses import replace

import packaging
import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.tags import parse_tag
from pathspec import GitIgnoreSpec

from lazyimp.distributions import canonical, scan
from lazyimp.distributions.listed import Listed, _outline, _read_outline
from lazyimp.manifest import target as targets
from lazyimp.manifest.files import ALWAYS, is_always_ignored
from lazyimp.manifest.requires import NotPlain, Requires, evaluate
from lazyimp.manifest.values import Target

LINES = (
    "pkg/__init__.py,sha256=a,10",
    "pkg/sub/mod.py,sha256=b,20",
    "pkg-1.0.dist-info/RECORD,,",
    "single.py,sha256=c,5",
    "../../../bin/tool,sha256=d,7",
    "/etc/pkg.conf,sha256=e,1",
    "pkg/../other/x.py,sha256=f,2",
    '"odd,name/x.py",sha256=g,3',
    "win\\mod.py,sha256=h,4",
    "C:/data/x,sha256=i,6",
    "no_size.py,,",
    "no_commas.py",
    "",
    "n\u00e4me/x.py,sha256=j,8",
)


def listed(tmp_path, text):
    path = tmp_path / "RECORD"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return Listed(str(path))


@pytest.mark.parametrize("seed", range(60))
def test_a_record_says_the_same_at_a_glance_and_line_by_line(tmp_path, seed):
    dice = random.Random(seed)
    lines = [dice.choice(LINES[: dice.choice((4, 6, len(LINES)))]) for _ in range(dice.randrange(1, 12))]
    if dice.random() < 0.6:
        lines.sort()
    text = dice.choice(("\n", "\r\n")).join(lines) + dice.choice(("", "\n"))
    found = listed(tmp_path, text)
    slow = _read_outline(found._by_path.values(), len(found._read()))
    fast = _outline(found._read())
    if len(set(lines)) == len(lines):  # a path that stands there twice counts once where all are read
        assert fast is None or (set(fast.tops), set(fast.outside), fast.size_bytes) == (
            set(slow.tops),
            set(slow.outside),
            slow.size_bytes,
        )
    assert set(found.outline.tops) == set(slow.tops)
    assert set(found.outline.outside) == set(slow.outside)


def test_what_is_installed_here_is_outlined_as_it_is_read():
    environment = scan([os.path.dirname(os.path.dirname(packaging.__file__))])
    assert environment.distributions
    for each in environment.distributions:
        data = each.listed._read()
        fast = _outline(data) if data else None
        slow = _read_outline(each.listed._by_path.values(), len(data))
        assert fast is None or (fast.tops, set(fast.outside)) == (slow.tops, set(slow.outside)), each


def test_lines_that_do_not_stand_together_are_read_one_by_one(tmp_path):
    text = "a/x.py,,1\nb/x.py,,2\na/y.py,,3\n"
    assert _outline(text.encode()) is None
    found = listed(tmp_path, text)
    assert found.outline.tops == {"a", "b"} and found.outline.size_bytes == 6
    assert "a/y.py" in found and "c/x.py" not in found
    assert found.row("b/x.py").size_bytes == 2


VALUES = targets.markers(Target("3.11.7"))
PARTS = (
    'python_version {} "3.11"', 'python_version {} "3.9"', 'python_full_version {} "3.11.7"',
    'python_full_version {} "3.11"', "sys_platform {} 'linux'", 'sys_platform {} "win32"',
    'platform_system {} "Linux"', 'os_name {} "nt"', 'platform_machine {} "x86_64"',
    'implementation_name {} "cpython"', 'extra {} "some_thing"', "extra {} 'Some-Thing'",
    '"linux" {} sys_platform', 'python_version {} "3.*"', 'sys_platform in "linux darwin"', 'platform_release {} "5"',
)  # fmt: skip
JOINED = (
    "{0}",
    "{0} and {1}",
    "{0} or {1}",
    "({0} or {1}) and {2}",
    "{0} and ({1} or {2})",
    "{0} or {1} and {2}",
    "(({0}))",
)


@pytest.mark.parametrize("seed", range(100))
def test_markers_hold_as_packaging_has_it(seed):
    dice = random.Random(seed)
    parts = [dice.choice(PARTS).format(dice.choice(("==", "!=", "<", "<=", ">", ">="))) for _ in range(3)]
    text = dice.choice(JOINED).format(*parts)
    for extra in ("", "some-thing"):
        values = {**VALUES, "extra": extra}
        try:
            found = evaluate(text, values)
        except NotPlain:
            continue
        assert found is Marker(text).evaluate(values), text


@pytest.mark.parametrize(
    "text", ['python_version == "3.*"', '"linux" == sys_platform', "extra", "(", 'a == "b"', '"a"']
)
def test_what_is_not_plain_is_left_to_packaging(text):
    with pytest.raises(NotPlain):
        evaluate(text, VALUES)


def test_requirements_read_as_packaging_reads_them(tmp_path):
    lines = (
        "plain", "Some_Thing>=1.0,<2", "old (>=1.2)", "extras[a,B_c]>=1 ; python_version < '4'", "x; extra == 'tests'",
        "both; sys_platform == 'linux' and extra == 'tests'", "not-here ; sys_platform == 'win32'",
        "url @ https://host/x.whl ; python_version >= '3'", "either; extra == 'no' or python_version > '3.0'",
    )  # fmt: skip
    info = tmp_path / "pkg-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Name: pkg\n" + "".join(f"Requires-Dist: {each}\n" for each in lines) + "\nText\n"
    )
    requires = Requires(scan([str(tmp_path)]), VALUES)
    for extras in (frozenset(), frozenset({"tests"})):
        parsed = [Requirement(each) for each in lines]
        wanted = [
            (canonical(each.name), frozenset(map(canonical, each.extras)))
            for each in parsed
            if each.marker is None
            or any(each.marker.evaluate({**VALUES, "extra": extra}) for extra in ("", *extras))
        ]
        assert [(each.name, each.extras) for each in requires.of("pkg", extras)] == wanted


def test_a_requirement_whose_versions_nobody_can_read_is_a_requirement(tmp_path):
    """Old distributions have such; what is installed is what ran, so versions do not count."""
    info = tmp_path / "pkg-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: pkg\nRequires-Dist: pytz (>dev)\n\n")
    assert [each.name for each in Requires(scan([str(tmp_path)]), VALUES).of("pkg")] == ["pytz"]


def test_ignored_names_are_those_that_the_rules_ignore():
    rules = GitIgnoreSpec.from_lines(ALWAYS)
    names = [
        each.rstrip("/").replace("*", star).replace("[co]", end)
        for each in ALWAYS
        for star, end in itertools.product(("", "a", ".x"), "cox")
    ]
    names += [
        "mod.py",
        "git",
        ".gitignore",
        "a.lazyimp.jsonl.1",
        "lazyimp.jsonl",
        ".swp",
        "build",
        "__pycache__x",
    ]
    for name, above, is_folder in itertools.product(names, ("", "pkg/sub/"), (False, True)):
        wanted = bool(rules.match_file(f"{above}{name}{'/' if is_folder else ''}"))
        assert is_always_ignored(above + name, is_folder) is wanted, (name, is_folder)


TAGS = [
    "-".join(each)
    for each in itertools.product(
        ("py3", "py2.py3", "py2", "cp311", "cp310", "cp36", "cp312", "cp27"),
        ("none", "abi3", "cp311", "cp311t", "cp310"),
        (
            "any",
            "manylinux_2_17_x86_64.manylinux2014_x86_64",
            "manylinux_2_39_x86_64",
            "win_amd64",
            "linux_x86_64",
        ),
    )
]


@pytest.mark.parametrize("abi", ["cp311", "cp311t"])
def test_tags_fit_as_packaging_has_it(abi):
    target = replace(Target("3.11.7"), abi=abi)
    known = frozenset(targets.tags(target))
    for line in TAGS:
        assert (targets.accepts(target, [line]) == "") is bool(parse_tag(line) & known), line
