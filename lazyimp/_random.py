"""Random generators: a module that draws while it is loaded late must not move the program's own numbers.

HOT, loaded with the first deferred import that is reified. In the eager order imports come before the
seeding, so that what they draw (rich draws an identifier, for one) is overwritten; loaded late, they would
shift every draw after it. The state is put back as it was, for `random`, NumPy's global generator and
PyTorch's default one.
"""

import sys


def keep():
    """For `put_back`: for each loaded generator its state, how to tell a change, and how to set it."""
    kept = []
    random = _ready("random")
    if hasattr(random, "setstate"):
        state = random.getstate()
        kept.append((random.getstate, state, random.setstate, state))
    legacy = getattr(_ready("numpy") and _ready("numpy.random.mtrand"), "_rand", None)
    if legacy is not None:
        state = legacy.get_state()
        kept.append((lambda: _plain(legacy.get_state()), _plain(state), legacy.set_state, state))
    torch = getattr(_ready("torch"), "default_generator", None)
    if torch is not None:
        state = torch.get_state()
        kept.append(
            (lambda: torch.get_state().numpy().tobytes(), state.numpy().tobytes(), torch.set_state, state)
        )
    return kept


def _ready(name):
    """The module, once its body has run: PyTorch's generator must not be touched before."""
    module = sys.modules.get(name)
    return None if getattr(getattr(module, "__spec__", None), "_initializing", False) else module


def put_back(kept):
    """Undo what was drawn since `keep()`."""
    for read, before, write, state in kept:
        if read() != before:
            write(state)


def _plain(state):
    """NumPy's state as something that compares to one answer."""
    return tuple(
        [part.tobytes() if hasattr(part, "tobytes") and hasattr(part, "shape") else part for part in state]
    )
