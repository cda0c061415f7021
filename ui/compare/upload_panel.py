"""Add a network of one's own: checked, never unpickled, kept in the session alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from design_core.zoo.entry import Entry
from design_core.zoo.naming import network_words
from design_core.zoo.network_file import MAX_UPLOAD
from ui.networks import FORWARD
from ui.pytorch import has_pytorch, pytorch
from ui.upload_bounds import hold
from ui.uploaded_networks import keep_own, own_entries, remove_own

if TYPE_CHECKING:
    from design_core.training.data import TrainingData

__all__ = ["own_panel"]

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
    )
    # Each file is read once: why it was refused, or nothing.
    read: dict[str, str] = st.session_state.setdefault("own_read", {})
    came = False
    for upload in uploads:
        if upload.file_id not in read:
            read[upload.file_id] = _refusal(upload.getvalue(), upload.name)
            came = came or not read[upload.file_id]
    if came:
        st.rerun()  # the filters above know of it now
    for upload in uploads:
        if read[upload.file_id]:
            st.error(read[upload.file_id], icon=":material/error:")
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


def _kept(entry: Entry) -> None:
    card = entry.card
    result = card.results[0]
    st.markdown(
        f"**{card.name}** · {network_words(card)}, "
        f"{card.activation} · {result.bytes:,} bytes · SHA-256 `{result.sha256[:16]}…`",
        help=f"SHA-256 of the file: {result.sha256}",
    )
    with st.container(horizontal=True, gap="small"):
        if card.dataset == "digits" and st.button(
            "Evaluate on digits",
            icon=":material/play_arrow:",
            key=f"evaluate_{card.name}",
            help="360 test digits, at hand without any download",
        ):
            _evaluate(entry)
        st.button(
            "Remove",
            icon=":material/delete:",
            key=f"remove_{card.name}",
            on_click=remove_own,
            args=(card.name,),
        )


@st.cache_resource(show_spinner=False)
def _digits() -> TrainingData:
    from design_core.training.data import load_data

    return load_data("digits")


def _evaluate(entry: Entry) -> None:

    from design_core.zoo.uploaded import evaluate_own

    bar = st.progress(0.0, "Evaluating")
    try:
        with FORWARD:
            keep_own(
                evaluate_own(
                    entry, _digits(), report=lambda share: bar.progress(share, "Evaluating")
                )
            )
    except ValueError as error:
        bar.empty()
        st.error(str(error), icon=":material/error:")
        return
    st.rerun(scope="app")
