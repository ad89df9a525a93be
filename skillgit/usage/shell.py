"""Command lines taken apart: which words, read from where, with which text as input.

Enough of a shell to tell what a command reads. What cannot be taken apart gives no commands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_REDIRECTION = re.compile(r"<<<|<<-?|<>|>>|>\||[<>]&?")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r'\\(\n|[$`"\\])')
_PLAIN = re.compile(r"[^\\'\" \t\n#<>;&|()`]+")
_ENDS = frozenset(";&|()`\n")


@dataclass(slots=True)
class Command:
    """One simple command: its words, the files that it is fed, and a text that it is fed."""

    words: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    here: str = ""


def commands(text: str) -> list[Command]:
    """The simple commands of a script in order; none where a quotation mark is never closed."""
    try:
        return _Lexer(text).run()
    except ValueError:
        return []


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._word: str | None = None
        self._redirection = ""
        self._command = Command()
        self._found: list[Command] = []
        self._waiting: list[tuple[Command, str, bool]] = []

    def run(self) -> list[Command]:
        """Read it to its end."""
        while self._at < len(self._text):
            self._step(self._text[self._at])
        self._end_command()
        return self._found

    def _step(self, char: str) -> None:
        if char in "\\'\"":
            self._quoted(char)
        elif char in " \t":
            self._end_word()
            self._at += 1
        elif char == "#" and self._word is None:
            self._at = self._until("\n", self._at)
        elif char in "<>":
            self._redirect()
        elif char in _ENDS:
            self._end_command()
            self._at += 1
            if char == "\n":
                self._read_here()
        else:
            plain = _PLAIN.match(self._text, self._at)
            self._add(plain[0] if plain else char, len(plain[0]) if plain else 1)

    def _quoted(self, char: str) -> None:
        text, at = self._text, self._at
        if char == "\\":
            after = text[at + 1 : at + 2]
            if after == "\n":
                self._at += 2
            else:
                self._add(after, 2)
        elif char == "'":
            end = text.index("'", at + 1)
            self._add(text[at + 1 : end], end + 1 - at)
        else:
            found = _QUOTED.match(text, at)
            if found is None:
                raise ValueError("a quotation mark that is never closed")
            self._add(_ESCAPED.sub(lambda one: one[1].strip("\n"), found[1]), len(found[0]))

    def _add(self, text: str, length: int) -> None:
        self._word = (self._word or "") + text
        self._at += length

    def _redirect(self) -> None:
        if self._word is not None and self._word.isdigit():
            self._word = None
        self._end_word()
        found = _REDIRECTION.match(self._text, self._at)
        self._redirection = found[0] if found else "<"
        self._at += len(self._redirection)

    def _end_word(self) -> None:
        word, sign = self._word, self._redirection
        if word is None:
            return
        self._word, self._redirection = None, ""
        if sign == "<":
            self._command.inputs.append(word)
        elif sign in {"<<", "<<-"}:
            self._waiting.append((self._command, word, sign == "<<-"))
        elif not sign:
            self._command.words.append(word)

    def _end_command(self) -> None:
        self._end_word()
        self._redirection = ""
        if self._command.words or self._command.inputs:
            self._found.append(self._command)
        self._command = Command()

    def _read_here(self) -> None:
        """The texts that the line just ended announced."""
        for command, last, tabs in self._waiting:
            lines: list[str] = []
            while self._at < len(self._text):
                end = self._until("\n", self._at)
                line = self._text[self._at : end]
                self._at = end + 1
                if (line.lstrip("\t") if tabs else line) == last:
                    break
                lines.append(line)
            command.here = "\n".join(lines)
        self._waiting.clear()

    def _until(self, mark: str, start: int) -> int:
        found = self._text.find(mark, start)
        return len(self._text) if found < 0 else found
