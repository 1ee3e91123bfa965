"""Traces put in order, linked and drawn."""

from services.console.bars import AXIS, FOLDED, Axis, draw
from services.console.otlp import parse
from services.console.waterfall import Trace, as_json, length, waterfall
from tests.support.spans import BEGAN, MILLISECOND, export, sent

STORY = (
    sent("intake RequestReceived", trace=1, span=2, parent=1, after=4, took=2),
    sent("POST /v1/requests", trace=1, span=1, took=30, kind="server"),
    sent("notifier LettersOrdered", trace=1, span=4, parent=2, after=12, took=1),
    sent("verifier ChallengeIssued", trace=1, span=3, parent=2, after=9, took=2),
    sent("verifier IdentityVerified", trace=2, span=6, parent=5, after=60_000, took=5, link=(1, 3)),
    sent("civicrec access", trace=2, span=7, parent=6, after=60_002, took=8, kind="client", failed="http-503"),
)


def told(*spans: object) -> tuple[Trace, ...]:
    read, _ = parse(export("x", *(spans or STORY)))  # type: ignore[arg-type]
    return waterfall(read)


def test_each_step_stands_under_the_one_that_led_to_it() -> None:
    first, second = told()
    assert [(row.number, row.depth, row.span.name) for row in first.rows] == [
        (1, 0, "POST /v1/requests"),
        (2, 1, "intake RequestReceived"),
        (3, 2, "verifier ChallengeIssued"),
        (4, 2, "notifier LettersOrdered"),
    ]
    assert [row.parent for row in first.rows] == [None, 1, 2, 2]
    assert [row.number for row in second.rows] == [5, 6]


def test_a_trace_goes_on_from_the_one_before_and_a_lost_parent_is_said() -> None:
    first, second = told()
    assert (first.continues, second.continues) == ((), (1,))
    assert second.rows[0].after == 3
    assert [row.lost for row in second.rows] == [True, False]
    assert (second.failed, first.failed) == (1, 0)
    assert (first.took, second.took) == (30 * MILLISECOND, 10 * MILLISECOND)


def test_spans_that_claim_to_be_under_each_other_are_shown_once() -> None:
    (trace,) = told(sent("a", span=1, parent=2), sent("b", span=2, parent=1), sent("c", span=3, parent=3))
    assert sorted(row.span.name for row in trace.rows) == ["a", "b", "c"]


def test_a_link_to_what_is_not_here_is_not_followed() -> None:
    (trace,) = told(sent("a", link=(9, 9)))
    assert (trace.continues, trace.rows[0].after) == ((), None)


def test_a_long_chain_does_not_break() -> None:
    (trace,) = told(*(sent("a", span=number, parent=number - 1) for number in range(1, 1001)))
    assert trace.rows[-1].depth == 999


def test_the_axis_is_to_scale_and_folds_what_is_idle() -> None:
    spans = [row.span for trace in told() for row in trace.rows]
    axis = Axis(spans)
    (fold,) = axis.folds
    assert fold.how_long == "60 s"
    assert axis.x(BEGAN) == 0
    assert round(axis.width) == AXIS
    ends_of_first = axis.x(BEGAN + 30 * MILLISECOND)
    assert round(axis.x(BEGAN + 60_000 * MILLISECOND) - ends_of_first) == FOLDED
    assert round(ends_of_first / (axis.width - axis.x(BEGAN + 60_000 * MILLISECOND))) == 3


def test_the_picture_has_a_bar_for_each_span_and_says_what_failed_in_words() -> None:
    picture = draw(told(), lambda at: f"at {at - BEGAN}")
    assert len(picture.bars) == 6
    assert picture.bars[-1].says == "8.0 ms · failed: http-503"
    assert picture.heads[1].text == "Trace 2 · at 60000000000 · 10 ms · goes on from trace 1"
    assert len(picture.links) == 1
    assert all(bar.x + bar.width <= picture.width for bar in picture.bars)
    assert picture.links[0].x1 < picture.links[0].x2


def test_no_spans_are_drawn_as_nothing() -> None:
    assert waterfall(()) == ()
    assert draw((), str).bars == ()


def test_as_data_the_same_is_told() -> None:
    first, second = as_json(told())
    assert (second["continues"], first["took_ms"]) == ([1], 30.0)
    spans = second["spans"]
    assert isinstance(spans, list)
    assert (spans[0]["after"], spans[1]["failed"], spans[1]["reason"]) == (3, True, "http-503")


def test_durations_are_told_as_people_say_them() -> None:
    assert [length(n) for n in (0, 300_000, 12_400_000, 1_400_000_000)] == ["0.0 ms", "0.3 ms", "12 ms", "1.4 s"]
