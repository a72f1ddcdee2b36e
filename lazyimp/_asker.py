"""The Python code that asks for an import, past the import system's frames and lazyimp's own.

HOT; `lz_asker` in lazyimp_c/frames.c for interpreters without the extension.
"""

import os
import sys

FOLDER = os.path.dirname(__file__) + os.sep
_module = type(sys)
_dict_of = _module.__dict__["__dict__"].__get__


class Asker:
    """The Python code that asks, past the import system's frames and lazyimp's."""

    __slots__ = ("called", "file", "function", "line", "ours", "place", "space", "states")

    def __init__(self, frame):
        self.called = self.ours = self.states = False
        self.file = self.function = self.place = None
        self.line, self.space = 0, {}
        nearest = True
        while frame is not None:
            code = frame.f_code
            file = code.co_filename
            importlib = file.startswith("<frozen importlib")
            ours = file.startswith((FOLDER, "<lazy import>"))
            self.called |= _is_import_module(code)
            if nearest and ours:
                self.ours = _imports(frame) and file[:1] != "<"
            nearest = nearest and importlib
            if not (importlib or ours or _is_import_module(code)):
                break
            frame = frame.f_back
        if frame is not None:
            self.file, self.line = code.co_filename, frame.f_lineno or 0
            self.function = getattr(code, "co_qualname", code.co_name)
            self.space, self.place = frame.f_globals, (id(frame), frame.f_lasti)
            self.states = _imports(frame)

    def is_main(self):
        """The main program asks."""
        main = sys.modules.get("__main__")
        return type(main) is _module and self.space is _dict_of(main)


def _is_import_module(code):
    return code.co_name == "import_module" and code.co_filename.endswith(
        ("/importlib/__init__.py", "\\importlib\\__init__.py")
    )


_IMPORTS = set(compile("import a", "?", "exec", dont_inherit=True).co_code[::2])
_IMPORTS -= set(compile("a = 0", "?", "exec", dont_inherit=True).co_code[::2])


def _imports(frame):
    """The running instruction of a frame imports."""
    return frame.f_lasti >= 0 and frame.f_code.co_code[frame.f_lasti] in _IMPORTS
