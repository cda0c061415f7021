"""Answers to perturbed pictures, against one forward pass at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from design_core.lab.perturbation_response import (
    Held,
    Response,
    _in_pytorch,
    _on_engine,
    holding,
    longest_held,
    respond,
)
from design_core.networks import NetworkSpec, activation_maps
from design_core.pictures.perturbations import PERTURBATIONS, Pixels
from design_core.pictures.samples import sample
from design_core.scores import total_variation
from design_core.zoo.checkpoint import Checkpoint, PictureForm
from design_core.zoo.entry import open_entry

SIGN = "digits-tiny-w16-sign-affine_on"
DESIGN = "digits-tiny-w16-design_2x2-v2-affine_on"


@pytest.fixture(scope="module")
def network() -> Checkpoint:
    return open_entry(DESIGN).checkpoint


@pytest.fixture(scope="module")
def digit(network: Checkpoint) -> Pixels:
    return network.pictures.pixels(sample("digit-3"))[0].numpy()


def made_up(keeps: list[bool], *, mildest: int) -> Response:
    """A response of two classes that keeps its class just there."""
    count = len(keeps)
    zeros = np.zeros(count)
    return Response(
        perturbation=replace(
            PERTURBATIONS["blur"],
            strengths=tuple(map(float, range(count))),
            mildest=float(mildest),
        ),
        classes=("a", "b"),
        clean=np.array([0.2, 0.8]),
        probabilities=np.array([[0.3, 0.7] if kept else [0.6, 0.4] for kept in keeps]),
        flipped={"block1": zeros + 0.25, "block2": zeros + 0.75},
        clean_tv=0.0,
        tv=zeros,
        psnr=zeros,
    )


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_every_strength_is_one_forward_pass(name: str, network: Checkpoint, digit: Pixels) -> None:
    perturbation = PERTURBATIONS[name]
    response = respond(network, digit, perturbation, seed=2)
    clean = network.probabilities(torch.from_numpy(digit)[None])[0]
    assert response.clean == pytest.approx(clean.double().numpy())
    assert response.clean_class == network.pictures.class_names[int(clean.argmax())]

    def bits(pixels: Pixels) -> dict[str, np.ndarray]:
        x = network.pictures.normalized(torch.from_numpy(pixels)[None])
        return {tap.name: tap.y[0].numpy() > 0 for tap in activation_maps(network.model, x)[1]}

    before = bits(digit)
    assert list(response.flipped) == ["block1", "block2", "block3", "block4"]
    for strength in (perturbation.start, perturbation.strengths[0]):
        k = response.index(strength)
        perturbed = perturbation(digit, strength, seed=2)
        after = bits(perturbed)
        expected = network.probabilities(torch.from_numpy(perturbed)[None])[0]
        assert response.probabilities[k] == pytest.approx(expected.double().numpy())
        for block, flipped in response.flipped.items():
            count = sum(a != b for a, b in zip(after[block].flat, before[block].flat, strict=True))
            assert flipped[k] == count / before[block].size
        assert response.tv[k] == pytest.approx(total_variation(after["block1"]).mean())
        mean = np.mean([flipped[k] for flipped in response.flipped.values()])
        assert response.all_flipped[k] == pytest.approx(mean)
        assert response.confidence[k] == response.probabilities[k, int(clean.argmax())]
        assert response.keeps[k] == (expected.argmax() == clean.argmax())
    if name != "jpeg":
        k = response.index(perturbation.mildest)
        assert response.all_flipped[k] == 0
        assert np.isinf(response.psnr[k])
        assert response.tv[k] == response.clean_tv
        assert response.probabilities[k].tolist() == response.clean.tolist()


@pytest.mark.parametrize(
    ("keeps", "mildest", "held"),
    [
        ([True, True, True], 0, Held(0, 2, 2, True)),
        ([True, True, False, True], 0, Held(0, 1, 1, False)),
        ([True, False, True, True, False, True], 3, Held(2, 3, 1, False)),
        ([True, False, True], 1, None),
    ],
)
def test_where_the_class_stays(keeps: list[bool], mildest: int, held: Held | None) -> None:
    assert made_up(keeps, mildest=mildest).held() == held


def test_who_holds_longest() -> None:
    long, short = made_up([True, True], mildest=0), made_up([True, False], mildest=0)
    lost = made_up([False, True], mildest=0)
    assert longest_held({"a": long, "b": short, "c": lost}) == ["a"]
    assert longest_held({"a": short, "b": long, "c": long}) == ["b", "c"]
    assert longest_held({"a": lost}) == ["a"]


def test_who_holds_longest_in_a_sentence() -> None:
    long, short = (made_up([True] * k + [False] * (4 - k), mildest=0) for k in (3, 2))
    everywhere, nowhere = made_up([True] * 4, mildest=0), made_up([True, False], mildest=1)
    assert holding({"Sign": short, "DeSign": long}) == (
        "Blur: DeSign keeps its class longest, up to 2 px; Sign up to 1 px."
    )
    assert holding({"Sign": short, "DeSign": long}, true_class="b").count("wrong") == 0
    assert holding({"Sign": short, "DeSign": long}, true_class="a") == (
        "Blur: DeSign keeps its class longest, up to 2 px (a wrong one); Sign up to 1 px (a wrong "
        "one)."
    )
    assert holding({"A": long, "B": long, "C": short}) == (
        "Blur: A and B keep their class longest, up to 2 px; C up to 1 px."
    )
    steadier = replace(everywhere, flipped={"block1": np.full(4, 0.125)})
    assert holding({"A": everywhere, "B": steadier}) == (
        "Blur: A and B alike keep their class over the whole range; B flips the fewest bits."
    )
    assert holding({"A": nowhere}) == "Blur: A keeps its class not even at 1 px."
    assert holding({"A": made_up([True, False], mildest=0)}) == (
        "Blur: A keeps its class at no strength at all."
    )
    both_sides = made_up([False, True, True, True, True], mildest=2)
    assert holding({"A": both_sides}) == "Blur: A keeps its class from 1 to 4 px."


def test_no_such_strength() -> None:
    with pytest.raises(ValueError, match=r"The strengths are \[0\.0, 1\.0\]; got 0\.5"):
        made_up([True, True], mildest=0).index(0.5)


def test_the_engine_and_pytorch_see_the_same_bits(network: Checkpoint, digit: Pixels) -> None:
    pictures = [PERTURBATIONS["noise"](digit, s) for s in PERTURBATIONS["noise"].strengths]
    x = network.pictures.normalized(torch.from_numpy(np.stack(pictures)))
    found = _on_engine(network, x)
    assert found is not None
    scores, bits = _in_pytorch(network, x)
    assert found[0].numpy() == pytest.approx(scores.numpy(), abs=1e-5)
    assert found[1].keys() == bits.keys()
    for block, expected in bits.items():
        assert (found[1][block] == expected).all()


def test_residual_networks_answer_in_pytorch() -> None:
    spec = NetworkSpec("resnet20", {"width": 4, "activation": "design:2x2-v2"})
    form = PictureForm((3, 32, 32), (0.5,) * 3, (0.25,) * 3, tuple("0123456789"))
    torch.manual_seed(0)
    residual = Checkpoint(spec, spec.build().eval(), form)
    pixels = sample("cifar10-00").pixels.astype(np.uint8)
    response = respond(residual, pixels, PERTURBATIONS["shift-down"])
    assert list(response.flipped) == [f"unit{k}" for k in range(1, 19)]
    assert response.all_flipped[response.index(0)] == 0


def test_real_activations_have_signs_too(network: Checkpoint, digit: Pixels) -> None:
    spec = replace(network.spec, options={**network.spec.options, "activation": "hardtanh"})
    torch.manual_seed(0)
    real = Checkpoint(spec, spec.build().eval(), network.pictures)
    response = respond(real, digit, PERTURBATIONS["brightness"])
    assert 0 < response.all_flipped[0] < 1
