"""Workbooks are graded as they are stored, and a hostile one is a failed answer."""

from __future__ import annotations

import io
import os
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from workbooks import Sheets, repacked, with_sheet_xml, workbook

from skillgit.config import Grading, Recalc
from skillgit.domains.registry import DOMAINS, graders
from skillgit.domains.spreadsheet import confined
from skillgit.domains.spreadsheet.confined import ask
from skillgit.domains.spreadsheet.domain import Spreadsheet
from skillgit.domains.spreadsheet.ranges import Region
from skillgit.domains.spreadsheet.recalc import find_libreoffice
from skillgit.domains.task import Case, Grade, Mismatch
from skillgit.errors import SurroundingsError

SALES: Sheets = {
    "Sales": {"A1": "Region", "B1": "Units", "A2": "North", "B2": 12.5, "A3": "South", "B3": 7},
    "Notes": {"A1": "none"},
}
STRICT = Grading(strict=True)


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    return workbook(tmp_path / "gold.xlsx", SALES)


def case_of(gold: Path, region: str = "Sales!A1:B3", source: Path | None = None) -> Case:
    return Case({"input.xlsx": source} if source else {}, "output.xlsx", gold, region)


def changed(cells: dict[str, object]) -> Sheets:
    return {**SALES, "Sales": {**SALES["Sales"], **cells}}


def graded(case: Case, answer: Path, grading: Grading | None = None) -> Grade:
    return Spreadsheet(grading).grade(case, answer)


# ------------------------------------------------------------------ verdicts


def test_equal_values_pass_whatever_else_differs(gold: Path, tmp_path: Path) -> None:
    answer = workbook(tmp_path / "output.xlsx", {**changed({"B2": "12.50", "F9": 1}), "More": {}})

    grade = graded(case_of(gold), answer)

    assert (grade.passed, grade.score, grade.compared) == (True, 1.0, 6)
    assert grade.notes == {"scorer": "official", "recalc": "none"}
    assert grade.report() == "passed: 6 places compared"


def test_each_difference_is_listed_and_only_its_kind_is_reported(
    gold: Path, tmp_path: Path
) -> None:
    answer = workbook(
        tmp_path / "output.xlsx", changed({"B2": None, "B3": "7 pieces", "A3": "Sth"})
    )

    grade = graded(case_of(gold), answer)

    assert not grade.passed
    assert [(m.place, m.found, m.expected) for m in grade.mismatches] == [
        ("Sales!A3", "'Sth'", "'South'"),
        ("Sales!B2", "(empty)", "12.5"),
        ("Sales!B3", "'7 pieces'", "7"),
    ]
    assert grade.report() == (
        "failed: 3 of 6 places differ: Sales!A3: text, but another one; "
        "Sales!B2: empty, where a number is expected; "
        "Sales!B3: text '7 pieces', where a number is expected"
    )


def test_a_formula_that_nobody_computed_is_no_value(gold: Path, tmp_path: Path) -> None:
    answer = workbook(tmp_path / "output.xlsx", changed({"B3": "=3+4"}))

    grade = graded(case_of(gold), answer)

    assert [m.hint for m in grade.mismatches] == [
        "a formula without a stored value, where a number is expected"
    ]


def test_without_a_range_everything_that_the_gold_holds_counts(gold: Path, tmp_path: Path) -> None:
    case = case_of(gold, "")

    assert graded(case, gold).compared == 7
    more = workbook(tmp_path / "more.xlsx", changed({"D9": "surplus"}))
    assert [m.place for m in graded(case, more).mismatches] == ["Sales!D9"]


@pytest.mark.parametrize(
    ("region", "official", "strict"),
    [
        ("B3:A1", True, False),  # no cell at all, officially
        ("BD2:308", True, True),
        ("Sales!a1:b3", True, False),  # AG1:AH3, officially
        ("Sales!A:B", False, False),
        ("Sales!$A$1:$A$3", False, True),
        (" Sales!A1", False, True),
        ("Sales!A1, Sales!A2", False, True),
        ("Notes!A1", True, True),
        ("Absent!A1", False, False),
        ("a!b!A1", False, False),
    ],
)
def test_the_two_scorers_read_ranges_each_in_its_way(
    gold: Path, tmp_path: Path, region: str, *, official: bool, strict: bool
) -> None:
    answer = workbook(tmp_path / "output.xlsx", changed({"B2": 99}))
    case = case_of(gold, region)

    assert graded(case, answer).passed is official
    assert graded(case, answer, STRICT).passed is strict


def test_the_strict_scorer_passes_nothing_where_nothing_is_compared(gold: Path) -> None:
    empty = case_of(gold, "Sales!X:Z")

    assert graded(empty, gold, STRICT).problem == "the range names no cell that holds anything"
    vacuous = graded(case_of(gold, "B3:A1"), gold)
    assert (vacuous.passed, vacuous.compared) == (True, 0)


