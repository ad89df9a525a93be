"""Every importer under a coverage-guided fuzzer; no part of the suite.

    pip install atheris
    python tests/fuzzing/fuzz_importers.py CORPUS -max_total_time=300 -timeout=5 -rss_limit_mb=2000

CORPUS is a folder of inputs, which it fills; it begins with the cases of every format. Whatever
libFuzzer takes, it takes. An input that breaks a promise is left in the current folder.
"""

from __future__ import annotations

import json
import random
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests/trajectories/cases"
SECONDS_PER_MB = 1.0
WORDS = ("", "user", "assistant", "tool", "agent", "text", "pass", "1.0", "\ud800", "x" * 50)
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1e300,
    float("nan"),
    10**30,
    [],
    {},
    [[]],
    {"": {}},
    *WORDS,
)

sys.path.insert(0, str(ROOT))
atheris: Any = import_module("atheris")

with atheris.instrument_imports(include=["skillgit"]):
    documents = import_module("skillgit.trajectories.documents")
    drafts = import_module("skillgit.trajectories.drafts")
    importers = import_module("skillgit.trajectories.importers")
    lines = import_module("skillgit.trajectories.lines")
    stored = import_module("skillgit.trajectories.stored")
    views = import_module("skillgit.trajectories.view")


def run(data: bytes) -> None:
    """One file through all importers: nothing raises, nothing disappears, nothing hangs."""
    name = "run.jsonl" if len(data) % 2 else "run.json"
    began = time.process_time()
    found = importers.import_file(documents.SourceFile(name, data))
    for one in found.trajectories:
        views.view(one, 500)
        "".join(drafts._texts(one)).encode()  # noqa: SLF001 - all that it says
        for step in one.steps:
            lines.step_lines(step)
    seconds = time.process_time() - began
    if not found.trajectories and not found.diagnostics:
        raise AssertionError("it disappeared in silence")
    if len(data) % 7 == 0:  # the rest of the time goes to finding ways through the importers
        for one in found.trajectories:
            written = documents.SourceFile("store.json", stored.stored_bytes(one))
            (again,) = importers.import_file(written).trajectories
            if (again.digest, again.steps) != (one.digest, one.steps):
                raise AssertionError(f"written and read, it is another: {one.steps}")
    broken = [one.message for one in found.diagnostics if "is broken" in one.message]
    if broken:
        raise AssertionError(broken[0])
    # A tenth of a second is what any small file may take while coverage is counted.
    if seconds > 0.1 + SECONDS_PER_MB * len(data) / 1e6:
        raise AssertionError(f"{len(data)} bytes took {seconds:.2f} s")


def mutated(data: bytes, most: int, seed: int) -> bytes:
    """Half of the time another value or key in the JSON, else what libFuzzer does to bytes."""
    chance = random.Random(seed)
    if chance.random() < 0.5:
        return bytes(atheris.Mutate(data, most))
    whole = data.split(b"\n") if chance.random() < 0.5 else [data]
    at = chance.randrange(len(whole))
    try:
        value = changed(json.loads(whole[at]), chance)
        text = json.dumps(value, ensure_ascii=chance.random() < 0.5)
        whole[at] = text.encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return bytes(atheris.Mutate(data, most))
    if chance.random() < 0.2:
        whole.insert(chance.randrange(len(whole) + 1), chance.choice(whole))
    return b"\n".join(whole)[:most]


def changed(value: Any, chance: random.Random) -> Any:  # noqa: ANN401 - any JSON
    """The value with one thing in it replaced, doubled, dropped, renamed or put elsewhere."""
    places: list[tuple[Any, Any]] = []
    waiting = [value] if isinstance(value, dict | list) else []
    while waiting:
        holder = waiting.pop()
        inside = holder.items() if isinstance(holder, dict) else enumerate(holder)
        for key, part in list(inside):
            places.append((holder, key))
            if isinstance(part, dict | list):
                waiting.append(part)
    if not places:
        return chance.choice(ODD)
    holder, key = chance.choice(places)
    other, from_key = chance.choice(places)
    match chance.randrange(5):
        case 0:
            holder[key] = chance.choice(ODD)
        case 1:
            del holder[key]
        case 2 if isinstance(holder, list):
            holder.insert(key, holder[key])
        case 3 if isinstance(holder, dict):
            holder[chance.choice([*holder, "id", "type"])] = holder.pop(key)
        case _:
            # By way of text: a value must not come to hold itself.
            holder[key] = json.loads(json.dumps(other[from_key]))
    return value


def main() -> None:
    """Seed the corpus, and fuzz."""
    corpus = next((Path(one) for one in sys.argv[1:] if not one.startswith("-")), None)
    if corpus is None:
        sys.exit("give a folder for the corpus")
    corpus.mkdir(parents=True, exist_ok=True)
    for case in CASES.iterdir():
        if not case.name.endswith(".expected.txt"):
            (corpus / case.name).write_bytes(case.read_bytes())
            # The length decides under which name it is read.
            (corpus / f"{case.name}.other").write_bytes(case.read_bytes() + b" ")
    atheris.Setup(sys.argv, run, custom_mutator=mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
