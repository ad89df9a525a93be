"""Whole messages for the model, rendered from templates/prompts.

A template is trusted, what is put into it is not: values are inserted as they are and never
read as template text.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from skillgit.adapters.resources import resource
from skillgit.errors import SurroundingsError
from skillgit.names import Digest

if TYPE_CHECKING:
    from jinja2 import Environment  # noqa: TID251 - this is its home

_SUFFIX = ".md.j2"


class JinjaPrompts:
    """`ports.Prompts` over a folder of `<name>.md.j2`; by default the shipped one."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or resource("templates", "prompts")

    def __call__(self, template: str, /, **values: object) -> str:
        """Render one message; a template or a variable that is missing is a SurroundingsError.

        The same values give the same bytes: lines end in a line feed, and neither tags nor the
        end of the file leave white space behind.
        """
        from jinja2 import (  # noqa: PLC0415, TID251 - this is its home; a check needs no Jinja
            TemplateError,
            TemplateNotFound,
        )

        name = f"{template}{_SUFFIX}"
        try:
            return self._environment.get_template(name).render(values)
        except TemplateNotFound as error:
            raise _unfit(name, f"there is no {error.name} in {self._folder}") from error
        except (TemplateError, UnicodeDecodeError) as error:
            raise _unfit(name, str(error)) from error

    def digest(self) -> Digest:
        """What all templates say together: another digest means that other questions are asked."""
        total = hashlib.sha256()
        for path in sorted(self._folder.rglob("*.j2"), key=lambda path: path.as_posix()):
            name = path.relative_to(self._folder).as_posix().encode()
            text = path.read_bytes()
            total.update(b"%d %s %d " % (len(name), name, len(text)))
            total.update(text)
        return Digest(f"sha256:{total.hexdigest()}")

    @cached_property
    def _environment(self) -> Environment:
        from jinja2 import (  # noqa: PLC0415, TID251 - this is its home; a check needs no Jinja
            Environment,
            FileSystemLoader,
            StrictUndefined,
        )

        return Environment(
            loader=FileSystemLoader(self._folder),
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701 - the messages are Markdown for a model, never HTML
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )


def _unfit(name: str, reason: str) -> SurroundingsError:
    return SurroundingsError(
        f"rendering the prompt {name}: {reason}",
        hint="the templates and the program do not fit together; install skillgit again",
    )
