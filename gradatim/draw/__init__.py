"""Pictures: compute graphs, gradients step by step, descent paths, tables, curves, regions.

Every function returns a `Drawing` (or a series of them): a notebook displays it, `.save("x.svg")`
writes it. Layout, axes and SVG are the library's own; no other program is needed.
"""

from .activation_gallery import activations
from .architecture import architecture
from .attention_maps import attention
from .canvas.drawing import Drawing, beside
from .canvas.series import Drawings
from .cures import cures
from .decision_boundary import boundary
from .descent_path import descent
from .diagnosis import diagnosis
from .graphs.chain_rule import backward_steps
from .graphs.compute_graph import graph, is_large
from .heat_map import heatmap
from .histograms import histogram
from .image_grid import images
from .linear_regions import regions
from .loss_curves import curves
from .scatter_plot import scatter
from .surprise_bars import bars, surprise

__all__ = [
    "Drawing",
    "Drawings",
    "activations",
    "architecture",
    "attention",
    "backward_steps",
    "bars",
    "beside",
    "boundary",
    "cures",
    "curves",
    "descent",
    "diagnosis",
    "graph",
    "heatmap",
    "histogram",
    "images",
    "is_large",
    "regions",
    "scatter",
    "surprise",
]


def __dir__() -> list[str]:
    return sorted(__all__)
