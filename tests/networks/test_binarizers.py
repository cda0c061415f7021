"""Binarizers against their equations."""

from __future__ import annotations

import math

import pytest
import torch

from design_core.networks.binarizers import BINARIZERS, Recu, build_binarizer, recu_quantile

LATENT = torch.tensor([[0.5, -2.0, 0.0], [-0.25, 0.75, 1.5]])
GRADIENT = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def effective_gradient(name: str, latent: torch.Tensor) -> torch.Tensor:
    """Gradient at the latent weights when GRADIENT arrives at the effective weights αB."""
    latent = latent.clone().requires_grad_()
    bits, scale = build_binarizer(name, len(latent))(latent)
    effective = bits if scale is None else bits * scale.reshape(-1, 1)
    effective.backward(GRADIENT)
    assert latent.grad is not None
    return latent.grad


@pytest.mark.parametrize("name", BINARIZERS)
def test_bits_have_two_values_and_the_shape_of_the_weights(name: str) -> None:
    latent = torch.randn(5, 4, 3, 3)
    latent[0, 0] = 0
    bits, scale = build_binarizer(name, 5)(latent)
    assert bits.shape == latent.shape
    assert set(bits.unique().tolist()) == {-1.0, 1.0}
    assert scale is None or scale.shape in ((), (5,))


@pytest.mark.parametrize("name", ["bnn", "xnor", "dorefa"])
def test_a_zero_weight_is_plus_one(name: str) -> None:
    bits, _ = build_binarizer(name, 2)(LATENT)
    assert bits.tolist() == [[1, -1, 1], [-1, 1, 1]]


def test_bnn_passes_the_gradient_inside_the_clip_range() -> None:
    assert effective_gradient("bnn", LATENT).tolist() == [[1, 0, 3], [4, 5, 0]]


def test_bnn_clips_latent_weights() -> None:
    latent = LATENT.clone()
    build_binarizer("bnn", 2).constrain_(latent)
    assert latent.tolist() == [[0.5, -1, 0], [-0.25, 0.75, 1]]


def test_xnor_scale_is_the_mean_magnitude_per_output() -> None:
    _, scale = build_binarizer("xnor", 2)(LATENT)
    torch.testing.assert_close(scale, torch.tensor([2.5 / 3, 2.5 / 3]))


def test_xnor_gradient_follows_the_paper() -> None:
    bits = torch.tensor([[1.0, -1, 1], [-1, 1, 1]])
    scale = LATENT.abs().mean(1, keepdim=True)
    through_bits = GRADIENT * scale * (LATENT.abs() <= 1)
    # torch's |w| has derivative 0 at 0.
    through_scale = LATENT.sign() / 3 * (GRADIENT * bits).sum(1, keepdim=True)
    torch.testing.assert_close(effective_gradient("xnor", LATENT), through_bits + through_scale)


def test_dorefa_scale_is_the_mean_magnitude_of_the_layer() -> None:
    _, scale = build_binarizer("dorefa", 2)(LATENT)
    assert scale is not None
    assert scale.item() == pytest.approx(5 / 6)


def test_dorefa_gradient_is_the_identity() -> None:
    torch.testing.assert_close(effective_gradient("dorefa", LATENT), GRADIENT)


def test_dorefa_survives_weights_that_are_all_zero() -> None:
    bits, scale = build_binarizer("dorefa", 2)(torch.zeros(2, 3))
    assert scale is not None
    assert bits.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert scale.item() == 0


def test_recu_takes_the_sign_of_centred_weights() -> None:
    latent = torch.tensor([[1.0, 2.0, 6.0], [-3.0, -1.0, -2.5]])
    bits, scale = build_binarizer("recu", 2)(latent)
    assert bits.tolist() == [[-1, -1, 1], [-1, 1, -1]]
    assert scale is not None
    assert scale.tolist() == [1, 1]


def test_recu_gradient_against_the_clamped_weights_by_autograd() -> None:
    torch.manual_seed(0)
    latent = torch.randn(4, 50, dtype=torch.float64).exp().requires_grad_()
    gradient = torch.randn(4, 50, dtype=torch.float64)
    bits, _ = Recu(4).double()(latent)
    (ours,) = torch.autograd.grad(bits, latent, gradient)
    standard = (latent - latent.mean(1, keepdim=True)) / (latent.var(1, keepdim=True) + 1e-5).sqrt()
    quantile = -standard.abs().mean() * math.log(2 - 2 * 0.85)
    inside = standard.abs() < quantile
    clamped = torch.where(inside, standard, quantile * standard.sign())
    (theirs,) = torch.autograd.grad(clamped, latent, gradient)
    assert not inside.all()
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-9)


def test_recu_quantile_rises_from_its_start_to_its_end() -> None:
    assert recu_quantile(0) == pytest.approx(0.85)
    assert recu_quantile(1) == pytest.approx(0.99)
    middle = 0.85 + 0.14 * (math.sqrt(math.e) - 1) / (math.e - 1)
    assert recu_quantile(0.5) == pytest.approx(middle)


def test_unknown_binarizer_is_refused() -> None:
    with pytest.raises(ValueError, match="Unknown weight binarizer 'ternary'; choose one of bnn"):
        build_binarizer("ternary", 2)
