from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from repositories import Repository
from rounds import EDITS, SKILL, TEXT, edit, insert, recorded

from skillgit.adapters.git import GitRepository
from skillgit.names import SkillPath
from skillgit.review.verify import verify_range
from skillgit.stages.record.lessons import Draft, nearest
from skillgit.stages.record.trial import settle
from skillgit.types import MANIFEST, CreateFile, Insert, LineRange, Replace

Make = Callable[..., Repository]


class OldGit(GitRepository):
    """A Git before 2.38, which cannot merge trees."""

    @property
    def merges(self) -> bool:
        return False

    def merge(self, *_: object) -> None:
        raise AssertionError("an old Git was asked to merge")


@pytest.fixture
def made(repository: Make) -> Repository:
    return repository({f"{SKILL}/SKILL.md": TEXT})


@pytest.fixture(params=[GitRepository, OldGit])
def repo(made: Repository, request: pytest.FixtureRequest) -> Iterator[GitRepository]:
    with request.param.open(made.path) as opened:
        yield opened


def test_lessons_apart_stay_apart(repo: GitRepository) -> None:
    skill = repo.read_skill(SKILL, "HEAD")
    drafts = [Draft((one,)) for one in EDITS]
    assert settle(repo, skill, drafts) == tuple(drafts)
    assert settle(repo, skill, drafts[:1]) == tuple(drafts[:1])


def test_lessons_that_git_keeps_entangled_become_one(made: Repository) -> None:
    """The grouping before would have joined these; here it is Git that says so."""
    with GitRepository.open(made.path) as repo:
        skill = repo.read_skill(SKILL, "HEAD")
        close = (
            insert(7, 8, "Next line.", (0,)),
            edit(8, Replace(MANIFEST, LineRange(8, 8), "Eins."), (1,)),
        )
        settled = settle(repo, skill, [Draft((one,)) for one in (*close, EDITS[2])])
    assert {frozenset(e.id for e in draft.edits) for draft in settled} == {
        frozenset(one.id for one in close),
        frozenset({EDITS[2].id}),
    }


def test_a_digest_that_neighbours_would_change_entangles(repository: Make) -> None:
    made = repository({"SKILL.md": "b\na\nb\na\n"})
    drafts = [
        Draft((edit(1, Insert(MANIFEST, 2, "a\nb"), (0, 1)),)),
        Draft((edit(2, Replace(MANIFEST, LineRange(2, 2), "c"), (2,)),)),
    ]
    with OldGit.open(made.path) as repo:
        [both] = settle(repo, repo.read_skill("", "HEAD"), drafts)
    assert both.support == 3


def test_the_nearest_lesson_is_of_the_same_file(repo: GitRepository) -> None:
    skill = repo.read_skill(SKILL, "HEAD")
    new = CreateFile(SkillPath("references/x.md"), "x", Insert(MANIFEST, 4, "see x"))
    drafts = [Draft((one,)) for one in (EDITS[2], edit(9, new, (0,)), EDITS[0], EDITS[1])]
    assert nearest(skill, drafts, 2) == 3
    assert nearest(skill, drafts, 1) == 2


def test_an_old_git_records_and_checks_by_digests(made: Repository) -> None:
    with OldGit.open(made.path) as repo:
        branch = recorded(repo, repo.read_skill(SKILL, "HEAD"), EDITS)
        assert verify_range(repo, f"main..{branch.name}") == ()
        made.git("checkout", "--quiet", branch.name)
        text = (made.path / SKILL / "SKILL.md").read_text()
        made.write({f"{SKILL}/SKILL.md": text.replace("Vier.", "Vier!")})
        made.git("commit", "--quiet", "--all", "--amend", "--no-edit")
        found = verify_range(repo, f"main..{branch.name}")
    assert [one.rule for one in found] == ["SG304", "SG308"]
