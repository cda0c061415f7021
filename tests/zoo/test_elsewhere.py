"""Checkpoints of other projects: state dicts built from their layouts, computed a second time.

The second computation is written here, from the description of each layout and straight from its
tensors, so that it shares nothing with the networks under test.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from foreign_states import BINARYNET, authors, binarynet, resnet, vgg_small
from safetensors.torch import save, save_file
from torch import Tensor
from torch.nn import functional as F

from design_core.engine import pack
from design_core.kernels.published import published_kernel
from design_core.networks import activation_maps
from design_core.zoo.elsewhere import load_elsewhere
from design_core.zoo.network_file import CheckpointError

State = dict[str, Tensor]
X = torch.randn(12, 3, 32, 32, generator=torch.Generator().manual_seed(5))


def norm(state: State, key: str, x: Tensor) -> Tensor:
    mean, var, weight, bias = (
        state[f"{key}.{name}"] for name in ("running_mean", "running_var", "weight", "bias")
    )
    return F.batch_norm(x, mean, var, weight, bias)


def conv(state: State, key: str, x: Tensor, stride: int = 1) -> Tensor:
    """As ReCU (with alpha) and IR-Net compute it; sign(0) does not occur among random numbers."""
    w = state[f"{key}.weight"]
    w = w - w.mean([1, 2, 3], keepdim=True)
    y = F.conv2d(x.sign(), w.sign(), stride=stride, padding=w.shape[-1] // 2)
    if f"{key}.alpha" in state:
        return y * state[f"{key}.alpha"]
    standard = w / w.flatten(1).std(1).view(-1, 1, 1, 1)
    power = (standard.abs().flatten(1).mean(1).log() / torch.tensor(2.0).log()).round()
    return y * (2**power).view(-1, 1, 1)


@pytest.mark.parametrize("recu", [True, False])
def test_vgg_small(recu: bool, tmp_path: Path) -> None:
    state = vgg_small(recu)
    path = tmp_path / "vgg.safetensors"
    save_file({f"module.{key}": tensor for key, tensor in state.items()}, path)
    made = load_elsewhere(path)
    assert made.layout == "vgg-small"
    assert ("ReCU" if recu else "IR-Net") in made.words[0]
    assert "5 binary layers hold latent weights" in made.words[1]
    with torch.inference_mode():
        torch.testing.assert_close(made.model(X), reference(state, X), rtol=1e-4, atol=1e-3)


def reference(state: State, x: Tensor) -> Tensor:
    x = F.conv2d(x, state["conv0.weight"], padding=1)
    for k in range(6):
        x = conv(state, f"conv{k}", x) if k else x
        x = F.max_pool2d(x, 2) if k % 2 else x
        x = F.hardtanh(norm(state, f"bn{k}", x))
    return F.linear(x.flatten(1), state["fc.weight"], state["fc.bias"])


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_half_precision_and_wrappers(kind: torch.dtype) -> None:
    state = vgg_small(True)
    rounded = {k: t.to(kind) if t.is_floating_point() else t for k, t in state.items()}
    wrapped = {f"state_dict.module._orig_mod.{key}": tensor for key, tensor in rounded.items()}
    made = load_elsewhere(save(wrapped))
    exact = {k: t.float() if t.is_floating_point() else t for k, t in rounded.items()}
    with torch.inference_mode():
        torch.testing.assert_close(made.model(X), reference(exact, X), rtol=1e-4, atol=1e-3)


def test_bits_are_told_from_latent_weights() -> None:
    state = vgg_small(True)
    plain = reference(state, X)
    for k in range(1, 6):
        w = state[f"conv{k}.weight"]
        state[f"conv{k}.weight"] = (w - w.mean([1, 2, 3], keepdim=True)).sign()
    made = load_elsewhere(save(state))
    assert "hold bits, ±1, and no latent weights" in made.words[1]
    with torch.inference_mode():
        torch.testing.assert_close(made.model(X), plain, rtol=1e-4, atol=1e-3)
    of_irnet = {k: t for k, t in state.items() if "alpha" not in k and "tau" not in k}
    with pytest.raises(CheckpointError, match=r"conv1 holds bits, ±1\. IR-Net takes its scale"):
        load_elsewhere(save(of_irnet))


def test_binarynet_packs() -> None:
    """Places of BinaryNet.pytorch's VGG: convolution, pool where there is one, norm, hard tanh."""
    state = binarynet()
    made = load_elsewhere(save(state))
    assert made.layout == "binarynet"
    x = X
    for place, _, inputs, after in BINARYNET:
        given = x if inputs == 3 else x.sign()
        key = f"features.{place}"
        x = F.conv2d(given, state[f"{key}.weight"].sign(), state[f"{key}.bias"], padding=1)
        x = F.max_pool2d(x, 2) if after - place == 2 else x
        x = F.hardtanh(norm(state, f"features.{after}", x))
    x = x.flatten(1)
    for place in (0, 3, 6):
        key = f"classifier.{place}"
        x = F.linear(x.sign(), state[f"{key}.weight"].sign(), state[f"{key}.bias"])
        if place < 6:
            x = F.hardtanh(norm(state, f"classifier.{place + 1}", x))
    mean, var = (state[f"classifier.7.running_{name}"] for name in ("mean", "var"))
    expected = F.batch_norm(x, mean, var)
    with torch.inference_mode():
        torch.testing.assert_close(made.model(X), expected, rtol=1e-4, atol=1e-3)
    packed = pack(made.model, (3, 32, 32))(X.numpy())
    torch.testing.assert_close(torch.from_numpy(packed), expected, rtol=1e-4, atol=1e-3)


