"""What the rules know by name, each with its reason; what holds inside one distribution is in its recipe.

HOT. A row holds for the module and for everything under it.
"""

import os
import sys

from lazyimp import _program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Reason = str | tuple[str, str]  # or (a condition as in `holds`, the reason)

# In every mode, against any pattern: the process would not run.
ESSENTIAL_IMPORTERS = {
    "lazyimp": "lazyimp is blind to itself",
    "encodings": "codecs are looked up from C, in the middle of other work",
    "codecs": "codecs are looked up from C, in the middle of other work",
    "importlib": "the import system cannot wait for itself",
    "zipimport": "the import system cannot wait for itself",
    "pkgutil": "the import system cannot wait for itself",
    "runpy": "it copies the namespace of the program that it starts",
    "site": "it runs before there is a program",
    "sitecustomize": "it prepares the interpreter before there is a program",
    "usercustomize": "it prepares the interpreter before there is a program",
}
# No part of that machinery; `encodings.idna` is Python code that loads the tables of Unicode.
ORDINARY_IMPORTERS = ("encodings.idna", "importlib.metadata", "importlib.resources")
ESSENTIAL_TARGETS = {
    "__future__": "a compiler directive that happens to be a module",
    "lazyimp": "lazyimp is blind to itself",
    "lazyimp_c": "lazyimp is blind to itself",
}

# Mode deep where the standard library is open. What is there although it may fail for want of a library, and
# what imports that outright: imported inside try it fails there or not at all.
MAY_FAIL = frozenset(
    (
        *("bz2", "compression", "ctypes", "curses", "dbm", "gzip", "idlelib", "lzma", "readline"),
        *("sqlite3", "ssl", "tkinter", "turtle", "turtledemo", "zlib"),
    )
)
# What exports all that it finds in its namespace, modules excepted.
WALKS_ITSELF = frozenset(("tkinter",))

# Modes safe and deep. Modules of the standard library need no row: inside it nothing is lazy there.
EAGER_IMPORTERS = {
    "_distutils_hack": "it installs a finder",
    "defusedxml": "it takes standard modules out of sys.modules and puts them back while it is imported",
    "setuptools": "it replaces distutils while it is imported",
    "distutils": "it is replaced by setuptools while it is imported",
    "pkg_resources": "it scans and changes sys.path while it is imported",
    "pip": "it replaces installed files while it runs, and must not load from them afterwards",
    "pytest": "its finder rewrites modules and must not wait for other imports",
    "_pytest": "its finder rewrites modules and must not wait for other imports",
    "pluggy": "it reads plug-ins' namespaces",
    "coverage": "what it measures must not run its own imports late",
    "debugpy": "a debugger must not import inside a trace function",
    "pydevd": "a debugger must not import inside a trace function",
    "_pydevd_bundle": "a debugger must not import inside a trace function",
}
TESTS = "pytest collects fixtures and tests from the module's namespace"

# Inside `try` or `with`, by the kind of unit that is imported; what is installed was found, and gets a proxy.
PROTECTED = {
    # _lzma, _bz2, _sqlite3 or _tkinter missing: the module is found, fails, and the program catches that
    "stdlib": "a standard module may be there and fail for want of a library",
    "own": "own code may fail on purpose",
}

