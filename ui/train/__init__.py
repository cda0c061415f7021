"""Train: two networks that learn side by side, on pictures of one's own."""
