"""Hostile packed files in the browser: read as the library reads them, or refused in words.

WebAssembly cannot leave its memory; that the routines do not leave the maps and weights that were
planned for them, the gaps between these say: nothing may ever be written there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from design_core import browser
from design_core.engine import load_packed
from design_core.engine.wasm import wasm_bytes
from stress.fuzz import damaged_input
from stress.targets import TARGETS
from tests.browser.test_wasm_engine import HELPERS, SCRIPTS, text

pytestmark = pytest.mark.browser

TARGET = "packed network"
INPUTS = 400
BATCH = 50

READ = """
const ends = []; // of all rooms, before the gap behind each
const room = Plan.prototype.room;
Plan.prototype.room = function (bytes) {
  const at = room.call(this, bytes);
  ends.push([at + bytes, this.end]);
  return at;
};
const isTooLarge = (words) => /too large|run here with up to/.test(words);

/** What becomes of a file: its scores, or how it is refused; anything else is a failure. */
globalThis.outcome = (module, file) => {
  ends.length = 0;
  try {
    const engine = new PackedEngine(module, readPacked(file));
    const count = engine.pixels.length;
    engine.pixels.forEach((_, k) => { engine.pixels[k] = (k % 7) - 3; });
    engine.run();
    for (const one of engine.activations) one.refresh(0, one.x.channels);
    const written = ends.some(([from, to]) => engine.u8.subarray(from, to).some(Boolean));
    if (written) return { failed: "wrote between the maps" };
    return { scores: [...engine.scores()].map(String), count };
  } catch (error) {
    if (!(error instanceof UnreadableError)) return { failed: String(error) };
    return { refused: error.message, large: isTooLarge(error.message) };
  }
};
"""


@pytest.fixture(scope="module")
def page(chromium: Any) -> Any:
    opened = chromium.new_page()
    opened.set_default_timeout(120_000)
    opened.add_script_tag(content=browser.joined(*SCRIPTS))
    opened.add_script_tag(content=HELPERS)
    opened.add_script_tag(content=READ)
    yield opened
    opened.close()


def in_browser(page: Any, files: list[bytes]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(
        "async ([module, files]) => { const engine = await compiledEngine(octets(module)); "
        "return files.map((file) => outcome(engine, octets(file))); }",
        [text(wasm_bytes()), [text(file) for file in files]],
    )
    return found


def in_library(data: bytes, folder: Path) -> list[float] | None:
    """Scores, or None where the file is refused."""
    path = folder / "damaged.packed"
    path.write_bytes(data)
    try:
        packed = load_packed(path)
    except ValueError:
        return None
    channels, height, width = packed.input_shape
    pixels = (np.arange(channels * height * width) % 7 - 3).astype(np.float32)
    x = pixels.reshape(1, height, width, channels).transpose(0, 3, 1, 2)
    scores: list[float] = packed(x)[0].tolist()
    return scores


def test_damaged_files_are_read_alike_or_refused(page: Any, tmp_path: Path) -> None:
    seeds = TARGETS[TARGET].seeds()
    files = [damaged_input(TARGET, number, seeds, seed=2) for number in range(INPUTS)]
    batches = [[*seeds, *files][k : k + BATCH] for k in range(0, INPUTS + len(seeds), BATCH)]
    found = [one for batch in batches for one in in_browser(page, batch)]
    read = 0
    for number, (data, one) in enumerate(zip([*seeds, *files], found, strict=True)):
        assert "failed" not in one, (number, one)
        with np.errstate(all="ignore"):
            expected = in_library(data, tmp_path)
        if "scores" in one:
            read += 1
            assert expected is not None, (number, one)
            given = [float(score.replace("Infinity", "inf")) for score in one["scores"]]
            assert np.array_equal(given, expected, equal_nan=True), number
        else:
            assert expected is None or one["large"], (number, one)
    assert len(seeds) < read < len(found) / 2  # beyond the sound ones some were damaged harmlessly


def test_files_that_are_no_networks(page: Any) -> None:
    deep = b'{"__metadata__":{"packed":"' + b"[" * 50_000 + b'"}}'
    headers = [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"a":1}',
        b'{"a":{"dtype":"U8","shape":[1e9],"data_offsets":[0,1]}}',
        deep,
    ]
    files = [len(header).to_bytes(8, "little") + header for header in headers]
    files += [b"", b"text", (2**63).to_bytes(8, "little"), bytes(100)]
    for data, one in zip(files, in_browser(page, files), strict=True):
        assert "refused" in one, (data[:40], one)


def test_a_network_beyond_the_memory_or_time_of_a_page_is_refused_before_it_takes_any(
    page: Any, tmp_path: Path
) -> None:
    from design_core.engine import PackedNetwork, save_packed
    from design_core.engine.layers import GlobalMean, RealConv

    layers = [RealConv(np.ones((3, 3, 3, 8), np.float32)), GlobalMean()]
    files = []
    for side in (64, 6_000, 2**20):
        PackedNetwork(layers, (3, 8, 8))  # the layers fit; of the pictures only the header tells
        packed = PackedNetwork(layers, (3, side, side))
        save_packed(packed, tmp_path / "one.packed")
        files.append((tmp_path / "one.packed").read_bytes())
    small, *large = in_browser(page, files)
    assert len(small["scores"]) == 8
    assert all(one["large"] for one in large)
