"""Which unit a module belongs to: the standard library, one installed distribution, or the user's own code.

HOT: it runs inside the first imports of a program, so it uses loaded modules only, and asks the interpreter's
own directory caches before the disk.
"""

import _frozen_importlib_external as _external
import _imp
import os
import sys

from lazyimp import _tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from lazyimp._metadata import Metadata

STDLIB = "stdlib"
OWN = "own"
DIST = "distribution"

# Top-level names that one distribution (or distributions released and tested as one) installs. Metadata would
# answer for most of them; the table saves the reading for the ones that ML programs meet first.
SAME_DISTRIBUTION = {
    "_distutils_hack": "setuptools",
    "_pytest": "pytest",
    "_yaml": "yaml",
    "attrs": "attr",
    "caffe2": "torch",  # in torch's wheel until 2.4
    "distutils": "setuptools",  # 3.12 and later have it from setuptools only
    "functorch": "torch",
    "jax_cuda12_pjrt": "jax",  # plug-ins and jaxlib are pinned to one jax release and share its state
    "jax_cuda12_plugin": "jax",
    "jaxlib": "jax",
    "lightning_fabric": "lightning",  # the old names of lightning's halves; they import each other back
    "pytorch_lightning": "lightning",
    "mpl_toolkits": "matplotlib",
    "pkg_resources": "setuptools",
    "pylab": "matplotlib",
    "torchgen": "torch",
}

_SUFFIXES = (*_imp.extension_suffixes(), ".py", ".pyc")
_ASKED = (_external.PathFinder,)


