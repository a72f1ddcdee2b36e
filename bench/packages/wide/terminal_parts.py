"""click: a group, prompts and errors; attrs, beautifulsoup4, soupsieve, prompt_toolkit and tqdm beside it."""

import io

import attr
import attrs
import bs4
import click
import soupsieve
from attrs import converters, validators
from click.testing import CliRunner
from prompt_toolkit import HTML, PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import fragment_list_to_text, to_formatted_text
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from prompt_toolkit.validation import Validator
from tqdm import tqdm, trange
from tqdm.contrib import tenumerate


@attrs.define
class Point:
    x: int = attrs.field(converter=int, validator=validators.ge(0))
    tags: list = attrs.field(factory=list, converter=converters.default_if_none(factory=list))

    @x.validator
    def check(self, attribute, value):
        if value > 9:
            raise ValueError(attribute.name)


@attr.s(auto_attribs=True, frozen=True)
class Old:
    a: int = 1


print(
    Point("3"),
    attrs.asdict(Point(1, None)),
    attrs.evolve(Old(), a=2),
    [each.name for each in attr.fields(Old)],
)
for wrong in (-1, 10):
    try:
        Point(wrong)
    except ValueError as fault:
        print(str(fault).split("\n")[0])
page = bs4.BeautifulSoup("<p class='a'>one<b>two</b></p><p>three<br/></p>", "html.parser")
print(
    page.select("p.a > b"),
    [each.text for each in page.find_all("p")],
    page.p.get("class"),
    page.prettify().count("\n"),
)
print(soupsieve.select_one("p:not(.a)", page).text, soupsieve.escape("a b"), page.p.decompose(), page.b)
print(page.new_tag("i", attrs={"x": "1"}), bs4.UnicodeDammit(b"caf\xc3\xa9").unicode_markup)


@click.group(context_settings={"auto_envvar_prefix": "X"})
@click.version_option("1.0", prog_name="prog")
@click.pass_context
def main(context):
    context.obj = {"n": 1}


@main.command(short_help="Show.")
@click.option("--kind", type=click.Choice(["a", "b"]), prompt=True)
@click.option("--when", type=click.DateTime())
@click.argument("files", nargs=-1, type=click.File("r"))
@click.pass_obj
def show(state, kind, when, files):
    """Show it."""
    click.secho(f"{kind} {when} {state}", fg="red")
    with click.progressbar(range(2), file=io.StringIO()) as bar:
        print(sum(bar), len(files))


runner = CliRunner()
for words in (["--help"], ["--version"], ["show", "--when", "2024-01-02"], ["show", "--kind", "c"], ["shw"]):
    done = runner.invoke(main, words, input="a\n")
    print(done.exit_code, done.output.strip().split("\n")[-1])
with create_pipe_input() as keys:
    keys.send_text("he\tllo\n")
    session = PromptSession(
        history=InMemoryHistory(["old"]),
        completer=WordCompleter(["hey"]),
        validator=Validator.from_callable(lambda text: len(text) > 1),
        input=keys,
        output=DummyOutput(),
    )
    print(session.prompt(HTML("<b>&gt;</b> ")))
print(
    fragment_list_to_text(to_formatted_text(HTML("<i>x</i>"))),
    [c.text for c in WordCompleter(["ab"]).get_completions(Document("a"), None)],
)
out = io.StringIO()
for _ in trange(3, file=out, desc="d", mininterval=0, miniters=1):
    pass
with tqdm(total=2, file=out, unit="B", unit_scale=True) as bar:
    bar.update(2)
    bar.set_postfix(a=1)
print(
    list(tenumerate("ab", file=out)),
    "d: 100%" in out.getvalue(),
    tqdm.format_sizeof(2048),
    tqdm.format_interval(3700),
)
