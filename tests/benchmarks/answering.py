"""What the simulated model says: a function of the request, its seed and sampling left out.

An analyst teaches the themes whose code stands in the run that it is shown; a merge operator joins
the lessons of one theme. Nothing else about a request matters, so the answer is known without any
state, and what becomes of it can be checked word for word (`themes.pool`).
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from typing import Any

from benchmarks.plan import Kind
from benchmarks.themes import BY_KEY, THEMES, Theme, drawn_themes, themes_in

Request = dict[str, Any]  # the JSON that a client sent

_EDIT = re.compile(r"^(e\d+) \(.*$", re.MULTILINE)
_REWORDED = 0.25
"""The part of the joined lessons for which a merge gives new words."""


def role_of(request: Request) -> str:
    """Who asks: success, error, merge, reconcile, …; "" where the request has no schema."""
    form = request.get("response_format") or {}
    return str((form.get("json_schema") or {}).get("name", ""))


def prompt_of(request: Request) -> str:
    """The messages as one text, as a chat template lays them out."""
    return "".join(f"<{one['role']}>\n{one.get('content') or ''}\n" for one in request["messages"])


def digest_of(role: str, prompt: str) -> str:
    """The identity of a request: what is asked, whatever the seed and the sampling."""
    return hashlib.sha256(f"{role}\0{prompt}".encode("utf-8", "replace")).hexdigest()[:24]


def answer(request: Request, digest: str) -> str:
    """The content of a healthy reply."""
    role = role_of(request)
    if not role:
        return "There is nothing left to do."
    schema = request["response_format"]["json_schema"]["schema"]
    fields = schema.get("properties", {})
    draw = random.Random(digest)
    asked = str(request["messages"][-1].get("content") or "")
    if "verdicts" in fields:
        value = _sorted_out(asked, fields)
    elif "edits" in fields:
        run = str(request["messages"][1].get("content") or "")
        value = _taught(run, fields["edits"], role, draw)
    else:
        value = _least(schema)
    return json.dumps(value, ensure_ascii=False)


def _taught(run: str, edits: Request, role: str, draw: random.Random) -> Request:
    """One edit for each theme of the run, as many as are asked for."""
    themes = themes_in(run) or drawn_themes(draw, 1)
    item = edits["items"]["properties"]
    return {"edits": [_edit(one, item, role, draw) for one in themes[: edits["maxItems"]]]}


def _edit(theme: Theme, item: Request, role: str, draw: random.Random) -> Request:
    title, text = theme.wording(draw)
    places, passages = item["place"]["enum"], item["evidence"]["items"]["enum"]
    passage = passages[draw.randrange(len(passages))]
    ended = "right" if role == "success" else "wrong"
    told = f"In {passage} the agent came to the point where {theme.key} counts: it ended {ended}."
    said: Request = {
        "what_happened": told,
        "evidence": [passage],
        "title": title,
        "place": places[THEMES.index(theme) * 7 % len(places)],
        "op": "reference" if draw.random() < 0.05 else "insert_after",
        "text": text,
        "skill_says_it": draw.choice(("no", "no", "partly")),
    }
    return {name: said.get(name, "") for name in item}


def _sorted_out(asked: str, fields: Request) -> Request:
    """Each edit is its theme's first edit, or points to it; some joined lessons get new words."""
    lines = {found[1]: found[0] for found in _EDIT.finditer(asked)}
    first: dict[str, str] = {}
    verdicts: dict[str, str] = {}
    joined: list[str] = []
    for name, form in fields["verdicts"]["properties"].items():
        theme = _theme(lines.get(name, ""))
        head = first.setdefault(theme, name) if theme else name
        verdicts[name] = head if head != name and head in form["enum"] else "own"
        if verdicts[name] != "own" and theme not in joined:
            joined.append(theme)
    most = fields["words"]["maxItems"]
    chosen = [one for one in joined if random.Random(asked + one).random() < _REWORDED][:most]
    words = [{"id": first[one], "text": BY_KEY[one].paraphrases[0].text} for one in chosen]
    return {"verdicts": verdicts, "words": words}


def _theme(line: str) -> str:
    """The theme of a lesson as a merge is shown it; the commonest where it names several."""
    found = themes_in(line)
    return found[0].key if found else ""


def _least(schema: Request) -> Any:  # noqa: ANN401 - any JSON
    """The smallest value that a schema allows, as far as our schemas go."""
    match schema:
        case {"enum": [first, *_]}:
            return first
        case {"type": "string"}:
            return "Said."
        case {"type": "integer" | "number"}:
            return schema.get("minimum", 0)
        case {"type": "boolean"}:
            return True
        case {"type": "array"}:
            return [_least(schema["items"])] * schema.get("minItems", 0)
        case _:
            return {name: _least(part) for name, part in schema.get("properties", {}).items()}


def spoilt(content: str, kind: Kind) -> str:
    """A healthy reply as a fault of the model would have made it."""
    match kind:
        case Kind.EMPTY:
            return ""
        case Kind.TRUNCATED:
            return content[: len(content) // 2]
        case Kind.NOT_JSON:
            return f"Here is what I found: {content[: len(content) * 2 // 3]}, and so on."
        case Kind.WRONG_SCHEMA:
            return json.dumps({"answer": content[:80], "verdicts": "none"})
        case Kind.ILLEGAL_IDS:
            return _with_illegal_ids(content)
        case _:
            return content


def _with_illegal_ids(content: str) -> str:
    try:
        value = json.loads(content)
    except ValueError:
        return content
    for edit in value.get("edits", ()):
        edit.update(place="SKILL.md:99999| no such line", evidence=["step 999 lines 1-2"])
    if "verdicts" in value:
        value["verdicts"] = dict.fromkeys(value["verdicts"], "e99999")
    return json.dumps(value, ensure_ascii=False)