# Modes safe and deep, used or not: the import sets global state, and when it does matters.
EAGER_TARGETS = {
    "mpi4py": "starts MPI, which has to come before CUDA and before forks",
    "gevent": "replaces blocking functions that modules imported later take over",
    "eventlet": "replaces blocking functions that modules imported later take over",
    "pyximport": "installs a finder",
    "comet_ml": "patches the frameworks imported after it",
    "unsloth": "patches transformers, peft and trl, and has to come before them",
    "ddtrace": "patches libraries imported after it",
    "intel_extension_for_pytorch": "registers a device and operators with torch",
    "habana_frameworks": "registers a device with torch",
    "torch_npu": "registers a device with torch and patches it",
    "torch_musa": "registers a device with torch and patches it",
    "torch_xla": "registers a device with torch and starts its runtime",
    **dict.fromkeys(
        (
            *("aifc", "asynchat", "asyncore", "audioop", "binhex", "cgi", "cgitb", "chunk", "crypt"),
            *("distutils", "imghdr", "imp", "lib2to3", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev"),
            *("pipes", "smtpd", "sndhdr", "spwd", "sre_compile", "sre_constants", "sre_parse", "sunau"),
            *("telnetlib", "uu", "xdrlib"),
        ),
        "is deprecated, and warns with the line of who imports it",
    ),
    **dict.fromkeys(
        (
            *("defusedxml.cElementTree", "defusedxml.lxml", "ignite.contrib", "ipykernel.pylab"),
            *(
                "jsonschema.cli",
                "nbconvert.utils.lexers",
                "nbformat.current",
                "numba.pycc",
                "numpy.distutils",
            ),
            *("numpy.matlib", "pexpect.ANSI", "pexpect.screen", "pkg_resources", "scipy.misc", "scipy.odr"),
            *("starlette.middleware.wsgi", "torch.distributed._shard.checkpoint"),
            *("torch.distributed._sharded_tensor", "torch.distributed._sharding_spec", "tqdm.autonotebook"),
            *("trl.experimental", "zmq.auth.ioloop"),
        ),
        "warns, when it is imported, with the line of who imports it",
    ),
}

# Modes safe and deep, where the bound name is never read: then the import is there for what it does.
ENVIRONMENTS = "registers environments with gymnasium or gym"
_REGISTRY = "registers its models with mmengine"
_STYLES = "registers styles or colour maps with matplotlib"
_ACCESSOR = "adds accessors or methods to data frames and arrays"
_OPERATORS = "registers operators that saved models name"
EFFECT_TARGETS = {
    "antigravity": "opens a browser",
    "this": "prints",
    "readline": "gives input() its line editing",
    "rlcompleter": "gives the prompt its completion",
    "sitecustomize": "prepares the interpreter",
    "usercustomize": "prepares the interpreter",
    "_distutils_hack": "installs a finder",
    "setuptools": "provides or replaces distutils",
    "ale_py": ENVIRONMENTS,
    "bsuite": ENVIRONMENTS,
    "crafter": ENVIRONMENTS,
    "d4rl": ENVIRONMENTS,
    "flappy_bird_gymnasium": ENVIRONMENTS,
    "gymnasium_robotics": ENVIRONMENTS,
    "highway_env": ENVIRONMENTS,
    "metaworld": ENVIRONMENTS,
    "minigrid": ENVIRONMENTS,
    "minihack": ENVIRONMENTS,
    "miniworld": ENVIRONMENTS,
    "nle": ENVIRONMENTS,
    "panda_gym": ENVIRONMENTS,
    "procgen": ENVIRONMENTS,
    "pybullet_envs": ENVIRONMENTS,
    "pybullet_envs_gymnasium": ENVIRONMENTS,
    "shimmy": ENVIRONMENTS,
    "vizdoom": ENVIRONMENTS,
    "mmcv": _REGISTRY,
    "mmdet": _REGISTRY,
    "mmdet3d": _REGISTRY,
    "mmpose": _REGISTRY,
    "mmpretrain": _REGISTRY,
    "mmseg": _REGISTRY,
    "cmasher": _STYLES,
    "cmocean": _STYLES,
    "colorcet": _STYLES,
    "matplotlib.backends": "chooses a display",
    "mpl_toolkits": "registers the 3d projection with matplotlib",
    "mplhep": _STYLES,
    "scienceplots": _STYLES,
    "seaborn": _STYLES,
    "cf_xarray": _ACCESSOR,
    "hvplot": _ACCESSOR,
    "janitor": _ACCESSOR,
    "pandas_profiling": _ACCESSOR,
    "pint_pandas": _ACCESSOR,
    "pint_xarray": _ACCESSOR,
    "rioxarray": _ACCESSOR,
    "swifter": _ACCESSOR,
    "ydata_profiling": _ACCESSOR,
    "hdf5plugin": "registers compression filters with HDF5",
    "ml_dtypes": "registers bfloat16 and its like with numpy",
    "pillow_avif": "registers an image format with PIL",
    "pillow_heif": "registers an image format with PIL",
    "quaternion": "adds a dtype to numpy",
    "pretty_errors": "replaces sys.excepthook",
    "sklearn.experimental": "makes experimental estimators importable",
    "tensorflow_decision_forests": _OPERATORS,
    "tensorflow_io": _OPERATORS,
    "tensorflow_text": _OPERATORS,
    "torch_tensorrt": "registers a backend with torch.compile",
    "torchao": _OPERATORS,
    "torchaudio": _OPERATORS,
    "torchvision": _OPERATORS,
}
PLUGIN_PREFIX = "gym_"  # by the custom of those who write environments

# top-level names of importers that have a row
IMPORTERS = frozenset(
    [name.partition(".")[0] for table in (ESSENTIAL_IMPORTERS, EAGER_IMPORTERS) for name in table]
)


def row(table: "Mapping[str, Reason]", names: list[str]) -> str:
    """The row of the first name that has one, or is under one that has, with its reason; else ''."""
    for name in names:
        part = name
        while part:
            reason = table.get(part)
            if type(reason) is tuple:
                reason = reason[1] if holds(reason[0]) else ""
            if reason:
                return f"{part}: {reason}"
            part = part.rpartition(".")[0]
    return ""


asked: "dict[str, str | None]" = {}  # environment variables that a row was about, and what they were


def holds(when: str) -> bool:
    """Whether an environment variable has its value: "NAME=value"."""
    name, _, value = when.partition("=")
    asked[name] = os.environ.get(name)
    return asked[name] == value


def why_eager(importer: str, mode: str) -> tuple[bool, str]:
    """(whether the process would not run otherwise, why all of an importer's imports stay eager or "")."""
    has_row = importer.partition(".")[0] in IMPORTERS and not importer.startswith(ORDINARY_IMPORTERS)
    reason = row(ESSENTIAL_IMPORTERS, [importer]) if has_row else ""
    if reason or mode == "all":
        return bool(reason), reason
    return False, (row(EAGER_IMPORTERS, [importer]) if has_row else "") or _test_module(importer)


def _test_module(name: str) -> str:
    last = name.rpartition(".")[2]
    if last == "conftest":
        return f"{name}: {TESTS}"
    if last.startswith("test_") or last.endswith("_test"):
        # read late: a program of that name that runs by itself is a program
        return f"{name}: {TESTS}" if "_pytest" in sys.modules else ""
    return ""


def safe_rows() -> "dict[str, Reason]":
    """The recipes' rows on targets that hold in mode safe, too."""
    try:
        from lazyimp.recipes._safe import SAFE
    except ImportError:  # a checkout that was never built
        return {}
    rows: dict[str, Reason] = SAFE
    return rows


def started() -> "dict[str, Reason]":
    """The row on the module that `python -m` names, while the interpreter looks for it."""
    argv = getattr(sys, "argv", None) or [""]
    name = _program.module_of(argv, sys.orig_argv) if argv[0] == "-m" else None
    return {name: "python -m names it, and warns where its package has imported it before"} if name else {}
