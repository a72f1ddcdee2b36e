"""Compiles the recipes; names the sources of the one extension `lazyimp_c`; refuses unknown interpreters."""

import os
import runpy
import sys
from pathlib import Path

from setuptools import setup

SOURCES = Path("lazyimp_c")
GENERATED = Path("build/cython")
OLDEST, FIRST_UNKNOWN = (3, 10), (3, 16)


def refusal() -> str | None:
    """Why the extension cannot be built for this interpreter, or None."""
    version = ".".join(map(str, sys.version_info[:3]))
    way_out = "set LAZYIMP_NO_EXTENSION=1 to install lazyimp without its extension (core py)"
    if sys.implementation.name != "cpython":
        return f"lazyimp_c needs CPython, and this is {sys.implementation.name}; {way_out}"
    if not OLDEST <= sys.version_info[:2] < FIRST_UNKNOWN:
        return f"lazyimp_c was written for CPython 3.10 to 3.15, and this is {version}; {way_out}"
    if "free-threading" in sys.version:
        return f"lazyimp does not support free-threaded CPython, and this is one ({version}); {way_out}"
    return None


def extension_modules() -> list:
    """The extension, compiled again when a source, header or included file changes."""
    from Cython.Build import cythonize
    from setuptools import Extension

    modules = sorted(SOURCES.glob("*.pyx"))
    generated = {path.with_suffix(".c") for path in modules}
    sources = modules + [path for path in sorted(SOURCES.glob("*.c")) if path not in generated]
    included = [path for kind in ("*.h", "*.pxi", "*.pxd") for path in sorted(SOURCES.glob(kind))]
    if not modules:
        raise SystemExit(f"error: {SOURCES} holds no .pyx file; the source tree is incomplete")
    extension = Extension(
        "lazyimp_c",
        sources=[path.as_posix() for path in sources],
        depends=[path.as_posix() for path in included],
        include_dirs=[SOURCES.as_posix(), (GENERATED / SOURCES).as_posix()],
    )
    # Generated C and headers go to build/, so that the globs above and the sdist see only what people wrote.
    return cythonize([extension], language_level=3, build_dir=GENERATED.as_posix())


def compile_recipes() -> None:
    """Make the recipes' tables, which every way of installing takes along; faults end the build."""
    path = Path("build_backend/recipes.py").resolve()
    faults = runpy.run_path(str(path))["main"]([])
    if faults:
        raise SystemExit("error: the recipes cannot be compiled")


if os.environ.get("LAZYIMP_NO_EXTENSION", "0") not in ("", "0"):
    compile_recipes()
    setup()
else:
    message = refusal()
    if message is not None:
        raise SystemExit(f"error: {message}")
    compile_recipes()
    setup(ext_modules=extension_modules())
