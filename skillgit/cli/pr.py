"""`skillgit pr`: a round as a draft pull request, or the words for one."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skillgit.cli.console import examples, out, print_json, safe, say
from skillgit.cli.options import AS_JSON
from skillgit.errors import SurroundingsError, UsageError

if TYPE_CHECKING:  # heavy imports: each function takes what it needs
    from skillgit.adapters.forge import Project
    from skillgit.adapters.git import GitRepository
    from skillgit.publish.story import Story


@click.command(
    epilog=examples(
        "skillgit pr",
        "skillgit pr latest --push",
        "skillgit pr 20261121T231905Z-7f3ac1 --base main --remote upstream",
        "skillgit pr --body-only > body.md",
    )
)
@click.argument("round_name", metavar="[ROUND]", default="latest")
@click.option("--body-only", is_flag=True, help="Print the body, and do nothing else.")
@click.option("--base", metavar="BRANCH", help="The branch to merge into, if not the default one.")
@click.option("--remote", metavar="NAME", help="The remote to open it at. Default: origin.")
@click.option("--push", "pushes", is_flag=True, help="Push the branch and the evidence first.")
@AS_JSON
def command(
    *,
    round_name: str,
    body_only: bool,
    base: str | None,
    remote: str | None,
    pushes: bool,
    as_json: bool,
) -> None:
    """Open a draft pull request for ROUND, a round's id or its beginning (default: the latest).

    With `gh` on the PATH and a remote on GitHub it is opened; else its body goes to stdout, and
    the page to open it on is named. Nothing is pushed without --push. The body ends with trailers,
    so that a squash merge keeps where its lines come from.
    """
    from skillgit.publish.body import body, title  # noqa: PLC0415 - Git takes its time
    from skillgit.publish.story import read_story  # noqa: PLC0415
    from skillgit.review.lessons import find_round  # noqa: PLC0415
    from skillgit.wiring import open_repository  # noqa: PLC0415

    with open_repository(Path.cwd()) as repository:
        story = read_story(repository, find_round(repository, round_name))
        chosen = None if body_only and remote is None else _remote(repository, remote)
        text = body(story, chosen or "origin")
        if body_only:
            out(text.rstrip("\n"))
            return
        _must_have_a_branch(story)
        plan = _Plan(repository, story, title(story), text, base or "", chosen)
        url = plan.carried_out(pushes=pushes)
    if as_json:
        print_json("pr", plan.payload(url))
    elif url:
        out(url)
    else:
        out(text.rstrip("\n"))


def _remote(repository: GitRepository, named: str | None) -> str | None:
    from skillgit.adapters.forge import remote_of  # noqa: PLC0415

    return remote_of(repository, named)


def _must_have_a_branch(story: Story) -> None:
    if not story.branch:
        raise UsageError(
            f"opening a pull request for round {story.id}: it has no branch any more",
            hint="--body-only prints the body; `skillgit keep` puts lessons on a branch again",
        )
    if not story.kept:
        raise UsageError(
            f"opening a pull request for round {story.id}: its branch has no lessons any more",
            hint="`skillgit keep` puts lessons back that were dropped",
        )


@dataclass(slots=True)
class _Plan:
    """One pull request, and what has to be on the remote before it."""

    repository: GitRepository
    story: Story
    title: str
    body: str
    base: str
    remote: str | None
    project: Project | None = None

    def carried_out(self, *, pushes: bool) -> str:
        """Push where that is asked for, and open it where that can be; its address, or nothing."""
        from skillgit.adapters.forge import Proposed, has_gh, open_draft, project_at, push  # noqa: PLC0415

        if self.remote is None:
            if pushes:
                raise UsageError(
                    "pushing the branch: this repository has no remote",
                    hint="add one with `git remote add origin URL`",
                )
            say("This repository has no remote; this is what a pull request would say:")
            return ""
        self.project = project_at(self.repository, self.remote)
        if pushes:
            push(self.repository, self.remote, self._refs)
            say(f"pushed {safe(self.head)} and its evidence to {safe(self.remote)}")
        if self.project is None or not has_gh():
            self._by_hand(pushes=pushes)
            return ""
        self._must_be_there()
        proposed = Proposed(self.title, self.body, self.head, self.base)
        return safe(open_draft(self.project, proposed, Path.cwd()))

    @property
    def head(self) -> str:
        """The branch as the remote calls it."""
        is_local = self.repository.read_ref(f"refs/heads/{self.story.branch}") is not None
        name = self.story.branch
        return name if is_local else re.sub(r"^[^/]+/", "", name)

    @property
    def _refs(self) -> tuple[str, str]:
        return f"refs/heads/{self.head}", f"refs/skillgit/rounds/{self.story.id}"

    @property
    def _pushing(self) -> Sequence[str]:
        remote = shlex.quote(self.remote or "origin")
        evidence = self._refs[1]
        return (
            f"git push {remote} {shlex.quote(self.head)}",
            f"git push {remote} {evidence}:{evidence}",
        )

    def _by_hand(self, *, pushes: bool) -> None:
        if not pushes:
            say("Push first (or give --push):")
            for line in self._pushing:
                say(f"  {safe(line)}")
        if self.project is None:
            say(f"{safe(self.remote or '')} is not on GitHub: open it there, with this body.")
            return
        url = self.project.compare_url(self.head, self.base)
        say("There is no `gh` here: open it by hand, with this body and title.")
        say(f"  {safe(url)}")
        say(f"  {safe(self.title)}")

    def _must_be_there(self) -> None:
        """What is not on the remote as it is here cannot be asked to be merged."""
        from skillgit.adapters.forge import pushed  # noqa: PLC0415

        there = pushed(self.repository, self.remote or "", self._refs)
        branch, evidence = self._refs
        if there.get(branch) != self.story.tip:
            known = "is another there" if branch in there else "is not there yet"
            raise SurroundingsError(
                f"opening a pull request at {self.remote}: the branch {self.head} {known}",
                hint=f"push it with --push, or with: {'; '.join(self._pushing)}",
            )
        if evidence not in there:
            say(f"reviewers have no evidence yet: {safe(self._pushing[1])}")

    def payload(self, url: str) -> dict[str, object]:
        """As JSON."""
        project = self.project
        return {
            "round": self.story.id,
            "branch": self.head,
            "base": self.base,
            "remote": self.remote,
            "title": self.title,
            "body": self.body,
            "url": url,
            "compare_url": project.compare_url(self.head, self.base) if project else "",
        }
