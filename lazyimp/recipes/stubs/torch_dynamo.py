"""Stands in for torch._dynamo where functions are kept from the compiler, or let into graphs, and nothing is compiled.

Until the compiler is loaded nobody can have put its hook into the interpreter: a function that is to run without
it is that function, a break in a graph that nobody records is nothing, and no module was ever optimized. What
the compiler has to know of all this is told when it comes.
"""

import weakref
from functools import wraps
from types import FunctionType, ModuleType
from typing import Any

NAME = "torch._dynamo"
ANYBODY = "*"
_KEPT = "__dynamo_disable"  # where torch/_compile.py keeps what disable() gave it

# What `typing` looks for in a class that is part of an annotation; a module's class has none of it.
ASKED_BY_ANNOTATIONS = (
    *("__typing_subst__", "__typing_unpacked_tuple_args__", "__typing_is_unpacked_typevartuple__"),
    *("__parameters__", "__origin__", "__args__", "__unpacked__", "__metadata__"),
)

_real: list[Any] = []  # the compiler, once it is there
_kept: list[tuple[FunctionType, bool, dict[str, object]]] = []
_wrapped: list[tuple["weakref.ref[Any]", list[Any], dict[str, Any]]] = []
_allowed: list["weakref.ref[Any]"] = []


def compiler() -> Any:
    """The real module; it is loaded if it was not."""
    if not _real:
        import importlib

        importlib.import_module(f"{NAME}.eval_frame")  # a stub gives way to a submodule
    return _real[0]


# -- functions kept from the compiler ------------------------------------------------------------------------


def disable(function: Any = None, recursive: bool = True, **options: object) -> Any:
    """A function that calls `function`, as the compiler gives it; all else the compiler makes itself."""
    if _real:
        return _real[0].disable(function, recursive, **options)
    if function is None:
        return _Disabling(recursive, options)
    function = _innermost(function)
    if type(function) is not FunctionType or not options.get("wrapping", True):
        return compiler().disable(function, recursive, **options)
    current: list[Any] = [function]

    @wraps(function)
    def without_compiler(*args: object, **kwargs: object) -> object:
        return current[0](*args, **kwargs)

    _mark(without_compiler, function)
    _wrapped.append((weakref.ref(without_compiler), current, {"recursive": recursive, **options}))
    return without_compiler


def keep(function: Any, recursive: bool = True, **options: object) -> Any:
    """`function` itself: its only caller keeps what it is given, and that is what runs without the compiler."""
    if _real or type(function) is not FunctionType:
        return compiler().disable(function, recursive, **options)
    _kept.append((function, recursive, options))
    return function


class _Disabling:
    """What disable() without a function gives: a decorator, and a context."""

    def __init__(self, recursive: bool, options: dict[str, object]) -> None:
        self._recursive, self._options = recursive, options

    def __call__(self, function: Any) -> Any:
        return disable(function, self._recursive, **self._options)

    def __enter__(self) -> Any:
        self._context = compiler().disable(None, self._recursive, **self._options)
        return self._context.__enter__()

    def __exit__(self, *error: object) -> Any:
        return self._context.__exit__(*error)


def _innermost(function: Any) -> Any:
    """The function that another disable() wrapped."""
    while getattr(function, "_torchdynamo_wrapper_id", id(function)) == id(function) and hasattr(
        function, "_torchdynamo_orig_callable"
    ):
        function = function._torchdynamo_orig_callable
    return function


def _mark(made: Any, function: Any) -> None:
    made._torchdynamo_disable = True
    made._torchdynamo_orig_callable = function
    made._torchdynamo_wrapper_id = id(made)


# -- what is nothing while there is no compiler ---------------------------------------------------------------


def graph_break(*args: Any, **kwargs: Any) -> None:
    """Nothing: no graph is being recorded."""
    if _real:
        _real[0].graph_break(*args, **kwargs)


def reset() -> None:
    """Nothing: nothing was compiled."""
    if _real:
        _real[0].reset()


