"""Networks of the zoo in use, from what comes with the project alone."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load

from design_core.engine import pack, save_packed
from design_core.engine.folding import UnpackableError
from design_core.lab.feature_maps import extract_maps
from design_core.networks import NetworkSpec
from design_core.networks.facts import PLANE_OPTIONS
from design_core.pictures.samples import sample
from design_core.search.block_tables import estimate_tables
from design_core.search.sources import MapOptions, open_tables
from design_core.study.pairs import comparisons
from design_core.training.data import load_data
from design_core.zoo.card import CHECKPOINTS, Card
from design_core.zoo.checkpoint import CheckpointError, save_checkpoint
from design_core.zoo.collect import evaluate_checkpoint
from design_core.zoo.entry import Entry, layer_maps, open_entry
from design_core.zoo.network_file import NetworkFile, PictureForm
from design_core.zoo.stored_network import described
from tests.engine.randomized import randomized_network
from tests.zoo_sample import one_of_each_kind

SIGN = "digits-tiny-w16-sign-affine_on"
DESIGN = "digits-tiny-w16-design_2x2-v2-affine_on"


def in_pytorch(entry: Entry, name: str) -> dict[str, float]:
    """The float network's probability by class for a sample."""
    pixels = entry.pictures.pixels(sample(name))
    shares = entry.checkpoint.probabilities(pixels)[0].tolist()
    return dict(zip(entry.pictures.class_names, shares, strict=True))


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


@pytest.mark.parametrize("card", one_of_each_kind(), ids=lambda card: card.name)
def test_every_kind_of_network_of_the_zoo_opens_and_predicts(card: object) -> None:
    entry = open_entry(card.name)  # type: ignore[attr-defined]
    shares = in_pytorch(entry, "cifar10-00")
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


def on_engine(card: Card) -> bool:
    """Whether all that a network multiplies behind its cut is one bit by one bit."""
    several = any(card.network.get(key, 1) > 1 for key in PLANE_OPTIONS)
    real = card.network.get("low_pass") or card.picture == "floyd-steinberg"
    return card.gives_bits and not several and not real


@pytest.mark.parametrize("card", one_of_each_kind(), ids=lambda card: card.name)
def test_predictions_run_on_bits_and_are_those_of_pytorch(card: Card) -> None:
    entry = open_entry(card.name)
    for name in ("digit-3", "cifar10-00"):
        predicted = entry.predict(sample(name))
        shares = list(predicted.probabilities.values())
        assert predicted.runs_on == ("1-bit engine" if on_engine(card) else "PyTorch")
        assert predicted.milliseconds > 0
        assert shares == sorted(shares, reverse=True)
        assert predicted.probabilities == pytest.approx(in_pytorch(entry, name), abs=1e-4)


def test_a_network_is_packed_once() -> None:
    entry = open_entry(SIGN)
    with ThreadPoolExecutor(8) as pool:
        shares = [p.probabilities for p in pool.map(entry.predict, [sample("digit-3")] * 40)]
    assert all(one == shares[0] for one in shares)
    assert open_entry(SIGN).packed is entry.packed


def test_what_the_engine_cannot_run_runs_in_pytorch(tmp_path: Path) -> None:
    entry = open_entry(SIGN)
    spec = NetworkSpec("tiny", {"activation": "hardtanh"})
    save_checkpoint(tmp_path / "real", spec.build().eval(), spec, entry.pictures)
    real = replace(entry, file=NetworkFile("real", (tmp_path / "real").read_bytes()))
    predicted = real.predict(sample("digit-3"))
    assert predicted.runs_on == "PyTorch"
    assert predicted.probabilities == pytest.approx(in_pytorch(real, "digit-3"))


OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("vgg_small", {"width": 8, "stages": 2, "activation": "design:2x2x4-shifted-v1"}),
    ("vgg_small", {"width": 8, "first": "binary", "binarizer": "recu", "padding": "replicate"}),
    ("vgg_small", {"width": 8, "last": "binary", "binarizer": "xnor", "affine": False}),
    ("vgg_small", {"width": 8, "activation": "sign then design:2x2-v1", "padding": "zero"}),
    ("vgg_small", {"width": 8, "picture": "design:bayer-phases-2@quantile"}),
    ("vgg_small", {"width": 8, "picture": "thermometer:3", "activation": "learned:channel"}),
    ("vgg_small", {"width": 8, "picture": "sign", "padding": "replicate"}),
    ("tiny", {"binarizer": "dorefa", "in_channels": 3, "image_size": 32}),
    ("resnet20", {"width": 4, "activation": "design:2x2-v2", "affine": False}),
    ("resnet20", {"width": 4, "binarizer": "dorefa", "picture": "sign", "padding": "replicate"}),
    ("resnet18", {"width": 4}),
]


@pytest.mark.parametrize(("name", "options"), OPTIONS, ids=str)
def test_the_engine_reads_files_as_it_reads_models(
    name: str, options: dict[str, Any], tmp_path: Path
) -> None:
    form = PictureForm((3, 32, 32), (0.4,) * 3, (0.2,) * 3, tuple("0123456789"))
    save_checkpoint(
        tmp_path / "net", randomized_network(name, **options), NetworkSpec(name, options), form
    )
    file = NetworkFile("net", (tmp_path / "net").read_bytes())
    assert file.packed is not None
    digests = [
        save_packed(packed, tmp_path / "packed")
        for packed in (file.packed, pack(file.checkpoint.model, form.shape, pictures=form))
    ]
    assert digests[0] == digests[1]


@pytest.mark.parametrize("card", one_of_each_kind(), ids=lambda card: card.name)
def test_networks_of_the_zoo_are_the_same_from_the_file(card: Card, tmp_path: Path) -> None:
    entry = open_entry(card.name)
    if entry.file.packed is None:
        assert not on_engine(card)
        return
    form = entry.pictures
    packed = pack(entry.checkpoint.model, form.shape, pictures=form)
    assert save_packed(entry.file.packed, tmp_path / "a") == save_packed(packed, tmp_path / "b")


@pytest.mark.parametrize("options", [{"activation": "hardtanh"}, {"picture": "floyd-steinberg"}])
def test_what_only_pytorch_can_run_is_left_to_it(options: dict[str, Any], tmp_path: Path) -> None:
    spec = NetworkSpec("tiny", options)
    save_checkpoint(tmp_path / "net", spec.build().eval(), spec, open_entry(SIGN).pictures)
    assert NetworkFile("net", (tmp_path / "net").read_bytes()).packed is None


def test_pictures_are_prepared_alike_with_and_without_pytorch() -> None:
    every = np.arange(256 * 3, dtype=np.uint8).reshape(1, 16, 16, 3)
    form = PictureForm((3, 16, 16), (0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616), ("a", "b"))
    assert np.array_equal(form.input(every), form.normalized(torch.from_numpy(every)).numpy())


def test_options_that_a_file_leaves_out_are_left_to_pytorch() -> None:
    """Somebody's own file may name only what differs from the defaults."""
    stored = open_entry(SIGN).file
    short = {key: stored.network[key] for key in ("name", "width", "image_size")}
    with pytest.raises(UnpackableError, match="left out"):
        described(short, load(stored.data), stored.pictures.shape)
