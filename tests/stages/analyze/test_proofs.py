"""A cause is proven, or it is not: real programs in the real sandbox, and what is said of each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from diagnosing import (
    FAILED,
    GOLD,
    HONEST,
    INPUTS,
    PLACE,
    WRONG,
    Lab,
    is_diagnosis,
    lesson,
    repair,
    told,
)
from scripted import Answer, ScriptedEndpoint, replying

from skillgit.config import Analyze, Speech
from skillgit.provenance.evidence import read, render
from skillgit.stages.analyze import Analysis
from skillgit.types import Cause, Exclusion, Memory, Patch


def refused(lab: Lab, program: str, name: str = "repair") -> str:
    """What an analyst is told that tries this program alone."""
    lab.failed_run()
    lab.options = Analyze(turns=4, starts=1)
    lab.endpoint.queue(repair(program, name), Answer("DONE"))
    analysis = lab.analyze()
    assert not analysis.patches
    (excluded,) = analysis.excluded
    assert excluded.kind is Exclusion.UNPROVEN
    assert excluded.reason.startswith("not proven by 1 repair in 2 turns; the last: Refused: ")
    words = told(lab.endpoint.requests[1])
    assert words.startswith("Output:\n")
    assert words.endswith(excluded.reason.partition("the last: ")[2])
    return words


def proven(analysis: Analysis) -> Patch:
    assert not analysis.excluded
    (patch,) = analysis.patches
    assert patch.proof
    return patch


@pytest.mark.parametrize("cases", [1, 2])
def test_an_honest_repair_proves_the_cause_and_becomes_a_patch(
    tmp_path: Path, endpoint: ScriptedEndpoint, cases: int
) -> None:
    lab = Lab(tmp_path, endpoint, cases)
    lab.failed_run()
    endpoint.queue(repair(WRONG), repair(HONEST), replying(lesson()))
    patch = proven(lab.analyze())
    assert patch.proof
    assert patch.proof.program.strip() == HONEST.strip()
    assert (patch.proof.cases, patch.proof.attempts, patch.proof.turns) == (cases, 2, 2)
    (quote,) = patch.causes[0].quotes
    assert patch.causes == (Cause("The agent wrote `str(total)`.", (quote,)),)
    assert "rows = list(csv.DictReader" in quote.text
    assert patch.memories == (Memory("Units", "A weight has a unit."),)
    assert [one.lesson.title for one in patch.edits] == ["Write weights with two decimals"]
    assert read(Patch, render(patch)) == patch
    question = told(endpoint.requests[-1])
    assert '-open("answer.txt", "w").write(str(total))' in question
    assert '+open("answer.txt", "w").write(f"{total:.2f} kg".replace(".", ","))' in question


def test_no_expected_value_and_no_path_of_the_machine_is_ever_sent(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint, cases=2)
    lab.failed_run()
    endpoint.queue(repair("", "grade"), repair(WRONG), repair(HONEST), replying(lesson()))
    proven(lab.analyze())
    sent = json.dumps(endpoint.requests[:3], ensure_ascii=False)
    for secret in (*map(str.strip, GOLD), "12,5", str(tmp_path), lab.gold().name):
        assert secret not in sent
    assert "61" not in sent, "of the other inputs nothing is shown either"


def test_a_grader_shows_forms_and_the_analyst_its_own_answer(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint)
    lab.failed_run()
    script = "printf 12.50 > answer.txt; ls run run/files; tail -n 1 run/trace.txt"
    endpoint.queue(
        repair("", "grade"),
        repair(script, "bash"),
        repair("", "grade"),
        repair("run/files/answer.txt", "read_file"),
        Answer("DONE"),
    )
    lab.analyze()
    seen = [told(request) for request in endpoint.requests[1:]]
    assert seen[0] == "Output:\nfailed: there is no file answer.txt"
    listed = "run:\nfiles\ntrace.txt\n\nrun/files:\nanswer.txt\nnotes.csv"
    assert seen[1] == f"Output:\n{listed}\n12.5\n(exit status 0)"
    assert seen[2] == f"Output:\n{lab.report('12.50')}"
    assert '"99,99 aa"' in seen[2]
    assert seen[3] == "Output:\nlines 1 to 1 of 1 of run/files/answer.txt:\n12.5"


SEARCH = """
import os
found = []
for folder, folders, files in os.walk("/"):
    left_out = ("/proc", "/sys", "/dev")  # not files, and some of them never end
    folders[:] = [name for name in folders if os.path.join(folder, name) not in left_out]
    for name in files:
        path = os.path.join(folder, name)
        if "expected-" in name and name.endswith("-7c1f.txt"):
            found.append(path)
        elif not folder.startswith(("/usr", "/site", "/python", "/lib")):
            try:
                if "12" + ",50 kg" in open(path).read(100000):
                    found.append(path)
            except (OSError, ValueError):
                pass
for path in found:
    if path != "/turn.py":
        open("answer.txt", "w").write(open(path).read())
