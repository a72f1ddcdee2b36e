"""What the rules of libraries with one training function share: its first call is the first batch."""

from lazyimp.firstbatch import event, fits, hook, now


class Watch:
    """Listens to one function; a library's own class names it."""

    path = ""
    rule = ""
    framework = ""

    def arrived(self, name, module):
        """Place the hook."""
        self.hook = hook(module, self.path, self.train)

    def train(self, args, kwargs):
        """The training begins."""
        at = now()
        self.hook.restore()
        fits(self.rule, self.framework, at)
        return self.step_over

    def step_over(self):
        """The first round is over."""
        event("first step")
