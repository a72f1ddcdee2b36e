import sys

import witness


def _call_callback_hooks(trainer, hook_name, *args):
    pass


def _call_strategy_hook(trainer, hook_name, *args, **kwargs):
    if hook_name == "training_step":
        witness.entered()
    return getattr(trainer, hook_name, lambda *args: None)(*args)


witness.functions(sys.modules[__name__])
