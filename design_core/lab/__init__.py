"""What looks into one network, or lays two side by side on the same pictures."""
