"""Scores of class maps, beside scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, confusion_matrix, jaccard_score

from design_core.segmentation.scores import (
    UNLABELLED,
    class_iou,
    confusion_counts,
    mean_iou,
    pixel_accuracy,
)


def maps(seed: int, classes: int) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Truth with unlabelled pixels and a prediction that is mostly right; some classes missing."""
    draw = np.random.default_rng(seed)
    true = draw.integers(0, classes - 1, (3, 7, 9)).astype(np.int8)
    told = np.where(draw.random(true.shape) < 0.6, true, draw.integers(0, classes, true.shape))
    true[draw.random(true.shape) < 0.2] = UNLABELLED
    return true, told.astype(np.int8)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("classes", [2, 3, 11])
def test_scores_are_those_of_scikit_learn(seed: int, classes: int) -> None:
    true, told = maps(seed, classes)
    known = true != UNLABELLED
    counts = confusion_counts(true, told, classes)
    expected = confusion_matrix(true[known], told[known], labels=range(classes))
    assert np.array_equal(counts, expected)
    occurring = sorted({*true[known].tolist(), *told[known].tolist()})
    each = jaccard_score(true[known], told[known], labels=occurring, average=None)
    found = class_iou(counts)
    np.testing.assert_allclose(found[occurring], each, rtol=1e-12)
    assert np.isnan(np.delete(found, occurring)).all()
    macro = jaccard_score(true[known], told[known], average="macro")
    assert mean_iou(counts) == pytest.approx(macro)
    assert pixel_accuracy(counts) == pytest.approx(accuracy_score(true[known], told[known]))


def test_a_class_that_is_neither_there_nor_predicted_does_not_count() -> None:
    counts = confusion_counts([0, 0, 1], [0, 1, 1], 3)
    assert class_iou(counts)[:2].tolist() == [0.5, 0.5]
    assert np.isnan(class_iou(counts)[2])
    assert mean_iou(counts) == 0.5
    # One that is predicted alone is an error in full.
    assert mean_iou(confusion_counts([0, 0, 1], [0, 2, 1], 3)) == pytest.approx((0.5 + 1 + 0) / 3)


def test_counts_add_up_over_pictures() -> None:
    true, told = maps(0, 5)
    parts = [confusion_counts(one, other, 5) for one, other in zip(true, told, strict=True)]
    assert np.array_equal(sum(parts), confusion_counts(true, told, 5))


def test_without_a_labelled_pixel_there_is_no_score() -> None:
    counts = confusion_counts([UNLABELLED], [1], 2)
    assert counts.sum() == 0
    assert np.isnan(mean_iou(counts))
    assert np.isnan(pixel_accuracy(counts))


@pytest.mark.parametrize(
    ("true", "told", "message"),
    [
        ([0, 1], [0], r"have one shape; got \(2,\) and \(1,\)"),
        ([0, 2], [0, 1], "are 0 to 1; got 0 to 2"),
        ([0, 1], [0, -1], "are 0 to 1; got -1 to 0"),
    ],
)
def test_maps_that_do_not_fit_are_refused(true: list[int], told: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        confusion_counts(true, told, 2)
