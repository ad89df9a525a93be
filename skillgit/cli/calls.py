"""What a round asked of the model, in words: calls, tokens, the server's cache, and what failed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from skillgit.types import Evolution, Exclusion, Usage

_FEW_CALLS = 20
_FEW_HITS = 0.2
_KINDS = 4
_OF_ONE_CASE = re.compile(r"'[^']*'|\"[^\"]*\"|\d[\d.,]*")


def usage_lines(evolution: Evolution) -> Iterator[str]:
    """Totals over all calls; then the trajectories without a usable reply, by what went wrong."""
    used, rate = evolution.usage, hit_rate(evolution.usage)
    share = "" if rate is None else f", {rate:.0%}"
    yield (
        f"Model         {used.calls} calls, {used.cached_calls} answered from the cache,"
        f" {used.failed_calls} failed{_again(used)}; {used.prompt_tokens} prompt tokens"
        f" ({used.cached_tokens} cached by the server{share}), {used.output_tokens} output tokens"
    )
    kinds = unanswered(evolution).most_common()
    yield from (
        f"              {count} without a usable reply: {why}" for why, count in kinds[:_KINDS]
    )
    if kinds[_KINDS:]:
        rest = sum(count for _, count in kinds[_KINDS:])
        yield f"              {rest} for {len(kinds) - _KINDS} other reasons"


def _again(used: Usage) -> str:
    """Of the calls, those that were the same request again."""
    words = (
        (used.retried_calls, "sent again after a failure"),
        (used.hedged_calls, "copied because they took long"),
    )
    return "".join(f", {count} {what}" for count, what in words if count)


def unanswered(evolution: Evolution) -> Counter[str]:
    """Why trajectories got no usable reply, without what differs from case to case."""
    return Counter(
        _OF_ONE_CASE.sub("…", one.reason.partition("\n")[0])
        for one in evolution.excluded
        if one.kind is Exclusion.NO_REPLY
    )


def hit_rate(used: Usage) -> float | None:
    """The share of the prompt tokens that the server had cached; None where nothing was sent."""
    return used.cached_tokens / used.prompt_tokens if used.prompt_tokens else None


def cache_warning(used: Usage) -> str:
    """Of a prefix cache that does little, and why; "" where too little was asked to tell."""
    rate = hit_rate(used)
    if rate is None or rate >= _FEW_HITS or used.calls <= _FEW_CALLS:
        return ""
    if used.cached_tokens == 0:
        why = (
            "vLLM tells of cached tokens only with --enable-prompt-tokens-details, and caches "
            "prefixes unless --no-enable-prefix-caching is given"
        )
    else:
        why = (
            "a hybrid model such as Qwen3.5 caches in blocks of hundreds of tokens; a full cache "
            "forgets; and of several servers each has its own, so a router must keep equal "
            "beginnings together"
        )
    return (
        f"the server reports {rate:.0%} of the prompt tokens as cached, though all analysts' "
        f"prompts begin alike: {why} (`skillgit doctor` tries it out)"
    )
