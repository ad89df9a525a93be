"""A Git repository: found by GitPython, spoken to in plumbing commands only.

One thread, one command at a time, none left running. Whatever the user, the repository or a
surrounding hook has configured, a command here gives the same bytes: no replaced objects, no
attributes, hooks, pagers, prompts or signatures. `git_reading.py`, `git_writing.py`,
`git_rewriting.py` and `git_bulk.py` hold the commands.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from skillgit.adapters.git_bulk import Bulk
from skillgit.adapters.git_failures import advice, said
from skillgit.adapters.git_reading import Output, Reading
from skillgit.adapters.git_rewriting import Rewriting
from skillgit.adapters.git_writing import Writing
from skillgit.errors import SurroundingsError

if TYPE_CHECKING:
    from types import ModuleType

    import git  # noqa: TID251 - this is its home

_OLDEST = (2, 30)
_MERGES_SINCE = (2, 38)
_MERGES_MANY_SINCE = (2, 39)

_CONFIGURATION = {
    "commit.gpgSign": "false",
    "core.attributesFile": os.devnull,
    "core.filesRefLockTimeout": "1000",
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.quotePath": "false",
    "core.splitIndex": "false",
    "core.untrackedCache": "false",
    "diff.suppressBlankEmpty": "false",
    "gc.auto": "0",
    "i18n.commitEncoding": "UTF-8",
    "index.sparse": "false",
    "merge.conflictStyle": "merge",
    "merge.directoryRenames": "conflict",
    "merge.renames": "true",
    "merge.renormalize": "false",
}
_THROWN_AWAY = {"core.fsync": "none"}
"""What is tried out and thrown away need not reach the disk."""
_ENVIRONMENT = {
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_DIFF_OPTS": "",  # would win over -U on the command line
    "GIT_EDITOR": "false",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NAMESPACE": "",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "LANGUAGE": "C",
    "LC_ALL": "C",
}


class GitRepository(Reading, Writing, Rewriting, Bulk):
    """`ports.Workshop`, `ports.History` and `ports.Keeper` on a repository that is there.

    Use it in a `with` block, on one thread.
    """

    def __init__(self, place: _Place, scratch: Path | None = None) -> None:
        self._place = place
        self._scratch = scratch
        self._version = place.version()

    @classmethod
    def open(cls, start: Path) -> Self:
        """The repository that `start` lies in: a work tree, a linked one, or a bare repository.

        Raises SurroundingsError where Git is missing or too old, or there is no repository.
        """
        place = _find(start)
        if place.version() < _OLDEST:
            raise SurroundingsError(
                f"opening the repository of {start}: Git {_dotted(place.version())} is too old",
                hint=f"install Git {_dotted(_OLDEST)} or newer",
            )
        return cls(place)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left running between two commands, so there is nothing to close."""

    @property
    def common_dir(self) -> Path:
        """The `.git` folder that all linked work trees share."""
        return self._place.common_dir

    @property
    def work_tree(self) -> Path | None:
        """The root of the checkout; None in a bare repository."""
        return self._place.work_tree

    @property
    def merges(self) -> bool:
        """Does this Git know `merge-tree --write-tree` (2.38 or newer)?"""
        return self._version >= _MERGES_SINCE

    @property
    def merges_many(self) -> bool:
        """Does this Git know `merge-tree --stdin` (2.39 or newer)?"""
        return self._version >= _MERGES_MANY_SINCE

    def scratch(self) -> AbstractContextManager[GitRepository]:
        """The same objects, and a place in front of them for new ones that is thrown away."""
        return self._new_scratch()

    @contextmanager
    def _new_scratch(self) -> Iterator[GitRepository]:
        with tempfile.TemporaryDirectory(prefix="skillgit-") as folder:
            yield type(self)(self._place, Path(folder))

    @property
    def is_scratch(self) -> bool:
        """Is what is written here thrown away?"""
        return self._scratch is not None

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        allow: tuple[int, ...] = (0,),
    ) -> Output:
        """One plumbing command; SurroundingsError where it ends with a status not in `allow`."""
        environment = {**self._place.environment(self._scratch), **(env or {})}
        settings = _CONFIGURATION | (_THROWN_AWAY if self.is_scratch else {})
        output = self._place.run(arguments, stdin, environment, settings)
        if output.status not in allow:
            raise SurroundingsError(
                f"running git {arguments[0]} in {self._place.git_dir}: "
                f"{said(output.stderr, output.status)}",
                hint=advice(output.stderr),
            )
        return output


