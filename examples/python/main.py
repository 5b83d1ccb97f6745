"""A small API: anyone reads /notsecret, users read items, admins create and delete."""

from itertools import count

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, Field

from auth import live_session, role

app = FastAPI(title="Items", swagger_ui_init_oauth={"clientId": "web"})

reader = Depends(role("user", "admin"))
# In this order: the token is checked before the issuer is asked about it.
admin = [Depends(role("admin")), Depends(live_session)]


class NewItem(BaseModel):
    name: str = Field(min_length=1, max_length=200)


class Item(NewItem):
    id: int


ids = count(1)
items: dict[int, Item] = {}


def add(name: str) -> Item:
    item = Item(id=next(ids), name=name)
    items[item.id] = item
    return item


add("lamp")


@app.get("/notsecret")
def notsecret():
    return {"message": "anyone may read this"}


@app.get("/items", dependencies=[reader])
def list_items() -> list[Item]:
    return list(items.values())


@app.post("/items", status_code=201, dependencies=admin)
def create_item(new: NewItem) -> Item:
    return add(new.name)


@app.delete("/items/{id}", status_code=204, dependencies=admin)
def delete_item(id: int) -> None:
    if items.pop(id, None) is None:
        raise HTTPException(404, "No such item")
