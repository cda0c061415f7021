"""Batch: many pictures in, a table of scores and a ZIP file of maps out."""

from __future__ import annotations

import io
from base64 import b64encode
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from html import escape

import pandas as pd
import streamlit as st

from design_core.output.batch import (
    MAX_ARCHIVE,
    Row,
    Settings,
    batch_finding,
    batch_rows,
    scores_csv,
)
from design_core.output.drawing import picture_png
from design_core.pictures import MAX_BYTES, Picture, PictureError, fit
from design_core.pictures.feature_maps import source_title
from design_core.pictures.items import MAX_PICTURES, Item, archive_items, is_archive
from design_core.pictures.samples import GROUPS, SAMPLES, sample, sample_names
from design_core.scores.registry import BATCH_ACTIVATIONS, batch_scores
from design_core.text import csv_cell, printable
from ui.batch import keys
from ui.batch.address import BATCH
from ui.batch.chart import kept_chart, kept_words
from ui.charts import show_chart
from ui.compute import decode_alone
from ui.entry import require_entry
from ui.rail import keys as rail_keys
from ui.rail.controls import batch_rail, show_own_picture
from ui.share.address import arrive
from ui.share.panel import share
from ui.text import plain

_THUMBNAIL = 40  # pixels of the longest side

COLUMNS = {
    "name": "Picture",
    "problem": "Problem",
    "notes": "Read as",
    "width": "Width",
    "height": "Height",
    "maps": "Maps",
}


@dataclass
class Batch:
    """What was scored last, and with what."""

    settings: Settings
    asked: int
    rows: list[Row] = field(default_factory=list)
    archive: bytes = b""
    thumbnails: list[str] = field(default_factory=list)

    def seeing(self, item: Item) -> Item:
        """The same item, of which a thumbnail is kept when it is opened."""

        def opened() -> Picture:
            self.thumbnails.append("")  # should the picture not open, its row has none
            picture = item.open()
            png = b64encode(picture_png(fit(picture, _THUMBNAIL))).decode()
            self.thumbnails[-1] = f"data:image/png;base64,{png}"
            return picture

        return Item(item.name, opened)


def chosen_items() -> list[Item]:
    """Controls for the pictures; what cannot be opened as an archive is told at once."""
    left, right = st.columns([3, 2], gap="large")
    uploads = left.file_uploader(
        "Pictures, or ZIP files of pictures",
        accept_multiple_files=True,
        key="batch_files",
        max_upload_size=MAX_BYTES // 2**20,
        help=f"Up to {MAX_PICTURES} pictures at once. They stay in this session, never stored.",
    )
    groups = right.multiselect(
        "Embedded samples",
        GROUPS,
        key=keys.SAMPLES,
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
    st.session_state[keys.BATCH] = batch
    try:
        seen = [batch.seeing(item) for item in items]
        with closing(batch_rows(seen, settings, archive)) as coming:
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
    words = [f"{kernel}, scale {scale}", source_title(settings.source)]
    if len(batch.rows) < batch.asked:
        words.append(f"stopped after {len(batch.rows)} of {batch.asked}")
    return " · ".join(words)


def results(batch: Batch, items: list[Item]) -> None:
    """Chart, table with thumbnails, problems and files."""
    if sum(row.is_scored for row in batch.rows) > 1:
        title = kept_words(batch.rows)
        show_chart(kept_chart(batch.rows), title=title, alt=how(batch), key="batch_chart")
    scores = {
        column: (f"{BATCH_ACTIVATIONS[activation]}, {score.short}", score)
        for column, (activation, score) in batch_scores().items()
    }
    titles = COLUMNS | {column: title for column, (title, _) in scores.items()}
    table = pd.DataFrame([row.cells() for row in batch.rows])[list(titles)]
    for column in ("name", "problem", "notes"):
        table[column] = table[column].map(csv_cell)  # the table too can be saved as CSV
    empty = [name for name in ("problem", "notes") if not table[name].any()]
    table = table.drop(columns=empty).rename(columns=titles)
    table.insert(0, "Thumbnail", batch.thumbnails[: len(table)])
    st.html(f'<p class="ds-note">{escape(how(batch))}</p>')
    chosen = st.dataframe(
        table,
        hide_index=True,
        row_height=44,
        on_select="rerun",
        selection_mode="single-row",
        key="batch_table",
        column_config={
            title: st.column_config.NumberColumn(
                format="percent" if score.form == "percent" else "%.3f"
            )
            for title, score in scores.values()
        }
        | {"Thumbnail": st.column_config.ImageColumn("", width=56)},
        alt=f"Scores of {len(batch.rows)} pictures. {batch_finding(batch.rows)}",
    )
    with st.container(horizontal=True, gap="xsmall"):
        open_row(batch, items, chosen.selection.rows)
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


def open_row(batch: Batch, items: list[Item], rows: list[int]) -> None:
    """The chosen picture in Explore, with the kernel and the feature maps of the rail."""
    row = batch.rows[rows[0]] if rows and rows[0] < len(batch.rows) else None
    item = next((one for one in items if row and printable(one.name) == row.name), None)
    label = f"Open {plain(row.name)} in Explore" if row else "Choose a row to open it in Explore"
    pressed = st.button(
        label,
        icon=":material/compare:",
        key="batch_open",
        disabled=item is None or not (row and row.is_scored),
    )
    if not (pressed and item):
        return
    if item.name in SAMPLES:
        st.session_state.update({rail_keys.PICTURE_WAY: "Sample", rail_keys.SAMPLE: item.name})
    else:
        show_own_picture(item.open())
    st.switch_page("pages/explore.py")


require_entry()
arrive(BATCH)
settings = batch_rail()
kept: Batch | None = st.session_state.get(keys.BATCH)
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
    kept = st.session_state[keys.BATCH]
if kept and kept.rows:
    sentence = batch_finding(kept.rows)
    results(kept, items)
else:
    sentence = "Score many pictures at once."
    st.caption(
        "Each picture gets a row: edges per pixel, density and bits per pixel under Sign and under "
        "DeSign. A chart shows who keeps more of which picture, a row opens in Explore, and all "
        "bits can be taken along as PNG files."
    )
heading.html(f'<h1 class="ds-finding">{escape(sentence)}</h1>')
share(BATCH, about=sentence)
