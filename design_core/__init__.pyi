from .activations import SURROGATES, DeSign, Sign, sign, threshold_sign
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
from .output.drawing import bits_png, enlarge, grey_png, heat_png, kernel_svg
from .pictures import Picture, PictureError
from .pictures.feature_maps import FeatureMaps, standardize
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
from .zoo.card import Card, load_cards
from .zoo.checkpoint import CheckpointError, load_checkpoint
from .zoo.entry import Entry, layer_maps, open_entry

__version__: str

__all__ = [
    "OMEGA",
    "PATTERNS",
    "PUBLISHED",
    "SAMPLES",
    "SCALE_NAMES",
    "SURROGATES",
    "ActivationScores",
    "Card",
    "CheckpointError",
    "DeSign",
    "Entry",
    "FeatureMaps",
    "KernelFileError",
    "Picture",
    "PictureError",
    "Sample",
    "Scale",
    "Sign",
    "ThresholdKernel",
    "activation_density",
    "bayer",
    "binarize",
    "bits_png",
    "block_entropy",
    "blue_noise",
    "checkerboard",
    "compare_activations",
    "correlation",
    "decode_kernel",
    "encode_kernel",
    "enlarge",
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
    "load_kernel",
    "open_entry",
    "open_kernel",
    "parse_kernel",
    "psnr",
    "published_kernel",
    "random_levels",
    "read_kernel",
    "reconstruct",
    "sample",
    "sample_names",
    "sign",
    "ssim",
    "standardize",
    "symmetric",
    "threshold_sign",
    "tile",
    "total_variation",
    "tv_map",
    "uniform",
    "write_kernel",
]
