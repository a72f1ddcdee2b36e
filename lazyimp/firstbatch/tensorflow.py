"""The first batch in TensorFlow programs without Keras's `fit`: what takes the first gradient.

That is the outermost call of a `tf.function` during whose tracing a gradient is taken, or, where none runs, the
moment that gradient's tape was entered. Keras's own loop is seen by its callbacks before.
"""

from lazyimp.firstbatch import begins, calls, decide, hook, now

IN_FUNCTION = "tensorflow: first tf.function that takes a gradient"
IN_TAPE = "tensorflow: first tape that gives a gradient"

MOST_CALLS = 2000


class Watch:
    """The hooks and what they have seen."""

    def __init__(self):
        self.hooks = {}
        self.running = None  # when the outermost function that runs was called
        self.tapes = {}  # address of a tape -> when it was entered
        self.count = 0
        self.targets = {
            "tensorflow.python.eager.backprop": (
                ("GradientTape.__enter__", self.tape),
                ("GradientTape.gradient", self.gradient),
            ),
            "tensorflow.python.eager.polymorphic_function.polymorphic_function": (
                ("Function.__call__", self.call),
            ),
        }

    def arrived(self, name, module):
        """Place the hooks."""
        for path, enter in self.targets[name]:
            self.hooks[enter.__name__] = hook(module, path, enter)

    def call(self, args, kwargs):
        """A compiled function is called, by no other one."""
        at = now()
        self.stop("call")
        self.count += 1
        if self.count > MOST_CALLS:
            return None
        self.running = at
        calls(args[1:], kwargs)

        def called():
            self.running = None
            self.hooks["call"].place()

        return called

    def tape(self, args, kwargs):
        """A tape begins to record."""
        if len(self.tapes) > MOST_CALLS:
            return self.stop("tape")
        self.tapes[id(args[0]) if args else 0] = now()
        return None

    def gradient(self, args, kwargs):
        """A gradient is taken."""
        at = self.running or self.tapes.get(id(args[0]) if args else 0) or now()
        self.stop("gradient")
        begins()
        decide(IN_FUNCTION if self.running else IN_TAPE, *at, "tensorflow")

    def stop(self, name):
        """Listen no longer."""
        if self.hooks.get(name) is not None:
            self.hooks[name].restore()
