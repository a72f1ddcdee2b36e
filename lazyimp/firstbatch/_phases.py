"""The phases of a start that frameworks tell of: which functions they are, and hooks on these until the first batch.

Loaded only where somebody listens to phases. Only the thread that was armed counts, and a function inside another
one of the same phase is part of that. `first-fetch`, `optimizer-build` and Lightning's `h2d` come from the rules,
which have hooks there anyway; what no function claims is left to who reads the record.
"""

import os
from _thread import get_ident

from lazyimp.firstbatch import hook, span

# Module -> (function, phase, number of the argument that tells what it was about, or None).
HOOKS = {
    "torch": (("compile", "wrap", None),),
    "torch.cuda": (("_lazy_init", "device-init", None),),
    "torch.hub": (("load_state_dict_from_url", "weights", 0),),
    "torch.serialization": (("load", "weights", 0),),
    "torch.distributed.distributed_c10d": (("init_process_group", "dist-init", None),),
    "torch.distributed.fsdp._fully_shard._fully_shard": (("fully_shard", "wrap", None),),
    "torch.distributed.fsdp.fully_sharded_data_parallel": (
        ("FullyShardedDataParallel.__init__", "wrap", None),
    ),
    "torch.nn.parallel.distributed": (("DistributedDataParallel.__init__", "wrap", None),),
    "torch.utils.data.dataloader": (("_MultiProcessingDataLoaderIter.__init__", "worker-start", None),),
    "accelerate.accelerator": (("Accelerator.prepare", "wrap", None),),
    "deepspeed": (("initialize", "wrap", None),),
    "lightning.fabric.fabric": (
        ("Fabric.setup", "wrap", None),
        ("Fabric.setup_dataloaders", "wrap", None),
    ),
    "lightning.pytorch.trainer.trainer": (("Trainer._run_sanity_check", "sanity-check", None),),
    "pytorch_lightning.trainer.trainer": (("Trainer._run_sanity_check", "sanity-check", None),),
    "peft.mapping_func": (("get_peft_model", "wrap", None),),
    "peft.peft_model": (("PeftModel.from_pretrained", "weights", 2),),
    "safetensors.torch": (("load_file", "weights", 0), ("load_model", "weights", 1)),
    "transformers.modeling_utils": (("PreTrainedModel.from_pretrained", "weights", 1),),
    "transformers.trainer": (("Trainer._prepare_inputs", "h2d", None),),
    "transformers.models.auto.auto_factory": (("_BaseAutoModelClass.from_pretrained", "weights", 1),),
    "transformers.models.auto.processing_auto": (("AutoProcessor.from_pretrained", "weights", 1),),
    "transformers.models.auto.tokenization_auto": (("AutoTokenizer.from_pretrained", "weights", 1),),
    "transformers.tokenization_utils_base": (("PreTrainedTokenizerBase.from_pretrained", "weights", 1),),
    "diffusers.pipelines.pipeline_utils": (("DiffusionPipeline.from_pretrained", "weights", 1),),
    "keras.src.saving.saving_api": (("load_model", "weights", 0), ("load_weights", "weights", 1)),
    "jax._src.distributed": (("State.initialize", "dist-init", None),),
    "jax._src.xla_bridge": (("_init_backend", "device-init", 0),),
    "tensorflow.python.eager.context": (("Context.ensure_initialized", "device-init", None),),
    "datasets.load": (("load_dataset", "dataset-open", 0), ("load_from_disk", "dataset-open", 0)),
    "xgboost.core": (("DMatrix.__init__", "dataset-open", None),),
    "lightgbm.basic": (("Dataset.construct", "dataset-open", None),),
    "catboost.core": (("Pool.__init__", "dataset-open", None),),
}

# A program that loads every sample with such a function needs no phase for each.
MOST_SPANS = 50
ONCE = ("device-init",)

_open = set()  # phases that are under way
_thread = get_ident()


def arrived(module):
    """A module with such functions was imported."""
    for path, phase, number in HOOKS[module.__name__]:
        _place(module, path, phase, number)


def _place(module, path, phase, number):
    count = [0]

    def enter(args, kwargs):
        if get_ident() != _thread or phase in _open:
            return None
        count[0] += 1
        if phase in ONCE or count[0] >= MOST_SPANS:
            made.restore()
        end = span(phase, _about(args, number))
        if end is None:
            return None
        _open.add(phase)

        def leave():
            _open.discard(phase)
            end()

        return leave

    made = hook(module, path, enter)


def _about(args, number):
    """The name of what is loaded; of a path on this machine only its last part."""
    try:
        text = os.fspath(args[number]) if number is not None and number < len(args) else ""
    except TypeError:
        return ""
    if not isinstance(text, str):
        return ""
    return os.path.basename(text.rstrip("/")) if os.path.isabs(text) else text
