"""Reads the switches, chooses a core and installs it, when the interpreter starts or when a program asks.

Nothing here raises into the user's start-up: a switch that cannot be followed is one line on stderr, a
failure of our own is told to LAZYIMP_DEBUG only, and either way the program runs eagerly.
"""

import os
import sys

from lazyimp import _program
from lazyimp._program import Refused

MODES = ("safe", "deep", "all")
CORES = ("c", "native", "py")
OFF = "0"

# The top-level names in lazyimp.firstbatch.FRAMEWORKS, which is loaded with the first of them where a core can tell.
FRAMEWORKS = (
    "torch",
    "lightning",
    "pytorch_lightning",
    "transformers",
    "keras",
    "jax",
    "optax",
    "flax",
    "tensorflow",
)
FRAMEWORKS += ("sklearn", "spacy", "xgboost", "lightgbm", "catboost")

core = None  # the chosen core, once one was installed
mode = None  # the mode it was last enabled with
refusal = None  # why lazyimp stayed out although it was asked for
factory = None  # what makes its policies
keeps = False  # deferring goes on after the first batch
trackers = None  # whether the configuration wants trackers told; None: it does not say, or nobody asked it
profile = None  # the tuned profile in use
profile_note = None  # why the program's profile is not in use


class AllEager:
    """The policy for moments without one."""

    mode = OFF
    is_settled = False  # what it says is not to be kept for later runs

    def open(self, importer, file):
        """No verdicts; the module's imports stay eager."""
        return {}, 1

    def fill(self, importer, file, top):
        """Nothing is deferred, and nobody shall remember that."""
        return 16

    def decide(self, importer, file, target, names, context):
        """Eager."""
        return "eager", "lazyimp is at work itself"


def start():
    """What the start-up line runs: follow the switches, never raise, do nothing the second time."""
    if refusal is not None or (core is not None and core.is_enabled()):
        return  # `site` runs the start-up files of a virtual environment twice
    try:
        option = sys._xoptions.get("lazyimp")
        wish = asked()
        if switch("LAZYIMP_OBSERVE"):
            from lazyimp import _watching

            _watching.observe()
        if wish != OFF:
            turn_on(wish)
            if option is not None:
                os.environ["LAZYIMP"] = "1" if profile is not None else mode
        elif option is not None and switch("LAZYIMP"):
            os.environ["LAZYIMP"] = OFF  # children must not be on where this process is off
    except Refused as reason:
        refuse(reason)
    except Exception:
        debug()
    undisturbed(record)
    undisturbed(await_first_batch)


def auto():
    """What `import lazyimp.auto` runs: on unless it is on already or a switch says off; never raises."""
    try:
        wish = asked(default=None)
        if wish != OFF and (core is None or not core.is_enabled()):
            turn_on(wish)
    except Refused as reason:
        refuse(reason)
    except Exception:
        debug()
    undisturbed(record)
    undisturbed(await_first_batch)


def undisturbed(function):
    """Call it; what it imports asks for no policy, which would judge a profile before `site` has completed sys.path."""
    made = sys.modules.get("lazyimp_c")
    if not hasattr(made, "pause"):
        return function()
    made.pause()
    try:
        return function()
    finally:
        made.resume()


def asked(default=OFF):
    """The mode the switches name, None for on without a mode, "0" for off, `default` for no switch."""
    option = sys._xoptions.get("lazyimp")
    word = option if option is not None else os.environ.get("LAZYIMP") if sees_environment() else None
    if word is None:
        return default
    if word is True or word == "1":
        return None
    if word in ("", OFF, "off"):  # the start-up line lets "off" through, so that an eager run can be observed
        return OFF
    return checked(word)


def checked(word):
    """The mode `word`, or Refused."""
    if word not in MODES:
        raise Refused(f"unknown mode {word!r}; use safe, deep, all or 0")
    return word


def sees_environment():
    """Environment variables count, which -E and -I deny."""
    return not sys.flags.ignore_environment


def switch(name):
    """The value of one of our environment variables, or None."""
    return os.environ.get(name) or None if sees_environment() else None


