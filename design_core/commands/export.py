"""``export``: trained networks for the 1-bit engine, OpenVINO, ONNX runtimes, or browsers; or the
thresholds of one of their layers."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from design_core.commands.models import add_network_arguments, opened

if TYPE_CHECKING:
    from design_core.engine.network import PackedNetwork
    from design_core.zoo.entry import Entry

__all__ = ["add_parser", "run"]

_NOTES = """\
packed: one bit per binary weight, batch norm and activation as whole-number thresholds; NumPy runs
it, numba makes it fast, PyTorch is not needed. openvino: FILE.xml and FILE.bin, whose binary layers
OpenVINO's CPU plugin runs on bits; compile it with {"INFERENCE_PRECISION_HINT": "f32"}. onnx: for
other tools; they multiply ±1 as float32, so that file is as large as the float network and runs no
faster. html: a page of its own in which one to four networks run live, side by side or one under
two kernels; it opens from a memory stick, and asks nothing of any network. kernel: the thresholds
of one layer, learned ones too, as a kernel file of any format that Design opens, by FILE's ending.
Each file appears whole or not at all. How pictures are fed: pixels scaled to [0, 1], minus the
mean, divided by the deviation, colours in the order red, green, blue (or one grey channel). The
numbers and the names of the classes are in the file: in the metadata of the ONNX model and in the
rt_info of OpenVINO's (mean, deviation, colour_order, class_names, feeding), or as `pictures` of a
packed network. They are told when the file is written.
"""


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "export", help="write trained networks for other programs", description=_NOTES
    )
    parser.add_argument(
        "network",
        metavar="NETWORK",
        nargs="+",
        help="NAME, NAME@SEED, a run's folder, or a FILE.safetensors; to html up to four of one "
        "data set, else one",
    )
    kinds = (*_WRITERS, "html", "kernel")
    parser.add_argument("--to", choices=kinds, required=True, help="kind of file")
    parser.add_argument(
        "--layer",
        default="picture",
        help="whose thresholds to write with --to kernel: picture (default), block1, …",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    add_network_arguments(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Write the file and say how large it is."""
    from design_core.atomic import try_to_write

    try_to_write(args.out)
    if args.to != "html" and len(args.network) > 1:
        raise ValueError(f"--to {args.to} takes one network; got {len(args.network)}.")
    entries = [opened(network, args) for network in args.network]
    if args.to == "html":
        _html(entries, args.out)
        return 0
    (entry,) = entries
    if args.to == "kernel":
        _kernel(entry, args.layer, args.out)
        return 0
    files = _WRITERS[args.to](entry, args.out)
    print(entry.pictures.words())
    floats = entry.card.bytes["float32"]
    size = sum(file.stat().st_size for file in files)
    named = f"{' and '.join(map(str, files))}: {entry.card.name}@{entry.seed}, {size:,} bytes, "
    print(
        f"{named}{floats / size:.1f} times smaller than {floats:,} bytes of float32."
        if size < floats
        else f"{named}as float32."
    )
    return 0


def _packed(entry: Entry, path: Path) -> list[Path]:
    from design_core.engine import save_packed

    save_packed(_on_bits(entry), path)
    return [path]


def _openvino(entry: Entry, path: Path) -> list[Path]:
    from design_core.engine.openvino_export import export_openvino

    export_openvino(_on_bits(entry), path)
    return [path, path.with_suffix(".bin")]


def _onnx(entry: Entry, path: Path) -> list[Path]:
    from design_core.engine.onnx_export import export_onnx

    form = entry.checkpoint.pictures
    export_onnx(entry.checkpoint.model, form.shape, path, pictures=form)
    return [path]


def _html(entries: Sequence[Entry], path: Path) -> None:
    from design_core.atomic import write_atomically
    from design_core.browser.page import live_page, size_words

    write_atomically(path, live_page(entries))
    size = path.stat().st_size
    names = ", ".join(f"{entry.card.name}@{entry.seed}" for entry in entries)
    print(f"{path}: {names}, {size:,} bytes. Open it in a browser. {size_words(size)}".strip())


def _kernel(entry: Entry, layer: str, path: Path) -> None:
    from design_core.atomic import write_atomically
    from design_core.kernels.files import write_kernel
    from design_core.lab.layer_kernels import layer_kernel

    kernel = layer_kernel(entry.checkpoint, layer)
    write_atomically(path, write_kernel(kernel, path.suffix.removeprefix(".").lower()))
    print(f"{path}: {kernel.name}, of {entry.card.name}@{entry.seed}")
    print(f"thresholds {kernel.thresholds.round(4).tolist()}")


def _on_bits(entry: Entry) -> PackedNetwork:
    """The packed network; UnpackableError says why there is none."""
    from design_core.engine import pack

    form = entry.pictures
    return entry.packed or pack(entry.checkpoint.model, form.shape, pictures=form)


_WRITERS: dict[str, Callable[[Entry, Path], list[Path]]] = {
    "packed": _packed,
    "openvino": _openvino,
    "onnx": _onnx,
}
