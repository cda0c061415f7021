"""What people call the networks of the zoo: short names for sentences, and a line on each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isnan

from design_core.pictures.dataset_cards import DATASETS
from design_core.segmentation.camvid import CAMVID
from design_core.text import printable
from design_core.training.recipe import recipe_names
from design_core.zoo.arms import Arm, arm_of, picture_arm
from design_core.zoo.card import BEFORE_HASH, OWN, Card, recipe_changes

__all__ = [
    "batch_norm_words",
    "card_arm",
    "card_short_name",
    "data_set_heading",
    "data_set_name",
    "data_sets",
    "describe_network",
    "distinct_names",
    "list_network",
    "network_words",
    "option_words",
    "recipe_words",
    "say_class",
    "training_name",
]

Network = tuple[Card, int]

# What may tell two networks of one activation apart, the most telling first.
_FEATURES: tuple[Callable[[Card, int], str], ...] = (
    lambda card, _: arm_of(card.activation).short if _is_own(card) else "",
    lambda card, _: card.dataset,
    lambda card, _: _network(card),
    lambda card, _: option_words(card),
    lambda card, _: batch_norm_words(card),
    lambda card, _: recipe_words(card),
    lambda _, seed: f"seed {seed}",
    lambda card, _: card.name.partition(BEFORE_HASH)[2] if _is_own(card) else card.name,
)


def data_set_name(dataset: str) -> str:
    """A data set as people write it within a sentence."""
    if dataset == CAMVID:
        return "CamVid"
    return DATASETS[dataset].title if dataset in DATASETS else dataset.removeprefix("folder:")


def data_set_heading(dataset: str) -> str:
    """A data set as people write it at the head of a line."""
    name = data_set_name(dataset)
    return name[:1].upper() + name[1:] if dataset in DATASETS else name


def data_sets(cards: Iterable[Card]) -> list[str]:
    """Data sets that networks were trained on, the telling ones first."""
    found = {card.dataset for card in cards}
    known = [name for name in DATASETS if name in found]
    return [*known, *sorted(found - set(known))]


def distinct_names(networks: Sequence[Network]) -> list[str]:
    """Short names of cards with their seeds; those that share one get what tells them apart."""
    names = [card_short_name(card) for card, _ in networks]
    for feature in _FEATURES:
        told = [feature(card, seed) for card, seed in networks]
        for name in {name for name in names if names.count(name) > 1}:
            alike = [k for k, other in enumerate(names) if other == name]
            if len({told[k] for k in alike}) > 1:
                for k in alike:
                    names[k] += f", {told[k]}" if told[k] else ""
    return names


def card_short_name(card: Card) -> str:
    """What a card is about in a word or two: its activation, or its picture's cut."""
    return card.name.partition(BEFORE_HASH)[0] if _is_own(card) else card_arm(card).short


def card_arm(card: Card) -> Arm:
    """What a card stands for: its picture's cut where its recipe sets that, else its activation."""
    return picture_arm(card.picture) if card.about_the_picture else arm_of(card.activation)


def _is_own(card: Card) -> bool:
    return card.name.startswith(OWN)


def describe_network(card: Card, seed: int) -> str:
    """What a network is, how long it was trained, its seed and test accuracy, in one line."""
    accuracy = card.result(seed).accuracy
    is_own = _is_own(card)
    measured = "not measured" if isnan(accuracy) else f"{100 * accuracy:.1f} % on test"
    parts = [
        card.name if is_own else "",
        batch_norm_words(card),
        _network(card),
        option_words(card),
        *([] if is_own else [recipe_words(card), f"seed {seed}"]),
        measured,
    ]
    return " · ".join(filter(None, parts))


def list_network(card: Card, seed: int) -> str:
    """A network in a list: first what tells it from its neighbours, then all the rest."""
    told = describe_network(card, seed).split(" · ")
    if _is_own(card):
        return " · ".join(told)
    rest = [one for one in told if one not in (told[-1], recipe_words(card), f"seed {seed}")]
    first = [card_short_name(card), told[-1], recipe_words(card), f"seed {seed}"]
    return " · ".join(first + rest)


def network_words(card: Card) -> str:
    """The network, its width, the size of its pictures where they were enlarged, its options.

    Of networks that are compared for the cut of their picture, what all of them share.
    """
    pixels = " pixels" if _enlarged(card) else ""
    words = f"{card.network['name']}{_told(' of width ', card.width)}{_enlarged(card)}{pixels}"
    if card.about_the_picture:
        return ", ".join((words, *_options(card, but=("picture", "first")), "one-bit pictures"))
    return ", ".join((words, *_options(card)))


def option_words(card: Card) -> str:
    """The options of the network that no other words tell, such as its binarizer; often none."""
    return ", ".join(_options(card))


def _options(card: Card, but: Sequence[str] = ()) -> list[str]:
    told = {key: value for key, value in card.options.items() if key not in but}
    return [f"{key} {_option(key, value)}" for key, value in told.items()]


def _option(key: str, value: object) -> str:
    text = picture_arm(str(value)).title if key == "picture" else str(value)
    form, code, _ = text.partition(":code=")
    return f"{form} own" if code else text


def _network(card: Card) -> str:
    return f"{card.network['name']}{_told(' ', card.width)}{_enlarged(card)}"


def _told(words: str, number: int | None) -> str:
    """A number with the words before it; nothing where there is none."""
    return "" if number is None else f"{words}{number}"


def training_name(card: Card) -> str:
    """Network and training: what cards share that may be compared."""
    return f"{network_words(card)}, {recipe_words(card)}"


def _enlarged(card: Card) -> str:
    """The size that a recipe brought pictures to; empty where it left them their own."""
    return f" on {card.enlarged}×{card.enlarged}" if card.enlarged else ""


def say_class(name: str) -> str:
    """A class as people write it.

    Examples
    --------
    >>> say_class("aquarium_fish")
    'aquarium fish'
    """
    return printable(name).replace("_", " ") or "(no name)"


def recipe_words(card: Card) -> str:
    """Epochs, and the recipe where epochs alone do not say which of the library's it is."""
    if _is_own(card):
        return "your own"
    words, name = f"{card.recipe['epochs']} epochs", str(card.recipe["name"])
    changes = {key: value for key, value in recipe_changes(card.recipe).items() if key not in _TOLD}
    told = ", ".join(f"{key} {value}" for key, value in changes.items())
    if told or "epochs" in recipe_changes(card.recipe) or name not in recipe_names():
        words += f" by {name}" if name else ""
    return f"{words} with {told}" if told else words


_TOLD = ("epochs", "image_size")  # changes that have words of their own


def batch_norm_words(card: Card) -> str:
    """Whether batch norm learns γ and β."""
    return "γ, β learned" if card.affine else "γ, β fixed"
