"""Segmentation: a class for every pixel. Data, scores and colours, all of NumPy."""
