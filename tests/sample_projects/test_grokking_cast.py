"""The first sample's folder is whole, and every cue of its cast plays, in both languages, with arguments that stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine import answers
from engine.answering import Answer, spec
from engine.answers import SearchPapers
from engine.artefact import edited, numbered
from engine.models.base import Message, Request, ToolSpec, ToolUse
from engine.models.cast import LANGUAGES, MATCHED, Cue, Phrase, load
from engine.models.rehearsal import answer
from engine.phases import ideation, literature_review
from engine.prompt import lines, tag
from engine.tools import bib, shelf
from state import project
from state.products.literature import bib_entries
from state.vocabulary import Phase, Verdict

SAMPLE = Path(__file__).parents[2] / "sample_projects" / "grokking"
CAST = load(SAMPLE)
PROGRAM = (SAMPLE / "rehearsal/files/experiment.py").read_text()
KINDS: dict[str, type[Answer]] = {
    kind.tool: kind
    for kind in vars(answers).values()
    if isinstance(kind, type) and issubclass(kind, Answer) and kind is not Answer
} | {"search_papers": SearchPapers}

EXAMPLES = {
    r"\b(?P<n>[1-9]\d{0,2})\s*(?:random\s+)?seeds?": "please use 5 seeds",
    r"(?:weight\s+)?decay\s+(?:of\s+)?(?P<w>\d+(?:\.\d+)?)": "also try weight decay 1.5",
    "NameError.*STEPS_TO_FIT": "NameError: name 'STEPS_TO_FIT' is not defined",
    "Power|2201.02177|Generalization Beyond Overfitting": "Grokking: Generalization Beyond Overfitting",
    "How little of the table|看到多少表格": "How little of the table is enough?",
    "set the clock|时钟": "Does weight decay set the clock of grokking?",
    "is it kept|会不会再忘": "Once understood, is it kept?",
}
"""A text for each pattern that is more than plain words."""

STANDING = {
    "question": "?",
    "seeds": "3",
    "shelf": "5 of 5",
    "means": "overall: 5",
    "reviews": "accept, accept, reject",
    "references": r"\result{wd_1/mod47/steps/mean}",
    "round": "1",
    "rounds_left": "1",
}

CUES = [pytest.param(phase, cue, id=f"{phase}:{cue.name}") for phase, cues in CAST.cues.items() for cue in cues]


def text_for(pattern: str) -> str:
    """A text in which the pattern is found."""
    found = EXAMPLES.get(pattern, "anything" if pattern == "." else pattern.split("|")[0])
    assert re.search(pattern, found, re.IGNORECASE), pattern
    return found


def request_for(phase: str, cue: Cue, language: str, verdict: str = "better") -> Request:
    """A request that this cue answers: its tags, its tool, everything before it played."""
    facts = {"phase": phase, "role": (cue.role or ("phd_student",))[0], "seat": (cue.seat or ("lead",))[0]}
    facts |= {"language": language, "paper_language": language} | STANDING
    attributed, news = [], []
    for key, wanted in cue.when.items():
        if wanted == ("",):
            continue  # a tag that is not there
        regular = key in MATCHED or key.endswith("~")
        name, _, value = key.removesuffix("~").partition(".")
        name = "earlier_note" if name == "notes" else name
        text = text_for(wanted[0]) if regular else wanted[0]
        facts.pop(name, None)
        (news if key in MATCHED else attributed).append(tag(name, text, **({"program": value} if value else {})))
    told = [tag(name, text) for name, text in facts.items()]
    scores = [tag("verdict", verdict, program=one) for one in ("wd_2", "wd_03", "decay_late", "wd_4", "init_2")]
    named = set(cue.when)
    if cue.name.startswith(("step-", "asked")):
        scores = []
    scores = [one for one in scores if f"verdict.{one.split(chr(34))[1]}" not in named]
    shown = artefact_for(phase, language)
    earlier = [one for one in CAST.cues[phase] if one.name != cue.name and not one.reacts]
    played = [Message("assistant", (ToolUse(f"toolu_{one.name}_1", one.tool, {}),)) for one in earlier]
    turn = Message("user", ("\n".join([*attributed, *news]) or "<go_on/>",))
    return Request("rehearsal", str(lines(*told, *scores, shown)), (*played, turn), (tool_spec(cue.tool),))


def artefact_for(phase: str, language: str) -> str:
    if phase == Phase.REPORT_WRITING:
        return tag("paper", numbered(CAST.files["discussion", language]))
    return tag("program", numbered(PROGRAM), name="wd_1")


def tool_spec(tool: str) -> ToolSpec:
    return spec(KINDS[tool])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("phase", "cue"), CUES)
def test_every_cue_plays_with_arguments_that_its_tool_takes(phase: str, cue: Cue, language: str) -> None:
    message = answer(CAST, request_for(phase, cue, language))
    uses = [block for block in message.blocks if isinstance(block, ToolUse)]
    assert [use.id.rsplit("_", 1)[0] for use in uses] == [f"toolu_{cue.name}"], message
    given = KINDS[cue.tool].model_validate(uses[0].arguments)
    whole = message.text + given.model_dump_json()
    assert "@{" not in whole and "@" not in [str(value)[:1] for value in uses[0].arguments.values() if value]


@pytest.mark.parametrize(("phase", "cue"), CUES)
def test_chinese_is_spoken_in_chinese_and_english_in_english(phase: str, cue: Cue) -> None:
    for language, mark in (("zh", True), ("en", False)):
        message = answer(CAST, request_for(phase, cue, language))
        use = next(block for block in message.blocks if isinstance(block, ToolUse))
        spoken = message.text or str(use.arguments.get("text", ""))
        assert bool(re.search(r"[\u4e00-\u9fff]", spoken)) is mark, spoken


@pytest.mark.parametrize(
    "phrase",
    [
        pytest.param(one, id=f"{one.name}-{nth}")
        for every in CAST.phrases.values()
        for nth, one in enumerate(every, start=1)
    ],
)
def test_every_phrase_is_said_in_both_languages_or_in_none(phrase: Phrase) -> None:
    assert bool(phrase.en.strip()) == bool(phrase.zh.strip())
    plain = re.sub(r"@\{[^}]*\}|\\[a-z]+\{[^}]*\}|\\\\|&|---", "", phrase.zh)
    if re.search(r"[a-z]{4}", plain) or not phrase.zh.strip():
        return  # an enum's word, or nothing
    assert not re.search(r"[\u4e00-\u9fff][,.;:!?](?!\d)", plain), f"half-width punctuation: {phrase.zh}"


@pytest.mark.parametrize("program", ["wd_2", "wd_03", "wd_4", "decay_late", "init_2"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_verdict_of_a_program_is_a_sentence_of_its_own(program: str, language: str) -> None:
    told = {}
    with_mean = {Verdict.BETTER, Verdict.WORSE, Verdict.INSIDE_NOISE, Verdict.TOO_FEW_SEEDS}
    for verdict in (*sorted(with_mean), Verdict.CENSORED, Verdict.UNMEASURED):
        facts = {"phase": "results_interpretation", "role": "postdoc", "seat": "lead", "language": language}
        known = [tag(name, text) for name, text in facts.items()]
        shown = tag("references", rf"\result{{{program}/mod47/steps/mean}} \result{{wd_1/mod47/steps/mean}}")
        system = str(lines(*known, tag("verdict", verdict.value, program=program), shown))
        request = Request("rehearsal", system, (Message("user", ("<go_on/>",)),), (tool_spec("interpretation"),))
        (use,) = [block for block in answer(CAST, request).blocks if isinstance(block, ToolUse)]
        told[verdict] = str(use.arguments["text"])
    assert len(set(told.values())) == len(told)
    with_number = {verdict for verdict, text in told.items() if rf"\result{{{program}/mod47/steps/mean}}" in text}
    assert with_number == with_mean


@pytest.mark.parametrize(
    ("wd_2", "wd_03", "hypothesis", "decision"),
    [
        ("better", "censored", "holds", "done"),
        ("better", "worse", "holds", "done"),
        ("censored", "better", "fails", "back"),
        ("worse", "better", "fails", "back"),
        ("inside_noise", "worse", "holds_in_part", "back"),
        ("better", "inside_noise", "holds_in_part", "done"),
        ("inside_noise", "inside_noise", "undecided", "back"),
        ("unmeasured", "unmeasured", "undecided", "done"),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_hypothesis_and_decision_turn_with_the_verdicts(
    wd_2: str, wd_03: str, hypothesis: str, decision: str, language: str
) -> None:
    def said(phase: str, role: str, seat: str, tool: str) -> dict[str, object]:
        facts = {"phase": phase, "role": role, "seat": seat, "language": language, "rounds_left": "1"}
        shown = [tag(name, text) for name, text in facts.items()]
        shown += [tag("verdict", wd_2, program="wd_2"), tag("verdict", wd_03, program="wd_03")]
        request = Request("rehearsal", str(lines(*shown)), (Message("user", ("<go_on/>",)),), (tool_spec(tool),))
        (use,) = [block for block in answer(CAST, request).blocks if isinstance(block, ToolUse)]
        return dict(use.arguments)

    read = said("results_interpretation", "postdoc", "lead", "interpretation")
    assert read["hypothesis"] == hypothesis
    assert said("report_refinement", "phd_student", "decide", "decide")["decision"] == decision


def test_what_a_note_asks_for_is_planned_and_stays_planned() -> None:
    def planned(*shown: str, news: str) -> dict[str, object]:
        facts = {"phase": "plan_formulation", "role": "postdoc", "seat": "lead", "language": "en", "seeds": "3"}
        system = str(lines(*(tag(name, text) for name, text in facts.items()), *shown))
        request = Request("rehearsal", system, (Message("user", (news,)),), (tool_spec("plan"),))
        (use,) = [block for block in answer(CAST, request).blocks if isinstance(block, ToolUse)]
        return dict(use.arguments)

    assert planned(news="<go_on/>")["seeds"] == 3
    assert planned(news=tag("note", "five seeds, please"))["seeds"] == 5
    assert planned(news=tag("note", "请用 4 个随机种子"))["seeds"] == 4
    assert planned(news="<go_on/>")["estimate_experiments"] == 18
    assert planned(news=tag("note", "five seeds, please"))["estimate_experiments"] == 30
    assert planned(news=tag("note", "seeds: 6"))["seeds"] == 6
    assert planned(news=tag("note", "0 seeds"))["seeds"] == 3
    later = planned(news=lines(tag("earlier_note", "7 seeds"), tag("note", "be brief")))
    assert (later["seeds"], later["requirements"]) == (7, ["7 seeds", "be brief"])
    assert planned(tag("earlier_version", "seeds = 6\n\nHypothesis"), news="<go_on/>")["seeds"] == 6
    assert planned(tag("sent_back_because", "Plan for 5 seeds; the settings stay."), news="<go_on/>")["seeds"] == 5


@pytest.mark.parametrize(("step", "names"), [("1", ["wd_2", "wd_03", "decay_late"]), ("2", ["wd_4", "init_2"])])
def test_a_decay_that_a_note_names_is_run_once_beside_what_was_planned(step: str, names: list[str]) -> None:
    def proposed(*shown: str) -> dict[str, str]:
        facts = {"phase": "running_experiments", "role": "ml_engineer", "seat": "improve", "language": "en"}
        told = [tag(name, text) for name, text in (facts | {"step": step}).items()]
        system = str(lines(*told, artefact_for("running_experiments", "en"), *shown))
        request = Request("rehearsal", system, (Message("user", ("<go_on/>",)),), (tool_spec("changes"),))
        (use,) = [block for block in answer(CAST, request).blocks if isinstance(block, ToolUse)]
        given = answers.Changes.model_validate(use.arguments)
        return {one.name: edited(PROGRAM, one.edits) for one in given.changes}

    note = tag("earlier_note", "also try weight decay 1.5")
    assert list(proposed()) == names
    with_note = proposed(note)
    assert list(with_note) == [*names, "wd_asked"] and "WEIGHT_DECAY = 1.5 " in with_note["wd_asked"]
    assert "wd_asked" not in proposed(note, tag("verdict", "better", program="wd_asked"))


def test_the_project_is_one_and_rests_on_papers_that_are_whole() -> None:
    config = project.load(SAMPLE).config
    assert config.topic and not config.question and config.models["default"] == "rehearsal"
    text = (SAMPLE / "papers/grokking.bib").read_text()
    entries, faults = bib.parse(text)
    assert not faults and len(entries) >= 8
    for entry in entries:
        assert {"title", "author", "year", "abstract", "note", "eprint"} <= set(entry.fields), entry.key
        assert re.fullmatch(r"\d{4}\.\d{4,5}", entry.fields["eprint"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_cast_cites_only_papers_in_the_folder(language: str) -> None:
    known = set(bib_entries((SAMPLE / "papers/grokking.bib").read_text()))
    cited = {
        key
        for (name, spoken), text in CAST.files.items()
        if spoken == language and not name.endswith(".py")
        for keys in re.findall(r"\\cite\{([^}]*)\}|\[@([^\]]*)\]", text)
        for key in "".join(keys).split(",")
    }
    scripts = " ".join(path.read_text() for path in (SAMPLE / "rehearsal").glob("*.toml"))
    named = set(re.findall(r'paper = "([a-z]+\d{4})"', scripts))
    named |= {key for keys in re.findall(r"papers = \[([^\]]*)\]", scripts) for key in re.findall(r'"([^"]+)"', keys)}
    assert cited and named and cited | named <= known


@pytest.mark.parametrize(
    ("phase", "abstracts"), [(Phase.LITERATURE_REVIEW, literature_review.ABSTRACTS), (Phase.IDEATION, ideation.FOUND)]
)
async def test_every_paper_that_is_named_was_found_by_a_search_before(phase: Phase, abstracts: int) -> None:
    found: set[str] = set()
    named = 0
    for cue in CAST.cues[phase]:
        if "query" in cue.arguments:
            told = await shelf.search(cue.arguments["query"], SAMPLE / "papers", False, limit=abstracts, known=[])
            found |= {one.key for one in told.papers}
            assert not told.unreadable
        for key in (*cue.arguments.get("papers", ()), *filter(None, [cue.arguments.get("paper")])):
            named += 1
            assert key in found, (cue.name, key)
    assert named >= 6
