"""Hooks on functions: calls are told, the function stays what it is, and nothing is left."""

from __future__ import annotations

import copy
import inspect
import pickle
import sys
import traceback
import types

import pytest

from lazyimp.firstbatch._hook import Hook, find

try:
    import lazyimp_c

    EXTENSION = hasattr(lazyimp_c, "watch")
except ImportError:
    EXTENSION = False


def plain(a, b=2, *, k=3):
    return a, b, k


def made(value):
    def inner(x):
        return x + value

    return inner


closure = made(5)


class Base:
    def __init__(self):
        self.base = True

    @classmethod
    def make(cls, value):
        return cls, value

    @staticmethod
    def still(value):
        return value


class Kind(Base):
    def __init__(self):
        super().__init__()
        self.kind = True

    def __call__(self, x):
        return x + 1

    def __iter__(self):
        return self

    def __next__(self):
        return 7


def many(times=60):
    """Call everything often enough for the interpreter to specialise the calls."""
    thing = Kind()
    for n in range(times):
        Kind()
        thing(n)
        plain(n)
        plain(n, k=1)
        closure(n)
        Kind.make(n)
        Base.still(n)
        next(thing)


MODULE = sys.modules[__name__]
PATHS = (
    "plain",
    "closure",
    "Kind.__init__",
    "Base.__init__",
    "Kind.__call__",
    "Kind.make",
    "Kind.still",
    "Kind.__next__",
)


@pytest.fixture(params=["extension", "code"])
def watcher(request):
    """What hooks work with: the extension, or code objects."""
    if request.param == "code":
        return None
    if not EXTENSION:
        pytest.skip("the extension is not there")
    return lazyimp_c.watch, lazyimp_c.unwatch


@pytest.fixture
def log():
    return []


@pytest.fixture
def hook(watcher, log):
    """Makes hooks that write to the log; all of them end with the test."""
    hooks = []

    def make(path, enter=None):
        place = find(MODULE, path)
        assert place is not None

        def told(args, kwargs):
            log.append((path, args, kwargs))
            return lambda: log.append((path, "left"))

        hooks.append(Hook(place, enter or told, watcher))
        hooks[-1].place()
        return hooks[-1]

    yield make
    for each in hooks:
        each.end()
    assert not EXTENSION or not lazyimp_c.watched()


def test_every_kind_of_call_is_told_after_specialisation(hook, log):
    many()
    for path in PATHS:
        hook(path)
    many(1)
    paths = [path for path, *what in log if what != ["left"]]
    expected = ["Kind.__init__", "Base.__init__"] * 2
    expected += ["Kind.__call__", "plain", "plain", "closure", "Kind.make", "Kind.still", "Kind.__next__"]
    assert paths == expected
    assert len(log) == 2 * len(paths)
    assert ("plain", (0,), {"k": 1}) in log


def test_calls_that_are_made_while_it_listens_do_not_slip_by(hook, log):
    hook("Kind.__init__")
    many(60)
    assert len(log) == 2 * 61


def test_results_signatures_and_identity_stay(hook):
    before = [find(MODULE, path)[0] for path in PATHS]
    codes = [function.__code__ for function in before]
    placed = [hook(path) for path in PATHS]
    assert [find(MODULE, path)[0] for path in PATHS] == before
    assert plain(1, k=4) == (1, 2, 4)
    assert plain(*(1, 9), k=4) == (1, 9, 4)
    assert (closure(1), Kind()(1), Kind.make(1), Base.still(1), next(Kind())) == (6, 2, (Kind, 1), 1, 7)
    assert vars(Kind()) == {"base": True, "kind": True}
    if placed[0].watcher is not None:
        assert str(inspect.signature(plain)) == "(a, b=2, *, k=3)"
    for each in placed:
        each.restore()
        each.restore()
    assert all(code is function.__code__ for code, function in zip(codes, before, strict=True))
    assert all(type(function) is types.FunctionType for function in before)


def test_it_may_take_itself_out_and_come_back(hook, log):
    def once(args, kwargs):
        log.append("told")
        placed.restore()
        return placed.place

    placed = hook("plain", once)
    assert [plain(1), plain(2)] == [(1, 2, 3), (2, 2, 3)]
    assert log == ["told", "told"]
    placed.end()
    placed.place()
    plain(3)
    assert log == ["told", "told"]


def test_two_hooks_on_one_function(hook, log):
    first, second = hook("plain"), hook("plain")
    plain(1)
    assert len(log) == 2 and first.live and not second.live


def test_recursion_is_told_at_each_level(hook, log):
    hook("depth")
    assert depth(3) == 0
    assert [args for _, *(args, *_) in log if args != "left"] == [(3,), (2,), (1,), (0,)]


def depth(n):
    return n and depth(n - 1)


def test_what_the_function_raises_travels_on(hook, log, watcher):
    hook("fails")
    with pytest.raises(ZeroDivisionError) as raised:
        fails()
    assert log[-1] == ("fails", "left")
    names = [frame.name for frame in traceback.extract_tb(raised.tb)]
    ours = [] if watcher is not None else ["fails", "_call"]  # the code object that stands in for its own
    assert names == ["test_what_the_function_raises_travels_on", *ours, "fails"]


def fails():
    return 1 / 0


def test_who_is_told_may_be_interrupted(hook):
    def interrupted(args, kwargs):
        raise KeyboardInterrupt

    hook("plain", interrupted)
    with pytest.raises(KeyboardInterrupt):
        plain(1)


def test_defaults_that_change_meanwhile(watcher):
    def function(a=1):
        return a

    def loop():
        return [function() for _ in range(60)]

    loop()
    placed = Hook((function, None), lambda args, kwargs: None, watcher)
    placed.place()
    function.__defaults__ = (2,)
    assert loop() == [2] * 60
    placed.end()
    assert loop() == [2] * 60


def test_pickle_and_copy_know_it_by_its_name(hook):
    hook("plain")
    assert pickle.loads(pickle.dumps(plain)) is plain
    assert copy.copy(plain) is plain and copy.deepcopy([plain])[0] is plain


@pytest.mark.skipif(not EXTENSION, reason="the extension is not there")
def test_what_cannot_be_watched():
    assert not lazyimp_c.watch(len, print)
    assert not lazyimp_c.watch(Kind, print)
    assert not lazyimp_c.unwatch(plain)
    assert (
        find(MODULE, "nothing") is None
        and find(MODULE, "Kind.nothing") is None
        and find(MODULE, "Kind") is None
    )


@pytest.mark.skipif(not EXTENSION, reason="the extension is not there")
def test_a_watched_function_reads_what_was_pending_when_deferring_stopped(run_python, write, core):
    main = write(
        {
            "main.py": """
            import lazyimp, lazyimp_c, reader
            assert lazyimp_c.watch(reader.read, lambda args, kwargs: print("told"))
            lazyimp.disable()
            print(reader.read(), lazyimp_c.unwatch(reader.read))
            print(reader.read(), lazyimp_c.watch(reader.other, lambda args, kwargs: print("told")))
            print(reader.other())
            """,
            "site-packages/reader.py": "import later\ndef read(): return later.x\ndef other(): return later.x\n",
            "site-packages/later.py": "x = 5\n",
        }
    )
    assert run_python(main, mode="safe", core=core).stdout.split("\n")[:-1] == [
        "told",
        "5 True",
        "5 True",
        "told",
        "5",
    ]
