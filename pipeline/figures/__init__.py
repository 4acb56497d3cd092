"""Arrays in, pictures out: cards for each epoch, figures for the end of a run. Knows neither MLflow nor Keras.

Cards are square uint8 arrays [S, S, 3] that cost a few milliseconds; figures are matplotlib Figures with titles, axes
and legends. Neither goes through pyplot, so nothing stays behind and threads may draw at once.
"""

from matplotlib.figure import Figure

from pipeline.figures.canvas import figure_pixels
from pipeline.figures.cards import mosaic_card, plane_card, reconstructions_card
from pipeline.figures.decoded import grid, traversals
from pipeline.figures.latents import latent, latent_card
from pipeline.figures.limits import Limits, square_limits
from pipeline.figures.loss_curves import best_epoch, losses
from pipeline.figures.plane import PlaneAxes, even, latent_axes, plane_points, principal_axes, quantiles
from pipeline.figures.sheets import reconstructions, samples

__all__ = [
    "Figure",
    "Limits",
    "PlaneAxes",
    "best_epoch",
    "even",
    "figure_pixels",
    "grid",
    "latent",
    "latent_axes",
    "latent_card",
    "losses",
    "mosaic_card",
    "plane_card",
    "plane_points",
    "principal_axes",
    "quantiles",
    "reconstructions",
    "reconstructions_card",
    "samples",
    "square_limits",
    "traversals",
]
