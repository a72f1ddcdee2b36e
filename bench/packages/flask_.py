"""flask: an application answers its test client."""

from flask import Flask, jsonify

app = Flask("x")


@app.route("/<name>")
def read(name):
    return jsonify(name=name)


print(app.test_client().get("/y").json)
