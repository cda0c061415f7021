"""Search for threshold kernels: local tables, whole landscapes, exact and heuristic optima."""
