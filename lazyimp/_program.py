"""The program that is started, by its words: the module that `-m` names, where its configuration and profile lie.

HOT, loaded where lazyimp is on. Reads files; raises Refused for what the user has to mend.
"""

import os
import sys

CONFIG_LEVELS = 8


class Refused(Exception):
    """A wish that cannot be followed; the text is for the user, the slug says which kind of fault it is."""

    def __init__(self, message, slug="usage"):
        Exception.__init__(self, message)
        self.slug = slug


def module_of(argv, orig_argv):
    """The module that `-m` names while start-up runs, when argv[0] is "-m"; None where no word follows it."""
    words = orig_argv[max(0, len(orig_argv) - len(argv)) :]
    if not words:
        return None
    glued = words[0].partition("m")[2] if words[0][:1] == "-" else words[0]
    return glued or words[1]


# -- configuration -------------------------------------------------------------------------------------------


def read_config(given):
    """The program's configuration, else the one at `given`, or None; its faults are the user's to hear: Refused."""
    path = find_config(given)
    if path is None:
        return None
    from lazyimp._config import load_config

    try:
        config = load_config(path)
    except Exception as error:
        if not hasattr(error, "slug") and not isinstance(error, (ValueError, OSError)):
            raise
        raise Refused(str(error), "config") from error
    os.environ["LAZYIMP_CONFIG"] = path  # a spawned worker has no script of its own to start from
    return config


def find_config(given):
    """The nearest pyproject.toml with a table of ours, from the script's folder upwards, or None."""
    script = (getattr(sys, "argv", None) or [""])[0]
    if script in ("", "-c", "-m", "-"):
        return given or search_config(os.getcwd())
    folder = os.path.dirname(os.path.abspath(script))
    if folder == os.path.dirname(sys.executable or ""):
        folder = os.getcwd()  # an installed command belongs to the project it is run in
    return search_config(folder) or given


def search_config(folder):
    """The nearest pyproject.toml with a table of ours in `folder` or above it, or None."""
    for _ in range(CONFIG_LEVELS):
        path = os.path.join(folder, "pyproject.toml")
        try:
            with open(path, "rb") as file:
                # budgets are for `lazyimp check`; a file that has nothing else for us is not parsed at start
                if b"[tool.lazyimp" in file.read().replace(b"[[tool.lazyimp.budget]]", b""):
                    return path
        except OSError:
            pass
        parent = os.path.dirname(folder)
        if parent == folder:
            break
        folder = parent
    return None


# -- profile -------------------------------------------------------------------------------------------------


def find_profile(given):
    """The file `given`, else the one beside the program if it is there, or None."""
    if given is not None:
        return given if given != "0" else None
    path = profile_path(getattr(sys, "argv", None) or [""], getattr(sys, "orig_argv", ()))
    return path if path is not None and os.path.isfile(path) else None


def profile_path(argv, orig_argv):
    """Where the profile of the program that these words start would lie, or None; `tune` asks, too."""
    script = argv[0]
    if script in ("", "-c", "-"):
        return None
    if script == "-m":
        module = module_of(argv, orig_argv)
        return None if module is None else f"{module}.lazyimp.toml"
    folder, name = os.path.split(script.rstrip("/\\"))
    if folder and os.path.abspath(folder) == os.path.dirname(sys.executable or ""):
        folder = ""  # an installed command belongs to the project it is run in
    for suffix in (".py", ".pyw", ".pyc", ".pyz", ".exe"):
        name = name.removesuffix(suffix)
    return os.path.join(folder, f"{name}.lazyimp.toml")


# -- what can be found again ---------------------------------------------------------------------------------


def cache_folder(kind, form):
    """Where the user's programs keep what they can find again, of one kind and format."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    if not base:
        home = os.environ.get("HOME") or os.path.expanduser("~")  # which takes its time
        mac = sys.platform == "darwin"
        base = os.path.join(home, "Library", "Caches") if mac else os.path.join(home, ".cache")
    return os.path.join(base, "lazyimp", f"{kind}-{sys.implementation.cache_tag}-{form}")


def stamp_of(place, is_package):
    """What changes with the module at `place`, or for a package with what lies in its folder; None: it is gone."""
    try:
        info = os.stat(place)
        stamp = f"{info.st_mtime_ns} {info.st_size}"
        return f"{stamp} {os.stat(os.path.dirname(place)).st_mtime_ns}" if is_package else stamp
    except OSError:
        return None
