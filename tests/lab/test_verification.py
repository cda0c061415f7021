"""The 1-bit engine against PyTorch on whole test sets; the embedded digits here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from design_core.__main__ import main
from design_core.lab.verification import TOLERANCE, Verification, verify_engine
from design_core.networks import NetworkSpec, build_network
from design_core.training.data import load_data
from design_core.zoo.entry import open_entry

SIGN = "digits-tiny-w16-sign-affine_on"


def test_all_digits_get_the_same_class(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zoo", "verify", "--only", "digits-tiny-w16-[sd]*-affine_on"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 10
    count = len(load_data("digits").test_x)
    assert all(f"same class for {count:,} of {count:,} pictures" in line for line in lines)


def test_without_its_data_a_network_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zoo", "verify", "--only", "cifar10-*-sign-affine_on"]) == 0
    assert "left out; say where cifar10 lies" in capsys.readouterr().out


def test_another_network_is_told_apart() -> None:
    checkpoint = replace(open_entry(SIGN).checkpoint)
    # The engine's network of one seed, PyTorch's of another.
    checkpoint.__dict__["packed"] = open_entry(f"{SIGN}@1").checkpoint.packed
    found = verify_engine(checkpoint, load_data("digits"))
    assert found is not None
    assert not found.holds
    assert found.same_class < found.pictures
    assert found.largest_difference > TOLERANCE


def test_what_holds() -> None:
    assert Verification(10, 10, 10, TOLERANCE).holds
    assert not Verification(10, 10, 9, 0.0).holds
    assert not Verification(10, 10, 10, 2 * TOLERANCE).holds
    assert not Verification(10, 70, 10, 0.0).holds
    assert "70 of 70 pixels of 10 pictures" in str(Verification(10, 70, 70, 0.0))


def test_real_activations_are_not_for_the_engine() -> None:
    spec = NetworkSpec("tiny", {"activation": "hardtanh"})
    model = build_network("tiny", activation="hardtanh").eval()
    checkpoint = replace(open_entry(SIGN).checkpoint, spec=spec, model=model)
    assert verify_engine(checkpoint, load_data("digits")) is None
