"""fastapi: routes, and their description."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/items/{number}")
def read(number: int, text: str = "x") -> dict:
    return {"number": number}


print(sorted(app.openapi()["paths"]), len(app.routes))
