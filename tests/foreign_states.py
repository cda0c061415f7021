"""State dicts as other projects name their tensors, with random numbers in them; all small."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["BINARYNET", "authors", "binarynet", "resnet", "vgg_small"]

State = dict[str, Tensor]

#: BinaryNet's convolutions: place, outputs, inputs, and the place of the batch norm behind.
BINARYNET = (
    (0, 4, 3, 1),
    (3, 4, 4, 5),
    (7, 8, 4, 8),
    (10, 8, 8, 12),
    (14, 6, 8, 15),
    (17, 6, 6, 19),
)


def draw(*shape: int) -> Tensor:
    return torch.randn(*shape)


def add_norm(state: State, key: str, channels: int) -> None:
    state |= {
        f"{key}.weight": draw(channels),
        f"{key}.bias": draw(channels),
        f"{key}.running_mean": draw(channels),
        f"{key}.running_var": draw(channels).square() + 0.5,
        f"{key}.num_batches_tracked": torch.tensor(7),
    }


def add_conv(
    state: State, key: str, outputs: int, inputs: int, *, recu: bool, size: int = 3
) -> None:
    state[f"{key}.weight"] = draw(outputs, inputs, size, size)
    if recu:
        state |= {f"{key}.alpha": draw(outputs, 1, 1), f"{key}.tau": torch.tensor(0.99)}


def vgg_small(recu: bool) -> State:
    torch.manual_seed(0)
    state: State = {"conv0.weight": draw(4, 3, 3, 3)}
    channels = [4, 4, 8, 8, 16, 16]
    for k, out in enumerate(channels):
        if k:
            add_conv(state, f"conv{k}", out, channels[k - 1], recu=recu)
        add_norm(state, f"bn{k}", out)
    return state | {"fc.weight": draw(10, 16 * 16), "fc.bias": draw(10)}


def binarynet() -> State:
    """A pool where two places lie between a convolution and its norm."""
    torch.manual_seed(1)
    state: State = {}
    for place, out, inputs, after in BINARYNET:
        state |= {f"features.{place}.weight": draw(out, inputs, 3, 3)}
        state |= {f"features.{place}.bias": draw(out)}
        add_norm(state, f"features.{after}", out)
    for place, out, inputs in ((0, 12, 96), (3, 12, 12), (6, 10, 12)):
        state |= {f"classifier.{place}.weight": draw(out, inputs)}
        state |= {f"classifier.{place}.bias": draw(out)}
        add_norm(state, f"classifier.{place + 1}", out)
    del state["classifier.7.weight"], state["classifier.7.bias"]  # its last norm learns nothing
    return state


def resnet(stages: int, *, recu: bool, weighted: bool) -> State:
    torch.manual_seed(2)
    state: State = {"conv1.weight": draw(4, 3, 3, 3)}
    add_norm(state, "bn1", 4)
    inputs = 4
    for stage in range(1, stages + 1):
        out = 4 * 2 ** (stage - 1)
        for block in range(2):
            key = f"layer{stage}.{block}"
            add_conv(state, f"{key}.conv1", out, inputs, recu=recu)
            add_norm(state, f"{key}.bn1", out)
            add_conv(state, f"{key}.conv2", out, out, recu=recu)
            add_norm(state, f"{key}.bn2", out)
            if weighted and inputs != out:
                add_conv(state, f"{key}.shortcut.0", out, inputs, recu=recu, size=1)
                add_norm(state, f"{key}.shortcut.1", out)
            inputs = out
    add_norm(state, "bn2", inputs)
    return state | {"linear.weight": draw(10, inputs), "linear.bias": draw(10)}


def authors() -> State:
    """Batch norms that keep gamma and beta alone."""
    state = resnet(4, recu=True, weighted=False)
    for key in [key for key in state if ".running_" in key or "num_batches" in key]:
        if not key.startswith("bn2"):
            del state[key]
    for key in [key for key in state if "bn" in key and not key.startswith("bn2")]:
        name = {"weight": "gamma", "bias": "beta"}[key.rpartition(".")[2]]
        state[f"{key.rpartition('.')[0]}.{name}"] = state.pop(key).abs().view(1, -1, 1, 1)
    return state
