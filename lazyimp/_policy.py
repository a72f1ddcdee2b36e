"""Lazy, proxy or eager: the tables and the one function that decide every import, each with its reason.

HOT. A core asks `open` once for a module, `fill` once for a top-level name in a unit, and `decide` only where
no few bits can say the answer. `fill` asks the function behind `decide`, so the two cannot disagree.
Layers, first match wins: what the process cannot run without, the user's patterns, the mode's rules.
"""

import sys

from lazyimp import _units

LAZY, PROXY, EAGER = "lazy", "proxy", "eager"

MODES = ("safe", "deep", "all")

# open(): what holds for a whole module
MODULE_EAGER, MODULE_OWN = 1, 2

# fill(): a verdict; lazyimp_c/state.h unpacks it
LAZY_BIT, PROXY_BIT, UNUSED_BIT, ASK, NO_STORE = 1, 2, 4, 8, 16

# decide(): where a statement stands
PROTECTED, UNUSED, FROM, PACKAGE, EFFECT_ORDER = 1, 2, 4, 8, 16

OWN, DIST, STDLIB = _units.OWN, _units.DIST, _units.STDLIB

# A row of the tables below holds for the module and for everything under it.

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
ESSENTIAL_TARGETS = {
    "__future__": "a compiler directive that happens to be a module",
    "lazyimp": "lazyimp is blind to itself",
    "lazyimp_c": "lazyimp is blind to itself",
}

