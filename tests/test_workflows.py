"""Our own workflows and action, and the workflow that we write for others: linted, and run here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from offline_pip import lent_packages
from repositories import Repository
from rounds import ROUND, SKILL, TEXT, recorded_once

from skillgit.adapters.resources import resource
from skillgit.adapters.sample import make_sample
from skillgit.adapters.workflows import workflow_text
from skillgit.provenance.evidence import round_ref

Make = Callable[..., Repository]
ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTION = ROOT / ".github/actions/check/action.yml"
BROKEN = "---\nname: Dates\ndescription: Read dates. Use for dates.\n---\n\n# Dates\n"
REF = round_ref(ROUND)


def load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return document


@pytest.fixture
def ours(tmp_path: Path) -> list[Path]:
    """Every workflow of ours, and that which `init --github` writes."""
    written = tmp_path / ".github" / "workflows" / "skillgit.yml"
    written.parent.mkdir(parents=True)
    written.write_text(workflow_text(), encoding="utf-8")
    return [*WORKFLOWS, written]


def tool(name: str, *args: str | Path) -> str:
    """Run a linter of the development environment; it must find nothing."""
    program = Path(sys.executable).with_name(name)
    done = subprocess.run(
        [str(program), *map(str, args)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


# ------------------------------------------------------------------ linted


def test_they_are_what_github_reads(ours: list[Path]) -> None:
    tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *ours)
    tool("check-jsonschema", "--builtin-schema", "vendor.github-actions", ACTION)


def test_an_auditor_finds_nothing(ours: list[Path], tmp_path: Path) -> None:
    audit = ("zizmor", "--offline", "--no-progress", "--persona", "pedantic")
    assert "No findings to report" in tool(*audit, *ours, ACTION)
    # It looks at what it is given: a workflow that is wrong is found.
    wrong = tmp_path / ".github/workflows/wrong.yml"
    wrong.write_text(workflow_text().replace("persist-credentials: false", "clean: true"), "utf-8")
    with pytest.raises(AssertionError, match="artipacked"):
        tool(*audit, wrong)


def test_actions_are_pinned_alike(ours: list[Path]) -> None:
    used: dict[str, set[str]] = {}
    for path in [*ours, ACTION]:
        for name, pin in re.findall(r"uses: ([^$\s]\S*?)@(\S+ # v\S+)", path.read_text("utf-8")):
            used.setdefault(name, set()).add(pin)
        every = re.findall(r"^\s*-? uses: (\S+.*)$", path.read_text("utf-8"), re.MULTILINE)
        pinned = r"\$/\S+|\S+@[0-9a-f]{40} # v\d[\d.]*"
        assert [one for one in every if not re.fullmatch(pinned, one)] == []
    assert {name: len(pins) for name, pins in used.items()} == dict.fromkeys(used, 1)


def test_no_text_of_others_becomes_part_of_a_program(ours: list[Path]) -> None:
    for path in ours:
        document = load(path)
        assert document["permissions"] == {}
        assert "pull_request_target" not in path.read_text("utf-8")
        for job in document["jobs"].values():
            assert [step["run"] for step in job["steps"] if "${{" in step.get("run", "")] == []
    for step in load(ACTION)["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_what_runs_commands_of_a_model_may_write_nothing() -> None:
    jobs = yaml.safe_load(workflow_text())["jobs"]
    runs = {name: "\n".join(s.get("run", "") for s in job["steps"]) for name, job in jobs.items()}
    writing = {name for name, job in jobs.items() if "write" in job["permissions"].values()}
    assert writing == {"publish"}
    assert jobs["evolve"]["permissions"] == jobs["check"]["permissions"] == {"contents": "read"}
    assert [name for name, run in runs.items() if "skillgit evolve" in run] == ["evolve"]
    assert "secrets." not in str(jobs["publish"]) + str(jobs["check"])
    assert jobs["check"]["if"] == "github.event_name == 'pull_request'"
    for job in jobs.values():
        [checkout] = [s for s in job["steps"] if "actions/checkout@" in s.get("uses", "")]
        assert checkout["with"]["persist-credentials"] is False


# ------------------------------------------------------------------ run


class Runner:
    """Runs steps as GitHub does: bash, with the outputs and the summary as files."""

    def __init__(self, folder: Path, work: Path) -> None:
        self.work = work
        self.temp = folder / "runner"
        self.temp.mkdir(parents=True)
        self.output, self.summary = self.temp / "output", self.temp / "summary"

    def run(self, step: Mapping[str, Any], **environment: str) -> tuple[int, str]:
        """The exit code and the log of one step."""
        for file in (self.output, self.summary):
            file.write_text("", encoding="utf-8")
        told = {
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.work),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }
        assert set(step.get("env", {})) <= set(environment), "the test gives all that the step asks"
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.work,
            env={**os.environ, **told, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


def steps(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The steps that run something, by name."""
    return {step["name"]: step for step in document["steps"] if "run" in step}


