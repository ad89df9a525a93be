"""A workbook of texts and numbers, byte for byte the same wherever and whenever it is written.

A task's digest covers its inputs: neither the time nor the version of a library may be in them, so
nothing is compressed and no library is asked.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

Cell: TypeAlias = str | int | float | None
Rows: TypeAlias = Sequence[Sequence[Cell]]

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_NAMES = "http://schemas.openxmlformats.org"
_MAIN = f"{_NAMES}/spreadsheetml/2006/main"
_LINKS = f"{_NAMES}/officeDocument/2006/relationships"
_PARTS = f"{_NAMES}/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_LETTERS = 26
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
# Excel has escapes for what XML cannot hold, but openpyxl and pandas do not know them.
_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def plain_book(sheets: Mapping[str, Rows]) -> bytes:
    """The workbook with these sheets, in their order; None and "" are empty cells.

    Control characters become blanks.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, text in _parts(sheets):
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.create_system = 0  # else it tells on which system it was written
            archive.writestr(entry, _HEAD + text)
    return packed.getvalue()


def _parts(sheets: Mapping[str, Rows]) -> Iterator[tuple[str, str]]:
    numbers = range(1, len(sheets) + 1)
    yield (
        "[Content_Types].xml",
        _element(
            f'Types xmlns="{_PARTS}/content-types"',
            '<Default Extension="rels"'
            ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>',
            f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>',
            f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>',
            *(
                f'<Override PartName="/xl/worksheets/sheet{n}.xml"'
                f' ContentType="{_KIND}.worksheet+xml"/>'
                for n in numbers
            ),
        ),
    )
    yield "_rels/.rels", _links([("officeDocument", "xl/workbook.xml")])
    targets = [("worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
    yield "xl/_rels/workbook.xml.rels", _links([*targets, ("styles", "styles.xml")])
    listed = (
        f'<sheet name="{_escaped(name)}" sheetId="{n}" r:id="rId{n}"/>'
        for n, name in zip(numbers, sheets, strict=True)
    )
    book = f'workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"'
    yield "xl/workbook.xml", _element(book, _element("sheets", *listed))
    yield "xl/styles.xml", _styles()
    for n, rows in zip(numbers, sheets.values(), strict=True):
        filled = (_row(number, row) for number, row in enumerate(rows, 1))
        sheet = f'worksheet xmlns="{_MAIN}"'
        yield f"xl/worksheets/sheet{n}.xml", _element(sheet, _element("sheetData", *filled))


def _element(opened: str, *inner: str) -> str:
    return f"<{opened}>{''.join(inner)}</{opened.partition(' ')[0]}>"


def _links(targets: Sequence[tuple[str, str]]) -> str:
    return _element(
        f'Relationships xmlns="{_PARTS}/relationships"',
        *(
            f'<Relationship Id="rId{n}" Type="{_LINKS}/{kind}" Target="{target}"/>'
            for n, (kind, target) in enumerate(targets, 1)
        ),
    )


def _styles() -> str:
    """The least that every reader is content with."""
    return _element(
        f'styleSheet xmlns="{_MAIN}"',
        '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>',
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>',
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>',
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
        '</cellStyleXfs><cellXfs count="1">'
        '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>',
    )


def _row(number: int, row: Sequence[Cell]) -> str:
    cells = (
        _cell(f"{_column(n)}{number}", value)
        for n, value in enumerate(row, 1)
        if value not in (None, "")
    )
    return _element(f'row r="{number}"', *cells)


def _cell(name: str, value: Cell) -> str:
    if not isinstance(value, str):
        return f'<c r="{name}"><v>{value!r}</v></c>'
    text = _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", value)
    text = _UNFIT.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = f'<t xml:space="preserve">{_escaped(text)}</t>'
    return f'<c r="{name}" t="inlineStr"><is>{kept}</is></c>'


def _escaped(text: str) -> str:
    for sign, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot")):
        text = text.replace(sign, f"&{name};")
    return text


def _column(number: int) -> str:
    name = ""
    while number:
        number, rest = divmod(number - 1, _LETTERS)
        name = chr(ord("A") + rest) + name
    return name
