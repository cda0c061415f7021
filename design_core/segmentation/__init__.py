"""Segmentation: a class for every pixel. Data and scores, all of NumPy."""