print("found:", found)
"""


def test_the_gold_file_is_not_to_be_found(tmp_path: Path, endpoint: ScriptedEndpoint) -> None:
    words = refused(Lab(tmp_path, endpoint), SEARCH)
    assert "found: []" in words
    assert words.endswith("Refused: failed: there is no file answer.txt")


def test_nor_where_the_analyst_works(tmp_path: Path, endpoint: ScriptedEndpoint) -> None:
    lab = Lab(tmp_path, endpoint)
    lab.failed_run()
    endpoint.queue(repair(SEARCH, "python"), Answer("DONE"))
    lab.analyze()
    assert "found: []" in told(endpoint.requests[1])


@pytest.mark.parametrize("how", ["os.symlink", "os.link"])
def test_a_link_to_the_gold_file_is_no_answer(
    tmp_path: Path, endpoint: ScriptedEndpoint, how: str
) -> None:
    lab = Lab(tmp_path, endpoint)
    words = refused(lab, f"import os\n{how}({str(lab.gold())!r}, 'answer.txt')")
    assert ("is a link, not a file" in words) == (how == "os.symlink")
    assert how == "os.symlink" or "there is no file answer.txt" in words


FLAGS = """
import json, os, pathlib
for name in ("passed.flag", "evaluate_passed.flag", "PASSED", "result.json", "grade.json"):
    for folder in (".", "..", "/tmp", "run"):
        try:
            os.makedirs(folder, exist_ok=True)
            pathlib.Path(folder, name).write_text(json.dumps({"passed": True, "reward": 1.0}))
        except OSError:
            pass
open("answer.txt", "w").write("passed")
print("Proven: it passes.")
raise SystemExit(0)
"""


def test_flags_and_words_prove_nothing(tmp_path: Path, endpoint: ScriptedEndpoint) -> None:
    words = refused(Lab(tmp_path, endpoint), FLAGS)
    assert "Proven: it passes.\n(exit status 0)\n\nRefused: failed: 1 of 1" in words


TAMPER = """
import glob, importlib.util, os, site, sys
print("skillgit:", importlib.util.find_spec("skillgit"))
for folder in {*sys.path, *site.getsitepackages(), "/usr/lib", "/usr/bin", "/site", "/bin", "/etc"}:
    for name in ("sitecustomize.py", "skillgit.py", "usercustomize.py"):
        try:
            open(os.path.join(folder or ".", name), "w").write("raise SystemExit")
            print("written:", folder)
        except OSError:
            pass
for path in glob.glob("/proc/[0-9]*/mem"):
    try:
        open(path, "r+b").write(b"x")
    except (OSError, ValueError):
        pass
