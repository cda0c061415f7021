"""Checkpoints that people bring along: hostile ones, and sound ones."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from hostile_checkpoints import HOSTILE, header_of, latent_file, rewritten
from safetensors.torch import load

from design_core.lab.latency import measure_latency
from design_core.networks import NetworkSpec
from design_core.pictures.dataset_cards import CIFAR10_CLASSES
from design_core.pictures.datasets import open_split
from design_core.pictures.samples import sample
from design_core.study.class_accuracy import class_accuracies
from design_core.study.disagreement import card_disagreement
from design_core.study.overview import overview
from design_core.zoo.card import find_card
from design_core.zoo.checkpoint import CheckpointError
from design_core.zoo.entry import open_entry
from design_core.zoo.naming import describe_network, distinct_names
from design_core.zoo.network_file import NetworkFile
from design_core.zoo.uploaded import HOW_TO, OwnCard, evaluate_own, read_own

DIGITS = {"shape": [1, 8, 8], "mean": [0.3], "deviation": [0.4]}
NAME = "digits-tiny-w16-design_2x2-v2-affine_on"


@pytest.fixture(scope="module")
def sound() -> bytes:
    card, _ = find_card(NAME)
    return card.file(0).read_bytes()


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused_in_words(
    case: str, sound: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    make, words = HOSTILE[case]
    with pytest.raises(CheckpointError) as refused:
        read_own(make(sound), name="net.safetensors")
    message = str(refused.value)
    assert words in message
    assert message.startswith("net.safetensors ")
    assert HOW_TO in message
    assert "\n" not in message
    assert len(message) < 800
    assert "a pickle was opened" not in capsys.readouterr().out


def test_every_truncation_is_refused(sound: bytes) -> None:
    for length in np.linspace(0, len(sound) - 1, 40).astype(int):
        with pytest.raises(CheckpointError):
            read_own(sound[:length], name="net.safetensors")


def test_a_file_of_the_zoo_is_the_same_network(sound: bytes) -> None:
    own, theirs = read_own(sound, name="C:\\nets\\My net (2).safetensors"), open_entry(f"{NAME}@0")
    digest = hashlib.sha256(sound).hexdigest()
    assert own.card.name == f"own:My_net__2_~{digest[:8]}"
    result = own.card.results[0]
    assert result.sha256 == digest == theirs.card.results[0].sha256
    answers = [one.predict(sample("digit-3")).probabilities for one in (own, theirs)]
    assert answers[0] == answers[1]
    assert own.card.blocks == theirs.card.blocks
    for quantity in ("parameters", "bytes", "macs", "network", "dataset"):
        assert getattr(own.card, quantity) == getattr(theirs.card, quantity)
    assert math.isnan(own.card.accuracy)
    (row,) = overview([own.card])
    assert (row["accuracy"], row["density"], row["seconds"]) == (None, None, None)
    assert describe_network(own.card, 0) == (
        f"{own.card.name} · γ, β learned · tiny 16 · not measured"
    )
    assert distinct_names([(own.card, 0), (theirs.card, 0)]) == ["own:My_net__2_", "DeSign 2D"]
    with pytest.raises(ValueError, match="is not evaluated yet"):
        own.card.predictions(0)


def test_latent_weights_become_bits() -> None:
    network = {"name": "tiny", "width": 4, "in_channels": 3, "image_size": 32}
    data = latent_file(network)
    own = read_own(data, name="latent.safetensors")
    assert own.card.dataset == "cifar10"
    model = NetworkSpec.from_dict(header_of(data)["network"]).build()
    model.load_state_dict(load(data))
    x = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = model.eval().to(memory_format=torch.channels_last)(x)
        assert torch.equal(own.checkpoint.model(x), expected)


def test_options_that_a_file_leaves_out_are_defaults(sound: bytes) -> None:
    def shorten(_: object, header: dict[str, Any]) -> None:
        kept = ("name", "width", "activation", "num_classes")
        header["network"] = {key: header["network"][key] for key in kept}

    own, whole = (read_own(data, name="x") for data in (rewritten(sound, shorten), sound))
    assert own.activation == whole.activation
    assert own.predict(sample("digit-3")).probabilities == (
        whole.predict(sample("digit-3")).probabilities
    )
    bare = latent_file({"name": "tiny"}, pictures={**DIGITS, "class_names": list("0123456789")})
    assert read_own(bare, name="x").predict(sample("digit-3")).runs_on == "1-bit engine"


def test_evaluation_is_the_cards(sound: bytes) -> None:
    theirs, _ = find_card(NAME)
    heard: list[float] = []
    digits = open_split("digits")
    assert digits is not None
    own = evaluate_own(read_own(sound, name="x"), digits, dataset="digits", report=heard.append)
    card, result = own.card, theirs.results[0]
    assert isinstance(card, OwnCard)
    assert card.evaluated
    assert heard == sorted(heard)
    assert heard[-1] == 1
    assert (card.results[0].accuracy, card.results[0].right) == (result.accuracy, result.right)
    assert card.results[0].loss == pytest.approx(result.loss, rel=1e-5)
    assert card.densities == pytest.approx(dict(result.density), abs=1e-6)
    assert np.array_equal(card.predictions(0)[0], theirs.predictions(0)[0])
    assert card_disagreement(card, 0, theirs, 0).counts[0][1] == 0
    assert len(class_accuracies(card)) == 10
    json.dumps(card.to_dict(), default=dict)  # everything a page may show of it


def test_evaluation_needs_its_own_kind_of_pictures() -> None:
    data = latent_file({"name": "tiny", "width": 4, "in_channels": 3, "image_size": 32})
    digits = open_split("digits")
    assert digits is not None
    with pytest.raises(ValueError, match="digits test has the classes 0, 1, 2"):
        evaluate_own(read_own(data, name="x"), digits, dataset="digits")


@pytest.mark.parametrize(
    ("network", "megabytes"),
    [({"name": "vgg_small", "width": 128}, 17.8), ({"name": "resnet18"}, 42.0)],
)
def test_whole_states_of_the_papers_networks_are_taken(
    network: dict[str, object], megabytes: float
) -> None:
    data = latent_file(network)
    assert len(data) / 2**20 == pytest.approx(megabytes, abs=0.1)
    own = read_own(data, name="x")
    assert own.card.results[0].bytes == len(data)
    # What is kept has one bit for each binary weight.
    assert isinstance(own.file, NetworkFile)
    assert len(own.file.data) < len(data) / 10


def test_latent_weights_run_on_the_engine_like_packed_ones() -> None:
    own = read_own(latent_file({"name": "vgg_small", "width": 4}), name="x")
    answer = own.predict(sample("cifar10-00"))
    assert answer.runs_on == "1-bit engine"
    x = own.checkpoint.pictures.normalized(own.checkpoint.pictures.pixels(sample("cifar10-00")))
    with torch.inference_mode():
        expected = own.checkpoint.model(x)[0].softmax(0)
    assert answer.probabilities == pytest.approx(
        dict(zip(CIFAR10_CLASSES, expected.tolist(), strict=True)), rel=1e-5
    )


def test_latency_is_of_the_engine(sound: bytes) -> None:
    measured = measure_latency(read_own(sound, name="x"))
    assert measured.milliseconds > 0
    assert measured.runs_on == "1-bit engine"
    assert measured.machine
