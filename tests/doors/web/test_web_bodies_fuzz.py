"""Bodies that others post, with a few things wrong: taken, or refused with a reason; what is taken can be kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from spoiling import examples, spoiled

from monitor.web.am_posts import read
from monitor.web.amshape import Unusable, read_silence

AT = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
ALERTS = [
    {
        "labels": {"alertname": "BackupFailed", "severity": "warning", "where": "订单"},
        "annotations": {"summary": "it failed"},
        "startsAt": "2026-01-05T09:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph?g0.expr=up",
    },
    {"labels": {"alertname": "DiskFull"}, "endsAt": "2026-01-05T18:00:00+08:00"},
]
SILENCE = {
    "id": "",
    "matchers": [
        {"name": "instance", "value": "orders", "isRegex": False, "isEqual": True},
        {"name": "env", "value": "prod|test", "isRegex": True},
    ],
    "startsAt": "2026-01-05T10:00:00Z",
    "endsAt": "2026-01-05T12:00:00Z",
    "createdBy": "wang",
    "comment": "迁移",
    "unless": 'severity="critical"',
    "until": "resolved",
    "window": "nights",
}


def written(tree: Any) -> bytes:
    return json.dumps(tree).encode()


@given(spoiled(ALERTS), st.sampled_from([timedelta(), timedelta(days=400), timedelta(days=-400)]))
@examples(120)
def test_alerts_are_taken_or_refused_one_by_one(tree: Any, behind: timedelta) -> None:
    try:
        posts, refused = read(written(tree), behind=behind)
    except Unusable:
        return
    for post in posts:
        assert post.labels
        json.dumps(dict(post.labels) | dict(post.annotations), ensure_ascii=False).encode()
        assert "\0" not in "".join((*post.labels, *post.labels.values(), post.source))
        assert post.starts_at is None or post.ends_at is None or post.starts_at <= post.ends_at
    assert all("\n" not in one for one in refused)
    if isinstance(tree, list):
        assert len(posts) + len({one.split(":")[0] for one in refused}) == len(tree)


@given(spoiled(SILENCE))
@examples(120)
def test_a_silence_is_taken_or_refused(tree: Any) -> None:
    try:
        silence = read_silence(written(tree), AT)
    except Unusable:
        return
    assert silence.matchers.matchers
    json.dumps([silence.comment, silence.created_by, silence.window], ensure_ascii=False).encode()
    silence.matches({"instance": "orders", "env": "prod"})
