"""typer: a command, run and shown."""

import typer
from typer.testing import CliRunner

app = typer.Typer()


@app.command()
def run(count: int = 1, name: str = typer.Option("x", help="a name")):
    typer.echo(f"{name * count}")


print(CliRunner().invoke(app, ["--count", "3"]).output, len(CliRunner().invoke(app, ["--help"]).output) > 100)
