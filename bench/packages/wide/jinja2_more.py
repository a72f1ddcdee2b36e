"""jinja2: inheritance, macros, filters, tests, loaders, sandbox, extensions, async, compiled templates, errors."""

import asyncio
import tempfile
from pathlib import Path

import jinja2
from jinja2 import meta, nodes, sandbox
from jinja2.ext import Extension
from jinja2.nativetypes import NativeEnvironment

SOURCES = {
    "base": "<{% block body %}base{% endblock %}>",
    "page": "{% extends 'base' %}{% from 'lib' import shout %}{% block body %}{{ super() }}{{shout(x)}}{% endblock %}",
    "lib": "{% macro shout(text, mark='!') %}{{ text|upper }}{{ mark }}{{ caller() if caller }}{% endmacro %}",
}
KINDS = "{{ [3, 1]|sort }} {{ 'a b'|title|replace(' ', '_') }} {{ 5 is odd }} {{ {'a': 1}|tojson }}"
MORE = "{{ '<'|e }} {{ x|default('d') }}"
LOOP = "{% for n in range(3) if n != 1 %}{{ loop.index }}{{ n }}{{ ',' if not loop.last }}{% else %}none{% endfor %}"


class Twice(Extension):
    tags = {"twice"}  # noqa: RUF012

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endtwice",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_render"), [], [], body).set_lineno(line)

    def _render(self, caller):
        return caller() * 2


env = jinja2.Environment(
    loader=jinja2.ChoiceLoader(
        [jinja2.DictLoader(SOURCES), jinja2.PrefixLoader({"p": jinja2.DictLoader(SOURCES)})]
    ),
    extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols", "jinja2.ext.i18n", Twice],
    autoescape=jinja2.select_autoescape(),
    undefined=jinja2.ChainableUndefined,
    trim_blocks=True,
)
env.filters["half"] = lambda number: number / 2
env.install_null_translations()
print(
    env.get_template("page").render(x="hi"),
    env.get_template("p/base").render(),
    env.from_string(KINDS).render(),
)
print(
    env.from_string(LOOP).render(),
    env.from_string("{{ 4|half }}{{ a.b.c }}{% twice %}z{% endtwice %}").render(),
)
print(env.from_string("{% trans n=2 %}{{ n }} one{% pluralize %}{{ n }} many{% endtrans %}").render())
print(
    sorted(meta.find_undeclared_variables(env.parse("{{ a }}{{ b }}"))), env.compile_expression("1 + x")(x=2)
)
print(NativeEnvironment().from_string("{{ [1, x] }}").render(x=2), env.call_filter("length", "abc"))
guarded = sandbox.SandboxedEnvironment()
try:
    guarded.from_string("{{ ''.__class__.__mro__ }}").render()
except jinja2.exceptions.SecurityError as fault:
    print(fault)
for source in ("{% if %}", "{{ x|nofilter }}"):
    try:
        env.from_string(source)
    except jinja2.TemplateError as fault:
        print(type(fault).__name__, fault.message)
later = jinja2.Environment(enable_async=True)


async def number():
    return 7


print(asyncio.run(later.from_string("{{ f() }}").render_async(f=number)))
with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as cache:
    Path(folder, "t.txt").write_text("{{ x }}", encoding="utf-8")
    files = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), bytecode_cache=jinja2.FileSystemBytecodeCache(cache)
    )
    print(files.get_template("t.txt").render(x=1), files.list_templates(), len(list(Path(cache).iterdir())))
    files.compile_templates(str(Path(cache, "made")), zip=None)
    made = jinja2.Environment(loader=jinja2.ModuleLoader(str(Path(cache, "made"))))
    print(made.get_template("t.txt").render(x=3))
print("".join(env.from_string("{% for n in 'ab' %}{{ n }}{% endfor %}").generate()))
