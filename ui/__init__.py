"""What the app consists of beside its pages. No mathematics.

Rooms, each built on those before it: what all share (``charts``, ``figures``, ``compute``,
``networks``, ``viewer`` …), ``links`` (what a link holds), ``rail``, the pages' own rooms, each
with its ``address``, ``scenes`` (curated views), and ``share``, which only pages/*.py use.
"""
