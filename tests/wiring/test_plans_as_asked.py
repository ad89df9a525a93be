"""What the command line says stands above what a plan says."""

from __future__ import annotations

from pathlib import Path

from skillgit.wiring.experiments.plans import ExperimentErrand, read_plans


def test_another_model_is_sampled_by_the_settings_but_for_what_is_said(tmp_path: Path) -> None:
    errand = ExperimentErrand(
        plans=("table-2",),
        out=tmp_path,
        replaced={
            "settings.endpoint.merge.max_tokens": "512",
            "models.35B.settings.endpoint.agent.top_k": "7",
        },
        options={"endpoint.base_url": ("http://127.0.0.1:9/v1",)},
        start=tmp_path,
    )
    (plan,) = read_plans(errand)
    large, small = (dict(plan.models[name].settings) for name in ("122B", "35B"))

    assert {key: value for key, value in large.items() if key.startswith("endpoint.")} == {
        "endpoint.merge.max_tokens": 512
    }
    assert small["endpoint.agent.top_k"] == 7
    assert small["consolidate.merge_batch"] == 32
    assert "endpoint.success.thinking" not in small