class Units:
    """Answers for one process; everything learned is kept."""

    def __init__(self) -> None:
        self._roots: tuple[str, ...] = ()
        self._kinds: dict[str, str] = {}  # top-level name -> kind, for names that were found
        self._folders: dict[str, str] = {}  # sys.path entry -> kind of what it holds
        self._sites: dict[str, str] = {}  # top-level name -> its site directory
        self._known_metadata: Metadata | None = None
        self._path: list[str] = []  # sys.path as `standard` saw it
        self._standard: frozenset[str] = frozenset()

    # -- importers ---------------------------------------------------------------------------------------

    def of_module(self, name: str, file: str | None) -> tuple[str, str, str]:
        """(kind, unit, dotted name) of the module `name` that came from `file`.

        The dotted name differs from `name` for a `__main__` that `python -m` took from a distribution or from
        the standard library: it is that module, not the user's.
        """
        if not file or file[0] == "<":
            # typed in, `-c`, exec'd, or frozen; a frozen standard module may have no file
            frozen = not file or file.startswith("<frozen")
            stdlib = frozen and name.partition(".")[0] in sys.stdlib_module_names
            return (STDLIB, STDLIB, name) if stdlib else (OWN, OWN, name)
        file = _slashes(file)
        site = _site_end(file)
        if site:
            if name == "__main__":
                name = _dotted(file[site:])
            return DIST, self._unit(name.partition(".")[0], file[: site - 1]), name
        for root in self._stdlib_roots():
            if file.startswith(root):
                return STDLIB, STDLIB, _dotted(file[len(root) :]) if name == "__main__" else name
        if name == "__main__":
            return OWN, OWN, name
        steps = name.count(".") + (2 if is_init(file) else 1)
        folder = file.rsplit("/", steps)[0]
        if self._kind_of_folder(folder) is DIST:
            return DIST, self._unit(name.partition(".")[0], folder), name
        return OWN, OWN, name

    def _unit(self, top: str, site: str) -> str:
        self._sites.setdefault(top, site)
        return SAME_DISTRIBUTION.get(top, top)

    # -- targets -----------------------------------------------------------------------------------------

    def kind_of(self, name: str) -> str | None:
        """The kind of the unit that a module, or what is in it, belongs to."""
        return self.of_top(name.partition(".")[0])[0]

    def of_top(self, top: str) -> tuple[str | None, bool]:
        """(kind, lasting) of a top-level name, without importing it; the kind of an unknown one is None.

        An answer that does not last is not to be kept: the name is unknown, or a module made by hand.
        """
        kind = self._kinds.get(top)
        if kind:
            return kind, True
        if top in sys.modules:
            return self._of_loaded(top, sys.modules[top])
        if top in sys.builtin_module_names:
            kind = STDLIB
        elif _imp.is_frozen(top):
            kind = STDLIB if top in sys.stdlib_module_names else OWN
        else:
            kind = self._along_path(top)
            kind = kind or self._by_finders(top, kind is None)
        if kind:
            self._kinds[top] = kind
        return kind, kind is not None

    def standard(self) -> frozenset[str]:
        """Modules of the standard library that are here, and that nothing before it on sys.path hides.

        The same set while sys.path stays. What is put there later, and the finders do not know, is not seen.
        """
        if sys.path == self._path:
            return self._standard
        names, hidden = set(sys.builtin_module_names), set[str]()
        try:
            for entry in sys.path:
                folder = entry or os.getcwd()
                finder = _external.PathFinder._path_importer_cache(folder)  # type: ignore[attr-defined]  # private
                kind = self._kind_of_folder(folder)
                if finder is None or (kind is DIST and "os" in names):
                    continue  # it comes after the standard library
                finder.find_spec("lazyimp")  # it reads the folder where that is due
                tops = {name.partition(".")[0] for name in finder._path_cache}
                if kind is STDLIB:
                    names |= tops - hidden
                else:
                    hidden |= tops - names
        except (AttributeError, OSError, TypeError):
            return frozenset()  # another kind of finder, which has to be asked
        self._path = sys.path.copy()
        self._standard = sys.stdlib_module_names & names
        return self._standard

    def _of_loaded(self, top: str, module: object) -> tuple[str | None, bool]:
        if module is None:
            return None, False  # blocked: `sys.modules[name] = None` makes the import statement raise
        try:
            file = getattr(module, "__file__", None)
            spec = getattr(module, "__spec__", None)
        except Exception:  # somebody's object with a __getattr__ of its own; only its unit is at stake
            return OWN, False
        if type(file) is str:
            kind = self._kinds[top] = self.of_module(top, file)[0]
        elif spec is None:
            return OWN, False
        else:
            kind = self._kinds[top] = self._of_spec(top, spec)
        return kind, True

    def _along_path(self, top: str) -> str | None:
        """The kind of what the path finder would find in a plain folder; "" for nothing; None: ask it."""
        caches = sys.path_importer_cache
        files = [top + suffix for suffix in _SUFFIXES]
        files.append(top)
        passed = []
        for entry in sys.path:
            try:
                folder = entry or os.getcwd()
                finder = caches[folder]
                if finder is None:
                    continue
                # what it saw when it last read the folder, and when; other finders have no such memory
                if finder._path_mtime == -1:  # type: ignore[attr-defined]  # FileFinder's, private
                    finder.find_spec(top)
                if finder._path_cache.isdisjoint(files):  # type: ignore[attr-defined]  # the same
                    passed.append((folder, finder))
                    continue  # an old memory may miss what shadows a name, not that nothing has it
                if finder._path_mtime != os.stat(folder).st_mtime:  # type: ignore[attr-defined]  # the same
                    return None
                if finder._path_cache.isdisjoint(files[:-1]):  # type: ignore[attr-defined]  # the same
                    # a plain file, an extension package and a namespace package have no such file
                    os.stat(f"{folder}/{top}/__init__.py")
            except (AttributeError, KeyError, OSError, TypeError):
                return None
            return self._kind_of_folder(folder, top)
        return "" if _are_fresh(passed) else None

    def _by_finders(self, top: str, on_path: bool) -> str | None:
        """The kind of what the real finders find, in their order; `on_path`: the path finder may know it."""
        # Looked up, not imported: the finder builds on policy. It notes that a finder is at work meanwhile,
        # so that what finders import for themselves is imported at once.
        ours = sys.modules.get("lazyimp._finder")
        spec = None
        try:
            # first the one that has most: others are asked once, when the module is really looked for
            spec = _external.PathFinder.find_spec(top) if on_path else None
            if spec is not None:
                pass
            elif ours is not None:
                spec = ours.finder.find(top, () if top in ours.finder.paths else _ASKED)
            else:
                for finder in sys.meta_path:
                    spec = finder.find_spec(top, None) if finder not in _ASKED else None
                    if spec is not None:
                        break
        except Exception:  # a finder that refuses or breaks: the statement itself shall raise what it says
            return None
        return None if spec is None else self._of_spec(top, spec)

    def _of_spec(self, top: str, spec: object) -> str:
        origin = getattr(spec, "origin", None)
        if origin in ("built-in", "frozen"):
            return STDLIB if top in sys.stdlib_module_names else OWN
        if type(origin) is not str or origin == "namespace":
            try:
                origin = next(iter(getattr(spec, "submodule_search_locations", None) or ())) + "/__init__.py"
            except (StopIteration, TypeError):
                return OWN
        return self.of_module(top, origin)[0]

    # -- folders -----------------------------------------------------------------------------------------

    def _stdlib_roots(self) -> tuple[str, ...]:
        if not self._roots:
            folder = getattr(sys, "_stdlib_dir", None) or os.path.dirname(os.__file__)
            version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
            # the second holds lib-dynload where extension modules are installed apart from the sources
            platform = f"{sys.base_exec_prefix}/{getattr(sys, 'platlibdir', 'lib')}/{version}"
            archive = f"{sys.base_prefix}/lib/{version.replace('.', '')}.zip"
            windows = f"{sys.base_exec_prefix}/DLLs"
            self._roots = tuple({_slashes(root) + "/": None for root in (folder, platform, archive, windows)})
        return self._roots

    def _kind_of_folder(self, folder: str, top: str | None = None) -> str:
        """The kind of the modules that lie directly in `folder`."""
        kind = self._folders.get(folder)
        if kind is None:
            kind = self._folders[folder] = self._look_at_folder(_slashes(folder))
        if top and kind is DIST:
            self._sites.setdefault(top, folder)
        return kind

    def _look_at_folder(self, folder: str) -> str:
        inside = folder + "/"
        if _site_end(inside):
            return DIST
        if inside.startswith(self._stdlib_roots()):
            return STDLIB
        # `pip install --target`, unpacked wheels in archives, layers of function hosts: a folder that holds
        # metadata holds distributions, unless the program itself lies there too.
        try:
            if folder == _slashes(os.getcwd()) or folder == _main_folder():
                return OWN
            if any(name.endswith(".dist-info") for name in os.listdir(folder)):
                return DIST
        except OSError:
            pass
        return OWN

    # -- distributions -----------------------------------------------------------------------------------

    def same(self, importer: str, target: str) -> bool:
        """Whether two top-level names in site directories come from one distribution."""
        alias = SAME_DISTRIBUTION.get
        if alias(importer, importer) == alias(target, target):
            return True
        if target[:1] == "_":
            return True  # private: nobody but its own distribution names it
        return self._metadata().is_one(importer, target)

    def version(self, tops: tuple[str, ...], names: tuple[str, ...]) -> str | None:
        """The installed version of the first of the distributions `names` that lies beside one of `tops`."""
        return self._metadata().version(tops, names)

    def _metadata(self) -> "Metadata":
        if self._known_metadata is None:
            from lazyimp._metadata import Metadata

            self._known_metadata = Metadata(self._sites)
        return self._known_metadata


