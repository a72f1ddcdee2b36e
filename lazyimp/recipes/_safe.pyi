"""Types of the recipes' rows that hold in mode safe, too; for type checkers only."""

FORMAT: int
SAFE: dict[str, str | tuple[str, str]]
