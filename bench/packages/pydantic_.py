"""pydantic: a model that validates."""

from pydantic import BaseModel, Field, ValidationError


class Item(BaseModel):
    name: str
    count: int = Field(gt=0)


print(Item(name="a", count="3").model_dump_json())
try:
    Item(name="a", count=0)
except ValidationError as error:
    print(error.errors()[0]["type"])
