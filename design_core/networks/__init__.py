"""Binary networks: layers, weight binarizers, VGG-small and ResNets, a registry, a summary."""

from __future__ import annotations

# The network modules register their builders when they are imported.
from design_core.networks import resnet, vgg
from design_core.networks.intermediate import ActivationMaps, activation_maps
from design_core.networks.registry import (
    NetworkSpec,
    build_network,
    network_names,
    network_options,
    portable_options,
)

__all__ = [
    "ActivationMaps",
    "NetworkSpec",
    "activation_maps",
    "build_network",
    "network_names",
    "network_options",
    "portable_options",
    "resnet",
    "vgg",
]