def test_a_sheet_that_is_meant_counts_for_the_strict_scorer_alone(
    gold: Path, tmp_path: Path
) -> None:
    answer = workbook(tmp_path / "output.xlsx", {**SALES, "Notes": {"A1": "some"}})
    case = case_of(gold, Region("A1", sheet="Notes").text)

    assert graded(case, answer).passed
    assert not graded(case, answer, STRICT).passed


def test_a_misnamed_gold_file_is_used_by_the_strict_scorer_alone(gold: Path) -> None:
    case = case_of(gold, Region("A1", misnamed=True).text)

    assert "misnamed" in graded(case, gold).problem
    assert graded(case, gold, STRICT).passed


def test_open_columns_end_with_either_workbook(gold: Path, tmp_path: Path) -> None:
    longer = workbook(tmp_path / "output.xlsx", changed({"B90": 1}))

    grade = graded(case_of(gold, "Sales!A:B"), longer, STRICT)

    assert [m.place for m in grade.mismatches] == ["Sales!B90"]
    assert graded(case_of(gold, "Sales!A:B"), gold, STRICT).passed


def test_many_differences_are_all_counted(tmp_path: Path) -> None:
    cells: dict[str, object] = {
        f"{column}{row}": 1 for column in "ABCDEF" for row in range(1, 1701)
    }
    gold = workbook(tmp_path / "gold.xlsx", {"S": cells})
    answer = workbook(tmp_path / "output.xlsx", {"S": {}})

    grade = graded(case_of(gold, "S!A1:F1700"), answer)

    assert len(grade.mismatches) == 10_000
    assert (grade.compared, grade.notes["different"]) == (10_200, "10200")


# ------------------------------------------------------------------ recalculation


@pytest.mark.parametrize("recalc", [Recalc.FORMUALIZER, Recalc.LIBREOFFICE])
def test_recalculation_fills_in_what_is_not_stored(
    gold: Path, tmp_path: Path, recalc: Recalc
) -> None:
    if recalc is Recalc.LIBREOFFICE and find_libreoffice() is None:
        pytest.skip("LibreOffice is not installed")
    cells: dict[str, object] = {"B2": "=10+2.5", "B3": "=B2-5.5", "A3": '="So"&"uth"'}
    answer = workbook(tmp_path / "output.xlsx", changed(cells))
    before = answer.read_bytes()

    grade = graded(case_of(gold), answer, Grading(recalc=recalc))

    assert grade.passed, grade.report()
    assert grade.notes["recalc"] == str(recalc)
    assert answer.read_bytes() == before
    assert not graded(case_of(gold), answer).passed


def test_a_stored_value_stays(gold: Path, tmp_path: Path) -> None:
    written = workbook(tmp_path / "written.xlsx", changed({"B3": "=3+5", "A3": '=""'}))
    answer = tmp_path / "output.xlsx"

    def stored(name: str, data: bytes) -> bytes:
        if name != "xl/worksheets/sheet1.xml":
            return data
        data = data.replace(b"<f>3+5</f><v />", b"<f>3+5</f><v>7</v>").replace(
            b'<c r="A3"><f>""</f><v />', b'<c r="A3" t="str"><f>""</f><v></v>'
        )
        assert b"<v>7</v>" in data
        assert b't="str"' in data
        return data

    repacked(written, answer, stored)
    grade = graded(case_of(gold), answer, Grading(recalc=Recalc.FORMUALIZER))

    assert [m.place for m in grade.mismatches] == ["Sales!A3"]  # an empty text was stored


def test_what_cannot_be_recalculated_is_graded_as_it_is(gold: Path, tmp_path: Path) -> None:
    answer = workbook(tmp_path / "output.xlsx", changed({"D1": "=D2", "D2": "=D1"}))

    grade = graded(case_of(gold), answer, Grading(recalc=Recalc.FORMUALIZER))

    assert grade.passed
    assert "formualizer" in grade.notes["recalc problem"]


# ------------------------------------------------------------------ hostile answers


def test_an_answer_that_is_no_file_of_its_own_fails(gold: Path, tmp_path: Path) -> None:
    answer = tmp_path / "output.xlsx"

    assert graded(case_of(gold), answer).problem == "there is no file output.xlsx"
    answer.symlink_to(gold)
    assert "no regular file" in graded(case_of(gold), answer).problem
    answer.unlink()
    os.mkfifo(answer)
    assert "no regular file" in graded(case_of(gold), answer).problem


