"""Who may import whom: the arrows between our modules, and what the hot zone may load."""

import ast
import functools
import gc
from pathlib import Path

import pytest

import lazyimp

ROOT = Path(lazyimp.__file__).parent

FINDER = {"_finder", "_proxy", "_replaced"}
CORES = {
    "_pycore",
    "_answers",
    "_armed_repair",
    "_native",
    "_native_repair",
    "_native_space",
    "_armed",
    "lazyimp_c",
}
POLICY = {"_metadata", "_policy", "_recipes", "_tables", "_units", "_verdict"}
AT_BATCH = {"_at_batch", "_summary", "_trackers"}  # where a switch asks for it
OBSERVER = {"_observe", "_fingerprint", "_blame"}  # in runs that are verified
RECORDER = {
    "_recorder",
    "_recorder_py",
    "_recording",
    "_noted",
    "_journal",
    "_asker",
    "_header",
    "_ending",
}  # in runs that are recorded
HOT = sorted(
    {
        "_startup",
        "_tuned",
        "_watching",
        *FINDER,
        *CORES,
        *POLICY,
        "_bodies",
        "_bytecode",
        "_cloudpickle",
        "_effects",
        "_environ",
        "_fork",
        "_inside",
        "_kept",
        "_outline",
        "_profile",
        "_program",
        "_random",
        "_logged",
        "_warned",
        "_stubs",
        *AT_BATCH,
        *OBSERVER,
        *RECORDER,
        "_json",
    }
    - {"lazyimp_c"}
)
HOT_MAY_LOAD = {
    "sys",
    "os",
    "time",
    "_thread",
    "_imp",
    "marshal",
    "_weakref",
    "_warnings",
    "atexit",
    "_frozen_importlib",
    "_frozen_importlib_external",
}
# Loaded on a path that only enable() by hand, or an error, takes.
HOT_COLD_PATHS = {("_startup", "_xxsubinterpreters")}

# For each of our modules (or packages), which others of ours it may import.
ARROWS = {
    "__init__": {"_control", "errors", "integrations", "manifest"},
    "__main__": {"cli"},
    "auto": {"_startup"},
    "_program": {"_config"},
    "_pth": set(),
    "_protocol": set(),
    "_observe": {"_fingerprint", "_blame", "_finder", "_json", "firstbatch"},
    "_ending": {"_header", "_json"},
    "_recorder": {
        "_ending",
        "_header",
        "_json",
        "_recorder_py",
        *FINDER,
        "firstbatch",
        "lazyimp_c",
        "__init__",
    },
    "_recorder_py": {"_asker", "_journal", "_noted", "_recording"},
    "_noted": {"_asker", "_journal", "_recording"},
    "_recording": {"_journal"},
    "_journal": {"_json"},
    "_asker": set(),
    "_header": {"_program"},
    "_json": set(),
    "_fingerprint": set(),
    "_blame": {"_fingerprint", "_proxy"},
    "_control": {"_recorder", "_startup", "_watching", "errors", "firstbatch", "__init__", "_protocol"},
    "_startup": {
        *CORES,
        *FINDER,
        *POLICY,
        "_config",
        "_profile",
        "_program",
        "_protocol",
        "_stubs",
        "_tuned",
        "_watching",
    },
    "_tuned": {"__init__", "_profile", "_startup"},  # the version, which profiles are bound to
    "_watching": {*FINDER, "_at_batch", "_observe", "_program", "_recorder", "_startup", "firstbatch"},
    "_at_batch": {"_finder", "_header", "_summary", "_trackers", "firstbatch"},
    "_summary": {"_header", "firstbatch"},
    "_trackers": {"_config", "_summary", "firstbatch"},
    "_profile": POLICY,
    "_config": {"errors"},
    "_policy": {*POLICY, "_effects", "_inside", "_config", "_protocol", "recipes"},
    "_verdict": {"_tables"},
    "_recipes": {"_tables", "_units", "recipes"},
    "_tables": {"_program", "recipes"},
    "_stubs": {*FINDER, "_recipes", "_units", "recipes"},
    "_inside": {"_kept", "_outline", "_program", "lazyimp_c"},
    "_kept": {"_program"},
    "_outline": {"lazyimp_c"},
    "_environ": {"_units"},
    "_bodies": {"_outline", "lazyimp_c"},
    "_effects": {
        "_bodies",
        "lazyimp_c",
    },  # and the path finder: what own code does is read from its code alone
    "_units": {"_metadata", "_tables"},
    "_metadata": set(),
    "_random": {"_logged", "_warned", "lazyimp_c"},
    "_logged": set(),
    "_warned": set(),
    "_fork": set(),
    "_bytecode": set(),
    "_cloudpickle": set(),
    **{name: {*FINDER, *POLICY, "lazyimp_c", "_pycore"} for name in FINDER},
    **{
        name: {
            *CORES,
            *FINDER,
            *POLICY,
            "_bytecode",
            "_cloudpickle",
            "_environ",
            "_fork",
            "_inside",
            "_logged",
            "_program",
            "_random",
            "_warned",
        }
        for name in CORES
    },
    "firstbatch": set(),
    "errors": set(),
    "codes": set(),
    "demo": set(),
    "syntax": set(),
    "mounts": set(),
    "doctor": {
        *POLICY,
        "_config",
        "_profile",
        "_program",
        "_pth",
        "_startup",
        "lazyimp_c",
        "errors",
        "mounts",
        "__init__",
    },
    "gate": {"tuning", "record", "syntax", "_units", "_config", "errors"},
    "migrate": {*POLICY, "tuning", "record", "syntax", "codes", "_config"},
    "recipes": set(),
    "record": {"errors"},
    "profile": {"record", "recipes", "errors"},  # recipes: what has a stub
    "reports": {"profile", "manifest", "errors", "__init__"},
    "distributions": {"errors"},
    "manifest": {"distributions", "record", "errors", "__init__"},
    "ship": {"_pth", "manifest", "errors", "__init__"},
    "integrations": {
        "_control",
        "ship",
        "reports",
        "manifest",
        "tuning",
        "profile",
        "record",
        "gate",
        "cli",
        "errors",
        "__init__",
    },
    # it asks the policy what a mode does, _inside what a module does, and writes what _profile reads
    "tuning": {
        *POLICY,
        "profile",
        "record",
        "_config",
        "codes",
        "_inside",
        "_profile",
        "_program",
        "_startup",
        "lazyimp_c",
        "errors",
        "__init__",
    },
    "running": {"tuning", "profile", "record", "mounts", "errors"},
    "cli": {
        "integrations",
        *("_startup", "_control", "_config", "_profile", "_program", "_pth", "errors", "recipes", "tuning"),
        *("codes", "demo", "doctor", "gate", "migrate", "__init__"),
        *("record", "profile", "reports", "distributions", "manifest", "ship"),
        "running",
    },
}