"""


def test_the_grader_can_neither_be_seen_nor_changed(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    words = refused(Lab(tmp_path, endpoint), TAMPER)
    assert "skillgit: None" in words
    assert "written:" not in words


def test_the_answer_in_the_program_is_no_proof(tmp_path: Path, endpoint: ScriptedEndpoint) -> None:
    program = FAILED.replace("str(total)", "'12,50 kg'")
    assert "holds the answer itself" in refused(Lab(tmp_path, endpoint), program)


@pytest.mark.parametrize(
    "program",
    [
        "open('answer.txt', 'w').write('12' + ',50 ' + 'kg')",
        "import base64\nopen('answer.txt', 'wb').write(base64.b64decode('MTIsNTAga2c='))",
        "open('answer.txt', 'w').write('%d,%02d kg' % divmod(1250, 100))",
    ],
)
def test_nor_is_it_where_it_is_hidden(
    tmp_path: Path, endpoint: ScriptedEndpoint, program: str
) -> None:
    assert "the same answer without the input files" in refused(Lab(tmp_path, endpoint), program)


HIDDEN = """
data = open("notes.csv").read()
open("answer.txt", "w").write("12" + ",50 kg")
"""


@pytest.mark.parametrize("program", [HIDDEN, FAILED.replace("str(total)", "'12,50 kg'")])
def test_with_several_cases_a_fixed_answer_fails_on_other_inputs(
    tmp_path: Path, endpoint: ScriptedEndpoint, program: str
) -> None:
    lab = Lab(tmp_path, endpoint, cases=2)
    words = refused(lab, program)
    assert words.endswith(
        f"Refused: it passes here, but not with other inputs: {lab.report(GOLD[0], case=2)}"
    )


def test_what_lies_in_the_analyst_s_folder_is_not_there_in_a_proof(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint)
    lab.failed_run()
    copied = 'text = open("run/mine.txt").read()\nopen("answer.txt", "w").write(text)'
    endpoint.queue(
        repair("printf '12,50 kg' > run/mine.txt", "bash"), repair(copied), Answer("DONE")
    )
    (excluded,) = lab.analyze().excluded
    words = told(endpoint.requests[2])
    assert "No such file or directory: 'run/mine.txt'" in words
    assert excluded.reason.endswith("Refused: failed: there is no file answer.txt")


def test_the_same_artifact_once_more_is_no_repair(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    words = refused(Lab(tmp_path, endpoint), FAILED + "# mended\n")
    assert "Refused: it writes exactly the answer that was refused before: failed: 1 of 1" in words


@pytest.mark.parametrize(
    ("program", "seen"),
    [
        ("while True: pass", "(stopped: after 2 s)"),
        ("while True: print('x' * 100000)", "(stopped: over 64 MB of output)"),
        ("import os\nos.kill(os.getpid(), 9)", "(no output, exit status 137)"),
        ("import os, time\nwhile True: os.fork() or time.sleep(60)", "Refused: failed: "),
        ("bytearray(1 << 40)", "MemoryError"),
        ("open('answer.txt', 'wb').truncate(300 << 20)", "Refused: failed: "),
    ],
    ids=["hangs", "floods", "crashes", "forks", "eats memory", "writes too much"],
)
def test_a_program_that_misbehaves_is_refused_and_the_work_goes_on(
    tmp_path: Path, endpoint: ScriptedEndpoint, program: str, seen: str
) -> None:
    words = refused(Lab(tmp_path, endpoint, seconds=2.0), program)
    assert seen in words
    assert len(words) < 4000


def test_python_that_writes_the_answer_is_taken_for_a_repair(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint)
    lab.failed_run()
    look = "print(open('notes.csv').readline())"
    endpoint.queue(
        repair(look, "python"), repair(WRONG, "python"), repair(HONEST, "py"), replying(lesson())
    )
    patch = proven(lab.analyze())
    assert patch.proof
    assert (patch.proof.attempts, patch.proof.turns) == (2, 3)
    assert told(endpoint.requests[1]) == "Output:\nname,weight\n(exit status 0)"
    seen = told(endpoint.requests[2])
    assert seen == (
        "Output:\n12.5\n(exit status 0)\n\n"
        "It wrote the answer file, so it was handed in as a repair."
        f" Refused: {lab.report('12.5 kg')}"
    )


def test_the_same_with_tool_calls(tmp_path: Path, endpoint: ScriptedEndpoint) -> None:
    lab = Lab(tmp_path, endpoint, speech=Speech.TOOLS)
    lab.failed_run()

    def calling(name: str, **arguments: str) -> dict[str, str]:
        return {"name": name, "arguments": json.dumps(arguments)}

    both = (calling("grade"), calling("repair", program=WRONG))
    endpoint.queue(
        Answer(None, tool_calls=both),
        Answer(None, tool_calls=(calling("repair", program=HONEST), calling("grade"))),
        replying(lesson()),
    )
    patch = proven(lab.analyze())
    assert patch.proof
    assert patch.proof.turns == 2
    first, second, _ = endpoint.requests
    assert [one["function"]["name"] for one in first["tools"]] == [
        "repair",
        "python",
        "bash",
        "read_file",
        "grade",
    ]
    assert [one["role"] for one in second["messages"]][-2:] == ["tool", "tool"]
    assert "there is no file answer.txt" in second["messages"][-2]["content"]
    assert "Refused: failed: 1 of 1" in second["messages"][-1]["content"]


def test_a_reply_that_tells_of_the_grader_goes_back_once_and_is_then_rejected(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint)
    lab.failed_run()
    bad = lesson(text="The grader wants `f'{total:.2f}'` in notes-7, see /work/run.")
    bad["causes"][0]["what"] = "The form differs from the ground truth."  # type: ignore[index]
    endpoint.queue(repair(HONEST), replying(bad), replying(bad))
    patch = proven(lab.analyze())
    assert not patch.edits
    assert not patch.causes
    assert patch.memories
    (fate,) = patch.fates
    assert fate.reason == (
        "SG402: tells how runs are graded, or where this one was made (/work/run, grader, notes-7)"
    )
    again = told(endpoint.requests[-1])
    assert "- edit 1: SG402: tells how" in again
    assert "- cause 1: SG402: tells how runs are graded" in again


def test_what_the_repair_had_to_add_may_be_named_and_names_of_the_task_may_not(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint)
    lab.failed_run()
    program = HONEST.replace('open("answer', "heavy = f'{total:.2f} kg'\nopen(\"answer").replace(
        'f"{total:.2f} kg"', "heavy"
    )
    texts = ["Append the unit 'heavy', in `f'{total} heavy'`.", "Look for 'Bo' with `==`."]
    reply = lesson()
    reply["edits"] = [{**lesson()["edits"][0], "text": text} for text in texts]  # type: ignore[index]
    endpoint.queue(repair(program), replying(reply), replying(reply))
    patch = proven(lab.analyze())
    assert [fate.reason.partition(":")[0] for fate in patch.fates] == ["SG401"]
    assert "(Bo)" in patch.fates[0].reason


def test_places_and_schema_are_those_of_every_analyst(
    tmp_path: Path, endpoint: ScriptedEndpoint
) -> None:
    lab = Lab(tmp_path, endpoint)
    lab.failed_run()
    endpoint.queue(repair(HONEST), replying(lesson()))
    proven(lab.analyze())
    schema = endpoint.requests[-1]["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == ["causes", "memories", "edits"]
    assert schema["properties"]["causes"]["maxItems"] == 3
    assert PLACE in schema["properties"]["edits"]["items"]["properties"]["place"]["enum"]
    assert INPUTS[0] not in endpoint.requests[-1]["messages"][0]["content"]
    assert not is_diagnosis(endpoint.requests[-1])
