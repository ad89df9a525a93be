"""Tables as JSON: figures from −1 to 1, with six digits."""

from __future__ import annotations

from skillgit.experiments.figures import Figure
from skillgit.experiments.tables import Cell, Filled


def _figure(figure: Figure) -> dict[str, object]:
    value = figure.value
    return {
        "estimate": round(value.estimate, 6) + 0.0,
        "low": round(value.low, 6) + 0.0,
        "high": round(value.high, 6) + 0.0,
        "tasks": figure.tasks,
        "seeds": list(figure.seeds),
        "runs": figure.runs,
    }


def document(filled: Filled) -> dict[str, object]:
    """A table as JSON."""

    def told(cell: Cell) -> dict[str, object]:
        figure = _figure(cell.figure) if cell.figure else None
        return {
            "figure": figure,
            "gap": cell.gap or None,
            "notes": list(cell.notes),
            "floor": cell.floor,
            "ceiling": cell.ceiling,
        }

    return {
        "number": filled.table.number,
        "title": filled.table.title,
        "plan": filled.plan,
        "columns": [
            {
                "user": one.user,
                "measure": one.measure.name,
                "domain": one.measure.domain,
                "score": str(one.measure.score),
                "models": list(one.models),
            }
            for one in filled.columns
        ],
        "rows": [
            {
                "condition": row.label,
                "headings": list(row.headings),
                "kind": "difference" if row.is_difference else "score",
                "cells": [told(cell) for cell in row.cells],
                "average": told(row.average) if row.average else None,
                "seconds": None if row.times is None else [one.seconds for one in row.times],
                "time_notes": None if row.times is None else [one.note for one in row.times],
            }
            for row in filled.rows
        ],
        "gaps": filled.gaps,
    }
