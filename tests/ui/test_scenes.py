"""Curated scenes: every link opens as it stands, and every sentence is what the scores say."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qsl

import numpy as np
import pytest

from design_core.kernels.published import PUBLISHED
from design_core.kernels.spec import parse_kernel
from design_core.search.block_tables import random_convolution_tables
from design_core.search.find import full_landscape, score_kernel
from ui.design.address import DESIGN
from ui.design.scoring import ordinal
from ui.explore.address import EXPLORE
from ui.scenes import SCENES, view_of
from ui.share.scene_gallery import thumbnail


class Measured:
    """The scores of a scene, as its sentence writes them."""

    def __init__(self, link: str) -> None:
        scores = view_of(link).scores()
        self.sign, self.design = scores["sign"], scores["design"]
        self.edges = f"{self.design.tv[0] / self.sign.tv[0]:.1f} ×"
        self.bits = f"{self.design.entropy_2x2[0]:.2f}"
        self.sign_bits = f"{self.sign.entropy_2x2[0]:.2f}"
        self.fires = f"{100 * self.design.density[0]:.0f} %"
        self.sign_fires = f"{100 * self.sign.density[0]:.0f} %"


def first_look(link: str) -> str:
    m = Measured(link)
    return (
        f"On a random binary convolution, DeSign shows {m.edges} the edges of Sign, and keeps "
        f"{m.bits} against {m.sign_bits} bits per pixel."
    )


def relief(link: str) -> str:
    m = Measured(link)
    return (
        f"Sign keeps outlines; DeSign shows {m.edges} the edges, and keeps {m.bits} "
        f"against {m.sign_bits} bits per pixel."
    )


def grey_ramp(link: str) -> str:
    m = Measured(link)
    flips = np.diff(m.sign.output[0].astype(int), axis=1)
    assert (np.count_nonzero(flips, axis=1) == 1).all()
    assert m.sign.density[0] == 0.5
    return (
        "Sign cuts the ramp once, in the middle; a Bayer kernel at half strength dithers it, and "
        f"keeps {m.bits} instead of {m.sign_bits} bits per pixel."
    )


def strength(link: str) -> str:
    m, full = Measured(link), Measured(link.replace("strength=0.75", "strength=1"))
    assert m.design.tv[0] < full.design.tv[0]
    return (
        f"At three quarters of its strength the kernel keeps more, {m.bits} bits per pixel, than "
        f"at full strength, {full.bits}, though it shows fewer edges."
    )


def slices(link: str) -> str:
    fires = [Measured(link.replace("map=3", f"map={index}")).fires for index in range(4)]
    return (
        f"Four neighbouring maps, four slices: DeSign fires on {fires[0]}, {fires[1]}, {fires[2]} "
        f"and {fires[3]} of the pixels."
    )


def one_threshold(link: str) -> str:
    m = Measured(link)
    assert np.ptp(view_of(link).kernel.thresholds) == 0
    return (
        f"A uniform kernel only moves the cut: DeSign fires on {m.fires} instead of "
        f"{m.sign_fires}, and shows {m.edges} the edges of Sign."
    )


def pattern_wins(link: str) -> str:
    m = Measured(link)
    return (
        f"Levels 0 and 9 in turn give {m.edges} the edges of Sign but keep less of the picture, "
        f"{m.bits} against {m.sign_bits} bits per pixel: the edges are the kernel's own."
    )


def grass(link: str) -> str:
    m = Measured(link)
    return (
        f"Grass is texture all over: DeSign shows {m.edges} the edges of Sign, and keeps "
        f"{m.bits} instead of {m.sign_bits} bits per pixel."
    )


def small(link: str) -> str:
    m = Measured(link)
    return (
        "A test picture of CIFAR-10 has no flat ground to fill: DeSign shows "
        f"{m.edges} the edges of Sign."
    )


def lines(link: str) -> str:
    m = Measured(link)
    assert (m.sign.output == m.design.output).all()
    return "Lines of one pixel are bits already: Sign and DeSign agree in every one of them."


def landscape(link: str) -> str:
    assert link == "design"  # which opens with 2x2-v2, after ReLU, by total variation
    tables = random_convolution_tables(form="relu")
    listed = full_landscape(tables, (2, 2))
    scored = score_kernel(PUBLISHED["2x2-v2"], tables, listed=listed)
    assert listed is not None
    assert scored.rank is not None
    return (
        "By total variation after ReLU the authors' second kernel ranks "
        f"{ordinal(scored.rank)} of {listed.size:,}, and keeps {scored.information:.2f} bits per "
        "pixel."
    )


def degenerate(link: str) -> str:
    tables = random_convolution_tables(form="relu")
    scored = score_kernel(parse_kernel("0 9;9 0"), tables, listed=full_landscape(tables, (2, 2)))
    assert link == "design?kernel=09_90"
    assert (scored.rank, scored.ignores_picture) == (1, True)
    return f"The winner ignores the picture: it keeps {scored.information:.2f} bits per pixel."


SENTENCES: dict[str, Callable[[str], str]] = {
    "first-look": first_look,
    "relief": relief,
    "grey-ramp": grey_ramp,
    "strength": strength,
    "slices": slices,
    "one-threshold": one_threshold,
    "pattern-wins": pattern_wins,
    "grass": grass,
    "small": small,
    "lines": lines,
    "landscape": landscape,
    "degenerate": degenerate,
}


def test_every_scene_is_held_to_its_sentence() -> None:
    assert set(SENTENCES) == set(SCENES)


@pytest.mark.parametrize("name", SCENES)
def test_the_sentence_is_what_the_scores_say(name: str) -> None:
    assert SCENES[name].sentence == SENTENCES[name](SCENES[name].link)


@pytest.mark.parametrize("name", SCENES)
def test_the_link_opens_as_it_stands(name: str) -> None:
    page, _, query = SCENES[name].link.partition("?")
    address = {"explore": EXPLORE, "design": DESIGN}[page]
    assert address.reading(dict(parse_qsl(query))).ignored == ()


@pytest.mark.parametrize("name", SCENES)
def test_it_has_a_small_picture(name: str) -> None:
    html = thumbnail(SCENES[name].link)
    assert html.startswith('<img src="data:image/')
    assert len(html) < 20_000


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("design", "A view is of Explore, not of the page 'design'."),
        ("explore?picture=nope", "This view cannot be shown here: picture ("),
        ("explore?x=1", "This view cannot be shown here: x (unknown)."),
        ("explore?picture=upload~0123456789abcdef~a.png", "The picture of this view is not here."),
    ],
)
def test_only_samples_in_explore_are_views(link: str, said: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(said)) as refused:
        view_of(link)
    assert "('" not in str(refused.value)
