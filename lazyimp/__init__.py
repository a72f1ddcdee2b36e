"""Lazy imports for machine-learning programs: the version and the public names, served on demand.

Importing this package imports nothing else; `lazyimp.enable` and the other names load what they need when
they are asked for. PYTEST_DONT_REWRITE: pytest rewrites the modules of distributions with a plugin, and would warn
that it comes too late where lazyimp has started with the interpreter.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lazyimp._control import disable, enable, first_batch, lazy, mark, phase, status
    from lazyimp.errors import LazyimpError
    from lazyimp.manifest import CallableModule

    manifest: CallableModule

__all__ = [
    "LazyimpError",
    "__version__",
    "disable",
    "enable",
    "first_batch",
    "lazy",
    "manifest",
    "mark",
    "phase",
    "status",
]


def __getattr__(name: str) -> object:
    """Load a public name at its first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "manifest":
        # a from-import would ask for the name here again; this sets it on the package, too
        import lazyimp.manifest as module

        return module
    if name == "LazyimpError":
        from lazyimp import errors as home
    else:
        from lazyimp import _control as home  # type: ignore[no-redef]  # two modules, one role
    value = getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: object) -> None:
    """What `%load_ext lazyimp` calls."""
    from lazyimp.integrations import ipython

    ipython.load(shell)


def unload_ipython_extension(shell: object) -> None:
    """What `%unload_ext lazyimp` calls."""
    from lazyimp.integrations import ipython

    ipython.unload(shell)
