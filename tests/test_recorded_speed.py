"""Figures of the 1-bit engine in the results are the recorded ones, which Speed shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from design_core.engine.report import recorded

RESULTS = (Path(__file__).parents[1] / "docs" / "results.md").read_text(encoding="utf-8")
REPORT = recorded()


def test_the_record_is_worth_showing() -> None:
    assert not REPORT.disturbed
    assert REPORT.compiled
    assert REPORT.combinations == [(1, 1), (1, 2), (64, 1), (64, 2)]
    for combination in REPORT.combinations:
        assert len(REPORT.layers_at(*combination)) == 5
        assert len(REPORT.networks_at(*combination)) == 4


@pytest.mark.parametrize("batch", [1, 64])
def test_ratios_are_as_stated(batch: int) -> None:
    rows = [line.split(" | ") for line in RESULTS.splitlines() if line.startswith("| ")]
    stated = {row[0].removeprefix("| "): row[1:] for row in rows}
    column = {1: 0, 64: 1}[batch]
    for one in [*REPORT.layers_at(batch, 1), *REPORT.networks_at(batch, 1)]:
        cell = stated[f"`{one.name}`"][column].removesuffix(" |")
        assert cell == f"{one.ratio:.1f} × ({one.fp32_ms:.3g} → {one.packed_ms:.2g} ms)"


def test_sizes_are_as_stated() -> None:
    ratios = {one.name: one.size_ratio for one in REPORT.networks_at(1, 1)}
    real, binary = (
        ratios[name] for name in ("vgg_small, design:2x2-v2", "vgg_small all binary, design:2x2-v2")
    )
    assert f"**{real:.0f} × smaller** than float32" in RESULTS
    assert f"**{binary:.0f} ×** with binary first and last layers" in RESULTS
    assert f"DeSign takes {REPORT.design_over_sign:.2f} × the time of Sign" in RESULTS
