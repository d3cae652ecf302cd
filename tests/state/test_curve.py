"""What a program appended while it ran is a curve as far as it can be read."""

from __future__ import annotations

from state.curve import curve_of


def test_curves_leave_out_what_is_no_number_and_what_is_not_finished() -> None:
    lines = [
        '{"step": 1, "loss": 2.5, "note": "warm"}',
        '{"step": 2, "loss": NaN, "acc": 0.1}',
        "not json",
        '{"loss": 1}',
        '{"step": true}',
        "",
        f'{{"step": 3, "loss": {"9" * 400}}}',
        '{"step": 4, "loss": 1.5',
    ]
    curve = curve_of("\n".join(lines).encode())
    assert [(point.step, point.values) for point in curve.points] == [(1, {"loss": 2.5}), (2, {"acc": 0.1}), (3, {})]
    assert curve.refused == 3


def test_a_curve_has_no_name_that_cannot_be_printed_and_no_number_that_cannot_be_added() -> None:
    lines = rb'{"step": 1, "\ud800": 1, "a\n": 1, "\u202ea": 1, "' + b"x" * 81 + b'": 1, "loss": 2, "huge": 1.7e308}\n'
    assert [point.values for point in curve_of(lines).points] == [{"loss": 2.0}]
