from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import Repository
from rounds import ROUND, SKILL, TEXT, insert, recorded, recorded_once, trajectory

from skillgit.adapters.git import GitRepository
from skillgit.errors import UsageError
from skillgit.names import RoundId
from skillgit.review.why import Answer, How, why, why_lines
from skillgit.types import Branch, LineRange

Make = Callable[..., Repository]
FILE = f"{SKILL}/SKILL.md"
Scene = tuple[Repository, Branch]


@pytest.fixture
def scene(repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    first = repository({FILE: TEXT, "README.md": "hi\n"}, name="first")
    return recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")


def ask(made: Repository, text: str, at: str = "HEAD", file: str = FILE) -> Answer:
    lines = made.git("show", f"{at}:{file}").split("\n")
    with GitRepository.open(made.path) as repo:
        return why(repo, file, lines.index(text) + 1, at)


def titles(made: Repository, file: str = FILE) -> dict[str, str]:
    """For each line that says something, the title of its lesson, or ""."""
    lines = made.git("show", f"HEAD:{file}").split("\n")
    with GitRepository.open(made.path) as repo:
        answers = why_lines(repo, file, LineRange(1, len(lines)))
    told = [(text, one) for one in answers for text in one.texts]
    return {
        text.strip(): one.lesson.title if one.lesson else "" for text, one in told if text.strip()
    }


EVOLVED = {
    "After one.": "Mind the case 1",
    "After two.": "Mind the case 2",
    "Vier.": "Mind the case 3",
}


def lessons_of(made: Repository, file: str = FILE) -> dict[str, str]:
    return {text: title for text, title in titles(made, file).items() if title}


def test_a_line_of_a_lesson_names_it_and_its_teachers(scene: Scene) -> None:
    made, branch = scene
    answer = ask(made, "After two.")
    assert answer.commit.id == branch.lessons[0].commit
    assert answer.subject == "xlsx: Mind the case 2"
    assert answer.record is not None
    assert answer.trailers is not None
    assert {source.trajectory for source in answer.record.sources} == branch.lessons[0].sources
    assert [quote.text for edit in answer.record.edits for quote in edit.quotes] == [
        "said 2",
        "said 3",
    ]
    assert answer.remark == ""


def test_a_line_of_a_person_has_no_lesson(scene: Scene) -> None:
    made, _ = scene
    answer = ask(made, "One.")
    assert (answer.trailers, answer.record, answer.remark) == (None, None, "no lesson")
    assert answer.commit.author == "Test Person <test@example.invalid>"
    assert ask(made, "One.", "main").commit == answer.commit


def test_evidence_that_is_not_here_is_said(scene: Scene, tmp_path: Path) -> None:
    made, _ = scene
    made.git("clone", "--quiet", "--no-local", ".", str(tmp_path / "clone"))
    answer = ask(Repository(tmp_path / "clone"), "Vier.")
    assert answer.record is None
    assert answer.trailers is not None
    assert answer.trailers.sources[0].trajectory == trajectory(5).id
    assert "git fetch" in answer.remark


def test_evidence_that_is_none_is_said(scene: Scene) -> None:
    made, branch = scene
    text = made.git("log", "-1", "--format=%B").replace(
        branch.lessons[-1].evidence, made.git("rev-parse", f"HEAD:{FILE}")
    )
    made.git("commit", "--quiet", "--amend", "--cleanup=verbatim", "-m", text)
    answer = ask(made, "Vier.")
    assert answer.record is None
    assert "its evidence is no use" in answer.remark


def test_a_lesson_that_lost_its_trailers_is_known_by_its_change(scene: Scene) -> None:
    made, branch = scene
    made.git("commit", "--quiet", "--amend", "-m", "squashed")
    answer = ask(made, "Vier.")
    assert answer.trailers is None
    assert answer.record is not None
    assert answer.record.title == "Mind the case 3"
    assert branch.evidence_ref in answer.remark


def test_trailers_that_are_broken_are_said(scene: Scene) -> None:
    made, _ = scene
    made.git("commit", "--quiet", "--amend", "-m", "s", "-m", "Skillgit-Round: nonsense")
    assert "no use" in ask(made, "Vier.").remark


def test_a_merge_that_wrote_a_line_itself_has_no_lesson(scene: Scene) -> None:
    made, _ = scene
    made.git("checkout", "--quiet", "-b", "side", "main")
    made.commit({"x": "y"})
    made.git("merge", "--quiet", "--no-commit", "--no-ff", "review")
    text = (made.path / FILE).read_text().replace("Three.", "Drei.")
    made.commit({FILE: text}, "an evil merge")
    answer = ask(made, "Drei.")
    assert len(answer.commit.parents) == 2
    assert answer.remark == "no lesson"


@pytest.mark.parametrize(
    ("path", "line", "at"), [(FILE, 99, "HEAD"), ("no", 1, "HEAD"), (FILE, 1, "no")]
)
def test_what_is_not_there_is_a_usage_error(scene: Scene, path: str, line: int, at: str) -> None:
    with GitRepository.open(scene[0].path) as repo, pytest.raises(UsageError):
        why(repo, path, line, at)


# ------------------------------------------------------------------ what repositories do


def test_a_range_tells_each_lesson_once(scene: Scene) -> None:
    made, branch = scene
    with GitRepository.open(made.path) as repo:
        answers = why_lines(repo, FILE, LineRange(1, 99))
    assert [line for one in answers for line in range(one.lines.first, one.lines.last + 1)] == list(
        range(1, 19)
    )
    assert [one.commit.id for one in answers if one.lesson] == [
        branch.lessons[n].commit for n in (1, 0, 2)
    ]
    assert sum(one.lesson is None for one in answers) == 3


def test_edits_around_a_line_do_not_matter(scene: Scene) -> None:
    made, branch = scene
    text = (made.path / FILE).read_text()
    made.commit({FILE: text.replace("One.", "Uno.\n\nMore.").replace("# Sheets\n", "")}, "edits")
    assert ask(made, "After two.").commit.id == branch.lessons[0].commit
    assert ask(made, "Uno.").lesson is None


def test_a_lesson_that_was_rewritten_is_the_writers(scene: Scene) -> None:
    made, _ = scene
    text = (made.path / FILE).read_text()
    made.commit({FILE: text.replace("After two.", "After three, if anything.")}, "better")
    answer = ask(made, "After three, if anything.")
    assert (answer.lesson, answer.subject, answer.remark) == (None, "better", "no lesson")


def test_a_skill_that_was_moved_keeps_its_lessons(scene: Scene) -> None:
    made, branch = scene
    made.git("mv", "skills/xlsx", "sheets")
    made.git("commit", "--quiet", "-m", "moved")
    answer = ask(made, "After two.", file="sheets/SKILL.md")
    assert (answer.how, answer.commit.id) == (How.COMMIT, branch.lessons[0].commit)
    assert answer.line.path == FILE
    assert lessons_of(made, "sheets/SKILL.md") == EVOLVED


def test_a_squash_merge_is_told_by_its_words(scene: Scene) -> None:
    made, branch = scene
    made.git("checkout", "--quiet", "main")
    made.git("merge", "--quiet", "--squash", branch.name)
    made.git("commit", "--quiet", "-m", "xlsx: lessons (#12)")
    answer = ask(made, "After two.")
    assert (answer.how, answer.subject) == (How.WORDS, "xlsx: lessons (#12)")
    assert answer.remark == "the commit names no lesson; the line is known by its words"
    assert lessons_of(made) == EVOLVED


def test_a_squash_merge_that_keeps_the_last_trailers_is_not_all_of_that_lesson(
    scene: Scene,
) -> None:
    """A forge may join all messages: the last paragraph is then that of the last lesson."""
    made, branch = scene
    message = "\n\n".join(
        made.git("log", "-1", "--format=* %B", one.commit) for one in branch.lessons
    )
    made.git("checkout", "--quiet", "main")
    made.git("merge", "--quiet", "--squash", branch.name)
    made.git("commit", "--quiet", "--cleanup=verbatim", "-m", f"lessons (#12)\n\n{message}")
    assert lessons_of(made) == EVOLVED
    assert ask(made, "Vier.").how is How.WORDS


def test_a_squash_merge_with_moves_and_later_edits_is_still_told(scene: Scene) -> None:
    made, branch = scene
    made.git("checkout", "--quiet", "main")
    made.git("merge", "--quiet", "--squash", branch.name)
    text = (made.path / FILE).read_text().replace("Three.", "Drei.")
    made.commit({FILE: text}, "lessons, and my own")
    made.git("mv", "skills/xlsx", "sheets")
    made.git("commit", "--quiet", "-m", "moved")
    assert lessons_of(made, "sheets/SKILL.md") == EVOLVED
    assert ask(made, "Drei.", file="sheets/SKILL.md").lesson is None


def test_a_skill_that_was_moved_before_the_squash_is_told_by_its_words(scene: Scene) -> None:
    made, _ = scene
    made.git("mv", "skills/xlsx", "sheets")
    made.git("commit", "--quiet", "-m", "moved")
    made.git("reset", "--quiet", "--soft", "main")
    made.git("commit", "--quiet", "-m", "all in one")
    assert lessons_of(made, "sheets/SKILL.md") == EVOLVED


def test_a_rebase_keeps_the_lessons(scene: Scene) -> None:
    made, branch = scene
    made.git("checkout", "--quiet", "main")
    made.commit({"README.md": "later\n"}, "meanwhile")
    made.git("checkout", "--quiet", "review")
    made.git("rebase", "--quiet", "main")
    answer = ask(made, "After two.")
    assert answer.how is How.COMMIT
    assert answer.commit.id != branch.lessons[0].commit
    assert answer.lesson is not None
    assert answer.lesson.evidence == branch.lessons[0].evidence
    assert lessons_of(made) == EVOLVED


def test_a_merge_commit_and_a_cherry_pick_keep_the_lessons(scene: Scene) -> None:
    made, branch = scene
    made.git("checkout", "--quiet", "main")
    made.commit({"README.md": "later\n"}, "meanwhile")
    made.git("merge", "--quiet", "-m", "merge", "review")
    assert lessons_of(made) == EVOLVED
    made.git("checkout", "--quiet", "-b", "other", "main^1")
    made.git("cherry-pick", "-x", branch.lessons[2].commit)
    answer = ask(made, "Vier.")
    assert (answer.how, answer.remark) == (How.COMMIT, "")
    assert lessons_of(made) == {"Vier.": "Mind the case 3"}


def test_other_line_ends_and_blanks_are_looked_through(scene: Scene) -> None:
    made, branch = scene
    text = (made.path / FILE).read_text()
    made.commit({FILE: text.replace("\n", "\r\n")}, "line ends")
    made.commit({FILE: text.replace("\n", "\r\n").replace("After", "  After")}, "indented")
    answer = ask(made, "  After two.")
    assert answer.commit.id == branch.lessons[0].commit
    assert "moved or reformatted since, in commit" in answer.remark
    assert lessons_of(made) == EVOLVED
    assert titles(made)["One."] == ""


def test_a_line_that_was_moved_to_another_file_is_followed(repository: Make) -> None:
    long = "Recalculate the whole workbook after every single formula that is written."
    made = repository({FILE: TEXT})
    with GitRepository.open(made.path) as repo:
        branch = recorded(repo, repo.read_skill(SKILL, "HEAD"), [insert(1, 8, f"\n{long}", (0,))])
    made.git("merge", "--quiet", "--ff-only", branch.tip)
    text = (made.path / FILE).read_text()
    moved = {FILE: text.replace(f"{long}\n", ""), f"{SKILL}/more.md": f"# More\n\n{long}\n"}
    made.commit(moved, "moved a line")
    answer = ask(made, long, file=f"{SKILL}/more.md")
    assert (answer.commit.id, answer.how) == (branch.tip, How.COMMIT)
    assert "in commit" in answer.remark


def test_reformatting_that_is_listed_does_not_count(scene: Scene) -> None:
    made, branch = scene
    text = (made.path / FILE).read_text()
    shouted = made.commit({FILE: text.replace("After two.", "AFTER TWO!")}, "shout")
    assert ask(made, "AFTER TWO!").lesson is None
    made.write({".ignored-revisions": f"# style\n{shouted}\n"})
    made.git("config", "blame.ignoreRevsFile", ".ignored-revisions")
    assert ask(made, "AFTER TWO!").commit.id == branch.lessons[0].commit
    (made.path / ".ignored-revisions").unlink()
    assert ask(made, "AFTER TWO!").lesson is None


def test_two_rounds_in_one_file_are_told_apart(scene: Scene) -> None:
    made, _ = scene
    later = RoundId("20261122T000000Z-000000")
    with GitRepository.open(made.path) as repo:
        skill = repo.read_skill(SKILL, "HEAD")
        second = recorded(repo, skill, [insert(1, 10, "\nAlso after one.", (1, 2))], later)
    made.git("merge", "--quiet", "--ff-only", second.tip)
    rounds = {
        text: answer.lesson.round
        for text in ("After one.", "Also after one.", "After two.")
        if (answer := ask(made, text)).lesson
    }
    assert rounds == {"After one.": ROUND, "Also after one.": later, "After two.": ROUND}


def test_an_amended_lesson_has_lines_of_its_own_and_of_the_writer(scene: Scene) -> None:
    made, _ = scene
    text = (made.path / FILE).read_text()
    made.write({FILE: text.replace("Vier.", "Vier.\n\nAnd this is mine.")})
    made.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    assert (ask(made, "Vier.").how, ask(made, "Vier.").trailers) == (How.WORDS, None)
    mine = ask(made, "And this is mine.")
    assert mine.lesson is None
    assert f"of a lesson of round {ROUND}, whose edits do not have this line" in mine.remark


def test_a_squash_without_evidence_names_what_is_missing(scene: Scene, tmp_path: Path) -> None:
    made, branch = scene
    message = made.git("log", "--format=    %B", "main..review")
    made.git("checkout", "--quiet", "main")
    made.git("merge", "--quiet", "--squash", branch.name)
    made.git("commit", "--quiet", "-m", "squashed", "-m", message, "-m", "Signed-off-by: me <m@e>")
    made.git("clone", "--quiet", "--no-local", "--single-branch", ".", str(tmp_path / "clone"))
    answer = ask(Repository(tmp_path / "clone"), "After two.")
    assert answer.lesson is None
    assert f"round {ROUND}" in answer.remark
    assert "skillgit evidence fetch" in answer.remark


def test_the_same_words_in_an_older_commit_are_not_the_lessons(repository: Make) -> None:
    made = repository({FILE: TEXT.replace("Four.", "Same words.")})
    with GitRepository.open(made.path) as repo:
        recorded(repo, repo.read_skill(SKILL, "HEAD"), [insert(1, 8, "\nSame words.", (0,))])
    assert ask(made, "Same words.").lesson is None


def test_a_last_line_that_only_got_a_line_feed_is_its_writers(repository: Make) -> None:
    made = repository({FILE: TEXT.removesuffix("\n")})
    with GitRepository.open(made.path) as repo:
        branch = recorded(repo, repo.read_skill(SKILL, "HEAD"), [insert(1, 14, "\nLast.", (0,))])
    made.git("merge", "--quiet", "--ff-only", branch.tip)
    assert ask(made, "Last.").commit.id == branch.tip
    answer = ask(made, "Four.")
    assert (answer.lesson, answer.subject, answer.remark) == (None, "commit 1", "no lesson")
