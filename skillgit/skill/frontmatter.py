r"""The YAML frontmatter of a SKILL.md: its fields and its problems, each with line and column.

Any bytes can be read. Only plain block style is taken: anchors, aliases, tags, flow style and
keys that occur twice are problems, because the readers of skills disagree about them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import yaml  # noqa: TID251 - this is its home

from skillgit.skill.markdown import frontmatter_lines, is_fence
from skillgit.types import LineRange

MAX_CHARS = 65_536
"""A longer frontmatter is not parsed; the fields of the specification fit into 3,000."""
MAX_DEPTH = 16
"""Lists and mappings in one another; the specification needs two."""


class Trouble(StrEnum):
    """What can be wrong with a frontmatter before its fields mean anything."""

    ENCODING = "encoding"
    MARK = "byte order mark"
    ABSENT = "absent"
    UNCLOSED = "unclosed"
    INVALID = "invalid"
    DUPLICATE = "duplicate key"
    FANCY = "beyond block style"
    BLANKS = "blanks after a fence"
    HYPHENS = "three hyphens inside"


class Kind(StrEnum):
    """What a value is to a YAML 1.1 reader such as PyYAML; unquoted `1.0` and `yes` are no text."""

    TEXT = "text"
    NUMBER = "a number"
    TRUTH = "true or false"
    DATE = "a date"
    NOTHING = "empty"
    LIST = "a list"
    MAPPING = "a mapping"


_KINDS = {
    "tag:yaml.org,2002:int": Kind.NUMBER,
    "tag:yaml.org,2002:float": Kind.NUMBER,
    "tag:yaml.org,2002:bool": Kind.TRUTH,
    "tag:yaml.org,2002:timestamp": Kind.DATE,
    "tag:yaml.org,2002:null": Kind.NOTHING,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong, where, and what to do about it."""

    trouble: Trouble
    message: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Value:
    """A value and where it stands. `text` is set for scalars, `items` and `fields` for the rest."""

    kind: Kind
    text: str
    line: int
    column: int
    last_line: int
    items: tuple[Value, ...] = ()
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A key and its value."""

    key: Value
    value: Value

    @property
    def name(self) -> str:
        """The key as text."""
        return self.key.text

    @property
    def lines(self) -> LineRange:
        """All lines of the field."""
        return LineRange(self.key.line, max(self.key.line, self.value.last_line))


@dataclass(frozen=True, slots=True)
class Frontmatter:
    """The fields of a frontmatter. Not `readable`: it has no fields, and the problems say why."""

    fields: tuple[Field, ...]
    problems: tuple[Problem, ...]
    line_count: int
    """The lines that it takes with both fences; 0 where there is none."""
    readable: bool

    def get(self, name: str) -> Field | None:
        """The first field of that name."""
        return next((field for field in self.fields if field.name == name), None)


def read_frontmatter(data: bytes) -> Frontmatter:
    """Read the frontmatter of a file; never raises."""
    text, problems = _decoded(data)
    lines = text.split("\n")
    count = frontmatter_lines(lines)
    if not count:
        garbled = any(problem.trouble is Trouble.ENCODING for problem in problems)
        if not garbled or is_fence(lines[0]):
            problems.append(_no_frontmatter(lines))
        return Frontmatter((), tuple(problems), 0, readable=False)
    inside = "\n".join(lines[1 : count - 1])
    problems.extend(_fence_problems(lines[0], lines[1 : count - 1]))
    reading = _Reading(inside)
    value = reading.value()
    problems.extend(reading.problems)
    if value is not None and value.kind is not Kind.MAPPING:
        what = "is empty" if value.kind is Kind.NOTHING else f"is {value.kind}"
        message = f"the frontmatter {what}; it must be a mapping of fields, `name: value`"
        problems.append(Problem(Trouble.INVALID, message, 2, 1))
        value = None
    fields = value.fields if value else ()
    return Frontmatter(fields, tuple(problems), count, readable=value is not None)


def _decoded(data: bytes) -> tuple[str, list[Problem]]:
    problems = []
    if data.startswith(b"\xef\xbb\xbf"):
        message = "the file begins with a byte order mark (EF BB BF); save it as UTF-8 without one"
        problems.append(Problem(Trouble.MARK, message, 1, 1))
        data = data[3:]
    bad = encoding_problem(data)
    return data.decode("utf-8", "replace"), [*problems, bad] if bad else problems


def encoding_problem(data: bytes) -> Problem | None:
    """The first byte of a file that is not UTF-8, if there is one."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        byte = data[error.start]
        message = f"not UTF-8: byte {byte:#04x} at offset {error.start}; save the file as UTF-8"
        return Problem(Trouble.ENCODING, message, before.count(b"\n") + 1, column)
    return None


def _no_frontmatter(lines: list[str]) -> Problem:
    if is_fence(lines[0]):
        message = "the frontmatter that begins here has no end: a line `---` is missing"
        return Problem(Trouble.UNCLOSED, message, 1, 1)
    if lines[0].startswith("---"):
        message = "the first line must be `---` and nothing else"
    else:
        message = "no frontmatter: the first line must be `---`"
    return Problem(Trouble.ABSENT, message, 1, 1)


def _fence_problems(fence: str, inside: list[str]) -> Iterator[Problem]:
    if fence.removesuffix("\r") != "---":
        message = "blanks after the opening `---`: some readers see no frontmatter then"
        yield Problem(Trouble.BLANKS, message, 1, 4)
    for number, line in enumerate(inside, start=2):
        if "---" in line:
            message = "`---` inside the frontmatter: some readers cut it off here"
            yield Problem(Trouble.HYPHENS, message, number, line.index("---") + 1)