def assume_constant_result(function: Any) -> Any:
    """The function with a mark."""
    function._dynamo_marked_constant = True
    return function


def allow_in_graph(function: Any) -> Any:
    """The function; the compiler is told about it when it comes."""
    if _real or not (callable(function) or isinstance(function, (list, tuple))):
        return compiler().allow_in_graph(function)
    if isinstance(function, (list, tuple)):
        return [allow_in_graph(each) for each in function]
    _allowed.append(weakref.ref(function))
    return function


class _OptimizedModule:
    """Stands for the class of compiled modules, of which there is no instance yet."""

    def __instancecheck__(self, instance: object) -> bool:
        return bool(_real) and isinstance(instance, _real[0].OptimizedModule)

    def __subclasscheck__(self, subclass: type) -> bool:
        return bool(_real) and issubclass(subclass, _real[0].OptimizedModule)

    def __getattribute__(self, name: str) -> Any:
        if name in ("__class__", "__mro_entries__"):
            return object.__getattribute__(self, name)
        if name in ASKED_BY_ANNOTATIONS:
            raise AttributeError(name)
        return getattr(compiler().OptimizedModule, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return compiler().OptimizedModule(*args, **kwargs)

    def __mro_entries__(self, bases: tuple[object, ...]) -> tuple[type, ...]:
        return (compiler().OptimizedModule,)

    def __or__(self, other: Any) -> Any:
        return compiler().OptimizedModule | other

    def __ror__(self, other: Any) -> Any:
        return other | compiler().OptimizedModule

    def __repr__(self) -> str:
        return repr(compiler().OptimizedModule)


class _EvalFrame:
    """Stands for the submodule where it is only asked for that class."""

    def __getattr__(self, name: str) -> Any:
        if name == "OptimizedModule" and not _real:
            return _optimized
        return getattr(compiler().eval_frame, name)


_optimized = _OptimizedModule()

ANSWERS = {
    "disable": {"torch._compile": keep, ANYBODY: disable},
    "graph_break": {ANYBODY: graph_break},
    "reset": {ANYBODY: reset},
    "assume_constant_result": {ANYBODY: assume_constant_result},
    "allow_in_graph": {ANYBODY: allow_in_graph},
    "OptimizedModule": {ANYBODY: _optimized},
    "eval_frame": {"accelerate.utils.other": _EvalFrame()},
}


# -- handing over ---------------------------------------------------------------------------------------------


def hand_over(dynamo: ModuleType) -> None:
    """Tell the compiler, and give those who kept a plain function what it would have given them."""
    real: Any = dynamo
    _real.append(real)
    while _allowed:
        function = _allowed.pop(0)()
        if function is not None:
            real.allow_in_graph(function)
    while _kept:
        function, recursive, options = _kept.pop()
        if function.__dict__.get(_KEPT) is function:
            setattr(function, _KEPT, real.disable(function, recursive, **options))
    while _wrapped:
        reference, current, options = _wrapped.pop()
        made = reference()
        if made is not None:
            _become(made, current, real.disable(current[0], **options), real)
    _replace(real.OptimizedModule)


def _become(made: Any, current: list[Any], wrapper: Any, real: Any) -> None:
    """Let a function made here run the compiler's wrapper, and be passed over by the compiler like that."""
    vars(made).update(
        {name: value for name, value in vars(wrapper).items() if name.startswith("_torchdynamo")}
    )
    _mark(made, current[0])
    current[0] = wrapper
    if type(wrapper) is FunctionType:  # the compiler goes by the file that a function is written in
        made.__code__ = made.__code__.replace(co_filename=wrapper.__code__.co_filename)
    skip_code = getattr(real.eval_frame, "skip_code", None)
    if skip_code is not None:
        skip_code(made.__code__)


def _replace(real_class: Any) -> None:
    """Put the real class where a namespace holds what stood for it."""
    import gc

    for holder in gc.get_referrers(_optimized):
        if type(holder) is dict and holder is not globals():
            for key in [key for key, value in holder.items() if value is _optimized]:
                holder[key] = real_class
