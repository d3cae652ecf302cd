"""Report refinement: the person's column first and in the accent, then the mean, then each reviewer.

Until the person signs, the mean is called uncalibrated. `r` starts their form: digits give scores, `e` writes the words
in an editor, Enter asks to sign; what is given is a draft that the screen keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import TYPE_CHECKING, Any, cast

from state.vocabulary import Phase
from tui.language import current, tr
from tui.lines import EMPTY, Line, Part, Span, dim, ends, line, you
from tui.look import Look, Made
from tui.panes.document import document
from tui.panes.pane import Pane, Reads
from tui.reviewform import PARTS, written
from tui.text import fit
from tui.widgets.keyline import Key
from tui.widgets.rows import Place, Row
from tui.words import NONE, signed

if TYPE_CHECKING:
    from state.products.refinement import Refinement, Signed

SCORES = {
    "originality": 4,
    "quality": 4,
    "clarity": 4,
    "significance": 4,
    "soundness": 4,
    "presentation": 4,
    "contribution": 4,
    "overall": 10,
    "confidence": 5,
}
RATINGS = ("experiment_quality", "report_quality", "usefulness")
FIELDS = (*SCORES, "decision", *RATINGS)


class RefinementPane(Pane):
    VIEWS = ("reviews", "meta", "talk")
    CHECK_VIEWS = ("reviews", "meta", "talk")
    FOLDED = True
    BRIEF = True

    def __init__(self) -> None:
        super().__init__(Phase.REPORT_REFINEMENT)
        self.column = 1
        self.form: dict[str, Any] = {}
        self.filling = False

    # the form

    def begin_form(self) -> None:
        self.filling, self.column = True, 0
        self.view = 0

    def score(self, digit: int) -> bool:
        """Give the field under the cursor `digit` (0 is 10); False where it may not be."""
        chosen = self.rows("reviews").chosen
        if chosen is None:
            return False
        field = chosen.name
        if field == "decision":
            if digit not in (1, 2):
                return False
            self.form[field] = "accept" if digit == 1 else "reject"
        else:
            highest = SCORES.get(field, 5)
            value = 10 if digit == 0 else digit
            if value > highest:
                return False
            self.form[field] = value
        self.rows("reviews").move(1)
        return True

    @property
    def complete(self) -> bool:
        return all(field in self.form for field in (*SCORES, "decision"))

    # what it looks like

    def reads(self, look: Look) -> Reads:
        return self.rows("reviews") if self.open_view(look) == "reviews" else super().reads(look)

    def side(self, look: Look, step: int) -> None:
        made = look.newest(self.phase)
        count = len(self.signed(made)) if made is not None else 0
        self.column = min(max(self.column + step, 0), 1 + count)
        self.page("words").top = 0

    def turn_page(self, look: Look, step: int, rows: int) -> None:
        if self.open_view(look) == "reviews":
            self.page("words").move(2 * step)
        else:
            super().turn_page(look, step, rows)

    def turn(self, look: Look, step: int = 1) -> None:
        self.page("words").move(2)

    def signed(self, made: Made | None) -> tuple[Signed, ...]:
        if made is None or made.product is None:
            return ()
        product = cast("Refinement", made.product)
        return tuple(one for one in product.reviews if one.round == product.round) or product.reviews

    def sub(self, look: Look, view: str, cells: int) -> Line | None:
        made = look.newest(self.phase)
        return super().sub(look, view, cells) if view == "talk" or made is None else None

    def title_more(self, look: Look) -> str:
        made = look.newest(self.phase)
        if made is None:
            return super().title_more(look)
        return tr("reviews.round_title", round=str(made.row.summary.get("round", 1)), of=str(look.rounds))

    def body_reviews(self, look: Look, cells: int, rows: int) -> list[Line]:
        made = look.newest(self.phase)
        signed = self.signed(made)
        table = self.rows("reviews")
        if not signed:
            table.show([])
            return [EMPTY, line("   ", dim(tr("reviews.none_yet")))]
        columns = self.columns(signed, cells)
        head: list[Part] = [fit("", 20), Span(fit(f"◆ {tr('reviews.you')}", 11, right=True), "you")]
        head.append(dim(fit(tr("reviews.mean"), 9, right=True)))
        head += [dim(fit(name, room, right=True)) for name, room in columns]
        drawn = [Row(line(*head))]
        for field in (*SCORES, "decision"):
            drawn.append(self.score_row(field, signed, columns))
        if self.filling:
            drawn += [self.score_row(field, (), []) for field in RATINGS]
        table.show(drawn)
        below = [] if self.filling else self.below(look, cells)
        words = self.words(made, signed, cells)
        room = max(rows - len(drawn) - len(below) - 2, 0)
        page = self.page("words")
        page.show((self.column, made.row.sha256 if made else "", current(), str(self.form)), cells, lambda _: words[1:])
        text = [words[0], *page.draw(cells, max(room - 1, 0))] if room > 1 else []
        height = min(len(drawn), rows - 1)
        return [EMPTY, *table.draw(cells, height), *below, EMPTY, *text]

    def columns(self, signed: tuple[Signed, ...], cells: int) -> list[tuple[str, int]]:
        rooms = (15, 10, 10) if len(signed) <= 3 else (10,) * len(signed)
        return [
            (tr(f"reviews.persona.{one.reviewer}"), room)
            for one, room in zip(signed, rooms, strict=False)
        ]  # fmt: skip

    def score_row(self, field: str, signed: tuple[Signed, ...], columns: list[tuple[str, int]]) -> Row:
        highest = SCORES.get(field, 0 if field == "decision" else 5)
        range_ = f"1–{highest}" if highest else ""
        mine = self.form.get(field)
        values = [getattr(one.form, field) for one in signed]
        if field == "decision":
            yes = sum(value == "accept" for value in values)
            mean = tr(f"reviews.{'accept' if yes * 2 > len(values) else 'reject'}") if values else ""
            shown = [tr(f"reviews.{value}") for value in values]
            own = tr(f"reviews.{mine}") if mine else NONE
        else:
            mean = f"{fmean(values):.1f}" if values else ""
            shown = [str(value) for value in values]
            own = str(mine) if mine else NONE
        parts: list[Part] = ["   ", fit(tr(f"reviews.{field}"), 13), dim(fit(range_, 5, right=True))]
        parts += [you(fit(own, 10, right=True)), fit(mean, 9, right=True)]
        parts += [fit(text, room, right=True) for text, (_, room) in zip(shown, columns, strict=False)]
        return Row(line(*parts), Place("score", field))

    def below(self, look: Look, cells: int) -> list[Line]:
        given = sum(field in self.form for field in FIELDS)
        ratings = " ".join(str(self.form.get(field, NONE)) for field in RATINGS)
        own = look.forms[-1] if look.forms else None
        lines = [line("   ", dim(tr("reviews.ratings")), "   ", you(tr("reviews.yours", ratings=ratings)))]
        if own is None:
            lines.append(line("   ", dim(tr("reviews.uncalibrated", given=str(given), of=str(len(FIELDS))))))
        else:
            lines.append(line("   ", dim(tr("reviews.signed"))))
        if told := self.distance_told(look, own):
            lines.append(line("   ", dim(told)))
        return lines

    def distance_told(self, look: Look, own: Mapping[str, Any] | None) -> str:
        """The lab's overall less the person's: here, and over the papers that this person judged before."""
        from state.review import distance

        mine = (own or self.form).get("overall")
        signed = self.signed(look.newest(self.phase))
        here = ""
        if mine and signed:
            here = tr("reviews.here", away=signed_number(fmean(one.form.overall for one in signed) - float(mine)))
        before = distance(look.judged)
        over = ""
        if before is not None:
            away = signed_number(before.mean) + (f" ± {before.sd:.1f}" if before.sd is not None else "")
            over = tr("reviews.over", away=away, n=before.n)
        told = tr("word.comma").join(part for part in (here, over) if part)
        return tr("reviews.away", told=told) if told else ""

    def words(self, made: Made | None, signed: tuple[Signed, ...], cells: int) -> list[Line]:
        """The words of the column under the cursor: weaknesses first, for they decide."""
        if self.column == 0 and (self.filling or any(self.form.get(part) for part in PARTS)):
            return [line(" ", dim(tr("reviews.your_words"))), *document(written(self.form, whole=False), cells)]
        if self.column < 2 or self.column - 2 >= len(signed):
            product = cast("Refinement", made.product) if made is not None else None
            text = product.reasons or product.meta if product is not None else ""
            return [line(" ", dim(tr("reviews.meta"))), *document(text, cells)]
        one = signed[self.column - 2]
        form = one.form
        head = tr(
            "reviews.of",
            who=tr(f"reviews.persona.{one.reviewer}"),
            overall=str(form.overall),
            confidence=str(form.confidence),
        )
        told: list[str] = []
        for part in ("weaknesses", "strengths", "questions", "limitations"):
            entries = getattr(form, part)
            if entries:
                told.append(f"**{tr(f'reviews.{part}')}**".replace("*", ""))
                told += [f"- {entry}" for entry in entries]
        return [ends(cells, dim(head), ""), *document("\n".join([*told, "", form.summary]), cells)]

    def body_meta(self, look: Look, cells: int, rows: int) -> list[Line]:
        made = look.newest(self.phase)
        if made is None or made.product is None:
            return [EMPTY, line("   ", dim(tr("reviews.none_yet")))]
        product = cast("Refinement", made.product)
        page = self.page("meta")
        text = f"# {tr('reviews.meta')}\n\n{product.meta}\n\n# {tr('reviews.reasons')}\n\n{product.reasons}"
        page.show(("meta", made.row.sha256, current()), cells, lambda width: [EMPTY, *document(text, width)])
        return page.draw(cells, rows)

    def keys(self, look: Look, *, folded: bool) -> list[Key]:
        if self.filling:
            return [
                Key("1–9", "key.score"),
                Key("0", "key.ten"),
                Key("↑↓", "key.row"),
                Key("e", "key.text", "act('edit')"),
                Key("Enter", "key.sign"),
                Key("Esc", "key.keep_draft"),
            ]
        if self.open_view(look) == "reviews" and look.newest(self.phase) is not None:
            last = super().keys(look, folded=folded)[-2:]
            first = [Key("r", "key.form", "act('form')"), Key("←→", "key.reviewer"), Key("↑↓", "key.row")]
            return [*first, Key("Space", "key.text"), Key("n", "key.note", "act('note')"), *last]
        return super().keys(look, folded=folded)


def signed_number(value: float) -> str:
    return signed(value, 1)


def form_body(form: Mapping[str, Any]) -> dict[str, Any]:
    """The form as a word for the lab."""
    return {field: value for field, value in form.items() if value not in (None, "")}


__all__ = ["FIELDS", "RATINGS", "SCORES", "RefinementPane", "form_body"]
