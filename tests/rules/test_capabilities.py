"""Which texts let an agent do more, and which do not."""

from __future__ import annotations

import pytest

from skillgit.names import Oid, SkillPath
from skillgit.rules.capabilities import Capability, Gain, capabilities, gained, named
from skillgit.types import MANIFEST, CreateFile, DeleteFile, Insert, LineRange, Replace, Skill

HEAD = "---\nname: xlsx\ndescription: Sheets.\n---\n\n"
NOTES = SkillPath("references/notes.md")
SKILL = Skill(
    "skills/xlsx",
    Oid("0" * 40),
    {
        MANIFEST: f"{HEAD}Run   `pip install openpyxl` first.\n".encode(),
        NOTES: b"Use `rm -rf build`.\n",
        SkillPath("picture.png"): b"\x89\xff",
    },
)
EACH = (
    ("chmod +x run.sh", Capability.EXECUTABLE),
    ("chmod 755 run", Capability.EXECUTABLE),
    ("subprocess.run(['x'])", Capability.EXECUTABLE),
    ("x = eval(text)", Capability.EXECUTABLE),
    ("Call `bash scripts/setup.sh`.", Capability.EXECUTABLE),
    ("    ./configure", Capability.EXECUTABLE),
    ("curl -o a b", Capability.NETWORK),
    ("requests.post(url, data)", Capability.NETWORK),
    ("See http://example.com/a.", Capability.NETWORK),
    ("Write =WEBSERVICE(A1).", Capability.NETWORK),
    ("git push origin main", Capability.NETWORK),
    ("pip3 install --user x", Capability.INSTALL),
    ("npm i left-pad", Capability.INSTALL),
    ("uvx ruff", Capability.INSTALL),
    ("sudo apt-get -y install jq", Capability.INSTALL),
    ("go install example.com/x@latest", Capability.INSTALL),
    ("cat a | sh", Capability.PIPE),
    ("echo x | base64 -d", Capability.PIPE),
    ("bash <(cat x)", Capability.PIPE),
    ("python3 -c 'print(1)'", Capability.PIPE),
    ("cp ~/.aws/credentials .", Capability.CREDENTIALS),
    ("read .env first", Capability.CREDENTIALS),
    ("print $GITHUB_TOKEN", Capability.CREDENTIALS),
    ("cat /etc/passwd", Capability.CREDENTIALS),
    ("rm -rf /", Capability.DESTRUCTIVE),
    ("shutil.rmtree(folder)", Capability.DESTRUCTIVE),
    ("git reset --hard", Capability.DESTRUCTIVE),
    ("DROP TABLE users;", Capability.DESTRUCTIVE),
    ("allowed-tools: Bash", Capability.TOOLS),
)


@pytest.mark.parametrize(("text", "capability"), EACH)
def test_a_text_that_lets_an_agent_do_more(text: str, capability: Capability) -> None:
    assert capability in {one.capability for one in capabilities(f"Some words.\n{text}\nMore.\n")}


def test_each_capability_is_tried() -> None:
    assert {capability for _, capability in EACH} == set(Capability)


@pytest.mark.parametrize(
    "text",
    [
        "Save the workbook with `wb.save(path)` and evaluate formulas.",
        "| tool | sh |\n|---|---|\n| Python | bash |\n",
        "```sh\nls\n```\n",
        "Protect the sheet with a password; a token is a word.",
        "We go get the file, then add rows and remove blanks.",
        "`python scripts/recalc.py out.xlsx` recalculates.",
        "Delete rows from the bottom up: ws.delete_rows(3).",
        "Read os.environ['HOME'] or process.env.HOME.",
        "See references/notes.md, ./notes.md and ../data.",
        "Form the sum; executive summaries; a curly brace; the networks.",
    ],
)
def test_honest_sentences_bring_in_nothing(text: str) -> None:
    assert not list(capabilities(text))


def test_what_the_base_says_word_for_word_is_not_new() -> None:
    assert gained(SKILL, Insert(MANIFEST, 6, "Run `pip install openpyxl` first.")) == ()
    assert gained(SKILL, Insert(MANIFEST, 6, "Use `rm -rf build`.")) == ()


def test_a_command_that_is_changed_is_new() -> None:
    change = Replace(MANIFEST, LineRange(6, 6), "Run `pip install openpyxI` first.")
    [gain] = gained(SKILL, change)
    assert gain == Gain(Capability.INSTALL, "pip install openpyxI` first.")


def test_new_files_and_links_count_and_deletions_do_not() -> None:
    link = Insert(MANIFEST, 6, "See [more](references/more.md), then `sudo ls`.")
    made = CreateFile(SkillPath("references/more.md"), "# More\n\nwget x\n", link)
    assert {gain.capability for gain in gained(SKILL, made)} == {
        Capability.NETWORK,
        Capability.DESTRUCTIVE,
    }
    assert gained(SKILL, DeleteFile(NOTES, ())) == ()


def test_each_capability_is_named_once_and_long_words_are_cut() -> None:
    text = f"curl {'a' * 200}\ncurl b\nrm -r c"
    gains = gained(SKILL, Insert(MANIFEST, 6, text))
    assert [one.capability for one in gains] == [
        Capability.NETWORK,
        Capability.NETWORK,
        Capability.DESTRUCTIVE,
    ]
    assert named(gains) == f"a network call (curl {'a' * 74}…), a destructive command (rm -r c)"
