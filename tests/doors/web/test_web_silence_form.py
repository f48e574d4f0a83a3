"""The form of a silence as a value: what it reads, and what it says of each field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from webrows import NOW, alert, instance

from monitor import matchers
from monitor.silences import Silence
from monitor.web.forms import Form
from monitor.web.silence_form import beforehand, read

GOOD = {"matchers": 'instance="orders"', "owner": "王", "lasts": "2h"}
NOTHING = timedelta()


def silence(texts: dict[str, str], *, behind: timedelta = NOTHING) -> Silence:
    form = Form(texts)
    made = read(form, NOW, {"nights"}, behind=behind)
    assert made is not None, form.complaints
    return made


def complaints(**texts: str) -> dict[str, str]:
    form = Form(GOOD | texts)
    assert read(form, NOW, {"nights"}, behind=NOTHING) is None
    assert all(form.text(name) == text.strip() for name, text in texts.items()), "what was typed is kept"
    return {name: one.key for name, one in form.complaints.items()}


def test_a_silence_from_now_on() -> None:
    made = silence(
        GOOD | {"comment": " migration\t\u202eof\nall ", "unless": 'severity="critical"', "window": "nights"}
    )
    assert made == Silence(
        "",
        matchers.parse('instance="orders"'),
        NOW,
        NOW + timedelta(hours=2),
        "王",
        "migration \ufffdof all",
        NOW,
        matchers.parse('severity="critical"'),
        window="nights",
    )


def test_moments_are_by_the_clocks_of_the_zone_that_is_given_with_them() -> None:
    planned = {"starts_at": "2026-01-05T22:00", "ends_at": "2026-01-06 06:00", "lasts": "", "zone": "Asia/Shanghai"}
    made = silence(GOOD | planned)
    assert (made.starts_at, made.ends_at) == (
        datetime(2026, 1, 5, 14, tzinfo=UTC),
        datetime(2026, 1, 5, 22, tzinfo=UTC),
    )
    own = silence(GOOD | planned | {"starts_at": "2026-01-05T22:00:00+01:00"})
    assert own.starts_at == datetime(2026, 1, 5, 21, tzinfo=UTC)
    late = silence(GOOD | planned, behind=timedelta(hours=1))
    assert late.ends_at == datetime(2026, 1, 5, 21, tzinfo=UTC), "the service's clock is an hour behind theirs"


def test_until_resolved_needs_no_end() -> None:
    made = silence(GOOD | {"lasts": "", "until_resolved": "on"})
    assert (made.until_resolved, made.ends_at - made.starts_at) == (True, timedelta(days=7))


def test_a_beginning_that_is_past_is_now() -> None:
    assert silence(GOOD | {"starts_at": "2026-01-05T09:00"}).starts_at == NOW


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"matchers": ""}, {"matchers": "silence.no_matchers"}),
        ({"matchers": "instance=="}, {"matchers": "form.text"}),
        ({"matchers": 'instance=~".*"'}, {"matchers": "silence.wrong.everything"}),
        ({"unless": "severity"}, {"unless": "form.text"}),
        ({"owner": " "}, {"owner": "form.nameless"}),
        ({"owner": "x" * 201}, {"owner": "form.long"}),
        ({"comment": "x" * 2001}, {"comment": "form.long"}),
        ({"lasts": ""}, {"lasts": "silence.no_end"}),
        ({"lasts": "2 days"}, {"lasts": "form.length"}),
        ({"lasts": "0s"}, {"lasts": "form.length"}),
        ({"lasts": "500d"}, {"lasts": "silence.wrong.long"}),
        ({"ends_at": "2026-01-06T06:00"}, {"ends_at": "silence.two_ends"}),
        ({"lasts": "", "ends_at": "2026-01-05T09:00"}, {"ends_at": "silence.wrong.past"}),
        ({"lasts": "", "ends_at": "2026-01-06", "starts_at": "2026-01-07"}, {"ends_at": "silence.wrong.backwards"}),
        ({"lasts": "", "ends_at": "2027-06-01"}, {"ends_at": "silence.wrong.long"}),
        ({"lasts": "", "ends_at": "tomorrow"}, {"ends_at": "form.moment"}),
        ({"lasts": "", "ends_at": "9999-12-31T23:59"}, {"ends_at": "form.moment"}),
        ({"starts_at": "2026-01-06", "zone": "Mars/Base"}, {"starts_at": "form.zone"}),
        ({"starts_at": "2026-01-06", "zone": "../etc/passwd"}, {"starts_at": "form.zone"}),
        ({"window": "days"}, {"window": "silence.wrong.window"}),
        ({"owner": "", "matchers": "", "lasts": "x"}, {
            "owner": "form.nameless", "matchers": "silence.no_matchers", "lasts": "form.length",
        }),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field(texts: dict[str, str], expected: dict[str, str]) -> None:
    assert complaints(**texts) == expected


def test_a_fault_inside_a_text_is_shown_at_its_place() -> None:
    form = Form(GOOD | {"matchers": 'account="prod", instance==orders'})
    read(form, NOW, (), behind=NOTHING)
    assert form.complaints["matchers"].parts == ('account="prod", instance', "==", "orders")


def test_a_form_is_filled_in_beforehand() -> None:
    new = beforehand({"comment": "x", "evil": "y"}, ['account="prod"', "instance=orders"], [], None, owner="王")
    assert new.texts == {"matchers": 'account="prod", instance=orders', "lasts": "2h", "owner": "王", "comment": "x"}
    about = beforehand({}, [], [alert(instance("orders")), alert(instance("billing"))], None, owner="")
    assert about.text("matchers") == 'account="prod", alertname="tasks-abnormal", instance=~"billing|orders"'
    again = beforehand({}, [], [], silence(GOOD | {"until_resolved": "on", "unless": "a=b"}), owner="")
    assert {name: text for name, text in again.texts.items() if text} == {
        "matchers": 'instance="orders"',
        "unless": 'a="b"',
        "until_resolved": "on",
        "lasts": "2h",
    }
    assert beforehand({"ends_at": "2026-01-06"}, [], [], None, owner="").text("lasts") == ""
