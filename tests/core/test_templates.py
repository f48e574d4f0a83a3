"""Templates of operators: what they see, what they may do, and that they cannot do harm."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sandbox import LIMIT, STEPS
from monitor.templates import compile_template, names, unknown_names
from monitor.textfault import TextFault

NAMES = names(
    values={"abnormal": 17.0, "cdc.abnormal": 3.0, "running": 0.0, "terminated": 8.0, "up": 1.0, "age": 245.0},
    labels={"instance": "orders", "env": "prod", "running": "a label", "data-owner": "ann", "alertname": "cdc"},
    severity="critical",
    started_at=datetime(2026, 1, 5, 2, 1, tzinfo=UTC),
    value=0.25,
)


def filled(text: str) -> str:
    return compile_template(text).render(NAMES)


def fault(text: str) -> TextFault:
    with pytest.raises(TextFault) as caught:
        filled(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("{{ cdc.abnormal }} CDC tasks abnormal on {{ instance }}", "3 CDC tasks abnormal on orders"),
        ("{{ abnormal }} {{ 'of ' ~ terminated }}", "17 of 8"),
        ("{{ labels['data-owner'] }} {{ labels.env }} {{ env }}", "ann prod prod"),
        ("{{ severity }} since {{ started_at }}", "critical since 2026-01-05 02:01:00+00:00"),
        ("{{ value * 100 }}%", "25%"),
        ("{{ age }}", "4m 5s"),
        ("{{ abnormal / terminated }} {{ (abnormal / terminated)|round(1) }} {{ 6 / 2 }}", "2.125 2.1 3"),
        ("{{ 0.1 + 0.2 }} {{ abnormal - 20 }} {{ -abnormal }}", "0.3 -3 -17"),
        ("{% if abnormal > 9 %}many{% else %}few{% endif %}", "many"),
        ("{{ 'up' if up == 1 else 'down' }}", "up"),
        ("{% for name, value in labels|items %}{{ loop.index }} {{ name }}; {% endfor %}", None),
        ("{{ instance|upper }} {{ instance|length }} {{ [3, 1, 2]|sort|join('<') }}", "ORDERS 6 1<2<3"),
        ("{{ team|default('nobody') }} {{ labels.team|default('nobody') }}", "nobody nobody"),
        ("{% if team is defined %}{{ team }}{% endif %}.", "."),
        ("no braces at all", "no braces at all"),
    ],
)
def test_a_template_is_filled_with_counts_labels_and_numbers(text: str, result: str | None) -> None:
    expected = "1 alertname; 2 data-owner; 3 env; 4 instance; 5 running; " if result is None else result
    assert filled(text) == expected


def test_a_label_never_hides_a_count() -> None:
    assert filled("{{ running }} {{ labels.running }}") == "0 a label"


def test_a_label_never_hides_the_counts_of_a_kind() -> None:
    space = names(values={"cdc.abnormal": 1.0}, labels={"cdc": "x"}, severity="info", started_at=None, value=None)
    assert compile_template("{{ cdc.abnormal }} {{ labels.cdc }}").render(space) == "1 x"


def test_what_a_failed_poll_left_unknown_prints_as_unknown_and_compares_as_false() -> None:
    space = names(values={"up": 0.0}, labels={}, severity="critical", started_at=None, value=None)
    text = "{{ abnormal }} {{ cdc.abnormal + 1 }} {{ age }} {{ value }} {{ started_at }} {{ abnormal > 3 }}"
    assert compile_template(text).render(space) == "unknown unknown unknown unknown unknown False"


def test_division_means_what_it_means_in_rules() -> None:
    assert filled("{{ abnormal / running }} {{ running / running }} {{ -1 / 0 }}") == "infinite unknown -infinite"


@pytest.mark.parametrize(
    ("text", "message", "column", "width"),
    [
        ("on {{ instnace }}", "unknown name 'instnace', did you mean 'instance'?", 7, 8),
        ("{{ cdc.abnorml }}", "unknown name 'abnorml', did you mean 'abnormal'?", 8, 7),
        ("{{ labels.envv }}", "unknown name 'envv', did you mean 'env'?", 11, 4),
        ("{{ labels['owner'] }}", "unknown name 'owner', did you mean 'data-owner'?", 12, 5),
        ("{{ instance|uper }}", "there is no filter 'uper', did you mean 'upper'?", 13, 4),
        ("{{ instance.__class__ }}", "unknown name '__class__'", 13, 9),
        ("{{ nowhere.at.all + 1 }}", None, 4, 7),
        ("{{ nowhere == 1 }}", None, 4, 7),
        ("{% if nowhere %}{% endif %}", None, 7, 7),
        ("{% for x in nowhere %}{% endfor %}", None, 13, 7),
    ],
)
def test_a_wrong_name_is_shown_where_it_stands(text: str, message: str | None, column: int, width: int) -> None:
    found = fault(text)
    assert message is None or found.message == message
    assert (found.column, found.width) == (column, width)
    assert text[column - 1 : column - 1 + width] in found.message


def test_a_name_unlike_all_others_lists_what_there_is() -> None:
    assert "known are abnormal, age, alertname, cdc, common," in fault("{{ zzz }}").message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ a b }}", "expected token 'end of print statement', got 'b'"),
        ("{% if up %}", "Unexpected end of template"),
        ("{{ labels.items() }}", "nothing can be called here"),
        ("{{ ''.__class__.__mro__ }}", "unknown name '__mro__'|unknown name '__class__'"),
        ("{% set a = 1 %}", "{% set %} is not possible here"),
        ("{% include 'x' %}", "Include is not possible here"),
        ("{% macro a() %}{% endmacro %}", "Macro is not possible here"),
        ("{{ self }}", "'self' is not possible here"),
        ("{{ '%s' % 1 }}", "% is not possible here"),
        ("{{ cdc }}", "choose one of running, abnormal, terminated, completed"),
        ("{{ abnormal + instance }}", "+ stands between numbers"),
        ("{{ instance > 3 }}", "'>' not supported"),
        ("{% for a in [1] recursive %}{% endfor %}", "a loop cannot be recursive"),
    ],
)
def test_what_is_not_possible_is_said(text: str, message: str) -> None:
    assert any(part in fault(text).message for part in message.split("|"))


def test_a_fault_of_a_later_line_points_at_that_line() -> None:
    found = fault("first\n{% set a = 1 %}\nlast")
    assert (found.column, found.width) == (7, 15)


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'x' * 10000000000 }}",
        "{{ [0] * 10000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 'ab'" + "|join('ab')" * 40 + " }}",
        "{{ 'x'" + " + 'xxxxxxxxxxxxxxxxxx'" * 90 + "|join('xxxxxxxxxxxxxxxxxxxxxxxxxxxx') }}",
        "{{ range(10000000) }}",
        "{{ lipsum(1000) }}",
        "{% for a in [1, 2, 3, 4, 5, 6, 7] %}" * 4 + "{% endfor %}" * 4,
        "{% for a in [1, 2, 3, 4, 5, 6, 7] %}" * 2 + "x" * 100 + "{% endfor %}" * 2,
        "{{ " + "(" * 900 + "1" + ")" * 900 + " }}",
        "{% for a in [1] %}" * 30 + "{% endfor %}" * 30,
        "x" * (LIMIT + 1),
        "{{ instance ~ " + "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' ~ " * 2 + "labels.huge }}",
    ],
)
def test_a_template_cannot_hold_up_the_service(text: str) -> None:
    space = {**NAMES, "labels": {"huge": "x" * LIMIT}}
    with pytest.raises(TextFault):
        compile_template(text).render(space)


def test_loops_turn_as_often_as_the_budget_allows() -> None:
    template = compile_template("{% for x in items %}.{% endfor %}")
    assert template.render({"items": range(STEPS)}) == "." * STEPS
    with pytest.raises(TextFault, match="loops turn more than 200 times"):
        template.render({"items": range(STEPS + 1)})


def test_the_budget_is_of_one_rendering_and_not_of_the_template() -> None:
    template = compile_template("{% for x in items %}.{% endfor %}")
    assert [len(template.render({"items": range(STEPS)})) for _ in range(3)] == [STEPS] * 3


def test_a_template_leaves_its_names_as_they_were() -> None:
    before = dict(NAMES)
    filled("{% for name, value in labels|items %}{{ name }}{% endfor %}")
    assert before == NAMES


def outcome(text: str) -> str | TextFault:
    try:
        return filled(text)
    except TextFault as found:
        return found


@given(st.text(alphabet="{}%|()[]'.~+-*/ abnormlxifed0123\n", max_size=40))
def test_any_text_is_filled_or_refused_with_a_place_inside_it(text: str) -> None:
    found = outcome(text)
    if isinstance(found, TextFault):
        assert found.message
        assert 1 <= found.column <= len(text) + 1
        assert found.width >= 0
    else:
        assert len(found) <= LIMIT


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_print_without_an_empty_fraction(value: float) -> None:
    space = names(values={}, labels={}, severity="info", started_at=None, value=value)
    text = compile_template("{{ value }}").render(space)
    assert not re.search(r"\.0*$", text)
    assert math.isclose(float(text), value, rel_tol=1e-9)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("{{ age|duration }} {{ age|duration('zh') }} {{ 90|duration }}", "4m 5s 4 分钟 5 秒 1m 30s"),
        ("{{ started_at|time('Asia/Shanghai') }}", "2026-01-05 10:01:00 +08:00"),
        ("{{ started_at|date('America/New_York') }} {{ started_at|clock('Asia/Shanghai') }}", "2026-01-04 10:01"),
        ("{{ started_at|time }}", "2026-01-05 02:01:00 +00:00"),
        ("{{ value|percent }} {{ 0.2545|percent(1) }} {{ (abnormal / 20)|percent }}", "25% 25.4% 85%"),
        ("{{ 1234567|thousands }} {{ -1234.5|thousands }} {{ abnormal|thousands }}", "1 234 567 -1 234.5 17"),
        ("{{ severity|word('zh') }} {{ 'cdc'|word('zh') }}{{ 'abnormal'|word('zh') }}", "严重 CDC异常"),
        ("{{ (0 / 0)|duration }} {{ (0 / 0)|percent }} {{ (1 / 0)|thousands }}", "unknown unknown infinite"),
    ],
)
def test_durations_moments_numbers_and_words_are_written_for_people(text: str, result: str) -> None:
    assert filled(text) == result


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{{ started_at|time('Asia/Shangai') }}",
            "there is no time zone 'Asia/Shangai': write one such as Asia/Shanghai",
        ),
        ("{{ started_at|time('../../etc/passwd') }}", "there is no time zone"),
        ("{{ started_at|time('Asia') }}", "there is no time zone"),
        ("{{ started_at|clock(8) }}", "there is no time zone 8"),
        ("{{ instance|time }}", "a filter of time follows a moment, such as started_at"),
        ("{{ instance|duration }}", "duration follows a number"),
        ("{{ labels|percent }}", "percent follows a number"),
        ("{{ age|duration('de') }}", "unknown language 'de': write one of en, zh"),
        ("{{ 'orders'|word('zh') }}", "there is no word for orders: there are words for info, warning, critical,"),
        ("{{ 1e300|duration }}", "cannot be filled in"),
        ("{{ nowhere|duration }}", "unknown name 'nowhere'"),
        ("{{ started_at.at }}", "unknown name 'at'"),
    ],
)
def test_a_filter_says_what_it_wants(text: str, message: str) -> None:
    assert message in fault(text).message


def test_a_moment_that_is_not_known_stays_unknown_on_every_clock() -> None:
    space = names(values={}, labels={}, severity="info", started_at=None, value=None)
    text = "{{ started_at|time('Asia/Shanghai') }} {{ started_at|date }} {{ started_at|clock }}"
    assert compile_template(text).render(space) == "unknown unknown unknown"


def test_json_brings_its_quotation_marks_and_keeps_its_letters() -> None:
    template = compile_template('{"a": {{ text|tojson }}, "b": {{ group|tojson }}}')
    assert template.render({"text": 'x "y"\n异', "group": {"n": 1}}) == '{"a": "x \\"y\\"\\n异", "b": {"n": 1}}'


def test_json_of_a_name_that_is_not_there_is_a_fault() -> None:
    with pytest.raises(TextFault, match="unknown name 'txet', did you mean 'text'"):
        compile_template("{{ txet|tojson }}").render({"text": "x"})


def test_a_longer_limit_is_for_those_who_ask_for_it() -> None:
    text = "{{ text }}" + "x" * LIMIT
    with pytest.raises(TextFault, match=f"at most {LIMIT} characters"):
        compile_template(text)
    template = compile_template(text, limit=2 * LIMIT + 50)
    assert len(template.render({"text": "y" * LIMIT})) == 2 * LIMIT
    with pytest.raises(TextFault, match="grows beyond"):
        template.render({"text": "y" * (LIMIT + 51)})


def test_unknown_names_are_told_without_filling_in() -> None:
    text = "{% for item in items %}{{ item.a }}{{ other }}{% endfor %}"
    assert unknown_names(text, ["items"]) == ["other"]