def resnet_scores(state: State, x: Tensor, stages: int, *, recu: bool) -> Tensor:
    x = norm(state, "bn1", F.conv2d(x, state["conv1.weight"], padding=1))
    x = F.hardtanh(x) if stages == 3 else x
    for stage in range(1, stages + 1):
        for block in range(2):
            key, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            y = norm(state, f"{key}.bn1", conv(state, f"{key}.conv1", x, stride))
            carried = x
            if f"{key}.shortcut.0.weight" in state:
                one = f"{key}.shortcut.0"
                carried = (
                    conv(state, one, x, stride)
                    if recu
                    else F.conv2d(x, state[f"{one}.weight"], stride=stride)
                )
                carried = norm(state, f"{key}.shortcut.1", carried)
            elif stride == 2:
                pixels = F.avg_pool2d(x, 2) if recu else x[:, :, ::2, ::2]
                room = x.shape[1] // 2
                carried = F.pad(pixels, (0, 0, 0, 0, room, room))
            between = F.hardtanh(y + carried if stages == 3 else y)
            y = norm(state, f"{key}.bn2", conv(state, f"{key}.conv2", between))
            x = F.hardtanh(y + (between if stages == 3 else carried))
    x = norm(state, "bn2", x.mean((2, 3)))
    return F.linear(x, state["linear.weight"], state["linear.bias"])


@pytest.mark.parametrize("recu", [True, False])
@pytest.mark.parametrize(("stages", "weighted"), [(3, False), (4, True)])
def test_resnets(stages: int, weighted: bool, recu: bool) -> None:
    state = resnet(stages, recu=recu, weighted=weighted)
    made = load_elsewhere(save(state))
    assert made.layout == "resnet"
    with torch.inference_mode():
        expected = resnet_scores(state, X, stages, recu=recu)
        torch.testing.assert_close(made.model(X), expected, rtol=1e-3, atol=1e-3)
    assert len(activation_maps(made.model, X)[1]) == 4 * stages


def test_the_authors_fork_needs_a_kernel_and_pictures() -> None:
    """Its batch norms keep gamma and beta alone; thresholds times gamma are taken off."""
    state = authors()
    with pytest.raises(CheckpointError, match=r"Give kernel=…, and pictures=…"):
        load_elsewhere(save(state))
    kernel = published_kernel("2x2x4-shifted-v1")
    made = load_elsewhere(save(state), kernel=kernel, pictures=X)
    assert made.layout == "design"
    assert "those of 12 pictures" in made.words[2]
    T = torch.tensor(kernel.thresholds, dtype=torch.float32)

    def normed(key: str, x: Tensor) -> Tensor:
        gamma, beta = state[f"{key}.gamma"].flatten(), state[f"{key}.beta"].flatten()
        mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3))
        return F.batch_norm(x, mean, var, gamma, beta)

    def cut(key: str, x: Tensor) -> Tensor:
        _, channels, height, width = x.shape
        tiled = T.repeat(-(-channels // 4), -(-height // 2), -(-width // 2))
        return x - state[f"{key}.gamma"] * tiled[:channels, :height, :width]

    with torch.inference_mode():
        stem = F.conv2d(X, state["conv1.weight"], padding=1)
        x = normed("bn1", stem)
        y = cut("layer1.0.bn1", normed("layer1.0.bn1", conv(state, "layer1.0.conv1", x)))
        taps = activation_maps(made.model, X)[1]
        # Its own pass normalizes by the biased variance while it collects the other.
        assert (taps[1].x - F.hardtanh(y)).abs().mean() < 0.05
        assert (taps[1].y == y.sign()).float().mean() > 0.95


def test_what_is_of_no_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="names of no layout that is known here"):
        load_elsewhere(save({"weight": torch.zeros(1)}))
    with pytest.raises(CheckpointError, match="no safetensors file"):
        load_elsewhere(b"\x80\x02pickle")
    state = vgg_small(True)
    with pytest.raises(
        CheckpointError, match=r"holds extra\.weight, which its layout has no place"
    ):
        load_elsewhere(save({**state, "extra.weight": torch.zeros(1)}))
    del state["bn3.bias"]
    with pytest.raises(CheckpointError, match=r"does not fit its layout: bn3\.bias"):
        load_elsewhere(save(state))
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_elsewhere(tmp_path / "none.safetensors")
