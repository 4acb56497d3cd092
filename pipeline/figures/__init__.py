"""Figures are drawn from arrays: cards for each epoch, and figures for the end of a run.

Cards are square uint8 arrays [S, S, 3] that cost a few milliseconds; figures are matplotlib Figures with titles, axes
and legends. Nothing goes through pyplot, so nothing stays behind and threads may draw at once. This package knows
neither MLflow nor Keras.
"""

import pipeline.plotting  # noqa: F401 — before anything imports matplotlib

# isort: split
from matplotlib.figure import Figure

from pipeline.figures.diagram.diagram import structure
from pipeline.figures.diagram.layer import Layer
from pipeline.figures.film.film import latent_film
from pipeline.figures.film.loop import loop
from pipeline.figures.images.anomalies import anomalies
from pipeline.figures.images.by_class import class_planes, class_rows, class_swap, samples_by_class
from pipeline.figures.images.cards import mosaic_card, plane_card, planes_card, reconstructions_card, rows_card
from pipeline.figures.images.decoded import decoded_latents, decoded_plane, interpolations, latents_by_class, traversals
from pipeline.figures.images.decoded_plane import DecodedPlane
from pipeline.figures.images.image_row import image_row
from pipeline.figures.images.reconstructions_by_epoch import reconstructions_by_epoch
from pipeline.figures.images.sheets import first_images, reconstructions, samples, samples_beside
from pipeline.figures.images.trial_sheet import TrialCards, trial_sheet
from pipeline.figures.interactive.latent_page import interactive_latent
from pipeline.figures.kit.png import png
from pipeline.figures.latent.followed_factors import FollowedFactors, followed_factors, followed_factors_card
from pipeline.figures.latent.labelled_points import LabelledPoints
from pipeline.figures.latent.latent_space import latent_card, latent_space
from pipeline.figures.latent.latent_steps import latent_steps
from pipeline.figures.latent.scatter_and_plane import scatter_and_plane
from pipeline.figures.latent.trajectories import Trajectories
from pipeline.figures.loss_curves import best_epoch, losses
from pipeline.figures.side_by_side.column import Column
from pipeline.figures.side_by_side.side_by_side import side_by_side
from pipeline.plotting import literal_ticks, settle

__all__ = [
    "Column",
    "DecodedPlane",
    "Figure",
    "FollowedFactors",
    "LabelledPoints",
    "Layer",
    "Trajectories",
    "TrialCards",
    "anomalies",
    "best_epoch",
    "class_planes",
    "class_rows",
    "class_swap",
    "decoded_latents",
    "decoded_plane",
    "first_images",
    "followed_factors",
    "followed_factors_card",
    "image_row",
    "interactive_latent",
    "interpolations",
    "latent_card",
    "latent_film",
    "latent_space",
    "latent_steps",
    "latents_by_class",
    "literal_ticks",
    "loop",
    "losses",
    "mosaic_card",
    "plane_card",
    "planes_card",
    "png",
    "reconstructions",
    "reconstructions_by_epoch",
    "reconstructions_card",
    "rows_card",
    "samples",
    "samples_beside",
    "samples_by_class",
    "scatter_and_plane",
    "settle",
    "side_by_side",
    "structure",
    "traversals",
    "trial_sheet",
]
