"""Cards made up for tests: another network and other results than any of the zoo."""

from __future__ import annotations

from dataclasses import replace

from design_core.zoo.card import Card, find_card

__all__ = ["DESIGN_OFF", "DESIGN_ON", "SIGN_OFF", "SIGN_ON", "made_card"]


def made_card(activation: str, affine: bool, accuracies: dict[int, float]) -> Card:
    """A card of the digits with accuracies by seed."""
    base, _ = find_card("digits-tiny-w16-sign-affine_on")
    results = tuple(
        replace(base.results[0], seed=seed, accuracy=value) for seed, value in accuracies.items()
    )
    network = {**base.network, "activation": activation, "affine": affine}
    return replace(base, name=f"{activation}-{affine}", network=network, results=results)


SIGN_OFF = made_card("sign", False, {0: 0.70, 1: 0.71, 2: 0.70})
SIGN_ON = made_card("sign", True, {0: 0.75, 1: 0.77, 2: 0.76})
DESIGN_OFF = made_card("design:2x2-v2", False, {0: 0.73, 1: 0.75, 2: 0.72})
DESIGN_ON = made_card("design:2x2-v2", True, {0: 0.76, 1: 0.77, 3: 0.80})
