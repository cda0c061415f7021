"""Add a network of one's own: checked, never unpickled, kept in the session alone."""

from __future__ import annotations

import streamlit as st

from design_core.lab.predicted_pictures import sets_of_classes
from design_core.paths import DATA
from design_core.pictures.datasets import open_split
from design_core.zoo.entry import Entry
from design_core.zoo.naming import data_set_heading, network_words
from design_core.zoo.network_file import MAX_UPLOAD
from ui.networks import FORWARD
from ui.pytorch import has_pytorch, pytorch
from ui.text import plain
from ui.upload_bounds import hold
from ui.uploaded_networks import keep_own, own_entries, remove_own

__all__ = ["own_panel"]

_READ = "own_read"

_HELP = f"""\
A safetensors file of a registered network, up to {MAX_UPLOAD // 2**20} MiB:

- a file of `assets/checkpoints`, or one written by `design_core.zoo.checkpoint.save_checkpoint`
  (binary weights one bit each), or
- the whole state dict with float latent weights, and what it is in the metadata:

```python
header = {{
    "format": "design-latent-1",
    "network": {{"name": "vgg_small", "width": 32, "activation": "design:2x2-v2"}},
    "pictures": {{
        "shape": [3, 32, 32],
        "mean": [0.4914, 0.4822, 0.4465],
        "deviation": [0.2470, 0.2435, 0.2616],
        "class_names": ["airplane", …],
    }},
}}
safetensors.torch.save_file(model.state_dict(), "mine.safetensors",
                            {{"checkpoint": json.dumps(header)}})
```

Nothing is unpickled and nothing stored: the network lives in this session."""


def own_panel() -> None:
    """Upload, what is there, evaluation, removal."""
    if not has_pytorch():
        st.caption("Networks of your own can be added where PyTorch is installed.")
        return
    uploads = st.file_uploader(
        "Add your own network",
        accept_multiple_files=True,
        key="own_files",
        help=_HELP,
        max_upload_size=MAX_UPLOAD // 2**20,
    )
    # Each file is read once: why it was refused, or nothing.
    read: dict[str, str] = st.session_state.setdefault(_READ, {})
    came = False
    for upload in uploads:
        if upload.file_id not in read:
            read[upload.file_id] = _refusal(upload.getvalue(), upload.name)
            came = came or not read[upload.file_id]
    if came:
        st.rerun()  # the filters above know of it now
    for upload in uploads:
        if read[upload.file_id]:
            st.error(plain(read[upload.file_id]), icon=":material/error:")
    for entry in own_entries():
        _kept(entry)


def _refusal(data: bytes, name: str) -> str:
    """Keep the network in a file; else say why not."""
    pytorch()

    from design_core.zoo.uploaded import read_own

    try:
        with FORWARD:
            entry = read_own(data, name=name)
            hold(entry.checkpoint, entry.card.bytes["float32"])
            keep_own(entry)
    except ValueError as error:
        return str(error)
    return ""


def _remove(name: str) -> None:
    """Forget a network; what was refused is read again, as there may be room for it now."""
    remove_own(name)
    read: dict[str, str] = st.session_state.get(_READ, {})
    st.session_state[_READ] = {file: refusal for file, refusal in read.items() if not refusal}


def _kept(entry: Entry) -> None:
    card = entry.card
    result = card.results[0]
    st.markdown(
        f"**{plain(card.name)}** · {network_words(card)}, "
        f"{plain(card.activation)} · {result.bytes:,} bytes · SHA-256 `{result.sha256[:16]}…`",
        help=f"SHA-256 of the file: {result.sha256}",
    )
    with st.container(horizontal=True, gap="small"):
        for dataset in sets_of_classes(entry.checkpoint.pictures.class_names):
            title = data_set_heading(dataset)
            if st.button(
                f"Evaluate on {title}",
                icon=":material/play_arrow:",
                key=f"evaluate_{dataset}_{card.name}",
                help=f"All test pictures of {title} that are on this machine",
            ):
                _evaluate(entry, dataset)
        st.button(
            "Remove",
            icon=":material/delete:",
            key=f"remove_{card.name}",
            on_click=_remove,
            args=(card.name,),
        )


def _evaluate(entry: Entry, dataset: str) -> None:
    from design_core.zoo.uploaded import evaluate_own

    bar = st.progress(0.0, "Evaluating")

    def report(share: float) -> None:
        bar.progress(share, "Evaluating")

    try:
        pictures = open_split(dataset)
        if pictures is None:
            raise ValueError(
                f"{data_set_heading(dataset)} is no longer in the folder {DATA.name}/."
            )
        with FORWARD:
            keep_own(evaluate_own(entry, pictures, dataset=dataset, report=report))
    except ValueError as error:
        bar.empty()
        st.error(plain(str(error)), icon=":material/error:")
        return
    st.rerun(scope="app")
