"""The address of Speed: batch, threads, and the question that is open."""

from __future__ import annotations

from ui.links.fields import Address, choice
from ui.speed import keys

__all__ = ["BATCHES", "QUESTIONS", "SPEED", "THREADS"]

BATCHES = (1, 64)
THREADS = (1, 2)
SPEEDUP, BESIDE, SIZE, BINARY, ONNX = (
    "Where is the speed-up?",
    "Beside int8?",
    "Why is the file not smaller?",
    "Is it really binary?",
    "And ONNX?",
)
QUESTIONS = (SPEEDUP, BESIDE, SIZE, BINARY, ONNX)

SPEED = Address(
    "speed",
    (),
    (
        choice(keys.BATCH, BATCHES, BATCHES[0], name="batch", code=str),
        choice(keys.THREADS, THREADS, THREADS[0], name="threads", code=str),
        choice(keys.QUESTION, QUESTIONS, QUESTIONS[0], name="question"),
    ),
)
