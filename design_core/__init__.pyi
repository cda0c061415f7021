from .activations import SURROGATES, DeSign, Sign, sign, threshold_sign
from .engine.files import load_packed, save_packed
from .engine.network import PackedNetwork
from .engine.onnx_export import export_onnx
from .engine.packing import UnpackableError, pack
from .kernels.files import KernelFileError, load_kernel, read_kernel, write_kernel
from .kernels.kernel import OMEGA, ThresholdKernel, binarize, tile
from .kernels.patterns import (
    PATTERNS,
    bayer,
    blue_noise,
    checkerboard,
    random_levels,
    symmetric,
    uniform,
)
from .kernels.published import PUBLISHED, published_kernel
from .kernels.spec import decode_kernel, encode_kernel, open_kernel, parse_kernel
from .lab.feature_maps import extract_maps
from .networks.conversion import Conversion, make_binary
from .networks.intermediate import ActivationMaps, activation_maps
from .networks.layers import BinaryConv2d, BinaryLinear
from .networks.registry import NetworkSpec, build_network
from .output.drawing import bits_png, enlarge, grey_png, heat_png, kernel_svg
from .pictures import Picture, PictureError
from .pictures.feature_maps import FeatureMaps, standardize
from .pictures.form import PictureForm
from .pictures.samples import SAMPLES, Sample, sample, sample_names
from .scaling import SCALE_NAMES, Scale, fit_scale, lloyd_max
from .scores import (
    activation_density,
    block_entropy,
    correlation,
    psnr,
    reconstruct,
    ssim,
    total_variation,
    tv_map,
)
from .scores.comparison import ActivationScores, compare_activations, finding
from .training.data import TrainingData, load_data
from .training.trainer import train
from .zoo.card import Card, load_cards
from .zoo.checkpoint import CheckpointError, load_checkpoint
from .zoo.elsewhere import Elsewhere, load_elsewhere
from .zoo.entry import Entry, layer_maps, open_entry

__version__: str

__all__ = [
    "OMEGA",
    "PATTERNS",
    "PUBLISHED",
    "SAMPLES",
    "SCALE_NAMES",
    "SURROGATES",
    "ActivationMaps",
    "ActivationScores",
    "BinaryConv2d",
    "BinaryLinear",
    "Card",
    "CheckpointError",
    "Conversion",
    "DeSign",
    "Elsewhere",
    "Entry",
    "FeatureMaps",
    "KernelFileError",
    "NetworkSpec",
    "PackedNetwork",
    "Picture",
    "PictureError",
    "PictureForm",
    "Sample",
    "Scale",
    "Sign",
    "ThresholdKernel",
    "TrainingData",
    "UnpackableError",
    "activation_density",
    "activation_maps",
    "bayer",
    "binarize",
    "bits_png",
    "block_entropy",
    "blue_noise",
    "build_network",
    "checkerboard",
    "compare_activations",
    "correlation",
    "decode_kernel",
    "encode_kernel",
    "enlarge",
    "export_onnx",
    "extract_maps",
    "finding",
    "fit_scale",
    "grey_png",
    "heat_png",
    "kernel_svg",
    "layer_maps",
    "lloyd_max",
    "load_cards",
    "load_checkpoint",
    "load_data",
    "load_elsewhere",
    "load_kernel",
    "load_packed",
    "make_binary",
    "open_entry",
    "open_kernel",
    "pack",
    "parse_kernel",
    "psnr",
    "published_kernel",
    "random_levels",
    "read_kernel",
    "reconstruct",
    "sample",
    "sample_names",
    "save_packed",
    "sign",
    "ssim",
    "standardize",
    "symmetric",
    "threshold_sign",
    "tile",
    "total_variation",
    "train",
    "tv_map",
    "uniform",
    "write_kernel",
]
