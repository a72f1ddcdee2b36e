"""hydra-core: composes a configuration with overrides."""

import tempfile
from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

with tempfile.TemporaryDirectory() as folder:
    Path(folder, "config.yaml").write_text("lr: 0.1\nmodel:\n  width: 3\n", encoding="utf-8")
    with initialize_config_dir(folder, version_base=None):
        print(OmegaConf.to_container(compose("config", overrides=["model.width=5"])))
