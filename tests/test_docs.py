"""What is written for people is true of the code as it is."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
import yaml

from skillgit import __version__, errors
from skillgit.adapters.sample import branch_of
from skillgit.adapters.setting_values import DEFAULTS, as_toml
from skillgit.cli import VERBS, group, run

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / ".github").rglob("*.md"))]
DOCUMENTS += [path for path in [ROOT / "SKILLS_FORMAT.md"] if path.exists()]

# Variables that are read, but are no settings.
OTHER_VARIABLES = {"SKILLGIT_API_KEY", "SKILLGIT_DEBUG", "SKILLGIT_BASE_URL", "SKILLGIT_MODEL"}
OTHER_VARIABLES |= {"SKILLGIT_TEST_IMAGE", "SKILLGIT_MAX_CALLS", "SKILLGIT_RECALL_API_KEY"}


def module_of(verb: str) -> str:
    return f"skillgit.cli.{verb.replace('-', '_')}"


def command_of(verb: str) -> click.Command:
    # A verb that is not there yet fails its own test; it must not hide the others.
    command: click.Command = importlib.import_module(module_of(verb)).command
    return command


# ------------------------------------------------------------------ the help


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_examples(verb: str) -> None:
    command = command_of(verb)
    context = click.Context(command, info_name=f"skillgit {verb}")
    text = command.get_help(context)

    assert command.help
    assert "Examples:" in text
    assert f"skillgit {verb}" in text.split("Examples:")[1]
    unexplained = [
        parameter.name
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help and not parameter.hidden
    ]
    assert unexplained == []


@pytest.mark.parametrize("verb", VERBS)
def test_the_examples_of_every_verb_are_command_lines_that_exist(verb: str) -> None:
    context = click.Context(command_of(verb), info_name=f"skillgit {verb}")
    examples = command_of(verb).get_help(context).split("Examples:")[1]

    assert list(wrong_command_lines(examples)) == []


def test_every_module_of_the_command_line_is_a_verb_or_serves_them() -> None:
    modules = {path.stem for path in (ROOT / "skillgit" / "cli").glob("*.py")} - {"__init__"}
    with_command = {
        name
        for name in modules
        if hasattr(importlib.import_module(f"skillgit.cli.{name}"), "command")
    }

    assert with_command == {verb.replace("-", "_") for verb in VERBS}


# ------------------------------------------------------------------ the README


@pytest.mark.parametrize("verb", VERBS)
def test_the_readme_names_every_verb(verb: str) -> None:
    assert re.search(rf"\| `skillgit {verb}\b", README)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_command_lines_in_documents_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    shown = "\n".join(
        [
            *re.findall(r"```(?:sh|bash|console)\n(.*?)```", text, re.DOTALL),
            *re.findall(r"`(skillgit [a-z][^`]*)`", text),
        ]
    )

    assert list(wrong_command_lines(shown)) == []


def wrong_command_lines(text: str) -> Iterator[str]:
    """The lines that call skillgit with a verb or an option that it does not have."""
    for line in text.splitlines():
        found = re.search(r"\bskillgit [-a-z][^)|;&>#]*", line)
        if not found or "COMMAND" in line:
            continue
        words = shlex.split(found[0].partition("`")[0])[1:]
        words = words[: words.index("--")] if "--" in words else words
        while words[:1] == ["-C"]:
            words = words[2:]
        if not words or words[0] in {"--help", "--version"}:
            continue
        if words[0] not in VERBS:
            yield line
            continue
        command = group.get_command(click.Context(group), words[0])
        assert command is not None
        while isinstance(command, click.Group) and words[1:] and words[1] in command.commands:
            words = words[1:]
            command = command.commands[words[0]]
        options = {"--help"} | {
            name for each in command.params for name in (*each.opts, *each.secondary_opts)
        }
        given = {word.partition("=")[0] for word in words[1:] if word.startswith("-")}
        if given - options - {"-"}:
            yield f"{line}: {sorted(given - options)}"


def test_make_targets_in_documents_exist() -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text("utf-8")))

    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        named = re.findall(r"(?m)(?:^ *|`)make ([a-z]+)", text)
        assert set(named) <= targets, document.name


def test_the_two_commands_come_first() -> None:
    assert re.findall(r"(?m)^make (\w+)", README)[:2] == ["demo", "test"]
    assert README.index("make demo") < README.index("pip install")


def test_the_readme_tells_every_setting_with_its_default() -> None:
    told = dict(re.findall(r"(?m)^\| `([a-z_.]+)` \| `([^`]*)` \|", README))
    sampling = {key for key in DEFAULTS if key.count(".") == 2}

    assert told == {k: as_toml(v) for k, v in DEFAULTS.items() if k not in sampling}
    assert [key for key in sampling if key.rpartition(".")[2] not in README] == []
    assert [key for key in sampling if f"`{key.split('.')[1]}`" not in README] == []


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "templates" / "skillgit.toml"])
def test_environment_variables_in_documents_exist(document: Path) -> None:
    named = set(re.findall(r"\bSKILLGIT_[A-Z_]+\b", document.read_text(encoding="utf-8")))
    known = {f"SKILLGIT_{key.replace('.', '_').upper()}" for key in DEFAULTS}

    assert named - known - OTHER_VARIABLES == set()


@pytest.mark.parametrize("variable", sorted(OTHER_VARIABLES))
def test_a_variable_that_is_no_setting_is_not_taken_for_one(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:9/v1")  # which fits them all
    assert run(["config"]) == 0


def test_the_readme_tells_every_exit_code() -> None:
    table = README.split("| exit code |")[1].split("\n\n")[0]
    told = {
        int(code) for row in re.findall(r"(?m)^\| ([\d, ]+) \|", table) for code in row.split(",")
    }
    raised = {
        each.exit_code
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, errors.SkillgitError)
    }

    assert told == raised | {0, 130, 141}


def test_the_lesson_of_the_readme_is_one_of_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = README.split("<!-- lesson -->\n```\n")[1].split("```\n<!-- /lesson -->")[0]
    stamp = re.findall(r"Skillgit-Round: (\w{16})", shown)[0]
    began = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(began.timestamp())))
    assert run(["demo", str(tmp_path / "demo"), "--replay"]) == 0, capsys.readouterr().err
    log = ["git", "log", "--format=%B%x00", f"main..{branch_of(tmp_path / 'demo')}"]
    done = subprocess.run(
        log, cwd=tmp_path / "demo", capture_output=True, text=True, encoding="utf-8", check=True
    )
    lessons = [without_prompts(lesson).strip() for lesson in done.stdout.split("\0")]
    assert without_prompts(shown).strip() in lessons


def test_the_plan_of_the_readme_is_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = README.split("<!-- plan -->\n```console\n$ ")[1].split("\n```\n<!-- /plan -->")[0]
    line, _, plan = shown.partition("\n")
    assert run(["demo", str(tmp_path / "demo"), "--replay"]) == 0
    monkeypatch.chdir(tmp_path / "demo")
    capsys.readouterr()
    assert run([*shlex.split(line)[1:], "-q"]) == 0
    assert capsys.readouterr().out.rstrip("\n") == plan


def test_the_import_of_the_readme_is_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = README.split("<!-- import -->\n```console\n$ ")[1].split("\n```\n<!-- /import")[0]
    line, _, told = shown.partition("\n")
    folder, _, command = line.removeprefix("cd ").partition(" && ")
    _, _, *words = shlex.split(command)
    files = [str(ROOT / folder / word) for word in words if word.endswith((".json", ".jsonl"))]
    assert len(words) == len(files) + 3
    monkeypatch.chdir(tmp_path)
    assert run(["import", *files, *words[len(files) :], "-q"]) == 0
    assert capsys.readouterr().out.rstrip("\n") == told


def without_prompts(message: str) -> str:
    """Without the ids that every change of a prompt or a default changes."""
    ids = r"(?m)^(Skillgit-Round: \w{16}|Skillgit-Evidence: ).*$"
    return re.sub(ids, r"\1", message)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_to_files_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8"))

    assert [link for link in links if not (document.parent / link).exists()] == []


# ------------------------------------------------------------------ versions


def test_the_newest_change_is_of_this_version() -> None:
    changelog = (ROOT / ".github" / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.findall(r"(?m)^## (\S+)", changelog)[0]

    assert newest == __version__


def test_continuous_integration_runs_every_python_that_is_promised() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    promised = [
        each.rpartition(" ")[2] for each in project["classifiers"] if "Python :: 3." in each
    ]
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))

    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == promised
    assert project["requires-python"] == f">={promised[0]}"


def test_actions_are_pinned_and_the_workflow_may_do_nothing() -> None:
    text = (ROOT / ".github/workflows/ci.yml").read_text("utf-8")
    workflow = yaml.safe_load(text)

    assert re.findall(r"uses: (?!\S+@[0-9a-f]{40} # v\d)", text) == []
    assert workflow["permissions"] == {}
    assert "pull_request_target" not in text
    runs = [step["run"] for step in workflow["jobs"]["test"]["steps"] if "run" in step]
    assert [run for run in runs if "${{" in run] == []


def test_continuous_integration_has_what_no_test_should_skip_for() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    steps = workflow["jobs"]["test"]["steps"]
    before = [str(step.get("run")) for step in steps]
    before = before[: next(n for n, run in enumerate(before) if run.startswith("make test"))]
    assert "bubblewrap" in "".join(before)
    # What `skillgit doctor` advises there, and the README.
    setting = "kernel.apparmor_restrict_unprivileged_userns=0"
    assert setting in "".join(before)
    assert setting in README
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(extras["optional-dependencies"]["spreadsheet"]) <= set(
        extras["optional-dependencies"]["dev"]
    )


# ------------------------------------------------------------------ hooks


def test_the_hooks_for_pre_commit_call_verbs_and_are_told_of() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))

    assert list(wrong_command_lines("\n".join(hook["entry"] for hook in hooks))) == []
    assert [hook["id"] for hook in hooks if hook["id"] not in README] == []


def test_the_workflow_for_others_calls_verbs() -> None:
    text = (ROOT / "templates/workflows/skillgit.yml").read_text("utf-8")
    lines = re.findall(r"(?m)^ *(?:run: )?(skillgit .*)$", text)

    assert len(lines) >= 5
    assert list(wrong_command_lines("\n".join(lines))) == []


def test_the_hooks_are_short_sh_that_dash_can_read() -> None:
    for hook in (ROOT / "hooks").iterdir():
        text = hook.read_text(encoding="utf-8")
        assert text.startswith("#!/bin/sh\n")
        assert len(text.splitlines()) <= 15
        assert os.access(hook, os.X_OK)
        subprocess.run(["sh", "-n", str(hook)], check=True)
