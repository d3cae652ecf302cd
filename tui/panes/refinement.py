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
from tui.lines import EMPTY, Line, Part, Span, beside, dim, ends, exactly, line, you
from tui.look import Look, Made
from tui.panes.document import document
from tui.panes.pane import BESIDE, Pane, Reads
from tui.panes.reviewtext import entries, whole
from tui.reviewform import PARTS
from tui.text import fit
from tui.widgets.keyline import Key
from tui.widgets.rows import Place, Row
from tui.words import NONE, labelled, signed

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
TABLE = 80
WHOLE = 20
"""Rows from which a review stands in full."""


class RefinementPane(Pane):
    VIEWS = ("reviews", "meta", "talk")
    CHECK_VIEWS = ("reviews", "meta", "talk")
    FOLDED = True
    BRIEF = True
    HAS_FORM = True

    def __init__(self) -> None:
        super().__init__(Phase.REPORT_REFINEMENT)
        self.column = 1
        self.form: dict[str, Any] = {}
        self.filling = False
        self.wheres: list[str] = []  # for each line of the words, where in the review it stands

    # the form

    def begin_form(self, look: Look) -> None:
        """Start filling in; a form that was signed before is the draft to change."""
        self.form = dict(self.form or self.own(look))
        self.filling, self.column = True, 0
        self.view = 0

    def own(self, look: Look) -> Mapping[str, Any]:
        """The person's form as it stands: the draft, else the one that was signed."""
        return self.form or (look.forms[-1] if look.forms else {})

    def clear(self) -> None:
        """Take away what was given for the field under the cursor."""
        chosen = self.rows("reviews").chosen
        if chosen is not None:
            self.form.pop(chosen.name, None)

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
    def missing(self) -> tuple[str, ...]:
        """What has to be given before one can sign."""
        return tuple(field for field in (*SCORES, "decision") if field not in self.form)

    # what it looks like

    def foot(self, look: Look, cells: int, view: str) -> list[Line]:
        """While the form is filled in its keys are the only ones."""
        return [EMPTY] if self.filling else super().foot(look, cells, view)

    def reads(self, look: Look) -> Reads:
        return self.rows("reviews") if self.open_view(look) == "reviews" else super().reads(look)

    def side(self, look: Look, step: int) -> None:
        made = look.newest(self.phase)
        count = len(self.signed(made)) if made is not None else 0
        self.column = min(max(self.column + step, 0), 1 + count)
        self.page("words").top = 0

    def turn_page(self, look: Look, step: int, rows: int) -> None:
        if self.open_view(look) == "reviews":
            page = self.page("words")
            page.move(step * (page.height if page.height < 4 else page.height - 1))
        else:
            super().turn_page(look, step, rows)

    def turn(self, look: Look, step: int = 1) -> None:
        """Tab: the text's next part; ↑↓ stay with the scores."""
        if self.open_view(look) != "reviews":
            super().turn(look, step)
            return
        page, here = self.page("words"), self.wheres[self.page("words").top :]
        if step > 0 and here:
            away = next((row for row, where in enumerate(here) if where != here[0]), 0)
            page.move(away or page.height)
        else:
            page.move(-page.height)

    def searched(self, look: Look) -> Reads:
        return self.page("words") if self.open_view(look) == "reviews" else super().searched(look)

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
        own, columns = self.own(look), columns_of(signed)
        drawn = [Row(self.head(columns))]
        for field in (*SCORES, "decision"):
            drawn.append(self.score_row(field, own, signed, columns))
        if self.filling:
            drawn += [self.score_row(field, own, (), []) for field in RATINGS]
        table.show(drawn)
        below = self.below(look, cells)
        height = min(len(drawn), rows - 1)
        if cells >= BESIDE:
            left = [*table.draw(TABLE, height), EMPTY, *below[1 if self.filling else 0 :]]
            if self.column != 1:
                left += [EMPTY, line(" ", dim(tr("reviews.meta"))), *document(self.meta(made), TABLE)]
            right = self.words(look, made, signed, min(cells - TABLE, 84), rows - 1)
            return [EMPTY, *beside(exactly(left, rows - 1), right, TABLE, cells - TABLE)]
        below = [] if self.filling else below
        room = rows - len(drawn) - len(below) - 2
        text = self.words(look, made, signed, cells, room) if room > 1 else []
        return [EMPTY, *table.draw(cells, height), *below, EMPTY, *text]

    def head(self, columns: list[tuple[str, int]]) -> Line:
        """The names of the columns, the one whose words are shown in bold."""
        parts: list[Part] = [
            fit("", 20),
            Span(fit(f"◆ {tr('reviews.you')}", 11, right=True), "you", "", not self.column),
        ]
        for nth, (name, room) in enumerate([(tr("reviews.mean"), 9), *columns], 1):
            here = nth == self.column
            parts.append(Span(fit(name, room, right=True), "text" if here else "dim", "", here))
        return line(*parts)

    def score_row(
        self, field: str, form: Mapping[str, Any], signed: tuple[Signed, ...], columns: list[tuple[str, int]]
    ) -> Row:
        highest = SCORES.get(field, 0 if field == "decision" else 5)
        range_ = f"1–{highest}" if highest else ""
        mine = form.get(field)
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
        form = self.own(look)
        given = sum(field in form for field in FIELDS)
        ratings = " ".join(str(form.get(field, NONE)) for field in RATINGS)
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

    def words(self, look: Look, made: Made | None, signed: tuple[Signed, ...], cells: int, rows: int) -> list[Line]:
        """The words of the column under the cursor: a heading, then as much as there is room for."""
        page, full = self.page("words"), rows >= WHOLE
        own = self.own(look)

        def make(room: int) -> list[Line]:
            tell = whole if full else entries
            if self.column == 0:
                lines, self.wheres = tell(own.get, room)
            elif self.column == 1:
                lines = document(self.meta(made), room)
                self.wheres = [""] * len(lines)
            else:
                form = signed[self.column - 2].form
                lines, self.wheres = tell(lambda part: getattr(form, part, None), room)
            return lines

        self.column = min(self.column, len(signed) + 1)
        page.show((self.column, made.row.sha256 if made else "", full, current(), str(own)), cells, make)
        drawn = page.draw(cells, max(rows - 1, 0))
        first = page.top + next((nth for nth, row in enumerate(drawn) if row.plain.strip()), 0)
        where = self.wheres[first] if first < len(self.wheres) else ""
        if full and len(page.lines) > page.height:
            first, last, total = page.span
            where = tr("page.lines", first=str(first), last=str(last), total=str(total))
        return [ends(cells, dim(self.who(own, signed)), dim(where)), *drawn]

    def meta(self, made: Made | None) -> str:
        """What the area chair says of all of them."""
        product = cast("Refinement", made.product) if made is not None else None
        return product.meta or product.reasons if product is not None else ""

    def who(self, own: Mapping[str, Any], signed: tuple[Signed, ...]) -> str:
        """Whose words stand there."""
        if self.column == 0:
            return tr("reviews.your_words" if self.filling or not said_anything(own) else "reviews.your_review")
        if self.column == 1:
            return tr("reviews.meta")
        one = signed[self.column - 2]
        return tr(
            "reviews.of",
            who=tr(f"reviews.persona.{one.reviewer}"),
            overall=str(one.form.overall),
            confidence=str(one.form.confidence),
        )

    def body_meta(self, look: Look, cells: int, rows: int) -> list[Line]:
        made = look.newest(self.phase)
        if made is None or made.product is None:
            return [EMPTY, line("   ", dim(tr("reviews.none_yet")))]
        product = cast("Refinement", made.product)
        page = self.page("meta")
        head = tr("reviews.meta")
        head = labelled(head, tr(f"reviews.{product.recommends}")) if product.recommends else head
        text = f"# {head}\n\n{product.meta}\n\n# {tr('reviews.reasons')}\n\n{product.reasons}"
        page.show(("meta", made.row.sha256, current()), cells, lambda width: [EMPTY, *document(text, width)])
        return page.draw(cells, rows)

    def keys(self, look: Look, *, folded: bool) -> list[Key]:
        if self.filling:
            chosen = self.rows("reviews").chosen
            scores = [Key("1–9", "key.score"), Key("0", "key.ten")]
            if chosen is not None and chosen.name == "decision":
                scores = [Key("1", "key.accept"), Key("2", "key.reject")]
            return [
                *scores,
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


def columns_of(signed: tuple[Signed, ...]) -> list[tuple[str, int]]:
    """Name and cells of each reviewer's column; more than three stand by number, their names over their words."""
    if len(signed) <= 3:
        rooms = zip(signed, (15, 10, 10), strict=False)
        return [(tr(f"reviews.persona.{one.reviewer}"), room) for one, room in rooms]
    room = max((TABLE - 41) // len(signed), 4)
    return [(str(nth), room) for nth in range(1, len(signed) + 1)]


def said_anything(form: Mapping[str, Any]) -> bool:
    return any(form.get(part) for part in PARTS)


def signed_number(value: float) -> str:
    return signed(value, 1)


def form_body(form: Mapping[str, Any]) -> dict[str, Any]:
    """The form as a word for the lab."""
    return {field: value for field, value in form.items() if value not in (None, "")}


__all__ = ["FIELDS", "RATINGS", "SCORES", "RefinementPane", "form_body"]
