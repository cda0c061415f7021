"""Short answers to what everybody asks about binary networks, with the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from design_core.engine.anatomy import LayerFacts, layer_facts
from design_core.engine.report import NetworkTime, Report
from design_core.pictures.samples import sample
from design_core.zoo.naming import distinct_names
from ui.networks import card_of, entry, zoo_cards

__all__ = ["binary_answer", "onnx_answer", "size_answer", "speed_answer"]


def speed_answer(report: Report, batch: int, threads: int) -> None:
    """Where the time goes."""
    layers = report.layers_at(batch, threads)
    network = main_network(report, batch, threads)
    ratios = [layer.ratio for layer in layers]
    st.markdown(
        f"- **In the binary layers:** {min(ratios):.0f} to {max(ratios):.0f} × here. "
        f"{_instructions(report.cpu['flags'])}\n"
        "- **Not in PyTorch.** There `sign()` gives ±1 as float32, which are multiplied like any "
        "other numbers: a binary network runs no faster than a real one until something packs "
        "its bits.\n"
        f"- **Over the whole network** {network.ratio:.0f} × is left: its first layer sees real "
        "pixels, its last gives real scores, and both stay float32.\n"
        f"- **More than fewer bits:** bfloat16, with half the bits, gives "
        f"{network.fp32_ms / network.bf16_ms:.1f} × (the orange diamonds).\n"
        "- **Batch norm and DeSign cost nothing extra:** both are one comparison of whole numbers "
        "per channel and cell of the kernel; Sign needs the same one."
    )


def _instructions(flags: Sequence[str]) -> str:
    if "avx512_vpopcntdq" in flags:
        return (
            "This processor counts bits 512 at a time (AVX-512 VPOPCNTDQ): XOR, count, add are "
            "three instructions for 512 multiplications and additions."
        )
    if "avx2" in flags:
        return (
            "XOR, count, add replace multiplications 256 at a time (AVX2); there is no instruction "
            "that counts bits in such a register, so counting takes several. With AVX-512 "
            "VPOPCNTDQ the gain is larger."
        )
    return "XOR, count, add on whole machine words replace multiplications one by one."


def main_network(report: Report, batch: int, threads: int) -> NetworkTime:
    """The network that stands for all: `vgg_small` with DeSign."""
    networks = report.networks_at(batch, threads)
    return next((one for one in networks if "design" in one.name), networks[0])


def size_answer(report: Report, batch: int, threads: int) -> None:
    """What the bytes are for, as float32 and packed."""
    network = main_network(report, batch, threads)
    binary = next((o for o in report.networks_at(batch, threads) if "all binary" in o.name), None)
    last = next((part for part in network.parts if part.name.startswith("last layer")), None)
    rows = [(part.name, part.float_bytes, part.file_bytes) for part in network.parts]
    rows += [
        ("whole file", network.fp32_bytes, network.bytes),
        ("in memory", network.fp32_bytes, network.ram_bytes),
    ]
    words, table = st.columns([2, 3], gap="large")
    why = (
        f" The real last layer alone is {last.file_bytes / network.bytes:.0%} of the packed file."
        if last
        else ""
    )
    ends = (
        f"\n\nWith binary first and last layers too, the file is {binary.size_ratio:.0f} × smaller."
        if binary
        else ""
    )
    words.markdown(
        "**Binary weights shrink 32 ×, from 32 bits to one; nothing else does.**"
        + why
        + " Thresholds take the place of batch norm: whole numbers of 16 bits, one per channel and "
        "cell of the kernel."
        + ends
        + "\n\nAnd a checkpoint of a training is not small at all: it keeps the latent float32 "
        "weights that the signs are taken of."
    )
    with table:
        st.html(_byte_table(rows))


def _byte_table(rows: Sequence[tuple[str, int, int]]) -> str:
    body = "".join(
        f"<tr{' class=ds-sum' if name in ('whole file', 'in memory') else ''}>"
        f"<th scope=row>{escape(name)}</th><td>{_kilobytes(before)}</td>"
        f"<td>{_kilobytes(after)}</td><td>{_times(before, after)}</td></tr>"
        for name, before, after in rows
    )
    return (
        '<table class="ds-facts"><thead><tr><th scope=col>vgg_small, width 128</th>'
        "<th scope=col>float32, kB</th><th scope=col>packed, kB</th>"
        f"<th scope=col>smaller</th></tr></thead><tbody>{body}</tbody></table>"
    )


def _kilobytes(count: int) -> str:
    return f"{count / 1000:,.1f}" if count else "–"


def _times(before: int, after: int) -> str:
    return f"{before / after:.1f} ×" if before and after else "–"


def binary_answer() -> None:
    """The weights of a trained network, counted."""
    cards = {card.name: card for card in zoo_cards()}
    names = dict(zip(cards, distinct_names([(c, c.seeds[0]) for c in cards.values()]), strict=True))
    first = next((name for name in cards if "-design" in name), next(iter(cards)))
    words, table = st.columns([2, 3], gap="large")
    with words:
        chosen = st.selectbox(
            "Trained network",
            list(cards),
            index=list(cards).index(first),
            format_func=names.__getitem__,
            key="speed_network",
            persist_state="session",
        )
        facts = _facts(chosen)
        if facts is None:
            st.markdown(
                "**No.** Its activations are real numbers, so the engine cannot run it; it is in "
                "the zoo to compare with."
            )
            return
        binary = [one for one in facts if one.binary]
        weights = sum(one.weights for one in binary) / sum(one.weights for one in facts)
        kinds = max(one.distinct_weights for one in binary)
        inputs = max(one.distinct_inputs for one in binary)
        st.markdown(
            f"**Yes, where it says so.** {len(binary)} of {len(facts)} layers hold {kinds} "
            f"different weights and are given {inputs} different values, +1 and −1: "
            f"{weights:.1%} of all weights, kept in machine words of 32 bits. Counted just now in "
            "the packed network itself, for the sample `cifar10-00`.\n\n"
            "PyTorch's own `sign` would have given a third value: 0 for ties, which do happen "
            "where whole numbers are compared. Here sign(0) = +1."
        )
    with table:
        st.html(_fact_table(facts))


@st.cache_resource(max_entries=32, show_spinner=False)
def _facts(name: str) -> tuple[LayerFacts, ...] | None:
    """Of the first seed; None where the engine cannot run it. Shared: zoo and sample are."""
    network = entry(f"{name}@{card_of(name)[1]}")
    if network.packed is None:
        return None
    square = network.pictures.square(sample("cifar10-00"))
    return layer_facts(network.packed, network.pictures.input(square[None]))


def _fact_table(facts: Sequence[LayerFacts]) -> str:
    body = "".join(
        f"<tr><th scope=row>{one.name}</th><td>{'1 bit' if one.binary else 'float32'}</td>"
        f"<td>{one.weights:,}</td><td>{one.distinct_weights:,}</td>"
        f"<td>{one.distinct_inputs:,}</td><td>{_kilobytes(one.memory_bytes)}</td></tr>"
        for one in facts
    )
    heads = ("layer", "kept as", "weights", "different ones", "different inputs", "in memory, kB")
    head = "".join(f"<th scope=col>{text}</th>" for text in heads)
    return f'<table class="ds-facts"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def onnx_answer() -> None:
    """What ONNX does not speed up."""
    st.markdown(
        "**ONNX makes a binary network portable, not fast and not small.** It has no 1-bit "
        "convolution: a runtime multiplies ±1 as float32. The file is as large as the float "
        "network's and runs like it. Activations are written as `Where(x ≥ T, 1, −1)`, since "
        "ONNX's own Sign has three values.\n\n"
        "onnxruntime's optimizer folds batch norms into the weights, which moves sums off whole "
        "numbers; switch it off (`ORT_DISABLE_ALL`) to get PyTorch's answers.\n\n"
        "**OpenVINO has one**, `BinaryConvolution`, which no other converter writes: there the "
        "network keeps its bits, and its classes, thresholds and all.\n\n"
        "All kinds of file come from the command line; only ONNX needs PyTorch for it:"
    )
    name = next(iter(zoo_cards())).name
    st.code(
        f"python -m design_core export {name} --to packed --out network.packed\n"
        f"python -m design_core export {name} --to openvino --out network.xml\n"
        f"python -m design_core export {name} --to onnx --out network.onnx",
        language="sh",
    )