def turn_on(wish, sure=False):
    """Enable the chosen core in the wished mode, else the configured one, else safe; raises Refused."""
    global core, mode, refusal, profile, keeps, factory, trackers
    reason = unsupported(sure)
    if reason is not None:
        raise Refused(reason, "unsupported")
    config = _program.read_config(switch("LAZYIMP_CONFIG"))
    keeps = getattr(config, "keep", False)
    trackers = getattr(config, "trackers", None)
    chosen = core if core is not None else choose()
    found = read_profile() if wish is None else None
    if wish is None and profile_note is not None:
        wish = MODES[0]
    new_mode = wish or getattr(found or config, "mode", None) or MODES[0]
    factory = policy_maker(new_mode, config, found)
    chosen.enable(checked(new_mode), factory)
    core, mode, refusal, profile = chosen, new_mode, None, found
    undisturbed(lambda: choose_stubs(config))
    collect_rarely(new_mode != "all" and getattr(config, "rare_gc", True))


def choose_stubs(config):
    """Hand out the stubs that LAZYIMP_STUBS, or else the configuration and the profile name, or Refused."""
    given = switch("LAZYIMP_STUBS")
    names = given.replace(",", " ").split() if given else [*getattr(config, "stubs", ())]
    tuned = bool(not given and profile is not None and profile.stubs)
    if not (names or tuned) or "0" in names:
        return
    from lazyimp import _stubs

    if tuned and profile is not None:
        names += profile.stubs
    try:
        _stubs.choose(names)
    except _stubs.Unknown as fault:
        raise Refused(str(fault), "config") from fault


def turn_off(resolve=False):
    """Stop deferring; returns (names resolved, failures). Harmless when nothing was on."""
    if core is None:
        return 0, []
    collect_rarely(False)
    return core.disable(resolve)


def collect_rarely(wish):
    """Garbage collections become rare inside imports, or usual again; a matter of speed only."""
    if has_extension():
        import lazyimp_c

        lazyimp_c.collect_rarely(wish)


def scope_core(wish, sure=True):
    """The core and the mode for a `with lazyimp.lazy()` block, enabled or not; raises Refused."""
    global core
    reason = unsupported(sure)
    if reason is not None:
        raise Refused(reason, "unsupported")
    config = _program.read_config(switch("LAZYIMP_CONFIG"))
    if core is None:
        core = choose()
    new_mode = checked(wish or mode or getattr(config, "mode", None) or MODES[0])
    if mode is None:  # never enabled: this is how a core gets to know where policies come from
        core.enable(new_mode, policy_maker(new_mode, config))
        core.disable()
    return core, new_mode


def policy_maker(new_mode, config, tuned=None):
    """A function that makes the policy at the first import to decide; a scope may name a mode of its own.

    While it is at work (its own imports ask, too) and after a failure it gives a policy that keeps all eager.
    """
    at_work = []
    waiting = [config]

    def begin():
        """Watch for the first batch; a core that can decide without a policy calls it earlier."""
        while waiting:
            watch_first_batch(waiting.pop())

    def make_policy(scope_mode=None):
        if at_work:
            return AllEager()
        at_work.append(True)
        try:
            from lazyimp._policy import Policy

            if scope_mode is None:
                begin()
            fits = scope_mode is None and tuned is not None and not is_stale(tuned, config)
            own = new_mode if tuned is None or fits else MODES[0]
            policy = Policy(scope_mode or own, config, profile=tuned if fits else None)
            policy.is_settled = tuned is None or fits  # one that is put aside is told of at each start
        except Exception:
            debug()
            return AllEager()  # and at_work stays, so that it is not tried again
        at_work.clear()
        return policy

    make_policy.begin = begin
    make_policy.about = (new_mode, getattr(config, "where", None), getattr(tuned, "path", None))
    return make_policy


def watch_first_batch(config):
    """Stop deferring by itself at the first sign of a training loop, unless configured otherwise."""
    if not getattr(config, "first_batch", True):
        return
    waiting = getattr(core, "before_load", None)
    if waiting is None or any(name in sys.modules for name in FRAMEWORKS):
        arm_first_batch(config)
    else:  # most programs import none
        waiting.update(dict.fromkeys(FRAMEWORKS, lambda: arm_first_batch(config)))


