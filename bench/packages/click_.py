"""click: a command with an option."""

import click


@click.command()
@click.option("--count", default=2)
def run(count):
    click.echo("hello " * count)


run(["--count", "3"], standalone_mode=False)