class _Place:
    """Where a repository lies, and how a command is run there."""

    def __init__(self, library: ModuleType, repo: git.Repo) -> None:
        self._library = library
        self.git_dir = Path(repo.git_dir).resolve()
        self.common_dir = Path(repo.common_dir).resolve()
        tree = repo.working_tree_dir
        self.work_tree = None if repo.bare or tree is None else Path(tree).resolve()
        # Run inside the .git folder: no .gitattributes of a checkout is read there.
        self._git = library.Git(str(self.git_dir))
        self._version: tuple[int, ...] = ()

    def version(self) -> tuple[int, ...]:
        if not self._version:
            said = self.run(("version",), b"", dict(_ENVIRONMENT), {}).stdout.decode(
                "utf-8", "replace"
            )
            found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", said)
            self._version = tuple(int(part) for part in found.groups("0")) if found else (0,)
        return self._version

    def environment(self, scratch: Path | None) -> dict[str, str]:
        """Everything that a surrounding hook may have set is set again."""
        environment = {
            **_ENVIRONMENT,
            "GIT_DIR": str(self.git_dir),
            "GIT_COMMON_DIR": str(self.common_dir),
            "GIT_WORK_TREE": str(self.git_dir),
            "GIT_INDEX_FILE": str(self.git_dir / "skillgit-reads-no-index"),
        }
        if scratch is not None:
            own = os.environ.get("GIT_OBJECT_DIRECTORY") or str(self.common_dir / "objects")
            others = os.environ.get("GIT_ALTERNATE_OBJECT_DIRECTORIES")
            quoted = '"' + own.replace("\\", "\\\\").replace('"', '\\"') + '"'
            environment["GIT_OBJECT_DIRECTORY"] = str(scratch)
            environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = os.pathsep.join(
                filter(None, (quoted, others))
            )
        return environment

    def run(
        self,
        arguments: tuple[str, ...],
        stdin: bytes,
        env: dict[str, str],
        settings: Mapping[str, str],
    ) -> Output:
        told = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        command = [self._library.Git.GIT_PYTHON_GIT_EXECUTABLE, *told, *arguments]
        with tempfile.TemporaryFile() as given:
            given.write(stdin)
            given.seek(0)
            try:
                status, stdout, stderr = self._git.execute(
                    command,
                    istream=given,
                    env=env,
                    with_extended_output=True,
                    with_exceptions=False,
                    stdout_as_string=False,
                    strip_newline_in_stdout=False,
                    # Ctrl-C or a kill of our group must not end it while it holds a lock.
                    start_new_session=True,
                )
            except self._library.exc.GitCommandNotFound as missing:
                raise _git_is_missing() from missing
        return Output(status, stdout, stderr)


def _find(start: Path) -> _Place:
    library = _library()
    try:
        with library.Repo(start, search_parent_directories=True, expand_vars=False) as repo:
            return _Place(library, repo)
    except library.exc.NoSuchPathError as missing:
        raise SurroundingsError(
            f"looking for a Git repository: there is no folder {start}",
            hint="name a folder inside a Git repository",
        ) from missing
    except library.exc.InvalidGitRepositoryError as missing:
        raise SurroundingsError(
            f"looking for a Git repository: {start} does not lie in one",
            hint="run `git init` in the folder of your skills, and commit them",
        ) from missing


def _library() -> ModuleType:
    """GitPython, which refuses to be imported where there is no git."""
    try:
        import git  # noqa: PLC0415, TID251 - this is its home; imported late so that git may be missing
    except ImportError as missing:
        raise _git_is_missing() from missing
    return git


def _git_is_missing() -> SurroundingsError:
    return SurroundingsError(
        "looking for Git: there is no `git` command",
        hint=f"install Git {_dotted(_OLDEST)} or newer and see that it is on the PATH",
    )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
