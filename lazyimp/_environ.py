"""Environment variables: an import that reads one and stands before its setting must not run after it.

HOT, loaded with the first statement after which a module sets a variable.
"""

from lazyimp import _units

ENVIRONMENT = {  # a variable's first part -> who reads it while being imported
    "OMP": ("numpy", "scipy", "sklearn", "torch", "numba", "mkl", "faiss", "xgboost", "lightgbm"),
    "MKL": ("numpy", "scipy", "sklearn", "torch", "numba", "mkl"),
    "OPENBLAS": ("numpy", "scipy", "sklearn"),
    "NPY": ("numpy",),
    "CUDA": ("torch", "tensorflow", "jax", "jaxlib", "cupy", "numba"),
    "PYTORCH": ("torch",),
    "TORCH": ("torch",),
    "TORCHINDUCTOR": ("torch",),
    "TF": ("tensorflow", "keras", "transformers"),
    "XLA": ("jax", "jaxlib", "tensorflow", "torch_xla"),
    "JAX": ("jax", "jaxlib"),
    "KERAS": ("keras", "tensorflow"),
    "MPLBACKEND": ("matplotlib",),
    "MPLCONFIGDIR": ("matplotlib",),
    "NUMBA": ("numba",),
    "HF": (
        "huggingface_hub",
        "transformers",
        "datasets",
        "accelerate",
        "diffusers",
        "peft",
        "trl",
        "sentence_transformers",
    ),
    "TRANSFORMERS": ("transformers",),
    "HUGGINGFACE": ("huggingface_hub", "transformers", "datasets"),
    "USE": ("transformers", "sentence_transformers", "diffusers"),
    "POLARS": ("polars",),
    "SDL": ("pygame",),
    "PYGAME": ("pygame",),
    "QT": ("PyQt5", "PyQt6", "PySide2", "PySide6", "cv2"),
    "WANDB": ("wandb",),
    "RAY": ("ray",),
    "SCIPY": ("scipy", "sklearn"),
    "DJANGO": ("django",),
}


def reads_environment(target, variables):
    """Whether importing `target` may read one of the variables that are set after its statement."""
    top = target.partition(".")[0]
    if _units.shared.of_top(top)[0] is _units.OWN:
        return True
    return any(name is not None and top in ENVIRONMENT.get(name.partition("_")[0], ()) for name in variables)
