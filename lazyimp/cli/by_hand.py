"""Starts lazyimp and then a program in `__main__`, for interpreters that do not read our start-up file."""

import io
import os
import sys

from lazyimp import _startup


def go() -> None:
    """Follow the switches, then run the program that `sys.argv[1:]` names as the interpreter itself would."""
    del sys.argv[0]
    _startup.start()
    del sys.path[0]  # the folder that made us importable
    kind = sys.argv[0]
    if kind == "-c":
        code = sys.argv.pop(1)
        execute(compile(code, "<string>", "exec"), {})
    elif kind == "-m":
        import runpy

        module = sys.argv.pop(1)
        _first_on_path(os.getcwd())
        runpy._run_module_as_main(module)  # type: ignore[attr-defined]  # what python -m runs
    elif kind == "-":
        execute(compile(sys.stdin.read(), "<stdin>", "exec"), {})
    else:
        run_script(kind)


def run_script(path: str) -> None:
    """Run a source file, or a folder or archive with a `__main__.py`."""
    if os.path.isdir(path) or _is_archive(path):
        import runpy

        _first_on_path(path)
        runpy._run_module_as_main("__main__", False)  # type: ignore[attr-defined]  # what the interpreter runs
        return
    _first_on_path(os.path.dirname(os.path.realpath(path)))
    path = os.path.abspath(path)
    with io.open_code(path) as file:
        code = compile(file.read(), path, "exec")
    execute(code, {"__file__": path, "__cached__": None})


def execute(code: object, names: dict[str, object]) -> None:
    """Run `code` as the main module."""
    namespace = sys.modules["__main__"].__dict__
    for name in ("go", "sys"):  # what the bootstrap line left behind
        namespace.pop(name, None)
    namespace.update(names)
    exec(code, namespace)  # type: ignore[arg-type]  # a code object


def _is_archive(path: str) -> bool:
    """The file is a zip archive."""
    import zipfile

    return zipfile.is_zipfile(path)


def _first_on_path(folder: str) -> None:
    """Put `folder` where the interpreter puts the program's own folder."""
    if getattr(sys.flags, "safe_path", False) or sys.flags.isolated:
        return
    if sys.path and sys.path[0] == "":
        sys.path[0] = folder
    else:
        sys.path.insert(0, folder)
