class Trainer:
    def _run_sanity_check(self):
        pass
