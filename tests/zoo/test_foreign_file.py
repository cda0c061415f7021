"""Checkpoints of other projects as networks of a session and of the command line."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from foreign_states import State, authors, binarynet, resnet, vgg_small
from safetensors.torch import save, save_file

from design_core.__main__ import main
from design_core.engine import load_packed, pack
from design_core.engine.files import packed_bytes
from design_core.kernels.published import PUBLISHED
from design_core.lab.diagnosis import diagnose
from design_core.lab.subset import sample_subset
from design_core.lab.walkthrough import Walker, walk
from design_core.pictures.dataset_cards import CIFAR10_CLASSES
from design_core.pictures.samples import sample
from design_core.zoo.elsewhere import KernelMissingError, load_elsewhere
from design_core.zoo.entry import open_entry
from design_core.zoo.naming import describe_network
from design_core.zoo.network_file import CheckpointError
from design_core.zoo.uploaded import OwnCard, read_own

NAME = "theirs.safetensors"
PICTURE = sample("cifar10-02")
IMAGENET = {"mean": (0.485, 0.456, 0.406), "deviation": (0.229, 0.224, 0.225)}
STATES = {
    "ReCU's VGG-small": vgg_small(True),
    "IR-Net's VGG-small": vgg_small(False),
    "BinaryNet": binarynet(),
    "ReCU's ResNet-18": resnet(4, recu=True, weighted=True),
    "IR-Net's ResNet-20": resnet(3, recu=False, weighted=False),
}


def input_of(mean: tuple[float, ...], deviation: tuple[float, ...]) -> torch.Tensor:
    """The picture as their own code feeds it."""
    pixels = torch.tensor(PICTURE.pixels).float() / 255
    x = (pixels - torch.tensor(mean)) / torch.tensor(deviation)
    return x.permute(2, 0, 1)[None]


@pytest.mark.parametrize("layout", STATES)
def test_each_layout_is_a_network_like_any_other(layout: str) -> None:
    data = save({f"module.{key}": tensor for key, tensor in STATES[layout].items()})
    entry = read_own(data, name=NAME)
    with torch.inference_mode():
        expected = load_elsewhere(data).model(input_of(**IMAGENET))[0].softmax(0)
    answer = entry.predict(PICTURE)
    assert answer.probabilities == pytest.approx(
        dict(zip(CIFAR10_CLASSES, expected.tolist(), strict=True)), rel=1e-4, abs=1e-6
    )
    assert answer.runs_on == ("1-bit engine" if layout == "BinaryNet" else "PyTorch")
    assert isinstance(entry.card, OwnCard)
    told = " ".join(entry.card.words)
    assert "latent weights, real numbers, of which the signs are kept" in told
    assert "taken to be airplane, automobile, bird" in told
    assert "those of ImageNet" in told
    assert entry.card.dataset == "cifar10"
    assert entry.card.words[0].rstrip(".") in describe_network(entry.card, 0)
    subset = sample_subset(entry.pictures, "cifar10")
    assert subset is not None
    blocks = [block.name for block in diagnose(entry.checkpoint, subset).blocks]
    assert blocks == entry.card.blocks
    walker = Walker.trained(entry.checkpoint)
    assert [layer.name for layer in walk(PICTURE, walker, walker).layers] == blocks
    json.dumps(entry.card.to_dict(), default=dict)


def test_half_precision_and_bits_are_told() -> None:
    state = vgg_small(True)
    half = {key: one.half() if one.is_floating_point() else one for key, one in state.items()}
    whole, rounded = (read_own(save(one), name=NAME).predict(PICTURE) for one in (state, half))
    assert rounded.probabilities == pytest.approx(whole.probabilities, abs=0.05)
    for k in range(1, 6):
        weight = state[f"conv{k}.weight"]
        state[f"conv{k}.weight"] = (weight - weight.mean([1, 2, 3], keepdim=True)).sign()
    entry = read_own(save(state), name=NAME)
    assert isinstance(entry.card, OwnCard)
    assert "hold bits, ±1, and no latent weights" in entry.card.words[1]
    assert entry.predict(PICTURE).probabilities == pytest.approx(whole.probabilities, rel=1e-3)


def test_metadata_say_classes_and_feeding() -> None:
    told = {"mean": [0.5] * 3, "deviation": [0.25] * 3, "class_names": [f"k{n}" for n in range(10)]}
    data = save(binarynet(), {"pictures": json.dumps(told)})
    entry = read_own(data, name=NAME)
    with torch.inference_mode():
        model = load_elsewhere(data).model
        expected = model(input_of((0.5,) * 3, (0.25,) * 3))[0].softmax(0)
    assert dict(entry.predict(PICTURE).probabilities) == pytest.approx(
        dict(zip(told["class_names"], expected.tolist(), strict=True)), rel=1e-4, abs=1e-6
    )
    assert isinstance(entry.card, OwnCard)
    assert (
        "named in its metadata k0, k1, k2, …; mean and deviation stand in its metadata"
        in (entry.card.words[-1])
    )


def test_the_authors_file_asks_for_its_kernel() -> None:
    with pytest.raises(KernelMissingError):
        read_own(save(authors()), name=NAME)
    kernel = PUBLISHED["2x2x4-shifted-v1"]
    given = read_own(save(authors()), name=NAME, kernel=kernel)
    named = read_own(save(authors(), {"kernel": "2x2x4-shifted-v1"}), name=NAME)
    assert given.predict(PICTURE).probabilities == named.predict(PICTURE).probabilities
    other = read_own(save(authors()), name=NAME, kernel=PUBLISHED["2x2-v2"])
    assert other.predict(PICTURE).probabilities != given.predict(PICTURE).probabilities
    assert isinstance(given.card, OwnCard)
    assert "Statistics of its batch norms are those of" in " ".join(given.card.words)


def changed(**tensors: torch.Tensor | None) -> State:
    state = vgg_small(True)
    for key, tensor in tensors.items():
        name = key.replace("__", ".")
        if tensor is None:
            del state[name]
        else:
            state[name] = tensor
    return state


HOSTILE = {
    "not finite": (changed(bn1__weight=torch.full((4,), torch.nan)), "not finite"),
    "negative variance": (changed(bn1__running_var=-torch.ones(4)), "variances below 0"),
    "a vector for a convolution": (changed(conv1__weight=torch.ones(4)), "does not fit its layout"),
    "channels that do not meet": (
        changed(conv2__weight=torch.randn(8, 5, 3, 3)),
        "does not fit its layout",
    ),
    "whole numbers": (
        changed(conv0__weight=torch.ones(4, 3, 3, 3, dtype=torch.int64)),
        "does not fit its layout",
    ),
    "a layer that is missing": (changed(conv3__weight=None), "does not fit its layout"),
    "one tensor too many": (changed(evil=torch.zeros(1)), "its layout has no place for"),
    "no channels": (changed(conv5__weight=torch.zeros(0, 16, 3, 3)), "fit"),
    "a head of other pictures": (changed(fc__weight=torch.randn(10, 7)), "fit"),
    "huge numbers": (changed(fc__weight=torch.full((10, 256), 3e38)), "not finite"),
    "features of nothing": ({"features.x.weight": torch.zeros(1)}, "fit"),
    "features without an end": (
        {key: one for key, one in binarynet().items() if key.startswith("features")},
        "fit",
    ),
    "two of one name": (
        {"conv0.weight": torch.zeros(1), "module.conv0.weight": torch.zeros(1)},
        "two of its tensors have the same name",
    ),
    "a stage without a number's end": (
        {**resnet(3, recu=False, weighted=False), "layer9.9.conv1.weight": torch.zeros(4, 4, 3, 3)},
        "fit",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_versions_get_a_sentence(case: str) -> None:
    state, words = HOSTILE[case]
    with pytest.raises(CheckpointError) as refused:
        read_own(save(state), name=NAME)
    message = str(refused.value)
    assert words in message
    assert message.startswith(NAME) or NAME in message
    assert "\n" not in message
    assert len(message) < 900


@pytest.mark.parametrize(
    "metadata",
    [
        {"pictures": "no JSON"},
        {"pictures": "[]"},
        {"pictures": '{"mean": "x"}'},
        {"pictures": '{"mean": [1e9, 0, 0]}'},
        {"pictures": '{"deviation": [0, 1, 1]}'},
        {"pictures": '{"class_names": ["a", "b"]}'},
        {"kernel": "/etc/passwd"},
        {"kernel": "nine"},
    ],
)
def test_metadata_of_nonsense_get_a_sentence(metadata: dict[str, str]) -> None:
    with pytest.raises(CheckpointError, match=r"metadata|fits no pictures"):
        read_own(save(binarynet(), metadata), name=NAME)


def test_random_changes_never_raise_anything_else() -> None:
    generator = np.random.default_rng(0)
    data = save(resnet(3, recu=True, weighted=False))
    for _ in range(60):
        octets = bytearray(data)
        for place in generator.integers(0, 4000, 3):
            octets[place] = generator.integers(256)
        with suppress(CheckpointError):
            read_own(bytes(octets), name=NAME)


def test_a_packed_network_is_told_from_a_checkpoint() -> None:
    packed = open_entry("digits-tiny-w16-sign-affine_on").packed
    assert packed is not None
    with pytest.raises(CheckpointError, match="is a packed network of the 1-bit engine"):
        read_own(packed_bytes(packed), name=NAME)


def test_the_command_line_takes_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file, theirs = tmp_path / "binarynet.safetensors", tmp_path / "authors.safetensors"
    save_file(binarynet(), file)
    save_file(authors(), theirs)

    def told(*words: str) -> str:
        assert main(list(words)) == 0
        return capsys.readouterr().out

    answers = json.loads(told("predict", "sample:cifar10-02", "--model", str(file), "--json"))
    entry = read_own(file.read_bytes(), name=file.name)
    assert answers["models"][0]["probabilities"] == pytest.approx(
        dict(entry.predict(PICTURE).probabilities), abs=1e-6
    )
    assert "nan" not in told("summary", str(file))
    told("export", str(file), "--to", "packed", "--out", "p.safetensors")
    packed = load_packed(tmp_path / "p.safetensors")
    x = entry.pictures.input(entry.pictures.square(PICTURE)[None])
    assert np.array_equal(packed(x), pack(entry.checkpoint.model, (3, 32, 32))(x))
    assert packed.pictures == entry.pictures
    assert main(["predict", "sample:cifar10-02", "--model", str(theirs)]) == 1
    assert "--file-kernel 2x2-v2" in capsys.readouterr().err
    assert "ship" in told(
        "predict", "sample:cifar10-02", "--model", str(theirs), "--file-kernel", "2x2-v2", "--json"
    )