@pytest.fixture
def skillgit_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")


def test_the_action(
    repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Installed from its own commit into a place of its own; the annotations of a broken skill."""
    made = repository({"skills/dates/SKILL.md": BROKEN, "other skills/x/SKILL.md": BROKEN})
    runner = Runner(tmp_path, made.path)
    run = steps(load(ACTION)["runs"])
    lent = lent_packages(tmp_path_factory.mktemp("lent") / "packages")
    place = {"PYTHON": sys.executable, "GITHUB_ACTION_PATH": str(ACTION.parent)}
    code, log = runner.run(run["Install skillgit"], **lent, **place)
    assert code == 0, log
    given = {
        "CHECK_PATHS": "skills\n\nother skills\n",
        "CHECK_RANGE": "",
        "CHECK_FORMAT": "github",
        "CHECK_PROFILE": "",
        "CHECK_SARIF": "",
    }

    code, log = runner.run(run["Check"], **lent, **given)

    assert code == 1
    assert log.count("::error file=skills/dates/SKILL.md,line=2,") == 2
    assert "::error file=other skills/x/SKILL.md,line=2," in log
    assert "SG013" in runner.summary.read_text("utf-8")

    sarif = {"CHECK_PATHS": "", "CHECK_PROFILE": "claude", "CHECK_SARIF": "out.sarif"}
    code, log = runner.run(run["Check"], **lent, **{**given, **sarif})
    assert code == 1
    assert '"2.1.0"' in (made.path / "out.sarif").read_text("utf-8")

    made.commit({"skills/dates/SKILL.md": BROKEN.replace("Dates\nd", "dates\nd")})
    false = made.commit({"README.md": "x\n"}, "x\n\nSkillgit-Round: mine\n")
    lessons = {"CHECK_PATHS": "skills", "CHECK_RANGE": "HEAD~1..HEAD"}
    code, log = runner.run(run["Check"], **lent, **{**given, **lessons})
    assert (code, f"commit {false[:12]}" in log) == (1, True), log
    hostile = {"CHECK_PATHS": "skills\n$(touch evil)\n--help"}
    assert runner.run(run["Check"], **lent, **{**given, **hostile})[0] == 2
    assert not (made.path / "evil").exists()


@pytest.mark.usefixtures("skillgit_on_path")
def test_an_evolution_is_handed_over_checked_and_pushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo's round, by the steps of the workflow; the model's replies are recorded ones."""
    jobs = yaml.safe_load(workflow_text())["jobs"]
    head = make_sample(tmp_path / "evolving")
    evolving = Runner(tmp_path / "first", tmp_path / "evolving")
    replies = resource("templates", "demo", "replies.jsonl")
    code, log = evolving.run(
        steps(jobs["evolve"])["Evolve"],
        GITHUB_SHA=head,
        SKILL=SKILL,
        OPTIONS=f"--trajectories runs --replay-file {replies}",
        SKILLGIT_BASE_URL="",
        SKILLGIT_MODEL="",
        SKILLGIT_API_KEY="",
    )
    assert code == 0, log
    [(_, round_id)] = re.findall(r"(?m)^(round)=(.+)$", evolving.output.read_text("utf-8"))

    # Another machine, a clone without anything of the first.
    there = tmp_path / "there.git"
    for command in (
        ("clone", "--quiet", "--bare", "--no-local", "evolving", "there.git"),
        ("-C", "there.git", "for-each-ref"),
        ("clone", "--quiet", "there.git", "publishing"),
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    monkeypatch.setenv("PATH", f"{fake_gh(tmp_path)}:{os.environ['PATH']}")
    publishing = Runner(tmp_path / "second", tmp_path / "publishing")
    (publishing.temp / "round").mkdir()
    (evolving.temp / "round.bundle").rename(publishing.temp / "round/round.bundle")
    verify, publish = list(steps(jobs["publish"]).values())[1:]
    code, log = publishing.run(verify, GITHUB_SHA=head, SKILL=SKILL, ROUND=round_id)
    assert code == 0, log
    [branch] = re.findall(r"(?m)^branch=(.+)$", publishing.output.read_text("utf-8"))
    code, log = publishing.run(publish, GH_TOKEN="t", ROUND=round_id, BRANCH=branch)

    assert code == 0, log
    assert Repository(there).git("for-each-ref", "--format=%(refname)").split() == [
        "refs/heads/main",
        f"refs/heads/{branch}",
        f"refs/skillgit/rounds/{round_id}",
    ]


def fake_gh(folder: Path) -> Path:
    """A stand-in for GitHub's own program, which is asked for credentials; there are none here."""
    program = folder / "bin" / "gh"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    program.chmod(0o755)
    return program.parent


class Handover:
    """A clone that is given a bundle of a recorded round, and checks it."""

    def __init__(self, made: Repository, clone: Path, runner: Runner) -> None:
        self.made, self.clone, self.runner = made, clone, runner
        self.head = made.git("rev-parse", "main")
        self.branch = f"skillgit/xlsx/{ROUND}"
        (runner.temp / "round").mkdir()

    def bundle(self, *refs: str) -> None:
        file = self.runner.temp / "round/round.bundle"
        self.made.git("bundle", "create", str(file), *refs, f"^{self.head}")

    def verify(self, **told: str) -> tuple[int, str]:
        given = {"GITHUB_SHA": self.head, "SKILL": SKILL, "ROUND": str(ROUND), **told}
        step = list(steps(yaml.safe_load(workflow_text())["jobs"]["publish"]).values())[1]
        return self.runner.run(step, **given)


@pytest.fixture
def handover(
    repository: Make, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Handover:
    first = repository({f"{SKILL}/SKILL.md": TEXT, "README.md": "hi\n"}, name="first")
    made, branch = recorded_once(first, tmp_path_factory.mktemp("recorded"), tmp_path / "repo")
    made.git("checkout", "--quiet", branch.name)
    clone = ["git", "clone", "--quiet", "--no-local", "--branch", "main", "repo", "clone"]
    subprocess.run(clone, cwd=tmp_path, check=True)
    for ref in made.git("for-each-ref", "--format=%(refname)", "refs/remotes").split():
        made.git("update-ref", "-d", ref)
    return Handover(made, tmp_path / "clone", Runner(tmp_path / "ci", tmp_path / "clone"))


@pytest.mark.usefixtures("skillgit_on_path")
class TestWhatIsHandedOver:
    def test_a_round_is_taken(self, handover: Handover) -> None:
        handover.bundle(handover.branch, REF)
        code, log = handover.verify()
        assert code == 0, log
        assert handover.runner.output.read_text("utf-8") == f"branch={handover.branch}\n"

    def test_nothing_is_taken_along(self, handover: Handover) -> None:
        handover.made.git("branch", "more")
        handover.bundle(handover.branch, "more", REF)
        assert "::error::" in handover.verify()[1]
        handover.bundle(handover.branch)
        assert handover.verify()[0] != 0
        handover.bundle("more", REF)
        assert "this is no branch of the round" in handover.verify()[1]

    def test_another_commit_between_lessons(self, handover: Handover) -> None:
        workflow = ".github/workflows/evil.yml"
        handover.made.commit({workflow: "on: push\n"}, "xlsx: a lesson\n\nSigned-off-by: x")
        handover.bundle(handover.branch, REF)
        assert "other commits than lessons" in handover.verify()[1]

    def test_a_false_lesson_outside_of_the_skill(self, handover: Handover) -> None:
        text = handover.made.git("log", "-1", "--format=%B")
        handover.made.commit({"other/SKILL.md": TEXT}, text)
        handover.bundle(handover.branch, REF)
        assert "something outside of the skill" in handover.verify()[1]
        # What begins with the same letters is another folder.
        assert "something outside of the skill" in handover.verify(SKILL="skills/xls")[1]

    def test_a_false_lesson(self, handover: Handover) -> None:
        handover.made.write({f"{SKILL}/SKILL.md": TEXT})
        handover.made.git("commit", "--quiet", "--all", "--amend", "--no-edit")
        handover.bundle(handover.branch, REF)
        code, log = handover.verify()
        assert (code, "SG304" in log) == (1, True)

    def test_a_round_that_is_none(self, handover: Handover) -> None:
        handover.bundle(handover.branch, REF)
        for name in ("x", f"{ROUND}\nbranch=main", f"$(touch evil){ROUND}"):
            assert "this is no round" in handover.verify(ROUND=name)[1]
        assert not (handover.clone / "evil").exists()
