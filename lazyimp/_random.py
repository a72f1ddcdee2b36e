"""Random generators: a module that draws while it is loaded late must not move the program's own numbers.

HOT, loaded with the first deferred import that is reified. In the eager order imports come before the
seeding, so that what they draw (rich draws an identifier, for one) is overwritten; loaded late, they would
shift every draw after it. The state is put back as it was, for `random`, NumPy's global generator and
PyTorch's default one. This is asked for at every late import, so the states of the first two, which take
a good while to read, are read anew only when the memory that holds them has changed.
"""

import sys

try:
    from lazyimp_c import generator_memory, random_memory
except ImportError:
    generator_memory = random_memory = None

MT19937_SIZE = 4 * 624 + 4  # numpy/random/src/mt19937/mt19937.h: uint32_t key[624]; int pos

_depth = [0]
# trusted: of which generator the memory is as described; memory, state: the last that were read together
_python = {"memory": None, "state": None, "trusted": None}
_numpy = {"memory": None, "state": None, "trusted": None}


def keep():
    """For `put_back`: for each loaded generator its state, how to tell a change, and how to set it."""
    kept = []
    for each in (_keep_random, _keep_numpy, _keep_torch):
        try:
            found = each()
        except Exception:  # a generator in the middle of something refuses; the others are kept all the same
            found = None
        if found is not None:
            kept.append(found)
    return kept


def keep_all(filters, target):
    """The same before `target` is imported late, with what it may do to warning filters and loggers."""
    kept = keep()
    if filters is not None:
        from lazyimp import _warned

        kept.append(_warned.keep(filters))
    if "lazyimp._logged" in sys.modules:
        loggers = sys.modules["lazyimp._logged"].keep(target)
        kept += [loggers] if loggers is not None else []
    return kept


def keep_outermost():
    """For `put_back_outermost`: what `keep` gives in the outermost of nested late imports, else nothing."""
    _depth[0] += 1
    return keep() if _depth[0] == 1 else []


def put_back_outermost(kept):
    """The late import has ended, well or not."""
    _depth[0] -= 1
    try:
        put_back(kept)
    except Exception:  # as in keep()
        pass


def put_back(kept):
    """Undo what was drawn since `keep()`."""
    for read, before, write, state in kept:
        if read() != before:
            write(state)


def _keep_random():
    random = _ready("random")
    if not hasattr(random, "setstate"):
        return None
    memory = _python_memory(random)
    if memory is None:
        state = random.getstate()
        return random.getstate, state, random.setstate, state
    if memory != _python["memory"]:
        _python.update(memory=memory, state=random.getstate())
    return (lambda: _python_memory(random)), memory, random.setstate, _python["state"]


def _python_memory(random):
    """What tells a state of the module's own generator from another; None where that is of another kind."""
    generator = getattr(random.getstate, "__self__", None)
    if random_memory is None or type(generator) is not random.Random:
        return None
    memory = random_memory(generator)
    if _python["trusted"] is not generator:
        words = random.getstate()[1]
        known = [word.to_bytes(4, sys.byteorder) for word in (words[-1], *words[:-1])]
        if memory is None or not memory.startswith(b"".join(known)):
            return None
        _python.update(trusted=generator, memory=None)
    return memory, generator.gauss_next


def _keep_numpy():
    legacy = getattr(_ready("numpy") and _ready("numpy.random.mtrand"), "_rand", None)
    if legacy is None:
        return None
    memory = _memory(legacy)
    if memory is None:
        state = legacy.get_state(legacy=False)
        return (lambda: _plain(legacy.get_state(legacy=False))), _plain(state), legacy.set_state, state
    if memory != _numpy["memory"]:
        _numpy.update(memory=memory, state=legacy.get_state())
    return (lambda: _memory(legacy)), memory, legacy.set_state, _numpy["state"]


def _memory(legacy):
    """The bytes behind NumPy's generator, or None where it is of another kind than described above."""
    generator = legacy._bit_generator
    if generator_memory is None or type(generator).__name__ != "MT19937":
        return None
    memory = generator_memory(generator.capsule, MT19937_SIZE)
    if _numpy["trusted"] is not generator:
        state = generator.state["state"]
        if memory != state["key"].tobytes() + int(state["pos"]).to_bytes(4, sys.byteorder):
            return None
        _numpy["trusted"] = generator
        _numpy["memory"] = None
    return memory


def _keep_torch():
    torch = _ready("torch")
    generator = getattr(torch, "default_generator", None)
    if generator is None:
        return None

    def read():
        # inside torch.compile, or under `with torch.device(...)`, every call would go to the mode's own code
        with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
            return generator.get_state().numpy().tobytes()

    def write(state):
        with torch._C._DisableTorchDispatch(), torch._C.DisableTorchFunction():
            generator.set_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))

    state = read()
    return read, state, write, state


def _ready(name):
    """The module, once its body has run: PyTorch's generator must not be touched before."""
    module = sys.modules.get(name)
    return None if getattr(getattr(module, "__spec__", None), "_initializing", False) else module


def _plain(state):
    """NumPy's state as something that compares to one answer."""
    if isinstance(state, dict):
        return [(key, _plain(part)) for key, part in state.items()]
    return state.tobytes() if hasattr(state, "tobytes") else state
