"""The address of Predict: picture, networks, panel, and the kernel that is swapped in."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from design_core.browser.limits import REACH
from design_core.kernels.published import PUBLISHED
from design_core.kernels.spec import decode_kernel, encode_kernel
from design_core.pictures.samples import SAMPLES
from design_core.zoo.card import OWN
from ui.links.fields import Address, Field, State, choice
from ui.predict import keys
from ui.predict.choice import MOST, data_sets, first_networks, offered
from ui.predict.lab_address import DIAGNOSE, LAB_FIELDS, PERTURB, STRENGTH
from ui.predict.lab_choices import CODE, FIRST_KERNEL, WHERE
from ui.predict.picture import FIRST_SAMPLE
from ui.rail import keys as rail_keys
from ui.rail.data_sets import item_entries
from ui.rail.fields import pattern_of, wanted_item, wanted_upload

__all__ = ["PANELS", "PREDICT"]

WALK, SWAP = "Walk through", "Swap the kernel"
#: Of the closer look, in the order of the page.
PANELS = (WALK, SWAP, PERTURB, DIAGNOSE, STRENGTH)

_PART = "."  # between networks
_MOST_PARTS = 64
_SEED = "-s"  # stands for the @ of a reference


def _read_picture(state: State) -> str:
    # What a link asked for and is not at hand yet stays in the link.
    waiting = state.get(rail_keys.PICTURE_WANTED) if state.get(keys.WAY) == "Upload" else ""
    code: str = waiting or state.get(keys.CODE, "")
    return "" if code == FIRST_SAMPLE else code


def _write_picture(code: str) -> dict[str, Any]:
    if wanted_upload(code):
        return {keys.WAY: "Upload", rail_keys.PICTURE_WANTED: code}
    if item := wanted_item(code):
        return {keys.WAY: "Data set", **item_entries(*item)}
    name = code or FIRST_SAMPLE
    if name not in SAMPLES:
        raise ValueError(f"there is no picture {name[:40]!r}")
    group = SAMPLES[name].group
    return {keys.WAY: "Sample", keys.GROUP: group, keys.SAMPLE: name}


def _read_networks(state: State) -> str:
    first = data_sets()[0]
    dataset = state.get(keys.DATA, first)
    chosen = list(state.get(keys.NETWORKS, first_networks(dataset)))
    if chosen == first_networks(dataset):
        return "" if dataset == first else dataset
    return _PART.join(reference.replace("@", _SEED) for reference in chosen)


def _write_networks(code: str) -> dict[str, Any]:
    dataset = code or data_sets()[0]
    if dataset in data_sets():
        return {keys.DATA: dataset, keys.NETWORKS: first_networks(dataset)}
    for dataset in data_sets():
        known = {one.replace("@", _SEED): one for one in offered(dataset)}
        if asked := _parted(code, known):
            return {
                keys.DATA: dataset,
                keys.NETWORKS: [known[reference] for reference in asked[:MOST]],
            }
    if OWN in code:
        raise ValueError(
            f"{code[:80]!r} has a network of somebody's own. Add its file on Compare, then open "
            "the link again"
        )
    raise ValueError(f"{code[:60]!r} are no networks of one data set here")


def _parted(code: str, known: Collection[str]) -> list[str]:
    """The known names that a code joins, each once; none if it is not made of such.

    Names may hold the mark that stands between them.
    """
    found: list[str] = []
    rest = code.split(_PART)[:_MOST_PARTS]
    while rest:
        ends = range(len(rest), 0, -1)
        end = next((end for end in ends if _PART.join(rest[:end]) in known), None)
        if end is None:
            return []
        found.append(_PART.join(rest[:end]))
        rest = rest[end:]
    return list(dict.fromkeys(found))


def _read_kernel(state: State) -> str:
    if keys.SWAP_KERNEL not in state:
        return ""
    kernel = state[keys.SWAP_KERNEL]
    if kernel is None:
        return "sign"
    return "" if kernel == PUBLISHED[FIRST_KERNEL] else encode_kernel(kernel)


def _write_kernel(code: str) -> dict[str, Any]:
    if code == "sign":
        return {keys.SWAP_WAY: "Sign"}
    if pattern := pattern_of(code):
        name, size = pattern
        chosen = {"swap_pattern": name, f"swap_size_{name}": size}
        return {keys.SWAP_WAY: "Pattern", **chosen, keys.SWAP_STRENGTH: 1.0, keys.SWAP_OFFSET: 0.0}
    kernel = decode_kernel(code) if code else PUBLISHED[FIRST_KERNEL]
    strength, offset = kernel.scale.strength, kernel.scale.offset
    if max(abs(strength), abs(offset)) > REACH:
        raise ValueError(f"strength and offset go from {-REACH:g} to {REACH:g}")
    entries: dict[str, Any] = {keys.SWAP_STRENGTH: float(strength), keys.SWAP_OFFSET: float(offset)}
    plain = kernel.scaled(strength=1.0, offset=0.0)
    if code and kernel != PUBLISHED[FIRST_KERNEL]:
        return {keys.SWAP_WAY: "Text", keys.SWAP_TEXT: CODE + encode_kernel(plain), **entries}
    return {keys.SWAP_WAY: "Published", "swap_published": FIRST_KERNEL, **entries}


PREDICT = Address(
    "predict",
    (),
    (
        Field("picture", _read_picture, _write_picture),
        Field("networks", _read_networks, _write_networks),
        choice(keys.PANEL, PANELS, PANELS[0], name="panel"),
        Field("kernel", _read_kernel, _write_kernel).only(
            lambda state: state.get(keys.PANEL) == SWAP
        ),
        choice(keys.SWAP_WHERE, WHERE, WHERE[0], name="at").only(
            lambda state: state.get(keys.PANEL) == SWAP
        ),
        *LAB_FIELDS,
    ),
)