# Modes safe and deep. Modules of the standard library need no row: inside it nothing is lazy there.
EAGER_IMPORTERS = {
    "_distutils_hack": "it installs a finder",
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
_TESTS = "pytest collects fixtures and tests from the module's namespace"

# Mode deep: inside these distributions the author's order stands, as in safe. Importing them late, one module
# at a time, breaks what they build up while they are imported; recipes may open parts of them.
_OWN_ORDER = "its modules import each other in cycles that only the author's order resolves"
_REGISTERS = "its modules fill registries while they are imported, and nothing names them"
CLOSED = {
    "alembic": _REGISTERS,
    "jax": _REGISTERS,
    "jaxlib": _REGISTERS,
    "joblib": "its kinds of worker processes are registered by imports that nothing names",
    "lightning": _OWN_ORDER,
    "lightning_fabric": _OWN_ORDER,
    "loky": "its kinds of worker processes are registered by imports that nothing names",
    "matplotlib": "docstrings are put together from every class imported before",
    "mpl_toolkits": "docstrings are put together from every class imported before",
    "mpmath": "functions become methods when their module is imported",
    "pandas": "imports that nothing names register options, and what its C modules find in each other",
    "pytorch_lightning": _OWN_ORDER,
    "seaborn": "colour maps are registered by an import that nothing names",
    "spacy": _REGISTERS,
    "sqlalchemy": "event classes are registered by imports that nothing names",
    "sympy": _REGISTERS,
    "thinc": _REGISTERS,
    "torch": _OWN_ORDER,
    "wandb": _OWN_ORDER,
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
    "scipy.fft._backend": "chooses the default implementation while it is imported",
    "intel_extension_for_pytorch": "registers a device and operators with torch",
    "habana_frameworks": "registers a device with torch",
    "torch_npu": "registers a device with torch and patches it",
    "torch_musa": "registers a device with torch and patches it",
    "torch_xla": "registers a device with torch and starts its runtime",
}

# Modes safe and deep, where the bound name is never read: then the import is there for what it does.
_ENVIRONMENTS = "registers environments with gymnasium or gym"
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
    "ale_py": _ENVIRONMENTS,
    "bsuite": _ENVIRONMENTS,
    "crafter": _ENVIRONMENTS,
    "d4rl": _ENVIRONMENTS,
    "flappy_bird_gymnasium": _ENVIRONMENTS,
    "gymnasium_robotics": _ENVIRONMENTS,
    "highway_env": _ENVIRONMENTS,
    "metaworld": _ENVIRONMENTS,
    "minigrid": _ENVIRONMENTS,
    "minihack": _ENVIRONMENTS,
    "miniworld": _ENVIRONMENTS,
    "nle": _ENVIRONMENTS,
    "panda_gym": _ENVIRONMENTS,
    "procgen": _ENVIRONMENTS,
    "pybullet_envs": _ENVIRONMENTS,
    "pybullet_envs_gymnasium": _ENVIRONMENTS,
    "shimmy": _ENVIRONMENTS,
    "vizdoom": _ENVIRONMENTS,
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
_PLUGIN_PREFIX = "gym_"  # by the custom of those who write environments

# top-level names of importers that have a row
_IMPORTERS = frozenset(
    [name.partition(".")[0] for table in (ESSENTIAL_IMPORTERS, EAGER_IMPORTERS) for name in table]
)

# top-level names that have a row, and those that have one about a submodule only
_NAMES = (*EAGER_TARGETS, *EFFECT_TARGETS)
_ROWS = frozenset([name.partition(".")[0] for name in _NAMES])
_DEEPER = frozenset([name.partition(".")[0] for name in _NAMES if "." in name])

_UNKNOWN = "no finder knows it: the import raises in its place"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lazyimp._config import Config


class Policy:
    """One mode's answers, with the user's patterns before them."""

    def __init__(
        self, mode: str, config: "Config | None" = None, units: "_units.Units | None" = None
    ) -> None:
        if mode not in MODES:
            raise ValueError(f"unknown mode {mode!r}; use safe, deep or all")
        self.mode = mode
        self.config = config
        self._units = units or _units.shared
        self._tables: dict[tuple[str, str], dict[str, int]] = {}
        self._importers: dict[tuple[str, str | None], Importer] = {}

    # -- what the cores ask ------------------------------------------------------------------------------

    def open(self, importer: str, file: str | None) -> tuple[dict[str, int], int]:
        """The verdicts that all modules like this one share, filled as they are needed, and its flags."""
        known = self._importer(importer, file)
        flags = MODULE_OWN if known.kind is OWN else 0
        reopened = not known.essential and self.config is not None and self.config.reopens(known.name)
        if known.stays_eager and not reopened:
            flags |= MODULE_EAGER
        table = self._tables.get(known.key)
        if table is None:
            table = self._tables[known.key] = {}
        return table, flags

    def fill(self, importer: str, file: str | None, top: str) -> int:
        """The verdict on imports of `top`, or of anything under it, by modules like `importer`."""
        kind, lasting = self._units.of_top(top)
        if kind is None:
            return NO_STORE
        known = self._importer(importer, file)
        if known.essential or top in ESSENTIAL_TARGETS:
            verdict = 0
        elif top in _DEEPER or (self.config is not None and self.config.touches(top)):
            verdict = ASK
        elif kind is OWN and self.mode != "all":
            verdict = ASK  # what its modules do while they are imported decides
        else:
            verdict = self._verdict(known, kind, top)
        return verdict if lasting else verdict | NO_STORE

    def decide(
        self, importer: str, file: str | None, target: str, names: tuple[str, ...] | None, context: int
    ) -> tuple[str, str]:
        """(decision, reason) for one import statement."""
        top = target.partition(".")[0]
        kind = self._units.of_top(top)[0]
        if kind is None:
            return EAGER, _UNKNOWN
        known = self._importer(importer, file)
        if known.essential:
            return EAGER, known.stays_eager
        if top in ESSENTIAL_TARGETS:
            return EAGER, f"{top}: {ESSENTIAL_TARGETS[top]}"
        wanted = [f"{target}.{name}" for name in names] if names else [target]
        return (
            self._by_user(known, wanted, context)
            or self._by_effect(kind, target, names, context)
            or self._by_mode(known, kind, top, wanted, context)
        )

    # -- the layers --------------------------------------------------------------------------------------

    def _by_user(self, known: "Importer", wanted: list[str], context: int) -> tuple[str, str] | None:
        if self.config is None:
            return None
        # "lazy: pandas" is about programs; it does not reopen pytest or setuptools. "_pytest -> pandas" does.
        found = self.config.match(known.name, wanted, bool(known.stays_eager))
        if found is None:
            return None
        lazy, reason = found
        if not lazy:
            return EAGER, reason
        # found already, so `except ImportError` is decided and the proxy is as lazy as a placeholder
        return (PROXY if context & PROTECTED and not context & FROM else LAZY), reason

    def _by_effect(
        self, kind: str, target: str, names: "tuple[str, ...] | None", context: int
    ) -> "tuple[str, str] | None":
        """Own modules that do something while they are imported do it where the statement stands."""
        if kind is not OWN or self.mode == "all" or context & (PROTECTED | UNUSED):
            return None
        from lazyimp import _effects

        effect = _effects.of_statement(target, names, self._is_own)
        return None if effect is None else (EAGER, f"own code, and importing it {effect}")

    def _is_own(self, top: str) -> bool:
        return self._units.of_top(top)[0] is OWN

    def _by_mode(
        self, known: "Importer", kind: str, top: str, wanted: list[str], context: int
    ) -> tuple[str, str]:
        if self.mode == "all":
            if context & PROTECTED:
                return EAGER, "inside try or with, as in PEP 810"
            return LAZY, "mode all: everything"
        if known.stays_eager:
            return EAGER, known.stays_eager
        if top in _ROWS:
            row = _row(EAGER_TARGETS, wanted)
            if row:
                return EAGER, row
        if context & EFFECT_ORDER:
            return EAGER, "the code around it changes what the import sees"
        if known.kind is not OWN and self._inside_one_unit(known, kind, top):
            if self.mode == "safe":
                return EAGER, "inside one distribution the author's order stands"
            unit = known.key[0]  # its modules share their verdicts, so what they are called does not matter
            if unit in CLOSED:
                return EAGER, f"{unit}: {CLOSED[unit]}"
            return _inside(known.kind, context)
        if context & UNUSED:
            if top in _ROWS or top.startswith(_PLUGIN_PREFIX):
                row = _row(EFFECT_TARGETS, wanted)
                if row or top.startswith(_PLUGIN_PREFIX):
                    return EAGER, "never named: " + (row or f"{top}: {_ENVIRONMENTS}")
            # in a package's __init__ too: `from .resnet import ResNet` puts a model into a registry
            if kind is OWN:
                return EAGER, "own code that is never named is imported for its effect"
        if context & PROTECTED:
            return _protected(kind, context)
        if known.kind is OWN:
            return LAZY, "imported by own code"
        return LAZY, "crosses from one unit to another"

    def _inside_one_unit(self, known: "Importer", kind: str, top: str) -> bool:
        if kind is not known.kind:
            return False
        return kind is STDLIB or self._units.same(known.name.partition(".")[0], top)

    # -- importers and verdicts --------------------------------------------------------------------------

    def _importer(self, name: str, file: str | None) -> "Importer":
        known = self._importers.get((name, file))
        if known is None:
            known = self._importers[name, file] = Importer(self._units, name, file, self.mode)
        return known

    def _verdict(self, known: "Importer", kind: str, top: str) -> int:
        """The bits that say what the mode's rules say in every context; ASK if no bits do."""
        wanted = [top]
        answers = [self._by_mode(known, kind, top, wanted, context)[0] for context in range(8)]
        bits = 0
        if answers[0] is LAZY:
            bits |= LAZY_BIT
        if answers[UNUSED] is LAZY:
            bits |= UNUSED_BIT
        if answers[PROTECTED] is PROXY:
            bits |= PROXY_BIT
        for context, answer in enumerate(answers):
            if answer is not by_bits(bits, context):
                return ASK
        return bits


class Importer:
    """What the rules need to know of an importing module."""

    __slots__ = ("essential", "key", "kind", "name", "stays_eager")

    def __init__(self, units: "_units.Units", name: str, file: str | None, mode: str) -> None:
        self.kind, unit, self.name = units.of_module(name, file)
        has_row = self.name.partition(".")[0] in _IMPORTERS
        reason = _row(ESSENTIAL_IMPORTERS, [self.name]) if has_row else ""
        self.essential = bool(reason)
        if not reason and mode != "all":
            reason = (has_row and _row(EAGER_IMPORTERS, [self.name])) or _test_module(self.name)
        self.stays_eager = reason
        # eager importers share no verdicts with others
        self.key = (unit if self.kind is DIST else self.kind + ":", reason)


def by_bits(bits: int, context: int) -> str:
    """What a core makes of a verdict without ASK: the contract that lazyimp_c implements in C."""
    if context & PROTECTED:
        return PROXY if bits & PROXY_BIT and not context & FROM else EAGER
    return LAZY if bits & (UNUSED_BIT if context & UNUSED else LAZY_BIT) else EAGER


def _inside(kind: str, context: int) -> tuple[str, str]:
    """Mode deep, inside one unit that is not the user's."""
    if kind is STDLIB:
        # little to win: most is loaded before a program starts, and C code and shutdown rely on the rest
        return EAGER, "inside the standard library"
    if context & PROTECTED:
        return EAGER, "inside try or with: a distribution may ship parts that fail here, and catches that"
    if context & UNUSED and not context & FROM:
        return EAGER, "inside one distribution, and never named: there for its effect"
    return LAZY, "mode deep: inside one distribution"


def _protected(kind: str, context: int) -> tuple[str, str]:
    """An import inside `try` or `with` that leaves its unit."""
    if context & FROM:
        return EAGER, "inside try or with: whether the name exists is known after the import only"
    if kind is STDLIB:
        # _lzma, _bz2, _sqlite3 or _tkinter missing: the module is found, fails, and the program catches that
        return EAGER, "inside try or with: a standard module may be there and fail for want of a library"
    if kind is OWN:
        return EAGER, "inside try or with: own code may fail on purpose"
    return PROXY, "inside try or with: installed, so the except branch is decided"


def _row(table: dict[str, str], names: list[str]) -> str:
    """The row of the first name that has one, or is under one that has, with its reason; else ''."""
    for name in names:
        part = name
        while part:
            reason = table.get(part)
            if reason:
                return f"{part}: {reason}"
            part = part.rpartition(".")[0]
    return ""


def _test_module(name: str) -> str:
    last = name.rpartition(".")[2]
    if last == "conftest":
        return f"{name}: {_TESTS}"
    if last.startswith("test_") or last.endswith("_test"):
        # read late: a program of that name that runs by itself is a program
        return f"{name}: {_TESTS}" if "_pytest" in sys.modules else ""
    return ""
