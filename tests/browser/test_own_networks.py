"""Networks that a visitor brings along, pressed on Live and on Predict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from foreign_states import authors, binarynet, vgg_small
from hostile_checkpoints import latent_file
from safetensors.torch import save

from design_core.engine.files import packed_bytes
from design_core.pictures.samples import sample, sample_names
from design_core.zoo.entry import Entry, open_entry
from design_core.zoo.uploaded import read_own
from tests.browser.test_live import answers, expected_answers
from tests.waiting import painted

pytestmark = pytest.mark.browser

Visit = Callable[[str], Any]
ONE = "cifar10-vgg_small-w32-design_2x2-v2-affine_on-demonstration"


@pytest.fixture
def visit(whole_app: str, chromium: Any) -> Iterator[Visit]:
    contexts = []

    def open_page(page_name: str) -> Any:
        context = chromium.new_context(
            viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto(f"{whole_app}/{page_name}")
        page.locator("h1.ds-finding").first.wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()


def bring(page: Any, name: str, data: bytes) -> None:
    """Press what a stranger would press, and choose the file."""
    if not page.locator(".st-key-own_files").is_visible():
        page.get_by_text("A network of your own", exact=True).click()
    page.locator(".st-key-own_files input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": data}
    )


def stored() -> bytes:
    entry = open_entry(ONE)
    return entry.file.data


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("bits", stored),
        ("latent", lambda: latent_file({"name": "vgg_small", "width": 8})),
        ("resnet", lambda: latent_file({"name": "resnet20", "activation": "design:2x2-v2"})),
        ("binarynet", lambda: save(binarynet())),
    ],
)
def test_live_runs_what_one_brings(visit: Visit, name: str, make: Callable[[], bytes]) -> None:
    """On the left as it was trained; its answers are those of `design_core.engine`."""
    data = make()
    entry: Entry = read_own(data, name=f"{name}.safetensors")
    packed = entry.packed
    assert packed is not None
    page = visit("live")
    page.wait_for_selector(".live[data-ready=true]")
    bring(page, f"{name}.safetensors", data)
    page.locator(".live .side .network option", has_text=f"own:{name}").first.wait_for(
        state="attached"
    )
    page.wait_for_selector(".live[data-ready=true]")
    for place in sample_names("cifar10")[:3]:
        assert answers(page, 0) == expected_answers(entry, sample(place))
        page.locator(".live .step").click()
        painted(page)


def test_live_says_what_it_does_not_carry(visit: Visit) -> None:
    page = visit("live")
    page.wait_for_selector(".live[data-ready=true]")
    bring(page, "recu.safetensors", save(vgg_small(True)))
    page.get_by_text("own:recu").first.wait_for()
    page.get_by_text("recu does not run on bits alone").first.wait_for()
    packed = open_entry(ONE).packed
    assert packed is not None
    bring(page, "folded.safetensors", packed_bytes(packed))
    page.get_by_text("is a packed network of the 1-bit engine").wait_for()
    real = latent_file({"name": "vgg_small", "width": 4, "activation": "hardtanh"})
    bring(page, "real.safetensors", real)
    page.get_by_text("does not keep to bits, as this page does").wait_for()


def test_predict_asks_checkpoints_of_other_projects(visit: Visit) -> None:
    page = visit("predict")
    page.locator(".ds-answer").first.wait_for()
    bring(page, "recu.safetensors", save(vgg_small(True)))
    page.locator(".ds-answer", has_text="own:recu").wait_for()
    page.get_by_text("Its 5 binary layers hold latent weights").wait_for()
    bring(page, "torch.pth", b"PK\x03\x04 and so on")
    page.get_by_text("torch.pth is a ZIP archive, as torch.save").wait_for()
    bring(page, "authors.safetensors", save(authors()))
    page.get_by_text("Which thresholds was it trained with?").wait_for()
    page.get_by_role("button", name="Open it").click()
    page.locator(".ds-answer", has_text="own:authors").wait_for()
    page.get_by_text("Statistics of its batch norms are those of").wait_for()
