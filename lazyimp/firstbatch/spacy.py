"""The first batch with spaCy: the first `Language.update`, which its training loop calls for each batch."""

from lazyimp.firstbatch import calls, decide, hook, now

RULE = "spacy: Language.update"


class Watch:
    """Listens to the pipeline."""

    def arrived(self, name, module):
        """Place the hook."""
        hook(module, "Language.update", self.update)

    def update(self, args, kwargs):
        """A batch is learned from."""
        at = now()
        calls(args[1:], kwargs)
        decide(RULE, *at, "spacy")
