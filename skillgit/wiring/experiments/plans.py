"""What a person asked `skillgit experiment` for, and the plans that this names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from skillgit.endpoint.caps import Caps
from skillgit.errors import UsageError
from skillgit.experiments.plan import ModelChoice, Plan, Throughput


@dataclass(frozen=True, slots=True)
class ExperimentErrand:
    """What a person asked `skillgit experiment` for, as they said it."""

    plans: tuple[str, ...]
    """Files, or names of plans that come along."""
    out: Path
    replaced: Mapping[str, str] = field(default_factory=dict)
    """Values that stand for those of the plans, by dotted path."""
    tables: tuple[int, ...] = ()
    """None: all."""
    limit: int = 0
    options: Mapping[str, object] = field(default_factory=dict)
    """Settings of every model, whatever the plan says."""
    throughputs: Mapping[str, Throughput] = field(default_factory=dict)
    start: Path = Path()
    replay: bool = False
    unsafe: bool = False
    rights_held: bool = False
    at_once: int = 1
    """Steps at the same time at each endpoint."""
    caps: Caps = field(default_factory=Caps)
    """What all steps together may spend."""
    only_kept: bool = False
    """Make nothing: show what is there."""


def read_plans(errand: ExperimentErrand) -> tuple[Plan, ...]:
    """The plans that were named, as far as tables and tasks are wanted."""
    from skillgit.experiments.reading import read_plan  # noqa: PLC0415 - PyYAML

    found = []
    for name in errand.plans:
        path = _plan_file(name, errand.start)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"reading the plan {path}: {error}", hint="it must be UTF-8"
            ) from error
        home = errand.start if path.parent == _shipped() else path.parent
        plan = read_plan(text, str(path), home, errand.replaced)
        found.append(_wanted(plan, errand, str(path)))
    chosen = tuple(plan for plan in found if plan.tables)
    if not chosen:
        numbers = ", ".join(map(str, errand.tables))
        raise UsageError(
            f"choosing tables of {', '.join(errand.plans)}: there is no table {numbers}",
            hint="leave --table out to see all",
        )
    return chosen


def _plan_file(name: str, start: Path) -> Path:
    path = start / name
    shipped = _shipped() / f"{name}.yaml"
    if path.is_file():
        return path
    if "/" not in name and shipped.is_file():
        return shipped
    known = ", ".join(sorted(one.stem for one in _shipped().glob("*.yaml")))
    raise UsageError(
        f"reading the plan {name}: there is no such file",
        hint=f"name a YAML file, or one that comes along: {known}",
    )


def _shipped() -> Path:
    from skillgit.adapters.resources import resource  # noqa: PLC0415 - looks at the disk

    return resource("templates", "experiments")


def _wanted(plan: Plan, errand: ExperimentErrand, origin: str) -> Plan:
    if errand.tables:
        tables = tuple(one for one in plan.tables if one.number in errand.tables)
        plan = replace(plan, tables=tables)
    for name in errand.throughputs:
        if name not in plan.models:
            raise UsageError(
                f"reading --throughput {name}: the plan {origin} has no such model",
                hint=f"it has {', '.join(plan.models)}",
            )
    models = {
        name: replace(one, throughput=errand.throughputs.get(name, one.throughput))
        for name, one in plan.models.items()
    }
    plan = replace(plan, models={name: _told(one, errand) for name, one in models.items()})
    return plan.miniature(errand.limit) if errand.limit else plan


def _told(model: ModelChoice, errand: ExperimentErrand) -> ModelChoice:
    """A model as the command line wants it: --base-url and --model stand for those of all.

    Another model has other needs and another speed: how the plan's own is sampled is left to the
    settings then, but for what --set says.
    """
    options = {key: value for key, value in errand.options.items() if value is not None}
    url, name = options.get("endpoint.base_url"), options.get("endpoint.model")
    if not url and not name:
        return model
    joined = " ".join(map(str, url)) if isinstance(url, tuple | list) else str(url or "")
    said = {path.rpartition("settings.")[2] for path in errand.replaced}
    settings = tuple(
        (key, value)
        for key, value in model.settings
        if not key.startswith("endpoint.") or key in said
    )
    return replace(
        model,
        base_url=joined or model.base_url,
        model=str(name or ""),
        settings=settings,
        throughput=errand.throughputs.get(model.name),
    )
