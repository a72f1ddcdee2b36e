"""jinja2: a template with a loop and a filter."""

from jinja2 import Environment

template = Environment(trim_blocks=True).from_string("{% for x in xs %}{{ x | upper }},{% endfor %}")
print(template.render(xs=["a", "b"]))