def zipped(parts: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return data.getvalue()


def encrypted(data: bytes) -> bytes:
    """The flag that says so, in every local and central header."""
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(mark)
        while place >= 0:
            flags = data[place + offset] | 1
            data = data[: place + offset] + bytes([flags]) + data[place + offset + 1 :]
            place = data.find(mark, place + 1)
    return data


def torn(data: bytes) -> bytes:
    """The packed bytes of the first part, which begin after its name, made senseless."""
    start = 30 + len("a.xml")
    return data[:start] + b"\xff" * 40 + data[start + 40 :]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"Region,Units\nNorth,1\n", "not an .xlsx workbook"),
        (b"PK\x03\x04" + b"\0" * 99, "not an .xlsx workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "encrypted, or of the old .xls"),
        (encrypted(zipped({"xl/workbook.xml": b"x"})), "encrypted"),
        (zipped({"hello.txt": b"hello"}), "cannot be read"),
        (zipped({"xl/workbook.xml": b"\0" * (9 << 20)}), "packed too tightly"),
        (zipped({f"{n}.xml": b"" for n in range(10_001)}), "10001 parts"),
        (zipped({"a.xml": os.urandom(99) * 9})[:-160].replace(b"P", b"Q"), "not an .xlsx workbook"),
        (torn(zipped({"a.xml": bytes(range(256)) * 9})), "damaged .xlsx workbook"),
    ],
    ids=[
        "empty",
        "csv",
        "no archive",
        "ole",
        "encrypted",
        "no workbook",
        "bomb",
        "many parts",
        "cut off",
        "torn",
    ],
)
def test_what_is_no_workbook_fails_with_a_reason(
    gold: Path, tmp_path: Path, data: bytes, reason: str
) -> None:
    answer = tmp_path / "output.xlsx"
    answer.write_bytes(data)

    grade = graded(case_of(gold), answer)

    assert not grade.passed
    assert reason in grade.problem


def test_an_archive_that_says_it_is_huge_is_not_unpacked(gold: Path, tmp_path: Path) -> None:
    answer = tmp_path / "output.xlsx"
    data = bytearray(zipped({"xl/workbook.xml": b"x" * 100}))
    place = data.index(b"PK\x01\x02") + 24
    data[place : place + 4] = (0xFFFFFFF0).to_bytes(4, "little")
    answer.write_bytes(data)

    assert "too many bytes" in graded(case_of(gold), answer).problem


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_entities_are_not_expanded(gold: Path, tmp_path: Path, encoding: str) -> None:
    laughs = '<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet/>'
    # Far into the part and across the border of what is read at once.
    data = (" " * ((1 << 20) - 5) + laughs).encode(encoding)
    answer = repacked(
        gold, tmp_path / "o.xlsx", lambda name, old: data if name.endswith("sheet1.xml") else old
    )

    assert "declares entities" in graded(case_of(gold), answer).problem


def test_a_block_of_millions_of_merged_cells_is_not_opened(gold: Path, tmp_path: Path) -> None:
    merged = b'</sheetData><mergeCells count="1"><mergeCell ref="C1:XFD1048576"/></mergeCells>'
    answer = with_sheet_xml(gold, tmp_path / "o.xlsx", b"</sheetData>", merged)

    assert "merges millions" in graded(case_of(gold), answer).problem


def test_a_sheet_that_claims_to_be_huge_costs_nothing(gold: Path, tmp_path: Path) -> None:
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    answer = with_sheet_xml(gold, tmp_path / "o.xlsx", b"</sheetData>", far)

    assert graded(case_of(gold), answer).passed
    assert graded(case_of(gold, "Sales!A:B"), answer, STRICT).passed
    shown = DOMAINS["spreadsheet"].preview(Case({"input.xlsx": answer}, "output.xlsx"))
    assert "A1:XFD1048576" in shown
    assert len(shown) < 2500


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<v>12.5</v>", b"<v>twelve</v>"),
        (b"<sheetData>", b"<sheetData"),
        (b'r="B2"', b'r="ZZZZ2"'),
        (b't="n"', b't="b"'),
    ],
)
def test_whatever_openpyxl_raises_is_a_reason(
    gold: Path, tmp_path: Path, old: bytes, new: bytes
) -> None:
    answer = with_sheet_xml(gold, tmp_path / "o.xlsx", old, new)

    grade = graded(case_of(gold), answer)

    assert not grade.passed
    assert "cannot be read" in grade.problem


def test_macros_are_not_a_reason(gold: Path, tmp_path: Path) -> None:
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    macros = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    answer = repacked(gold, tmp_path / "o.xlsm", lambda _, data: data.replace(kind, macros))

    assert graded(case_of(gold), answer).passed


def test_a_broken_gold_file_is_named_as_such(gold: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"nothing")

    grade = graded(case_of(broken), gold)

    assert grade.problem == "the gold workbook cannot be read"
    assert "not an .xlsx workbook" in grade.notes["gold"]
    assert graded(replace(case_of(gold), gold=None), gold).problem == "no gold is known"


