"""The stub files name what the modules beside them have."""

import ast
from pathlib import Path

import pytest

import lazyimp

PACKAGE = Path(lazyimp.__file__).parent
EXTENSION = Path(__file__).resolve().parent.parent / "lazyimp_c-stubs" / "__init__.pyi"


def defined(path):
    """The names that a file binds at its top; of imports, those of our own."""
    names = set()
    for node in _top(ast.parse(path.read_text(encoding="utf-8")).body):
        if (
            isinstance(node, ast.ImportFrom)
            and (node.module or "").startswith("lazyimp")
            and path.suffix == ".py"
        ):
            names.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.Assign):
            names.update(
                each.id for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name)
            )
    return names


def _top(statements):
    """The statements of a module's body, those inside `try` and `if` too."""
    for node in statements:
        yield node
        for part in ("body", "orelse", "finalbody") if isinstance(node, (ast.Try, ast.If)) else ():
            yield from _top(getattr(node, part, []))


@pytest.mark.skipif(not EXTENSION.is_file(), reason="the tests run beside no source tree")
def test_the_extension_has_what_its_stub_names():
    extension = pytest.importorskip("lazyimp_c")
    has = {name for name in vars(extension) if not name.startswith("_")}
    assert defined(EXTENSION) <= has
    functions = {name for name in has if type(vars(extension)[name]).__name__.endswith("function_or_method")}
    assert functions <= defined(EXTENSION)


@pytest.mark.parametrize("stub", sorted(PACKAGE.glob("_*.pyi")), ids=lambda path: path.stem)
def test_a_module_has_what_its_stub_names(stub):
    source = stub.with_suffix(".py")
    if not source.is_file():  # _protocol describes; nothing runs
        pytest.skip("a stub alone")
    code = defined(source) | {
        name
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Global)
        for name in node.names
    }
    types_only = {"Entries", "Failures", "Kept", "Place"}
    assert defined(stub) - types_only <= code
