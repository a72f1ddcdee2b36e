"""flask: blueprints, templates, sessions, signals, errors, commands; werkzeug's routing, parsers and security."""

import io

import click
import flask
import werkzeug
from flask import Blueprint, Flask, abort, g, request, session
from werkzeug import datastructures, http, routing, security
from werkzeug.exceptions import HTTPException

app = Flask("more")
app.secret_key = "x"
part = Blueprint("part", __name__, url_prefix="/part")


@part.get("/<int:number>")
def read(number):
    session["last"] = number
    return flask.render_template_string("{{ n }} {{ url_for('part.read', number=2) }} {{ g.who }}", n=number)


@part.post("/file")
def take():
    return {"name": request.files["f"].filename, "args": request.args.to_dict(), "last": session.get("last")}


@app.before_request
def before():
    g.who = request.headers.get("X-Who", "nobody")


@app.errorhandler(HTTPException)
def failed(fault):
    return {"code": fault.code}, fault.code


@app.get("/no")
def no():
    abort(418)


@app.get("/stream")
def stream():
    return flask.Response(flask.stream_with_context(f"{n};" for n in range(3)), mimetype="text/plain")


@app.cli.command("greet")
@click.argument("name")
@click.option("--times", default=1, type=click.IntRange(1, 3))
def greet(name, times):
    """Say hello."""
    click.echo(" ".join([f"hello {name}"] * times))


app.register_blueprint(part)
seen = []
flask.request_started.connect(lambda sender, **more: seen.append(request.path), app, weak=False)
client = app.test_client()
print(client.get("/part/7", headers={"X-Who": "me"}).text)
answer = client.post(
    "/part/file?a=1", data={"f": (io.BytesIO(b"x"), "a.txt")}, content_type="multipart/form-data"
)
print(answer.json, client.get("/no").json, client.get("/none").status_code, client.get("/stream").text, seen)
print(app.test_cli_runner().invoke(args=["greet", "you", "--times", "2"]).output.strip())
print(app.test_cli_runner().invoke(args=["greet", "you", "--times", "9"]).exit_code)
rules = routing.Map([routing.Rule("/<uuid:id>", endpoint="u"), routing.Rule("/f/<float:x>", endpoint="f")])
print(rules.bind("example.org").match("/f/1.5"), http.parse_options_header("a/b; c=d"), http.quote_etag("e"))
print(security.check_password_hash(security.generate_password_hash("p", method="pbkdf2:sha256:1000"), "p"))
print(datastructures.MultiDict([("a", 1), ("a", 2)]).getlist("a"), datastructures.Accept([("x", 1)]).best)
print(werkzeug.test.Client(app, werkzeug.Response).get("/no").status)
