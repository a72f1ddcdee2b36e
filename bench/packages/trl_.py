"""trl: the configuration of a supervised trainer."""

import tempfile

from trl import SFTConfig, SFTTrainer

with tempfile.TemporaryDirectory() as folder:
    config = SFTConfig(folder, max_length=16, report_to=[], use_cpu=True)
    print(config.max_length, SFTTrainer.__name__)
