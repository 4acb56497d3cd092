"""All scores of disentanglement of a model on one split."""

import numpy as np

from pipeline.evaluation.disentanglement.compared import Compared
from pipeline.evaluation.disentanglement.dci import dci
from pipeline.evaluation.disentanglement.factor_vae import factor_vae_score
from pipeline.evaluation.disentanglement.infomec import infomec
from pipeline.evaluation.disentanglement.mig import mig
from pipeline.evaluation.disentanglement.sap import sap
from pipeline.evaluation.scores import CATALOGUE


def disentanglement(compared: Compared | None) -> dict[str, float | None]:
    """The scores by name; none where nothing can be compared. Where no latent is active, they are what chance gives."""
    if compared is None:
        return {}
    if not compared.positions.size:
        return _of_no_latent(compared.values)
    latents, values = compared.latents, compared.values
    by_trees, by_information = dci(latents, values), infomec(latents, values)
    return {
        "mig": mig(latents, values),
        "sap": sap(latents, values, [factor.ordered for factor in compared.factors]),
        "dci_disentanglement": by_trees.disentanglement,
        "dci_completeness": by_trees.completeness,
        "dci_informativeness": by_trees.informativeness,
        "factor_vae": factor_vae_score(latents, values),
        "infomec_modularity": by_information.modularity,
        "infomec_explicitness": by_information.explicitness,
        "infomec_compactness": by_information.compactness,
    }


def _of_no_latent(values: np.ndarray) -> dict[str, float | None]:
    """The scores where nothing is known of factors, int [N, F]: 0, but for accuracies."""
    number, count = values.shape
    commonest = [np.bincount(column).max() / number for column in values.T]
    accuracies = {"dci_informativeness": float(np.mean(commonest)), "factor_vae": 1 / count}
    none = dict.fromkeys(("dci_disentanglement", "infomec_modularity")) if count == 1 else {}
    return {name: 0.0 for name, score in CATALOGUE.items() if score.of_factors} | accuracies | none
