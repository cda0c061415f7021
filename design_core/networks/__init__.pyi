from . import encoder_decoder, resnet, vgg
from .activation import portable_options
from .intermediate import ActivationMaps, activation_maps
from .registry import (
    NetworkSpec,
    build_network,
    network_names,
    network_options,
)

__all__ = [
    "ActivationMaps",
    "NetworkSpec",
    "activation_maps",
    "build_network",
    "encoder_decoder",
    "network_names",
    "network_options",
    "portable_options",
    "resnet",
    "vgg",
]
