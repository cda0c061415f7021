"""Batch: many pictures in, a table of scores and a ZIP file of maps out."""

from __future__ import annotations

import io
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import partial
from html import escape

import pandas as pd
import streamlit as st

from design_core.output.batch import (
    MAX_ARCHIVE,
    MAX_PICTURES,
    Item,
    Row,
    Settings,
    archive_items,
    batch_finding,
    batch_rows,
    is_archive,
    scores_csv,
)
from design_core.pictures import MAX_BYTES, PictureError
from design_core.pictures.feature_maps import SOURCES
from design_core.pictures.samples import GROUPS, sample, sample_names
from design_core.text import csv_cell
from ui.batch.address import BATCH
from ui.compute import decode_alone
from ui.entry import require_entry
from ui.rail.controls import batch_rail
from ui.share.address import arrive
from ui.share.panel import share
from ui.text import plain

COLUMNS = {
    "name": "Picture",
    "problem": "Problem",
    "notes": "Read as",
    "width": "Width",
    "height": "Height",
    "maps": "Maps",
    "sign_tv": "Sign, TV",
    "design_tv": "DeSign, TV",
    "sign_density": "Sign, density",
    "design_density": "DeSign, density",
    "sign_entropy": "Sign, entropy",
    "design_entropy": "DeSign, entropy",
}


@dataclass
class Batch:
    """What was scored last, and with what."""

    settings: Settings
    asked: int
    rows: list[Row] = field(default_factory=list)
    archive: bytes = b""


def chosen_items() -> list[Item]:
    """Controls for the pictures; what cannot be opened as an archive is told at once."""
    left, right = st.columns([3, 2], gap="large")
    uploads = left.file_uploader(
        "Pictures, or ZIP files of pictures",
        accept_multiple_files=True,
        key="batch_files",
        max_upload_size=MAX_BYTES // 2**20,
        help=f"Up to {MAX_PICTURES} pictures at once. They stay in this session and go to no disk.",
    )
    groups = right.multiselect(
        "Embedded samples",
        GROUPS,
        key="batch_samples",
        persist_state="session",
        placeholder="none",
    )
    names = [name for group in groups for name in sample_names(group)]
    items = [Item(name, partial(sample, name)) for name in names]
    for upload in uploads:
        name, data = upload.name, upload.getvalue()
        if not is_archive(data, name):
            items.append(Item(name, partial(decode_alone, data, name)))
            continue
        try:
            items += archive_items(data, name, decoder=decode_alone)
        except PictureError as error:
            st.error(plain(str(error)), icon=":material/broken_image:")
    return items


def score(items: list[Item], settings: Settings) -> None:
    """Score with a bar; any interaction reruns the page, which stops it and keeps what is done."""
    slot = st.empty()
    room = slot.container(horizontal=True, vertical_alignment="center")
    bar = room.progress(0.0, f"0 of {len(items)}")
    room.button("Stop", key="stop_batch", icon=":material/stop:")
    archive = io.BytesIO()
    batch = Batch(settings, len(items))
    st.session_state["batch"] = batch
    try:
        with closing(batch_rows(items, settings, archive)) as coming:
            for row in coming:
                batch.rows.append(row)
                done = len(batch.rows)
                bar.progress(done / len(items), f"{done} of {len(items)}: {plain(row.name)}")
    finally:
        batch.archive = archive.getvalue()
    slot.empty()


def how(batch: Batch) -> str:
    """Kernel, scale and source in a few words, and whether it was stopped."""
    settings = batch.settings
    kernel = settings.kernel.name or str(settings.kernel)
    scale = "fitted to each picture" if settings.fitted else settings.kernel.scale.name
    words = [f"{kernel}, scale {scale}", SOURCES[settings.source][0]]
    if len(batch.rows) < batch.asked:
        words.append(f"stopped after {len(batch.rows)} of {batch.asked}")
    return " · ".join(words)


def results(batch: Batch) -> None:
    """Table, problems and files."""
    table = pd.DataFrame([asdict(row) for row in batch.rows])[list(COLUMNS)]
    for column in ("name", "problem", "notes"):
        table[column] = table[column].map(csv_cell)  # the table too can be saved as CSV
    empty = [name for name in ("problem", "notes") if not table[name].any()]
    table = table.drop(columns=empty).rename(columns=COLUMNS)
    st.html(f'<p class="ds-note">{escape(how(batch))}</p>')
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            COLUMNS[name]: st.column_config.NumberColumn(format=form)
            for name, form in (
                *((name, "%.3f") for name in ("sign_tv", "design_tv")),
                *((name, "percent") for name in ("sign_density", "design_density")),
                *((name, "%.3f") for name in ("sign_entropy", "design_entropy")),
            )
        },
        alt=f"Scores of {len(batch.rows)} pictures. {batch_finding(batch.rows)}",
    )
    with st.container(horizontal=True, gap="xsmall"):
        st.download_button(
            "Maps and table, ZIP",
            batch.archive,
            file_name="design-batch.zip",
            mime="application/zip",
            icon=":material/download:",
            key="batch_zip",
            on_click="ignore",
        )
        st.download_button(
            "Table, CSV",
            scores_csv(batch.rows),
            file_name="design-batch.csv",
            mime="text/csv",
            icon=":material/download:",
            key="batch_csv",
            on_click="ignore",
        )
    st.caption(
        "Scores are means over a picture's maps. The ZIP file holds a PNG of one bit per pixel for "
        f"each map of Sign and DeSign, up to {MAX_ARCHIVE >> 20} MB in all."
    )


require_entry()
arrive(BATCH)
settings = batch_rail()
kept: Batch | None = st.session_state.get("batch")
heading = st.empty()
items = chosen_items()
count = f"{len(items)} picture{'' if len(items) == 1 else 's'}"
if len(items) > MAX_PICTURES:
    st.info(
        f"{count} are more than the {MAX_PICTURES} that are taken at once.", icon=":material/info:"
    )
if st.button(
    f"Score {count}" if items else "Score",
    type="primary",
    icon=":material/play_arrow:",
    key="score_batch",
    disabled=not 0 < len(items) <= MAX_PICTURES,
):
    heading.html(f'<h1 class="ds-finding">Scoring {count} …</h1>')
    score(items, settings)
    kept = st.session_state["batch"]
if kept and kept.rows:
    sentence = batch_finding(kept.rows)
    results(kept)
else:
    sentence = "Score many pictures at once."
heading.html(f'<h1 class="ds-finding">{escape(sentence)}</h1>')
share(BATCH, about=sentence)
