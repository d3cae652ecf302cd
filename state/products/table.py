"""All products: which phase makes which, and each by its name."""

from __future__ import annotations

from state.products.base import Product
from state.products.data import Data
from state.products.experiments import Experiments
from state.products.ideas import Ideas
from state.products.interpretation import Interpretation
from state.products.literature import Review
from state.products.manuscript import Manuscript
from state.products.plan import Plan
from state.products.refinement import Refinement
from state.products.report import Report
from state.vocabulary import Phase

MADE_BY: dict[Phase, type[Product]] = {
    Phase.IDEATION: Ideas,
    Phase.LITERATURE_REVIEW: Review,
    Phase.PLAN_FORMULATION: Plan,
    Phase.DATA_PREPARATION: Data,
    Phase.RUNNING_EXPERIMENTS: Experiments,
    Phase.RESULTS_INTERPRETATION: Interpretation,
    Phase.REPORT_WRITING: Report,
    Phase.REPORT_REFINEMENT: Refinement,
}

PRODUCTS: dict[str, type[Product]] = {kind.name: kind for kind in MADE_BY.values()} | {Manuscript.name: Manuscript}
