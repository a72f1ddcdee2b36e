"""What the metadata folders beside installed modules say: which names one distribution has, and its version.

HOT, loaded when two top-level names that share a site directory are compared, or a recipe asks for a version.
"""

import _frozen_importlib_external as _external
import os
import sys

# Distributions that are called otherwise than what one imports, so that no other's metadata need be read.
_DISTRIBUTION_OF = {
    "PIL": "pillow",
    "absl": "absl_py",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv_python",
    "dateutil": "python_dateutil",
    "dotenv": "python_dotenv",
    "git": "gitpython",
    "google": "protobuf",
    "grpc": "grpcio",
    "hydra": "hydra_core",
    "ignite": "pytorch_ignite",
    "markdown_it": "markdown_it_py",
    "skimage": "scikit_image",
    "sklearn": "scikit_learn",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}


def normalised(name: str) -> str:
    """A distribution's name as its metadata folder spells it, in lower case."""
    return name.lower().replace("-", "_").replace(".", "_")


class Metadata:
    """Answers for one process; `sites` says in which site directory a top-level name was found."""

    def __init__(self, sites: dict[str, str]) -> None:
        self._sites = sites
        self._folders: dict[str, dict[str, str]] = {}  # site directory -> {distribution: metadata folder}
        self._folder_of: dict[str, str | None] = {}  # top-level name -> metadata folder of its distribution
        self._tops: dict[str, frozenset[str]] = {}  # top-level name -> what its distribution installs

    def is_one(self, top: str, other: str) -> bool:
        """Whether two top-level names in site directories come from one distribution."""
        ours, theirs = self._folder(top), self._folder(other)
        if ours and theirs:
            return ours == theirs
        return other in self._tops_of(top) if ours else top in self._tops_of(other)

    def version(self, tops: tuple[str, ...], names: tuple[str, ...]) -> str | None:
        """The installed version of the first of the distributions `names` that lies beside one of `tops`."""
        for site in [self._sites[top] for top in tops if top in self._sites]:
            for name in names:
                folder = self._inside(site).get(normalised(name), "")
                version = folder.rpartition(".")[0].partition("-")[2].partition("-")[0]
                if version:
                    return version
        return None

    def _tops_of(self, top: str) -> frozenset[str]:
        """The top-level names of the distribution that is called like `top`; empty when there is none."""
        tops = self._tops.get(top)
        if tops is None:
            folder = self._folder(top)
            tops = self._tops[top] = _read_tops(folder) if folder else frozenset()
        return tops

    def _folder(self, top: str) -> str | None:
        """The metadata folder of the distribution that is called like `top`."""
        folder = self._folder_of.get(top, "")
        if folder == "":
            site = self._sites.get(top)
            if site is None:
                return None
            folder = self._inside(site).get(_DISTRIBUTION_OF.get(top) or normalised(top))
            folder = self._folder_of[top] = folder and f"{site}/{folder}"
        return folder

    def _inside(self, site: str) -> dict[str, str]:
        known = self._folders.get(site)
        if known is None:
            names = [name for name in _names_in(site) if name[-5:] == "-info"]
            # as `normalised` does it, in one breath: there may be hundreds
            spelt = "\n".join([name.rpartition(".")[0].partition("-")[0] for name in names]).lower()
            found = spelt.replace("-", "_").replace(".", "_").split("\n")
            known = self._folders[site] = dict(zip(found, names, strict=False))
        return known


def _names_in(folder: str) -> "list[str] | set[str]":
    """What lies in a folder; where its finder has read it and nothing changed since, as that knows."""
    finder = sys.path_importer_cache.get(folder)
    try:
        if getattr(finder, "_path_mtime", None) == os.stat(folder).st_mtime:
            names: set[str] = getattr(finder, "_path_cache", set())
            return names
        return os.listdir(folder)
    except OSError:
        return []


def _read_tops(folder: str) -> frozenset[str]:
    for name, read in (("top_level.txt", _tops_in_list), ("RECORD", _tops_in_record)):
        try:
            # through the loader's own reading: `open` would look for codecs
            data = _external.FileLoader("", "").get_data(f"{folder}/{name}")
        except OSError:
            continue
        return frozenset(top.decode("utf-8", "replace") for top in read(data))
    return frozenset()


def _tops_in_list(data: bytes) -> set[bytes]:
    return {line.strip() for line in data.split(b"\n")}


def _tops_in_record(data: bytes) -> set[bytes]:
    # a package's lines start `pkg/`, a single module's `mod.py,` or `mod.abi3.so,`
    starts = {line.partition(b"/")[0] for line in data.split(b"\n")}
    return {start.partition(b",")[0].partition(b".")[0] for start in starts}
