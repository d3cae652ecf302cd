"""The cast: who plays in which phase, and which prompt describes each.

Descriptions are texts in `prompts/roles/`, pinned by a visit's frame like every other prompt; the model that plays a
role is the project's choice and looked up live. Called by the seat and by the frame.
"""

from __future__ import annotations

from state.vocabulary import Phase, Role

CAST: dict[Phase, tuple[Role, ...]] = {
    Phase.IDEATION: (Role.PHD_STUDENT,),
    Phase.LITERATURE_REVIEW: (Role.PHD_STUDENT, Role.READER),
    Phase.PLAN_FORMULATION: (Role.POSTDOC, Role.PHD_STUDENT),
    Phase.DATA_PREPARATION: (Role.SOFTWARE_ENGINEER, Role.ML_ENGINEER),
    Phase.RUNNING_EXPERIMENTS: (Role.ML_ENGINEER, Role.PROFESSOR),
    Phase.RESULTS_INTERPRETATION: (Role.POSTDOC, Role.PHD_STUDENT),
    Phase.REPORT_WRITING: (Role.PHD_STUDENT, Role.PROFESSOR),
    Phase.REPORT_REFINEMENT: (
        Role.REVIEWER_EXPERIMENTS,
        Role.REVIEWER_IMPACT,
        Role.REVIEWER_NOVELTY,
        Role.AREA_CHAIR,
        Role.PHD_STUDENT,
    ),
}
"""Who sits down in a phase; the first one leads, and a note to the phase is for everyone."""

REVIEWERS = (Role.REVIEWER_EXPERIMENTS, Role.REVIEWER_IMPACT, Role.REVIEWER_NOVELTY)


def prompt_of(role: Role) -> str:
    """The path of a role's description among the prompts."""
    return f"roles/{role.value}"