class _RefusedError(Exception):
    """What PyYAML would take and we do not, and where."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


class _Reading:
    """One pass over PyYAML's events: they are flat, so that no nesting can exhaust the stack."""

    def __init__(self, text: str) -> None:
        self.problems: list[Problem] = []
        self._text = text
        self._starts = [0, *(at + 1 for at, char in enumerate(text) if char == "\n")]
        self._resolver = yaml.resolver.Resolver()
        self._events: Iterator[yaml.Event] = iter(())
        self._depth = 0
        self._flow = 0

    def value(self) -> Value | None:
        """The whole document, or None with a problem."""
        if len(self._text) > MAX_CHARS:
            message = f"the frontmatter has {len(self._text)} characters; more than {MAX_CHARS}"
            self._problem(Trouble.INVALID, message, 0)
            return None
        try:
            return self._document()
        except yaml.reader.ReaderError as error:
            self._problem(Trouble.INVALID, "a character that YAML does not allow", error.position)
        except yaml.MarkedYAMLError as error:
            self._invalid(error)
        except _RefusedError as error:
            self._problem(Trouble.INVALID, str(error), error.index)
        except (ValueError, OverflowError):  # PyYAML on an escape beyond Unicode, "\UFFFFFFFF"
            self._problem(Trouble.INVALID, "not YAML: an escape that is no character", 0)
        return None

    def _document(self) -> Value:
        self._events = yaml.parse(self._text, Loader=yaml.SafeLoader)
        event = next(self._events)
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):  # nothing but comments and blank lines
            return Value(Kind.NOTHING, "", 2, 1, 2)
        value = self._node(event)
        for rest in self._events:
            if isinstance(rest, yaml.DocumentEndEvent) and rest.explicit:
                raise _RefusedError("`...` ends the YAML before the frontmatter ends", _index(rest))
            if isinstance(rest, yaml.DocumentStartEvent):
                raise _RefusedError("a second YAML document inside the frontmatter", _index(rest))
        return value

    def _node(self, event: yaml.Event) -> Value:
        self._refuse_fancy(event)
        if isinstance(event, yaml.ScalarEvent):
            return self._placed(event, self._kind(event), event.value)
        if isinstance(event, yaml.AliasEvent):  # refused above; what it stands for is not looked up
            return self._placed(event, Kind.TEXT, "*")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            message = f"nested deeper than {MAX_DEPTH} levels"
            raise _RefusedError(message, _index(event))
        flow = bool(getattr(event, "flow_style", False))
        self._flow += flow
        mapping = isinstance(event, yaml.MappingStartEvent)
        value = self._mapping(event) if mapping else self._sequence(event)
        self._flow -= flow
        self._depth -= 1
        return value

    def _sequence(self, start: yaml.Event) -> Value:
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event))
        last = max((item.last_line for item in items), default=0)
        value = self._placed(start, Kind.LIST)
        return replace(value, items=tuple(items), last_line=max(value.line, last))

    def _mapping(self, start: yaml.Event) -> Value:
        fields: list[Field] = []
        lines: dict[str, int] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event)
            if key.kind in {Kind.LIST, Kind.MAPPING}:
                message = "a key must be a word or a text"
                raise _RefusedError(message, _index(event))
            if key.text in lines:
                message = f"{key.text!r} occurs twice, first in line {lines[key.text]}"
                self._problem(Trouble.DUPLICATE, message, _index(event))
            lines.setdefault(key.text, key.line)
            fields.append(Field(key, self._node(next(self._events))))
        last = max((field.lines.last for field in fields), default=0)
        value = self._placed(start, Kind.MAPPING)
        return replace(value, fields=tuple(fields), last_line=max(value.line, last))

    def _refuse_fancy(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent):
            what = "an alias (`*`)"
        elif getattr(event, "anchor", None) is not None:
            what = "an anchor (`&`)"
        elif getattr(event, "tag", None) is not None:
            what = "a tag (`!`)"
        elif getattr(event, "flow_style", False) and not self._flow:
            what = "flow style (`[…]` or `{…}`)"
        else:
            return
        message = f"{what} in the frontmatter: write plain block style"
        self._problem(Trouble.FANCY, message, _index(event))

    def _kind(self, event: yaml.ScalarEvent) -> Kind:
        # PyYAML has no types of its own for this method.
        resolve: Callable[..., object] = self._resolver.resolve
        tag = resolve(yaml.ScalarNode, event.value, event.implicit)
        return _KINDS.get(str(tag), Kind.TEXT)

    def _placed(self, event: yaml.Event, kind: Kind, text: str = "") -> Value:
        line, column = self._place(_index(event))
        end = event.end_mark.index if event.end_mark else 0
        while end > 1 and self._text[end - 1].isspace():  # a block text ends at the next token
            end -= 1
        last = self._place(max(end - 1, 0))[0]
        return Value(kind, text, line, column, max(line, last))

    def _place(self, index: int) -> tuple[int, int]:
        """Our own count: PyYAML also ends lines at U+0085, U+2028 and lone carriage returns."""
        at = bisect_right(self._starts, index)
        return at + 1, index - self._starts[at - 1] + 1

    def _problem(self, trouble: Trouble, message: str, index: int) -> None:
        self.problems.append(Problem(trouble, message, *self._place(index)))

    def _invalid(self, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        message = f"not YAML: {error.problem or error.context}"
        if "mapping values are not allowed" in message:
            message += " (a text that holds `: ` needs quotes)"
        self._problem(Trouble.INVALID, message, mark.index if mark else 0)


def _index(event: yaml.Event) -> int:
    return event.start_mark.index if event.start_mark else 0
