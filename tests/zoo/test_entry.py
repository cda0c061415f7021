"""Networks of the zoo in use, from what comes with the project alone."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from design_core.engine import pack
from design_core.lab.feature_maps import extract_maps
from design_core.networks import NetworkSpec, build_network
from design_core.networks.activation import REAL_ACTIVATIONS
from design_core.pictures.samples import sample
from design_core.search.sources import MapOptions, open_tables
from design_core.search.tables import estimate_tables
from design_core.study.markdown_tables import comparisons
from design_core.training.data import load_data
from design_core.zoo.card import CHECKPOINTS, Card, load_cards
from design_core.zoo.checkpoint import Checkpoint, CheckpointError
from design_core.zoo.collect import evaluate_checkpoint
from design_core.zoo.entry import layer_maps, open_entry

SIGN = "digits-tiny-w16-sign-affine_on"
DESIGN = "digits-tiny-w16-design_2x2-v2-affine_on"


@pytest.mark.parametrize("name", [SIGN, DESIGN])
@pytest.mark.parametrize("seed", range(5))
def test_digits_are_as_right_as_their_card_says(name: str, seed: int) -> None:
    entry = open_entry(f"{name}@{seed}")
    tested = evaluate_checkpoint(entry.checkpoint, load_data("digits"))
    result = entry.card.result(seed)
    assert int((tested.predictions == tested.labels).sum()) == result.right
    assert tested.accuracy == result.accuracy
    assert tested.density == pytest.approx(result.density)
    assert np.array_equal(tested.predictions, entry.card.predictions(seed)[0])


@pytest.mark.parametrize("card", load_cards(), ids=lambda card: card.name)
def test_every_network_of_the_zoo_opens_and_predicts(card: object) -> None:
    entry = open_entry(card.name)  # type: ignore[attr-defined]
    shares = entry.probabilities(sample("cifar10-00"))
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    assert list(shares) == entry.card.data["class_names"]


def test_a_file_that_is_not_the_cards_is_refused(tmp_path: Path) -> None:
    shutil.copytree(CHECKPOINTS / SIGN, tmp_path / SIGN)
    shutil.copyfile(tmp_path / SIGN / "seed-1.safetensors", tmp_path / SIGN / "seed-0.safetensors")
    with pytest.raises(CheckpointError, match="not the file of its card"):
        open_entry(f"{SIGN}@0", tmp_path)
    assert open_entry(f"{SIGN}@1", tmp_path).seed == 1


def test_data_of_another_kind_are_refused() -> None:
    data = replace(load_data("digits"), class_names=("a", "b"))
    with pytest.raises(ValueError, match="in 2 classes of its own"):
        evaluate_checkpoint(open_entry(SIGN).checkpoint, data)


def test_layer_maps_are_what_the_activation_receives() -> None:
    """Bits that the network computes from the maps are those of the next convolution's input."""
    entry = open_entry(DESIGN)
    model = entry.checkpoint.model
    pictures = entry.checkpoint.pictures
    picture = sample("digit-3")
    x = pictures.normalized(pictures.pixels(picture))
    with torch.inference_mode():
        for name, block in model.blocks.items():
            received = block.norm(block.pool(block.conv(x)))
            maps = layer_maps(picture, DESIGN, name)
            assert np.array_equal(maps, received[0].numpy())
            x = block.act(received)
    assert entry.card.blocks == list(model.blocks)


def test_layers_are_a_source_of_feature_maps() -> None:
    source = f"layer:{DESIGN}@2:block2"
    maps = extract_maps(sample("camera"), source, maps=5)
    assert np.array_equal(maps.x, layer_maps(sample("camera"), f"{DESIGN}@2", "block2")[:5])
    assert (maps.x.shape, maps.x.dtype) == ((5, 4, 4), np.float32)
    assert maps.names[4] == "block2 channel 4"
    assert maps.source == source
    # On the scale that the thresholds act on: not standardized map by map.
    assert not np.allclose(maps.x.mean((1, 2)), 0, atol=0.05)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (f"layer:{SIGN}:block9", "has no 'block9'; its blocks are block1, block2"),
        (f"layer:{SIGN}", "has no ''"),
        ("layer:nothing:block1", "The zoo has no 'nothing'"),
    ],
)
def test_bad_layers_are_named(source: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        extract_maps(sample("digit-0"), source)


def test_the_digits_pair() -> None:
    found = comparisons([open_entry(SIGN).card, open_entry(DESIGN).card])
    assert [c.difference.counts for c in found if c.difference] == [(5, 5)]


def test_kernels_are_searched_on_layers() -> None:
    options = MapOptions(features=f"layer:{DESIGN}:block2", maps=3)
    tables = open_tables("picture:sample:digit-3", options=options)
    expected = estimate_tables([layer_maps(sample("digit-3"), DESIGN, "block2")[:3]])
    assert (tables.patterns == expected.patterns).all()


@pytest.mark.parametrize("name", [SIGN, DESIGN])
def test_the_engine_takes_networks_of_the_zoo(name: str) -> None:
    entry = open_entry(name)
    pictures = entry.checkpoint.pictures
    x = pictures.normalized(load_data("digits").test_x[:50])
    packed = pack(entry.checkpoint.model, pictures.shape, backend="numpy")
    with torch.inference_mode():
        assert packed(x) == pytest.approx(entry.checkpoint.model(x).numpy(), abs=1e-5)


@pytest.mark.parametrize("card", load_cards(), ids=lambda card: card.name)
def test_predictions_run_on_bits_and_are_those_of_pytorch(card: Card) -> None:
    entry = open_entry(card.name)
    for name in ("digit-3", "cifar10-00"):
        predicted = entry.predict(sample(name))
        shares = list(predicted.probabilities.values())
        binary = card.activation not in REAL_ACTIVATIONS
        assert predicted.runs_on == ("1-bit engine" if binary else "PyTorch")
        assert predicted.milliseconds > 0
        assert shares == sorted(shares, reverse=True)
        assert predicted.probabilities == pytest.approx(entry.probabilities(sample(name)), abs=1e-4)


def test_a_network_is_packed_once() -> None:
    entry = open_entry(SIGN)
    with ThreadPoolExecutor(8) as pool:
        shares = [p.probabilities for p in pool.map(entry.predict, [sample("digit-3")] * 40)]
    assert all(one == shares[0] for one in shares)
    assert open_entry(SIGN).checkpoint.packed is entry.checkpoint.packed


def test_what_the_engine_cannot_run_runs_in_pytorch() -> None:
    entry = open_entry(SIGN)
    model = build_network("tiny", activation="hardtanh").eval()
    spec = NetworkSpec("tiny", {"activation": "hardtanh"})
    real = replace(entry, checkpoint=Checkpoint(spec, model, entry.checkpoint.pictures))
    predicted = real.predict(sample("digit-3"))
    assert predicted.runs_on == "PyTorch"
    assert predicted.probabilities == pytest.approx(real.probabilities(sample("digit-3")))
