"""`train` of any module: that it learns, repeats itself, and refuses what cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from design_core.networks.conversion import make_binary
from design_core.training.data import TrainingData, load_data
from design_core.training.trainer import train


def network() -> nn.Module:
    torch.manual_seed(1)
    plain = nn.Sequential(
        *(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 8, 3, padding=1), nn.MaxPool2d(2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Flatten(), nn.Dropout(0.1), nn.Linear(128, 10)),
    )
    return make_binary(plain, "design:2x2-v2")[0]


def test_a_plain_module_learns_digits_and_repeats_itself() -> None:
    torch.set_num_threads(1)
    data, heard = load_data("digits"), list[dict[str, Any]]()
    first, second = network(), network()
    state = torch.random.get_rng_state()
    lines = train(first, data, epochs=5, seed=5, after_epoch=heard.append)
    assert torch.equal(torch.random.get_rng_state(), state)  # a caller's own draws go on unchanged
    torch.rand(1)
    again = train(second, data, epochs=5, seed=5)
    assert heard == lines
    assert [line["loss"] for line in again] == [line["loss"] for line in lines]
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name]), name
    assert lines[-1]["test_accuracy"] > 0.8
    assert set(lines[-1]["flip_ratio"]) == {"3"}
    assert set(lines[-1]["density"]) == {"2", "6"}
    assert not first.training


def test_settings_are_those_of_recipes() -> None:
    data = load_data("digits")
    with pytest.raises(ValueError, match="A recipe has no entry 'epoch'"):
        train(network(), data, epoch=3)
    with pytest.raises(ValueError, match="must not exceed the 1437 training pictures"):
        train(network(), data, batch_size=2000)
    with pytest.raises(ValueError, match="optimizer is one of"):
        train(network(), data, optimizer="adam")


def test_a_callback_ends_a_training() -> None:
    with pytest.raises(KeyboardInterrupt):
        train(network(), load_data("digits"), epochs=1, after_epoch=_stop)


def _stop(_: dict[str, Any]) -> None:
    raise KeyboardInterrupt


def test_a_network_without_binary_parts_is_trained_as_well() -> None:
    plain = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    (line,) = train(plain, load_data("digits"), epochs=1)
    assert line["density"] == {} == line["flip_ratio"]
    assert line["test_accuracy"] > 0.5


def test_arrays_become_a_data_set() -> None:
    generator = np.random.default_rng(0)
    x = generator.integers(0, 256, (10, 4, 4), dtype=np.uint8)
    y = np.arange(10) % 2
    data = TrainingData.of(x, y, class_names=("even", "odd"), test=0.3)
    assert data.train_x.shape == (7, 4, 4, 1)
    assert data.test_x.shape == (3, 4, 4, 1)
    pairs = {one.tobytes(): int(k) for one, k in zip(x, y, strict=True)}
    for part, labels in ((data.train_x, data.train_y), (data.test_x, data.test_y)):
        for picture, label in zip(part, labels, strict=True):
            assert pairs[picture.numpy().tobytes()] == label
    form = data.form
    assert form.shape == (1, 4, 4)
    assert form.class_names == ("even", "odd")
    given = data.input(data.train_x)
    assert given.shape == (7, 1, 4, 4)
    assert abs(float(given.mean())) < 1e-5
    assert float(given.std(correction=0)) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((4, 4)), [0] * 4, "Pictures are uint8"),
        (np.zeros((4, 2, 2), np.uint8), [0, 1], "Classes are whole numbers of shape"),
        (np.zeros((4, 2, 2), np.uint8), [0, 1, -1, 1], "Classes count from 0"),
        (np.zeros((1, 2, 2), np.uint8), [0], "Of 1 pictures, 1 would be for training"),
    ],
)
def test_arrays_that_are_no_data_set_are_refused(x: Any, y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingData.of(x, y)
