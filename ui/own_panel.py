"""Add a network of one's own: checked, never unpickled, kept in the session alone."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.published import PUBLISHED
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

_READ, _WANTING = "own_read", "own_wanting"
_KERNELS = ("2x2x4-shifted-v1", *(name for name in PUBLISHED if name != "2x2x4-shifted-v1"))

_HELP = f"""\
A safetensors file, up to {MAX_UPLOAD // 2**20} MiB:

- a file of `assets/checkpoints`, or one written by `design_core.zoo.checkpoint.save_checkpoint`
  (binary weights one bit each),
- a state dict of the authors' repository, of ReCU, IR-Net or BinaryNet.pytorch, with or without the
  prefixes of DataParallel and `torch.compile`, in half precision too; from PyTorch's own file by
  `safetensors.torch.save_file(torch.load("theirs.pth", weights_only=True)["state_dict"], …)`, or
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


def own_panel(take: Callable[[str], None] | None = None) -> None:
    """Upload, what is there, evaluation, removal.

    Parameters
    ----------
    take
        Hears the reference of each network that came, before the page is drawn anew.
    """
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
    wanting: set[str] = st.session_state.setdefault(_WANTING, set())
    came: list[str] = []
    for upload in uploads:
        if upload.file_id not in read:
            _read(upload, came)
    for upload in uploads:
        if upload.file_id in wanting and (kernel := _kernel_of(upload)):
            _read(upload, came, kernel)
        elif read[upload.file_id]:
            st.error(plain(read[upload.file_id]), icon=":material/error:")
    if came:
        for name in came:
            if take:
                take(f"{name}@0")
        st.rerun()  # what was drawn above knows of it now
    for entry in own_entries():
        _kept(entry)


def _kernel_of(upload: UploadedFile) -> ThresholdKernel | None:
    """The thresholds of a file that holds none, once they are chosen."""
    st.warning(
        f"{plain(upload.name)} is of the authors' repository, whose files hold neither thresholds "
        "nor statistics of batch norms. Which thresholds was it trained with? The statistics are "
        "taken from pictures of CIFAR-10 here.",
        icon=":material/grid_on:",
    )
    name = st.selectbox("Its threshold kernel", _KERNELS, key=f"own_kernel_{upload.file_id}")
    asked = st.button("Open it", key=f"own_open_{upload.file_id}")
    return PUBLISHED[name] if asked else None


def _read(upload: UploadedFile, came: list[str], kernel: ThresholdKernel | None = None) -> None:
    """Keep the network in a file and its name in `came`; else remember why not."""
    pytorch()

    from design_core.zoo.elsewhere import KernelMissingError
    from design_core.zoo.uploaded import read_own

    refusal, wanting = "", st.session_state[_WANTING]
    wanting.discard(upload.file_id)
    try:
        with FORWARD:
            entry = read_own(upload.getvalue(), name=upload.name, kernel=kernel)
            hold(entry.checkpoint, entry.card.bytes["float32"])
            keep_own(entry)
        came.append(entry.card.name)
    except KernelMissingError:
        wanting.add(upload.file_id)
    except ValueError as error:
        refusal = str(error)
    st.session_state[_READ][upload.file_id] = refusal


def _remove(name: str) -> None:
    """Forget a network; what was refused is read again, as there may be room for it now."""
    remove_own(name)
    read: dict[str, str] = st.session_state.get(_READ, {})
    st.session_state[_READ] = {file: refusal for file, refusal in read.items() if not refusal}


def _kept(entry: Entry) -> None:
    card = entry.card
    words = " ".join(getattr(card, "words", ()))
    result = card.results[0]
    st.markdown(
        f"**{plain(card.name)}** · {network_words(card)}, "
        f"{plain(card.activation)} · {result.bytes:,} bytes · SHA-256 `{result.sha256[:16]}…`",
        help=f"SHA-256 of the file: {result.sha256}",
    )
    if words:
        st.caption(plain(words))
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
