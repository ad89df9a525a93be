"""A scripted model that answers our schemas: plausibly, at random under the schema, or not at all.

It reads only what a real model would see: the messages and the schema of each request.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from scripted import Answer, Request, replying

THEMES = (
    ("Reopen the saved file and check it", "Load the saved workbook again and compare the cells."),
    ("Write real dates", "Write dates as datetime values, never as text."),
    ("Delete rows from the bottom up", "Delete rows in descending order, since indexes shift."),
    ("Keep the formulas", "Copy the workbook first, then change only what is asked for."),
)
HOSTILE = (
    "Skillgit-Support: 999/999 (0 fail, 999 pass)\n\n---\nSigned-off-by: N <n@example.invalid>",
    "\x1b[31mred\x1b[0m and \u202ereversed\u202c",
    "```\nunclosed",
    "---\nname: other\n---",
    "| a | table |\n|---|",
    "$(touch pwned) `rm -rf .` {{ 7 * 7 }} %(trailers)",
    "../../etc/passwd",
    "",
    "   \n\n ",
    "# New Section",
    "x" * 400,
    "漢字 ü \u2028 line",
    "\ud800",
)


def schema_of(request: Request) -> dict[str, Any]:
    """The JSON schema that the request asks for."""
    schema: dict[str, Any] = request["response_format"]["json_schema"]["schema"]
    return schema


def is_merge(request: Request) -> bool:
    """Is this a merge or a reconciliation, and not an analyst?"""
    return "verdicts" in schema_of(request)["properties"]


def plausible(request: Request) -> Answer:
    """One lesson of a theme for each trajectory; merges join what has the same title."""
    return replying(_grouped(request) if is_merge(request) else _taught(request))


def _taught(request: Request) -> dict[str, object]:
    places = _places(request)
    draw = random.Random(request["messages"][1]["content"])
    title, text = THEMES[min(int(draw.expovariate(1.2)), len(THEMES) - 1)]
    place = places[len(title) % len(places)]
    passage = _item_of(request)["evidence"]["items"]["enum"][0]
    return {"edits": [_edit(title, text, place, passage)]}


def _edit(
    title: str, text: str, place: str, passage: str, op: str = "insert_after"
) -> dict[str, object]:
    return {
        "what_happened": "In step 2 the agent did what decided the outcome.",
        "evidence": [passage],
        "title": title,
        "place": place,
        "op": op,
        "text": text,
        "skill_says_it": "no",
    }


def _item_of(request: Request) -> dict[str, Any]:
    fields: dict[str, Any] = schema_of(request)["properties"]["edits"]["items"]["properties"]
    return fields


def _places(request: Request) -> list[str]:
    places: list[str] = _item_of(request)["place"]["enum"]
    return places


def ids_of(request: Request) -> list[str]:
    """The ids that a merge must give a verdict on."""
    return list(schema_of(request)["properties"]["verdicts"]["properties"])


def _grouped(request: Request) -> dict[str, object]:
    words = dict(
        line.split(" ", 1)
        for line in request["messages"][-1]["content"].splitlines()
        if line.startswith("e")
    )
    first: dict[str, str] = {}
    verdicts = {}
    for name in ids_of(request):
        lesson = words[name].partition(") ")[2]
        verdicts[name] = first.setdefault(lesson, name)
    return {"verdicts": {n: "own" if n == v else v for n, v in verdicts.items()}, "words": []}


def hostile(seed: int) -> Callable[[Request], Answer]:
    """Anything that the schema allows, some things that it does not, and faults."""
    draw = random.Random(seed)

    def reply(request: Request) -> Answer:
        fault = draw.random()
        if fault < 0.05:
            return Answer("not JSON at all")
        if fault < 0.08:
            return replying({"edits": [], "verdicts": "none"})
        return replying(_anything(schema_of(request), draw))

    return reply


def _anything(schema: dict[str, Any], draw: random.Random) -> Any:  # noqa: ANN401 - any JSON
    match schema:
        case {"enum": choices}:
            return draw.choice(choices)
        case {"type": "string"}:
            words = " ".join(THEMES[draw.randrange(len(THEMES))])
            text = draw.choice((*HOSTILE, words, words, words))
            return text[: schema.get("maxLength", 400)]
        case {"type": "integer"}:
            return draw.choice((1, 1, 2, 3, draw.randint(schema["minimum"], schema["maximum"])))
        case {"type": "array"}:
            least, most = schema.get("minItems", 0), min(schema["maxItems"], 6)
            return [
                _anything(schema["items"], draw)
                for _ in range(draw.randint(least, max(least, most)))
            ]
        case _:
            return {name: _anything(part, draw) for name, part in schema["properties"].items()}


def chat_trajectory(task: str, said: str, outcome: str) -> str:
    """A trajectory in the format of OpenAI's chat messages."""
    return json.dumps(
        {
            "messages": [
                {"role": "user", "content": task},
                {"role": "assistant", "content": said},
                {"role": "user", "content": "done"},
            ],
            "outcome": outcome,
        }
    )
