"""Accuracy against strength, from the digits alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from design_core.kernels.published import PUBLISHED
from design_core.lab.strength import (
    STRENGTHS,
    Counted,
    accuracy_at,
    cuts_picture,
    finding,
    own_kernels,
    strengthened,
)
from design_core.lab.subset import Subset, held_out_subset, picture_subset, sample_subset
from design_core.networks.activation import activation_kernels
from design_core.networks.swap import with_kernel, with_picture
from design_core.pictures.samples import sample
from design_core.statistics import wilson_interval
from design_core.zoo.entry import open_entry

SIGN = "digits-tiny-w16-sign-affine_on"
BITS = "cifar10-vgg_small-w32-sign-affine_on-picture_design_bayer-phases-2_quantile"
DESIGN = "digits-tiny-w16-design_2x2-v2-affine_on"


@pytest.fixture(scope="module")
def digits() -> Subset:
    subset = held_out_subset(open_entry(SIGN).checkpoint.pictures, "digits", count=1000)
    assert subset is not None
    return subset


def test_strengths_go_from_sign_beyond_the_kernel() -> None:
    assert (STRENGTHS[0], STRENGTHS[-1]) == (0, 1.5)
    assert 1 in STRENGTHS


@pytest.mark.parametrize("name", [SIGN, DESIGN])
def test_at_its_own_thresholds_a_network_is_as_right_as_its_card_says(
    name: str, digits: Subset
) -> None:
    entry = open_entry(name)
    kernels = activation_kernels(entry.card.activation)
    counted = accuracy_at(entry.checkpoint, kernels, digits)
    assert counted == Counted(entry.card.result(0).right, 360)


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.5])
def test_other_thresholds_by_plain_forward_passes(strength: float, digits: Subset) -> None:
    checkpoint = open_entry(DESIGN).checkpoint
    kernel = PUBLISHED["2x2-v1"].scaled(offset=0.125)
    model = with_kernel(checkpoint.model, None)
    with torch.inference_mode():
        if strength:
            scaled = strength * kernel.thresholds
            model = with_kernel(checkpoint.model, kernel.from_thresholds(scaled))
        logits = model(checkpoint.pictures.normalized(digits.pixels))
    right = int((logits.argmax(1) == digits.labels).sum())
    assert accuracy_at(checkpoint, strengthened((kernel,), strength), digits).right == right


def test_scaled_thresholds() -> None:
    kernel = PUBLISHED["2x2-v2"].scaled(strength=0.5, offset=0.25)
    doubled, sign = strengthened((kernel, None), 2)
    assert doubled is not None
    assert doubled.thresholds == pytest.approx(2 * kernel.thresholds)
    assert sign is None
    assert strengthened((kernel,), 1) == (kernel,)
    assert strengthened((kernel,), 0) == strengthened((kernel, None), 0) == (None,)


def test_a_chain_is_scaled_part_by_part(digits: Subset) -> None:
    checkpoint = open_entry(DESIGN).checkpoint
    chain = activation_kernels("design:2x2-v1 then uniform:2x2-v2")
    first, then = strengthened(chain, 0.5)
    model = with_kernel(checkpoint.model, first, then)
    with torch.inference_mode():
        logits = model(checkpoint.pictures.normalized(digits.pixels))
    right = int((logits.argmax(1) == digits.labels).sum())
    assert accuracy_at(checkpoint, (first, then), digits).right == right


def test_progress_and_a_way_to_stop(digits: Subset) -> None:
    checkpoint = open_entry(SIGN).checkpoint
    told: list[tuple[int, int]] = []
    accuracy_at(checkpoint, (None,), digits, progress=lambda *done: told.append(done))
    assert told == [(done, 360) for done in range(0, 360, 50)]

    def stop(done: int, _: int) -> None:
        if done >= 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        accuracy_at(checkpoint, (None,), digits, progress=stop)


def test_counts() -> None:
    counted = Counted(8, 10)
    assert counted.accuracy == 0.8
    assert counted.interval == wilson_interval(8, 10)


def test_the_finding_is_on_the_network_that_moves_most() -> None:
    steady = {0.0: Counted(9, 10), 1.0: Counted(9, 10)}
    moved = {0.0: Counted(8, 10), 0.5: Counted(3, 10), 1.0: Counted(7, 10)}
    assert finding({"Sign": steady, "DeSign 2D": moved}) == (
        "DeSign 2D moves most: 80.0 % right at factor 0, 30.0 % at factor 0.5."
    )
    assert finding({"Sign": steady}) == "Sign is right on 90.0 % whatever the factor."


def test_what_has_no_accuracy(digits: Subset) -> None:
    checkpoint = open_entry(SIGN).checkpoint
    with pytest.raises(ValueError, match="needs pictures of known classes"):
        accuracy_at(checkpoint, (None,), picture_subset(checkpoint.pictures, sample("digit-3")))
    spec = replace(checkpoint.spec, options={**checkpoint.spec.options, "activation": "relu"})
    real = replace(checkpoint, spec=spec, model=spec.build().eval())
    with pytest.raises(ValueError, match="no binary activation"):
        accuracy_at(real, (None,), digits)


def test_networks_of_one_bit_pictures_are_scaled_at_the_picture() -> None:
    checkpoint = open_entry(BITS).checkpoint
    assert cuts_picture(checkpoint)
    assert not cuts_picture(open_entry(DESIGN).checkpoint)
    (own,) = own_kernels(checkpoint)
    samples = sample_subset(checkpoint.pictures, "cifar10")
    assert own is not None
    assert samples is not None
    for strength in (0.0, 0.5, 1.0):
        scaled = own.scaled(strength=strength * own.scale.strength) if strength else None
        model = with_picture(checkpoint.model, scaled)
        with torch.inference_mode():
            logits = model(checkpoint.pictures.normalized(samples.pixels))
        right = int((logits.argmax(1) == samples.labels).sum())
        assert accuracy_at(checkpoint, strengthened((own,), strength), samples).right == right
