"""What a job left: the files that its patterns name, and what lazyimp wrote down about its processes."""

import fnmatch
import os
import re

from lazyimp.ship.host.jobs import sha256_of
from lazyimp.ship.host.paths import Refused, inside, read_json


def outputs(root, job):
    """[name, size, sha256, path] of the files that the job's patterns name in its working folder.

    Links are followed to files that are in the folder, and to folders where a pattern names them. [name, 0, "", ""]
    stands for what is left there: a link that leads out of the folder, or what is no regular file.
    """
    folder = root.place("jobs", job)
    wish = read_json(os.path.join(folder, "job.json"))
    if wish is None:
        raise Refused(f"there is no job {job!r} on this host")
    found = Found(os.path.join(folder, "work"))
    for pattern in wish.get("outputs", ()):
        plain = os.path.normpath(pattern)
        inside(found.folder, plain.replace("*", "x"))
        found.match("", plain.split("/"))
    rows = [[name, os.path.getsize(path), sha256_of(path), path] for name, path in found.files.items()]
    return sorted(rows + [[name, 0, "", ""] for name in found.left])


def records(root, job):
    """The same of what lazyimp wrote down about the job's processes."""
    folder = root.place("jobs", job)
    names = [name for name in sorted(os.listdir(folder)) if name.startswith("record.jsonl")]
    paths = [(name, os.path.join(folder, name)) for name in names]
    return [[name, os.path.getsize(path), sha256_of(path), path] for name, path in paths]


class Found:
    """What patterns name below a folder."""

    def __init__(self, folder):
        self.folder, self.real = folder, os.path.realpath(folder)
        self.files, self.left = {}, set()

    def match(self, name, parts):
        """Take what `parts` name below `name`; folders bring all that is in them."""
        if not parts or parts == ["**"]:
            self.take(name)
            return
        head, rest = parts[0], parts[1:]
        if head == "**":
            while rest[:1] == ["**"]:
                rest = rest[1:]
            self.match(name, rest)
            for each in self._names(name):
                child = os.path.join(name, each)
                if not each.startswith(".") and self._is_dir(child) and not os.path.islink(self._path(child)):
                    self.match(child, parts)
        elif re.search(r"[*?\[]", head):
            for each in self._names(name):
                hidden = each.startswith(".") and not head.startswith(".")
                child = os.path.join(name, each)
                if hidden or not fnmatch.fnmatchcase(each, head):
                    continue
                if rest or not self._is_link_to_folder(child):
                    self._enter(child, rest)
        elif os.path.lexists(self._path(os.path.join(name, head))):
            self._enter(os.path.join(name, head), rest)

    def take(self, name):
        """Take a file, or all files below a folder."""
        path = self._path(name)
        if not self._is_inside(path):
            self.left.add(name)
        elif os.path.isfile(path):
            self.files[name] = path
        elif os.path.isdir(path):
            for folder, folders, files in os.walk(path):
                links = [each for each in folders if os.path.islink(os.path.join(folder, each))]
                for each in [*files, *links]:
                    inner = os.path.relpath(os.path.join(folder, each), self.folder)
                    if not self._is_link_to_folder(inner):
                        self.take(inner)
        else:
            self.left.add(name)

    def _enter(self, name, rest):
        if rest and not self._is_inside(self._path(name)):
            self.left.add(name)
        elif not rest or self._is_dir(name):
            self.match(name, rest)

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _names(self, name):
        try:
            return sorted(os.listdir(self._path(name)))
        except OSError:
            return []

    def _is_link_to_folder(self, name):
        """One within the job's folder: what it leads to is there under its own name."""
        path = self._path(name)
        return os.path.islink(path) and os.path.isdir(path) and self._is_inside(path)

    def _is_dir(self, name):
        return os.path.isdir(self._path(name))

    def _is_inside(self, path):
        real = os.path.realpath(path)
        return real == self.real or real.startswith(self.real + os.sep)
