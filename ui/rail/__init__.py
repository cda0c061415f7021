"""The left rail: which picture, which feature maps, which kernel, and what a link holds of it."""
