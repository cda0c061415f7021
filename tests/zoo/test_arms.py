"""Arms: every one is told apart, and what is none has a name too."""

from __future__ import annotations

import pytest

from design_core.networks.activation import build_activation
from design_core.networks.picture import build_picture_cut
from design_core.zoo.arms import ARMS, PICTURE_ARMS, arm_of, candidate_kernel, picture_arm


def test_our_own_kernel_keeps_the_mean_and_halves_the_spread() -> None:
    thresholds = candidate_kernel().thresholds
    published = (0.6310055699305364 + 0.9671384551810105) / 2
    assert thresholds.shape == (1, 4, 4)
    assert thresholds.mean() == pytest.approx(published, abs=1e-3)
    assert thresholds.max() - thresholds.min() == pytest.approx(0.168, abs=2e-2)
    assert arm_of(ARMS["own"].activation).title.startswith("own kernel")
    assert arm_of("relu").title == "relu"


@pytest.mark.parametrize("arms", [ARMS, PICTURE_ARMS])
@pytest.mark.parametrize("quality", ["activation", "title", "short"])
def test_no_two_arms_share_what_they_are_called(arms: dict[str, object], quality: str) -> None:
    told = [getattr(arm, quality) for arm in arms.values()]
    assert len(set(told)) == len(told)
    assert [arm.key for arm in arms.values()] == list(arms)  # type: ignore[attr-defined]


def test_every_arm_can_be_built() -> None:
    for arm in ARMS.values():
        build_activation(arm.activation)
        assert arm_of(arm.activation) is arm
    for cut in PICTURE_ARMS.values():
        assert (build_picture_cut(cut.activation, 3) is None) == (cut.key == "real")
        assert picture_arm(cut.activation) is cut
