"""What the cards of the Design page's charts show: a kernel of every point and every bar."""

from __future__ import annotations

from collections.abc import Sequence

from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.published import PUBLISHED
from design_core.scaling import Scale
from ui.design.kernel_cards import KernelCard
from ui.design.landscapes import Listing, Plane

__all__ = ["bar_cards", "plane_cards"]


def plane_cards(
    plane: Plane, published: Sequence[tuple[float, float, str]], scale: Scale
) -> dict[str, KernelCard]:
    """By what `plane_chart` puts into `customdata`: a place in the front, or a published name."""
    points, front = plane.points, plane.front
    cards = {}
    for place, count, density in zip(points.place, points.count, points.density, strict=True):
        more = "kernel" if count == 2 else "kernels"
        others = f"and {count - 1:,} more {more} here" if count > 1 else ""
        words = _scored(float(front.tv[place]), float(front.information[place]))
        lines = (words, f"fires on {density:.0%}", others)
        kernel = front.kernel(int(place)).with_scale(scale)
        cards[str(place)] = KernelCard(kernel, tuple(filter(None, lines)))
    for tv, information, name in published:
        cards[name] = KernelCard(PUBLISHED[name], (name, _scored(tv, information)))
    return cards


def bar_cards(listing: Listing, levels: tuple[int, ...], scale: Scale) -> dict[str, KernelCard]:
    """By the number of the bar: one of its kernels. None where the kernels are a sample."""
    if listing.examples is None:
        return {}
    cards = {}
    for bar, (example, count) in enumerate(zip(listing.examples, listing.counts, strict=True)):
        low, high = listing.edges[bar], listing.edges[bar + 1]
        kernels = "the kernel" if count == 1 else f"one of the {count:,} kernels"
        words = f"{kernels} from {low:.3f} to {high:.3f}"
        cards[str(bar)] = KernelCard(ThresholdKernel(example, levels, scale), (words,))
    return cards


def _scored(tv: float, information: float) -> str:
    return f"{tv:.3f} edges, {information:.3f} bits per pixel"
