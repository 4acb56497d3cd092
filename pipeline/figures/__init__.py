"""Arrays in, pictures out: cards for each epoch, figures for the end of a run. Knows neither MLflow nor Keras.

Cards are square uint8 arrays [S, S, 3] that cost a few milliseconds; figures are matplotlib Figures with titles, axes
and legends. Neither goes through pyplot, so nothing stays behind and threads may draw at once.
"""

import pipeline.plotting  # noqa: F401 — before anything imports matplotlib

# isort: split
from matplotlib.figure import Figure

from pipeline.figures.diagram.diagram import structure
from pipeline.figures.diagram.layer import Layer
from pipeline.figures.film.film import latent_film
from pipeline.figures.film.loop import loop
from pipeline.figures.images.cards import mosaic_card, plane_card, reconstructions_card
from pipeline.figures.images.decoded import decoded_points, grid, interpolations, traversals
from pipeline.figures.images.sheets import first_images, reconstructions, samples, samples_beside
from pipeline.figures.images.strip import strip
from pipeline.figures.images.wall import Brick, wall
from pipeline.figures.interactive.latent_page import interactive_latent
from pipeline.figures.kit.png import png
from pipeline.figures.latent.evolution import epochs_sheet, latent_steps
from pipeline.figures.latent.latents import latent, latent_card
from pipeline.figures.latent.plane_and_points import plane_and_points
from pipeline.figures.loss_curves import losses
from pipeline.figures.side_by_side.column import Member
from pipeline.figures.side_by_side.side_by_side import side_by_side
from pipeline.plotting import literal_ticks, settle

__all__ = [
    "Brick",
    "Figure",
    "Layer",
    "Member",
    "decoded_points",
    "epochs_sheet",
    "first_images",
    "grid",
    "interactive_latent",
    "interpolations",
    "latent",
    "latent_card",
    "latent_film",
    "latent_steps",
    "literal_ticks",
    "loop",
    "losses",
    "mosaic_card",
    "plane_and_points",
    "plane_card",
    "png",
    "reconstructions",
    "reconstructions_card",
    "samples",
    "samples_beside",
    "settle",
    "side_by_side",
    "strip",
    "structure",
    "traversals",
    "wall",
]
