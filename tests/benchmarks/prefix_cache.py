"""How much of a prompt an endpoint knows already: whole blocks from the first character on.

vLLM keeps what it computed for blocks of 16 tokens, each under a hash of itself and all before it;
a prompt reuses them up to the first block that differs (automatic prefix caching). A token is
taken for four characters. Blocks are never thrown away: the cache of a large server holds a round.
"""

from __future__ import annotations

TOKEN_CHARS = 4
BLOCK_TOKENS = 16
_BLOCK_CHARS = TOKEN_CHARS * BLOCK_TOKENS


def tokens_of(text: str) -> int:
    """How many tokens a text is taken for."""
    return -(-len(text) // TOKEN_CHARS)


class PrefixCache:
    """The blocks of all prompts so far."""

    def __init__(self) -> None:
        self._known: set[int] = set()

    def take(self, prompt: str) -> int:
        """How many tokens of a prompt are known; from now on all of its whole blocks are."""
        known, chain, cached = self._known, 0, 0
        for start in range(0, len(prompt) - _BLOCK_CHARS + 1, _BLOCK_CHARS):
            chain = hash((chain, prompt[start : start + _BLOCK_CHARS]))
            if chain in known:
                cached += BLOCK_TOKENS
            else:
                known.add(chain)
        return cached