# ------------------------------------------------------------------ literals and previews


def test_literals_are_what_differs_and_no_input_has(tmp_path: Path) -> None:
    source = workbook(tmp_path / "in.xlsx", {"S": {"A1": "North", "B1": 1250}})
    cells: dict[str, object] = {
        "A1": "North",
        "B1": 1250,
        "C1": "Total sum",
        "D1": 98765.432,
        "E1": "ok",
    }
    gold = workbook(tmp_path / "gold.xlsx", {"S": cells})
    answer = workbook(tmp_path / "out.xlsx", {"S": {"C1": "Total sum"}})
    case = case_of(gold, "A1:E1", source)
    domain = DOMAINS["spreadsheet"]

    some = domain.literals(case, domain.grade(case, answer).mismatches)
    every = domain.literals(case, ())

    assert some == {"98765.432", "98765.43"}
    assert every == some | {"Total sum"}
    assert domain.literals(replace(case, gold=None), ()) == frozenset()


def test_inputs_that_cannot_be_read_have_no_values(gold: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.xlsx"
    source.write_bytes(b"no workbook")
    case = case_of(gold, "Sales!A1:B3", source)

    assert "Region" in DOMAINS["spreadsheet"].literals(case, ())
    assert "not an .xlsx workbook" in DOMAINS["spreadsheet"].preview(case)


def test_a_preview_shows_sheets_and_first_rows(tmp_path: Path) -> None:
    cells: dict[str, object] = {f"A{row}": f"=B{row}" for row in range(1, 30)}
    cells |= {"B1": datetime.fromisoformat("2024-01-05"), "AZ1": "far", "B2": "x" * 200}
    source = workbook(tmp_path / "in.xlsx", {"S": cells, **{f"T{n}": {} for n in range(20)}})
    (tmp_path / "in.csv").write_text("a,b\n" * 40)
    (tmp_path / "in.bin").write_bytes(b"a\0b")
    inputs = {name: tmp_path / name for name in ("in.xlsx", "in.csv", "in.bin", "gone.txt")}

    shown = DOMAINS["spreadsheet"].preview(Case({**inputs, "in.xlsx": source}, "output.xlsx"))

    assert shown.startswith("in.xlsx:\nSheet 'S', used cells A1:AZ29:\nrow 1: ['=B1', datetime.")
    assert "row 6: ['=B6'" in shown
    assert "row 7" not in shown
    assert "x" * 61 not in shown
    assert "Sheet 'T0', used cells none:" in shown
    assert "and 9 more sheets" in shown
    assert shown.count("a,b\n") == 8
    assert "(no text; 3 bytes)" in shown
    assert shown.endswith("gone.txt:\n(cannot be read)")


def test_places_that_the_gold_has_not_have_no_literals(gold: Path) -> None:
    odd = tuple(
        Mismatch(place, "", "", "") for place in ("Gone!A1", "Sales!1", "nowhere", "Sales!A3")
    )

    assert DOMAINS["spreadsheet"].literals(case_of(gold), odd) == {"South"}


# ------------------------------------------------------------------ the surroundings


def test_a_reader_that_breaks_or_hangs_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask("dance") == {"problem": "the workbook broke its reader (status 1)"}
    monkeypatch.setattr(confined, "_SECONDS", 0.001)
    assert ask("dance") == {"problem": "the workbook could not be read within 0 s"}


def test_a_package_that_is_missing_is_named() -> None:
    with pytest.raises(SurroundingsError, match="no_such_package is not") as missing:
        confined.require("no_such_package")
    assert "skillgit[spreadsheet]" in missing.value.hint


def test_without_libreoffice_there_is_no_grader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SurroundingsError, match="LibreOffice is not installed") as missing:
        graders(Grading(recalc=Recalc.LIBREOFFICE))
    assert "formualizer" in missing.value.hint


def test_a_libreoffice_that_does_nothing_is_told(
    gold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin/soffice"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))

    grade = graded(case_of(gold), gold, Grading(recalc=Recalc.LIBREOFFICE))

    assert grade.passed
    assert grade.notes["recalc problem"] == "libreoffice: it wrote nothing"
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"x")
    refused = graded(case_of(gold), broken, Grading(recalc=Recalc.LIBREOFFICE))
    assert "not an .xlsx workbook" in refused.notes["recalc problem"]


def test_graders_are_made_for_the_grading_that_is_asked_for(gold: Path) -> None:
    made = graders(Grading(strict=True, recalc=Recalc.FORMUALIZER))

    assert made["spreadsheet"].grade(case_of(gold), gold).notes == {
        "scorer": "strict",
        "recalc": "formualizer",
    }
    assert set(made) == set(DOMAINS) == {made[name].name for name in made}