def arm_first_batch(config):
    """Wait for what tells of the first batch."""
    from lazyimp import _watching

    _watching.arm_first_batch(config)


def unsupported(sure=False):
    """Why this interpreter is refused, or None; `sure` may import to find out."""
    gil = getattr(sys, "_is_gil_enabled", None)
    if "free-threading" in sys.version or (gil is not None and not gil()):
        return "free-threaded CPython is not supported; imports stay eager"
    if not in_main_interpreter(sure):
        return "subinterpreters are not supported; imports stay eager"
    return None


def in_main_interpreter(sure=False):
    """This is the main interpreter, told by what is loaded already."""
    import _imp  # a builtin module that every interpreter has loaded

    override = getattr(_imp, "_override_multi_interp_extensions_check", None)
    if override is not None:  # 3.12 and later: it refuses to work in the main interpreter
        try:
            before = override(0)
        except RuntimeError:
            return True
        override(before)
        return False
    if sure:
        import _xxsubinterpreters as interpreters  # 3.10 and 3.11

        return interpreters.get_current() == interpreters.get_main()
    return "_signal" in sys.modules  # start-up loads it in the main interpreter only


def choose():
    """The core that is forced, else the best one that can be had; raises Refused."""
    forced = switch("LAZYIMP_CORE")
    if forced is not None:
        if forced not in CORES:
            raise Refused(f"unknown core {forced!r}; use c, native or py")
        made = load_core(forced)
        if made is None:
            raise Refused(
                f"core {forced!r} is not available in this interpreter; imports stay eager", "unsupported"
            )
        return made
    for name in best_cores():
        made = load_core(name)
        if made is not None:
            return made
    raise Refused("no core can be loaded; imports stay eager", "unsupported")


def best_cores():
    """The cores worth trying here, best first."""
    return ("native" if sys.version_info >= (3, 15) else "c", "py")


def load_core(name):
    """The core called `name`, or None where it cannot work."""
    try:
        if name == "py":
            from lazyimp._finder import PyCore

            return PyCore()
        if not has_extension() or name not in best_cores():
            return None
        if name == "native":
            from lazyimp import _native as made
        else:
            import lazyimp_c as made
        return made
    except Exception:
        debug()
        return None


def has_extension():
    """The extension can be loaded (a source checkout has a folder of that name, which is not it)."""
    try:
        import lazyimp_c
    except ImportError:
        return False
    return hasattr(lazyimp_c, "ProxyType")


def read_profile():
    """The program's tuned profile, or None; one that cannot be read is one line on stderr."""
    path = _program.find_profile(switch("LAZYIMP_PROFILE"))
    if path is None:
        return None
    from lazyimp import _tuned

    return _tuned.read(path)


def is_stale(tuned, config):
    """The profile was made for other versions than the ones here."""
    from lazyimp import _tuned

    return _tuned.is_stale(tuned, config)


def record():
    """Let this process write down what it does, where LAZYIMP_RECORD names a file; never raises."""
    if switch("LAZYIMP_RECORD"):
        from lazyimp import _watching

        _watching.record()


def await_first_batch():
    """Let this process say a line at its first batch, or end there, where switches ask for it; never raises."""
    names = ("STOP", "SUMMARY", "RECORD_STEPS", "RECORD", "TRACKERS")
    if trackers or any(switch("LAZYIMP_" + name) for name in names):
        from lazyimp import _watching

        _watching.await_first_batch()


def refuse(reason):
    """Remember and say, in one line, why lazyimp stays out; in a subinterpreter only who debugs hears it."""
    global refusal
    refusal = str(reason)
    if not in_main_interpreter() and not switch("LAZYIMP_DEBUG"):
        return  # a subinterpreter inherits the switch; whoever made it did nothing wrong
    for line in refusal.splitlines():
        tell(line)


def tell(line):
    """Say something to the user."""
    if sys.stderr is not None:
        print(f"lazyimp: {line}", file=sys.stderr)


def debug():
    """Show the failure being handled to who set LAZYIMP_DEBUG."""
    if switch("LAZYIMP_DEBUG") and sys.stderr is not None:
        sys.excepthook(*sys.exc_info())
