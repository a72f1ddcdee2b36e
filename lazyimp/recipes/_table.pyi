"""Types of the table that the build makes of the recipes; for type checkers only."""

FORMAT: int
MODULES: dict[str, int]
STUBS: dict[str, tuple[str, str, tuple[tuple[str, tuple[int, ...]], ...]]]
RECIPES: tuple[
    tuple[
        tuple[str, ...],
        tuple[str, ...],
        str,
        tuple[tuple[str, tuple[int, ...]], ...],
        str,
        str,
    ],
    ...,
]
