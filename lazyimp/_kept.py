"""Keeps what was found about installed modules in the user's cache folder, one file for each top-level name.

HOT, loaded with `_inside`. A file's first line is the stamp of the installation that the rest is about; every
other line is one module: its name, what was found, and an empty field, by which a line that was cut off is told.
Lines are added as they are found, since a process may be killed at any time; of two about one module the last
counts.
"""

import os

from lazyimp import _program

FORMAT = "2"


class File:
    """What is kept about one top-level name; `found` is what was read and not asked for yet."""

    __slots__ = ("_fresh", "_is_there", "_path", "_stamp", "found")

    def __init__(self, path, stamp):
        self._path, self._stamp, self._fresh, self.found = path, stamp, [], {}
        try:
            with open(path, encoding="utf-8") as file:
                head, *lines = file.read().split("\n")
        except FileNotFoundError:
            head, lines = None, ()
        self._is_there = head == stamp
        if self._is_there:
            self.found = {line.partition("\t")[0]: line for line in lines if line[-1:] == "\t"}

    def take(self, name, count):
        """The `count` fields about a module, or None; they are not asked for again."""
        fields = self.found.pop(name, "").split("\t")
        return fields[1:-1] if len(fields) == count + 2 else None

    def add(self, name, fields):
        """Keep fields about a module, with the next `write`."""
        self._fresh.append("\t".join((name, *fields, "\n")))

    def write(self):
        """Put what was added into the file."""
        if not self._fresh:
            return
        rows, self._fresh = "".join(self._fresh), []
        try:
            if self._is_there:
                self._append(f"\n{rows}".encode())  # what came before may have been cut off
            else:
                self._begin(rows)
                self._is_there = True
        except OSError:
            return

    def _append(self, rows):
        head = f"{self._stamp}\n".encode()
        file = os.open(self._path, os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0))
        try:
            if os.read(file, len(head)) == head:  # else it was installed anew meanwhile
                os.write(file, rows)
        finally:
            os.close(file)

    def _begin(self, rows):
        temporary = f"{self._path}.{os.getpid()}"
        with open(temporary, "w", encoding="utf-8", newline="\n") as file:
            file.write(f"{self._stamp}\n{rows}")
        os.replace(temporary, self._path)


def open_file(top, stamp):
    """The file of a top-level name, or None where nothing can be kept."""
    place = _program.cache_folder("inside", FORMAT)
    try:
        os.makedirs(place, mode=0o700, exist_ok=True)
        return File(os.path.join(place, f"{top}.txt"), stamp) if os.access(place, os.W_OK) else None
    except (OSError, UnicodeError):
        return None
