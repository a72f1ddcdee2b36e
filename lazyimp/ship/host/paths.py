"""The host's folder: names that may be used in it, files that appear whole, one builder at a time."""

import contextlib
import json
import os
import re
import shutil
import tempfile

FOLDERS = ("blobs", "code", "envs", "jobs", "locks", "tmp")


class Refused(Exception):
    """A wish that cannot be followed; the text is for the user."""


class Root:
    """The folder of one user on this host."""

    def __init__(self, path):
        self.path = os.path.abspath(os.path.expanduser(path))
        os.makedirs(self.path, mode=0o700, exist_ok=True)
        about = os.stat(self.path)
        if about.st_uid != os.geteuid() or about.st_mode & 0o022:
            raise Refused(f"{self.path} may be written by others; take another folder, or chmod 700 it")
        for name in FOLDERS:
            os.makedirs(os.path.join(self.path, name), mode=0o700, exist_ok=True)

    def place(self, kind, name, *more):
        """The path of something by its name; a name that could lead elsewhere is refused."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", str(name)):
            raise Refused(f"{name!r} is no name of a thing in {kind}/")
        return os.path.join(self.path, kind, str(name), *more)

    def discard(self, path):
        """Remove a folder: it is gone from its name at once, whatever happens while its files go."""
        gone = self.temporary("gone")
        with contextlib.suppress(FileNotFoundError):
            os.rename(path, os.path.join(gone, "it"))
        shutil.rmtree(gone, ignore_errors=True)

    def temporary(self, what):
        """A new folder below tmp/."""
        return tempfile.mkdtemp(prefix=f"{what}-", dir=os.path.join(self.path, "tmp"))

    @contextlib.contextmanager
    def lock(self, name):
        """One holder at a time, over all processes of this host; released when the holder dies."""
        import fcntl

        path = os.path.join(self.path, "locks", name)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def write_json(path, value):
    """Write a file that is there whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".write-")
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(value, file, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def read_json(path, otherwise=None):
    """The value in a file, or `otherwise` where there is none."""
    try:
        with open(path) as file:
            return json.load(file)
    except (OSError, ValueError):
        return otherwise


def inside(folder, name):
    """The path of `name` below `folder`; absolute names and those that lead out are refused."""
    if not isinstance(name, str) or not name or "\0" in name or "\\" in name:
        raise Refused(f"{name!r} is no relative path")
    path = os.path.normpath(os.path.join(folder, name))
    if os.path.isabs(name) or not path.startswith(os.path.normpath(folder) + os.sep):
        raise Refused(f"{name!r} leads out of its folder")
    return path
