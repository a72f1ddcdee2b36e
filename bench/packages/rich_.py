"""rich: a table and markup."""

from rich.console import Console
from rich.table import Table

table = Table("name", "value", title="[b]numbers[/b]")
table.add_row("a", "[red]1[/red]")
Console(width=30, force_terminal=True, color_system="standard").print(table, "[i]y[/i] :smiley:")
