import sys

import witness


class CallbackList:
    def on_train_batch_begin(self, batch, logs=None):
        witness.entered()

    def on_train_batch_end(self, batch, logs=None):
        witness.log.append(("batch end",))


witness.functions(sys.modules[__name__])
