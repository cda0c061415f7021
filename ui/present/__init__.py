"""Presenter mode: scenes on a stage."""