class Importer:
    """What the rules need to know of an importing module."""

    __slots__ = ("essential", "is_named", "key", "kind", "name", "place", "stays_eager")

    def __init__(self, units: Units, name: str, file: str | None, mode: str) -> None:
        self.kind, unit, self.name = units.of_module(name, file)
        self.essential, reason = _tables.why_eager(self.name, mode)
        self.stays_eager = reason
        # eager importers share no verdicts with others
        self.key = (unit if self.kind is DIST else self.kind + ":", reason)
        # its unit and name as recipes name them, which are about distributions
        self.place = (unit, self.name) if self.kind is DIST else ("", "")
        self.is_named = False  # a row of the profile or of a recipe is about this very importer


def _are_fresh(finders: "Iterable[tuple[str, object]]") -> bool:
    """Whether what the finders of these folders saw is what lies there now."""
    try:
        return all(
            finder._path_mtime == os.stat(folder).st_mtime  # type: ignore[attr-defined]  # FileFinder's, private
            for folder, finder in finders
        )
    except (AttributeError, OSError):
        return False


def _main_folder() -> str | None:
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return os.path.dirname(_slashes(file)) if type(file) is str else None


def _site_end(file: str) -> int:
    """Where the path inside a site directory begins; 0 when `file` is in none."""
    # the last one: an environment may itself lie in a folder of that name
    at = max(file.rfind("/site-packages/"), file.rfind("/dist-packages/"))
    return at + 15 if at >= 0 else 0


def is_init(file: str) -> bool:
    """Whether `file` is a package's own."""
    return _slashes(file).rpartition("/")[2].startswith("__init__.")


def _dotted(path: str) -> str:
    """`pkg.mod` for the path `pkg/mod.py`."""
    return path.rpartition(".")[0].replace("/", ".")


def _slashes(path: str) -> str:
    return path.replace("\\", "/") if sys.platform == "win32" else path


shared = Units()
