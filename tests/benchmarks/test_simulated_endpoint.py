"""The yardstick must be right before anything is measured with it."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from benchmarks.endpoint import SimulatedEndpoint
from benchmarks.plan import Fault, Kind, Plan
from benchmarks.prefix_cache import PrefixCache
from benchmarks.runs import run
from benchmarks.themes import THEMES, long_forms, pool, spellings, theme_of, themes_in
from rapidfuzz import fuzz

QUICK = Plan(base=0.0, per_token=0.0)


def asked(words: str, role: str = "merge", **more: object) -> dict[str, Any]:
    """A request whose answer is one edit that repeats an earlier one."""
    verdicts = {"e1": {"enum": ["own"]}, "e2": {"enum": ["own", "e1"]}}
    schema = {
        "type": "object",
        "properties": {
            "verdicts": {"type": "object", "properties": verdicts},
            "words": {"type": "array", "maxItems": 1},
        },
    }
    return {
        "model": "simulated",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": words}],
        "response_format": {"type": "json_schema", "json_schema": {"name": role, "schema": schema}},
        **more,
    }


EDITS = (
    "e1 (3 runs, SKILL.md after line 4) Keep it: use `freeze_panes`\n"
    "e2 (1 run, SKILL.md after line 9) Keep the header: set `freeze_panes` below"
)


def post(url: str, body: dict[str, Any], patience: float = 10.0) -> dict[str, Any]:
    return fetched(f"{url}/chat/completions", json.dumps(body).encode(), patience)


def fetched(url: str, data: bytes | None = None, patience: float = 10.0) -> dict[str, Any]:
    with urllib.request.urlopen(url, data, patience) as answer:  # noqa: S310 - on this machine
        value: dict[str, Any] = json.load(answer)
    return value


def refusal(url: str, body: dict[str, Any]) -> urllib.error.HTTPError:
    with pytest.raises(urllib.error.HTTPError) as caught:
        post(url, body)
    caught.value.close()
    return caught.value


def content(answer: dict[str, Any]) -> str:
    return str(answer["choices"][0]["message"]["content"])


def test_a_merge_joins_what_has_one_theme_whatever_the_seed() -> None:
    with SimulatedEndpoint(QUICK) as endpoint:
        first, second = (post(endpoint.url, asked(EDITS, seed=seed)) for seed in (41, 42))
        log = endpoint.log()
    assert json.loads(content(first))["verdicts"] == {"e1": "own", "e2": "e1"}
    assert content(first) == content(second)
    assert [(one.digest, one.attempt) for one in log] == [(log[0].digest, 1), (log[0].digest, 2)]


def test_time_is_the_base_and_the_output_and_a_queue_for_a_slot() -> None:
    plan = Plan(base=0.1, per_token=0.01, slots=2)
    with SimulatedEndpoint(plan) as endpoint, ThreadPoolExecutor(6) as people:
        begun = time.monotonic()
        done = [people.submit(post, endpoint.url, asked(f"{n} {EDITS}")) for n in range(6)]
        for one in done:
            one.result()
        took = time.monotonic() - begun
        log = endpoint.log()
    each = 0.1 + 0.01 * log[0].output_tokens
    assert [one.worked for one in log] == pytest.approx([each] * 6, abs=0.05)
    assert took == pytest.approx(3 * each, abs=0.2)
    assert sorted(one.started - one.arrived > 0.05 for one in log) == [False] * 2 + [True] * 4


def test_usage_counts_what_a_prefix_cache_knows() -> None:
    with SimulatedEndpoint(QUICK) as endpoint:
        post(endpoint.url, asked("x" * 640 + "a" * 64))
        usage = post(endpoint.url, asked("x" * 640 + "b" * 64))["usage"]
        (_, second) = endpoint.log()
    assert usage["prompt_tokens"] == second.prompt_tokens == -(-second.prompt_chars // 4)
    assert usage["prompt_tokens_details"]["cached_tokens"] == second.cached_tokens == 160


def test_whole_blocks_from_the_first_character_on_are_known() -> None:
    cache = PrefixCache()
    assert cache.take("a" * 128 + "b" * 63) == 0
    assert cache.take("a" * 128 + "c" * 640) == 32
    assert cache.take("c" * 640) == 0


FAILURES: dict[Kind, Callable[[str, dict[str, Any]], object]] = {
    Kind.RATE_LIMITED: lambda url, body: refusal(url, body).headers["Retry-After"] == "1",
    Kind.SERVER_ERROR: lambda url, body: refusal(url, body).code == 500,
    Kind.UNAVAILABLE: lambda url, body: refusal(url, body).code == 503,
    Kind.TOO_LONG: lambda url, body: refusal(url, body).code == 400,
    Kind.TRUNCATED: lambda url, body: post(url, body)["choices"][0]["finish_reason"] == "length",
    Kind.EMPTY: lambda url, body: content(post(url, body)) == "",
    Kind.NOT_JSON: lambda url, body: content(post(url, body)).startswith("Here"),
    Kind.WRONG_SCHEMA: lambda url, body: "answer" in content(post(url, body)),
    Kind.ILLEGAL_IDS: lambda url, body: "e99999" in content(post(url, body)),
    Kind.RESET: lambda url, body: _raises(OSError, url, body),
    Kind.REFUSED: lambda url, body: _raises(OSError, url, body),
    Kind.HANG: lambda url, body: _raises(TimeoutError, url, body),
}


def _raises(kind: type[OSError], url: str, body: dict[str, Any]) -> bool:
    with pytest.raises(kind):
        post(url, body, patience=0.3)
    return True


def test_each_fault_hits_the_first_try_and_no_other() -> None:
    faults = tuple(Fault(kind, 1.0, roles=(kind,)) for kind in FAILURES)
    with SimulatedEndpoint(
        Plan(base=0.0, per_token=0.0, faults=faults, refuse_seconds=0.0)
    ) as endpoint:
        for kind, fails in FAILURES.items():
            body = asked(EDITS, kind)
            assert fails(endpoint.url, body), kind
            time.sleep(0.02)
            assert "own" in content(post(endpoint.url, body)), kind
        told = [(one.fault, one.attempt) for one in endpoint.log()]
    assert sorted(told) == sorted([(kind, 1) for kind in FAILURES] + [("", 2)] * len(FAILURES))


def test_a_refusing_endpoint_takes_no_connection_for_a_while() -> None:
    plan = Plan(base=0.0, per_token=0.0, faults=(Fault(Kind.REFUSED, 1.0),), refuse_seconds=0.3)
    with SimulatedEndpoint(plan) as endpoint:
        _raises(OSError, endpoint.url, asked(EDITS))
        with pytest.raises(urllib.error.URLError, match="refused"):
            fetched(f"{endpoint.root}/health")
        time.sleep(0.6)
        assert "own" in content(post(endpoint.url, asked(EDITS)))


def test_a_slow_answer_drips() -> None:
    plan = Plan(base=0.0, per_token=0.0, faults=(Fault(Kind.SLOW, 1.0),), drip_seconds=0.4)
    with SimulatedEndpoint(plan) as endpoint:
        begun = time.monotonic()
        assert "own" in content(post(endpoint.url, asked(EDITS)))
    assert time.monotonic() - begun > 0.4


def test_poison_never_succeeds_even_after_a_restart_and_with_another_seed() -> None:
    plan = Plan(
        base=0.0,
        per_token=0.0,
        faults=(Fault(Kind.SERVER_ERROR, 1.0, poison=True, roles=("merge",)),),
    )
    with SimulatedEndpoint(plan) as endpoint:
        assert refusal(endpoint.url, asked(EDITS)).code == 500
        endpoint.restart()
        assert refusal(endpoint.url, asked(EDITS, seed=9)).code == 500
        assert [one.attempt for one in endpoint.log()] == [1, 2]
        assert "own" in content(post(endpoint.url, asked(EDITS, "reconcile")))


def test_a_prompt_that_leaves_no_room_for_the_answer_is_too_long() -> None:
    with SimulatedEndpoint(Plan(base=0.0, per_token=0.0, context=1000)) as endpoint:
        assert "own" in content(post(endpoint.url, asked(EDITS + " " * 3000)))
        error = refusal(endpoint.url, asked(EDITS + " " * 3600))
        assert fetched(f"{endpoint.url}/models")["data"][0]["max_model_len"] == 1000
    assert error.code == 400


def test_who_fails_depends_on_the_request_alone_and_is_as_frequent_as_asked() -> None:
    plan = Plan(faults=(Fault(Kind.RESET, 0.1), Fault(Kind.HANG, 0.05, poison=True)))
    names = [f"request {number}" for number in range(4000)]
    first = [plan.fault(name, "merge", 1) for name in names]
    assert first == [plan.fault(name, "merge", 1) for name in names]
    assert first.count(Kind.RESET) == pytest.approx(400, abs=80)
    second = [plan.fault(name, "merge", 2) for name in names]
    assert set(second) == {None, Kind.HANG}
    assert second.count(Kind.HANG) == pytest.approx(200, abs=60)
    assert Plan.load(plan.dump()) == plan


def test_a_heavy_tail_is_another_one_for_each_try() -> None:
    plan = Plan(base=1.0, per_token=0.0, tail=0.5)
    drawn = [plan.latency(0, str(number), 1) for number in range(2000)]
    assert sorted(drawn)[1000] == pytest.approx(1.0, abs=0.1)
    assert max(drawn) > 3.0
    assert plan.latency(0, "5", 2) != drawn[5] == plan.latency(0, "5", 1)


def test_the_theme_of_every_wording_can_be_told_from_it() -> None:
    assert all(theme_of(text) == key for text, key in pool().items())
    assert all(len(text) <= 400 for text in pool())


def test_spellings_are_joined_by_the_program_and_paraphrases_are_not() -> None:
    texts = [text for theme in THEMES for _, text in theme.paraphrases]
    assert not any(_joined(one, other) for one, other in combinations(texts, 2))
    for theme in THEMES:
        forms = long_forms(theme.paraphrases[0].text)
        for first, *others in map(spellings, forms[:4]):
            assert all(_joined(first, other) for other in others)
        joined = [_joined(one, other) for one, other in combinations(forms[:30], 2)]
        assert sum(joined) < 0.2 * len(joined)


def _joined(*texts: str) -> bool:
    """As `consolidate.join` sees it."""
    one, other = (" ".join(re.findall(r"\w+", text.casefold())) for text in texts)
    return fuzz.token_sort_ratio(one, other) >= 92


def test_a_run_shows_the_code_of_its_themes_and_of_no_other() -> None:
    texts = [json.dumps(run(number)) for number in range(40)]
    assert texts == [json.dumps(run(number)) for number in range(40)]
    assert all(1 <= len(themes_in(text)) <= 2 for text in texts)
    assert all(3500 < len(text) < 13000 for text in texts)


def test_the_log_of_a_request_whose_client_left(tmp_path: Path) -> None:
    plan = Plan(base=5.0, slots=1)
    with SimulatedEndpoint(plan, tmp_path) as endpoint:
        _raises(TimeoutError, endpoint.url, asked(EDITS))
        time.sleep(0.1)
        (left,) = endpoint.log()
        endpoint.restart(QUICK)
        assert "own" in content(post(endpoint.url, asked(EDITS)))
    assert left.left
    assert not left.healthy


def test_any_other_schema_gets_its_smallest_value() -> None:
    form = {"n": {"type": "integer", "minimum": 3}, "word": {"enum": ["a", "b"]}}
    body = asked("?", "doctor")
    body["response_format"]["json_schema"]["schema"] = {"type": "object", "properties": form}
    with SimulatedEndpoint(QUICK) as endpoint:
        assert json.loads(content(post(endpoint.url, body))) == {"n": 3, "word": "a"}
