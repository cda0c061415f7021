"""The address of Speed: batch, threads, and the question that is open."""

from __future__ import annotations

from ui.links.fields import Address, choice

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
        choice("speed_batch", BATCHES, BATCHES[0], name="batch", code=str),
        choice("speed_threads", THREADS, THREADS[0], name="threads", code=str),
        choice("speed_question", QUESTIONS, QUESTIONS[0], name="question"),
    ),
)
