"""Plan formulation: the postdoc leads, the PhD student objects; it ends when the postdoc submits a plan.

The product is what will be measured and what would count, fixed before it is measured.
"""

from __future__ import annotations

from engine.answering import Answer, Refusal
from engine.answers import Dialogue, SubmitPlan
from engine.desk import Desk
from engine.experiments import score
from engine.phases.news import said, with_last
from engine.prompt import Shown, Value
from state.config import Metric
from state.errors import LabError
from state.products.base import Product
from state.products.plan import Plan
from state.vocabulary import Role


async def run(desk: Desk) -> Plan | None:
    """Postdoc and PhD student talk until the postdoc submits a plan."""
    inputs, frame = desk.inputs, desk.frame
    shared: dict[str, Value] = {
        "question": inputs.question,
        "review": inputs.products.get("review"),
        "seeds": frame.seeds,
        "run_time": f"{frame.run_time_s} s",
        "steps": frame.solver_steps,
        "gpu": inputs.gpu,
        "packages": inputs.packages,
        "data_folders": inputs.brought,
        "earlier_version": inputs.earlier,
    }
    lead = desk.seat(
        Role.POSTDOC,
        "lead",
        metric=frame.metric,
        target=frame.target,
        sent_back_because=inputs.reasons,
        **shared,
    ).with_tools(Dialogue, SubmitPlan)
    student = desk.seat(Role.PHD_STUDENT, "student", **shared)
    heard = Shown("")
    async for turn in desk.rounds(frame.turns):
        answers: tuple[type[Answer], ...] = (SubmitPlan,) if turn.last else (Dialogue, SubmitPlan)
        match await lead.ask(with_last(turn, heard), answers=answers, check=lambda answer: unsound(desk, answer)):
            case Dialogue(text=text):
                heard = said(Role.PHD_STUDENT, (await student.ask(said(Role.POSTDOC, text), answers=(Dialogue,))).text)
            case SubmitPlan() as draft:
                plan = planned(desk, draft)
                if (refusal := await desk.submit(plan)) is None:
                    return plan
                heard = refusal.shown
    return None


def planned(desk: Desk, draft: SubmitPlan) -> Plan:
    """The plan that was drafted; what the project says of metric, target and seeds fills what the draft left out."""
    over = draft.model_dump(exclude={"text"}, mode="json")
    metric = fixed_metric(desk)
    if metric is not None:
        over["metric"] = over["metric"] or metric.name
        over["direction"] = over["direction"] or ("higher" if metric.higher else "lower")
    if over["target"] is None and desk.frame.target:
        over["target"] = desk.frame.target
    plan = Plan.parsed(draft.text, **over)
    return plan if "seeds" in plan.model_fields_set else plan.model_copy(update={"seeds": desk.frame.seeds})


def unsound(desk: Desk, answer: Answer) -> Refusal | None:
    """Why a plan cannot be handed in; a dialogue always can."""
    if not isinstance(answer, SubmitPlan):
        return None
    try:
        plan = planned(desk, answer)
    except LabError as error:
        return Refusal.of(error)
    metric = fixed_metric(desk)
    if metric is not None and (plan.metric, plan.higher) != (metric.name, metric.higher):
        return Refusal(
            f"the project fixes the metric: {desk.frame.metric}", "plan.other_metric", {"metric": desk.frame.metric}
        )
    return unmet(plan)


def unmet(plan: Plan) -> Refusal | None:
    """Why the target cannot end the search as it should: another metric, or the wrong way."""
    found = score.TARGET.match(plan.target)
    if found is None or (found["metric"] == plan.metric and (found["sign"][0] == ">") == plan.higher):
        return None
    right = f"{plan.metric} {'>=' if plan.higher else '<='} NUMBER"
    return Refusal(
        f"a target is a value of the plan's own metric, in the direction that is better: {right}, or none",
        "plan.other_target",
        {"target": plan.target, "right": right},
    )


def fixed_metric(desk: Desk) -> Metric | None:
    name, _, direction = (part.strip() for part in desk.frame.metric.partition(","))
    return Metric(name, direction == "higher") if name else None


async def check(desk: Desk, product: Product) -> Refusal | None:
    """A plan that parsed can be carried out where its target is one of its metric."""
    assert isinstance(product, Plan)
    return unmet(product)