def files():
    """Every source file of the package."""
    return sorted(ROOT.rglob("*.py"))


def home(path):
    """The module or package of ours that `path` belongs to."""
    return path.relative_to(ROOT).with_suffix("").parts[0]


@functools.cache
def tree_of(path):
    """The syntax tree of a file, made while nothing is finalized: on 3.11 two parsers in one another are a SystemError.

    A finalizer that warns formats a traceback, which parses (gh-106905).
    """
    gc.disable()
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    finally:
        gc.enable()


def imported_names(path, module_level_only=False):
    """The absolute names that a file imports, with their lines."""
    tree = tree_of(path)
    nodes = ast.walk(tree) if not module_level_only else statements_run_at_import(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write absolute imports"
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


def statements_run_at_import(tree):
    """The nodes outside functions and type-checking guards."""
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting.extend(node.orelse)
            continue
        yield node
        waiting.extend(ast.iter_child_nodes(node))


def ours(name):
    """Which of our modules an absolute name means, or None."""
    parts = name.split(".")
    if parts[0] == "lazyimp_c":
        return "lazyimp_c"
    if parts[0] != "lazyimp":
        return None
    if len(parts) > 1 and parts[1] in ARROWS:
        return parts[1]
    if len(parts) > 1 and ((ROOT / parts[1]).is_dir() or (ROOT / f"{parts[1]}.py").is_file()):
        return parts[1]
    return parts[1] if len(parts) > 1 and (ROOT / f"{parts[1]}.pyi").is_file() else "__init__"


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_arrows_go_one_way(path):
    source = home(path)
    assert source in ARROWS, f"{source} is new: give it a row in ARROWS and a place in the drawing"
    for name, line in imported_names(path):
        target = ours(name)
        if target not in (None, source):
            assert target in ARROWS[source], f"{path.name}:{line}: {source} may not import {target}"


RULES = [f"firstbatch/{path.stem}" for path in sorted((ROOT / "firstbatch").glob("*.py"))]


@pytest.mark.parametrize("name", [*HOT, *RULES])
def test_hot_zone_loads_only_what_is_loaded(name):
    path = ROOT / f"{name}.py"
    if not path.exists():
        pytest.skip(f"{name} is not in this tree")
    for imported, line in imported_names(path, module_level_only=True):
        top = imported.split(".")[0]
        allowed = top in HOT_MAY_LOAD or ours(imported) or (name, top) in HOT_COLD_PATHS
        assert allowed, f"{path.name}:{line}: the hot zone may not import {imported}"


def test_only_the_command_line_prints_and_exits():
    for path in files():
        if home(path) in ("cli", "__main__"):
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                told = any(keyword.arg == "file" for keyword in node.keywords)
                assert told and home(path) == "_startup", f"{path.name}:{node.lineno} prints"
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("sys.exit", "exit", "quit"):
                raise AssertionError(f"{path.name}:{node.lineno} exits")


def test_no_file_is_too_long():
    for path in files():
        length = len(path.read_text(encoding="utf-8").splitlines())
        assert length <= 600, f"{path.name} has {length} lines"
