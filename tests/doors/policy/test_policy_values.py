"""What the files write becomes these values."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_folders import ACCOUNTS, ENVIRONMENT, RULES, TELLING, folder
from pydantic import SecretStr

from monitor.fdi.account import Account, Aksk, Discover, Password, Quota
from monitor.matchers import Matcher
from monitor.model import Instance, Severity
from monitor.notifiers.receiver import Receiver
from monitor.policy import quota, series
from monitor.policy.columns import inside
from monitor.policy.loader import load
from monitor.policy.nodes import MapNode, Scalar, resolve
from monitor.policy.policy import Policy
from monitor.policy.yamlmarks import compose
from monitor.routing import Route
from monitor.rules.case import Case
from monitor.rules.quantity import Dimension, Quantity
from monitor.textfault import TextFault


def policy(where: Path, **sections: str) -> Policy:
    """A policy with these sections, sound ones for the rest."""
    defaults = {"accounts": ACCOUNTS, "rules": RULES}
    if "receivers" not in sections and "route" not in sections:
        defaults["telling"] = TELLING
    texts = {**defaults, **{name: textwrap.dedent(text) for name, text in sections.items()}}
    return load(folder(where, "", **texts), ENVIRONMENT)


def account(where: Path, text: str) -> Account:
    [only] = policy(
        where, accounts="accounts:\n  - name: a\n" + textwrap.indent(textwrap.dedent(text), "    ")
    ).accounts
    return only


def test_a_region_gives_both_endpoints_and_all_else_has_defaults(tmp_path: Path) -> None:
    assert account(tmp_path, 'region: cn-north-4\nauth: {aksk: {access_key: AK, secret_key: "${TOKEN}"}}') == Account(
        name="a",
        endpoint="https://roma.cn-north-4.myhuaweicloud.com",
        iam_endpoint="https://iam.cn-north-4.myhuaweicloud.com",
        auth=Aksk("AK", SecretStr("canary-4711")),
        region="cn-north-4",
        discover=Discover(timedelta(minutes=10)),
    )


def test_an_account_as_its_lines_say(tmp_path: Path) -> None:
    found = account(
        tmp_path,
        """
        region: cn-north-4
        endpoint: http://127.0.0.1:8090/
        iam_endpoint: http://127.0.0.1:8090
        project_id: p1
        auth: {password: {domain: d, user: u, password: "${TOKEN}"}}
        quota: 100 / 1m
        concurrency: 4
        poll_every: 1m30s
        timeout: 2s
        discover: {every: 1m, exclude: ["test-*"]}
        instances: [{id: i-1, name: orders, labels: {env: dev}}, {id: i-2}]
        labels: {env: prod, tier: 1}
        """,
    )
    here = {"account": "a", "region": "cn-north-4", "project_id": "p1"}
    assert found == Account(
        name="a",
        endpoint="http://127.0.0.1:8090",
        iam_endpoint="http://127.0.0.1:8090",
        auth=Password("d", "u", SecretStr("canary-4711")),
        region="cn-north-4",
        project_id="p1",
        quota=Quota(100, timedelta(minutes=1)),
        concurrency=4,
        poll_every=timedelta(seconds=90),
        timeout=timedelta(seconds=2),
        discover=Discover(timedelta(minutes=1), ("*",), ("test-*",)),
        instances=(
            Instance(id="i-1", name="orders", labels={"env": "dev", "tier": "1"}, **here),
            Instance(id="i-2", name="i-2", labels={"env": "prod", "tier": "1"}, **here),
        ),
        labels={"env": "prod", "tier": "1"},
    )
    assert found.instances[0].labels == {"env": "dev", "tier": "1"}
    assert found.labels == {"env": "prod", "tier": "1"}


def test_instances_without_discovery_are_these_and_no_others(tmp_path: Path) -> None:
    text = 'region: cn-north-4\nauth: {token: "${TOKEN}"}\n'
    assert account(tmp_path, text + "instances: [{id: x}]").discover is None
    assert account(tmp_path, text + "instances: [{id: x}]\ndiscover: {}").discover == Discover(timedelta(minutes=10))


def test_label_values_are_text_as_written(tmp_path: Path) -> None:
    labels = "a: 22:30, b: no, c: 1.10, d: 007, e: TRUE, f: 0x1f, g: 1e3, h: ''"
    found = account(tmp_path, 'region: cn-north-4\nauth: {token: "${TOKEN}"}\nlabels: {' + labels + "}")
    assert list(found.labels.values()) == ["22:30", "no", "1.10", "007", "TRUE", "0x1f", "1e3", ""]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("22:30", "22:30"), ("no", "no"), ("on", "on"), ("y", "y"), ("2026-01-01", "2026-01-01"), ("1_000", "1_000"),
        ("12", 12), ("-3", -3), ("0o17", 15), ("017", 17), ("0x1F", 31), ("0b1", "0b1"),
        ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("-.inf", float("-inf")), ("true", True), ("False", False),
        ("~", None), ("null", None), ("9" * 5000, float("inf")), ("1.2.3", "1.2.3"),
    ],
)  # fmt: skip
def test_plain_scalars_have_the_types_of_yaml_1_2(text: str, value: object) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_a_rule_as_its_lines_say(tmp_path: Path) -> None:
    found = policy(
        tmp_path,
        rules="""
        rules:
          - name: tasks
            thresholds: {warn: 1, crit: 5, share: 20%, back: 15m}
            levels:
              warning: abnormal >= warn
              critical: abnormal >= crit or abnormal / running > share or increase(terminated, back) > 1
            clear: abnormal == 0
            for: 5m
            keep_firing_for: 10m
            match: env="prod", instance!~"test.*"
            overrides: [{match: instance="orders", thresholds: {crit: 20}}]
            summary: "{{ abnormal }} tasks"
            runbook: https://wiki.example.com/fdi
            labels: {team: data}
        """,
    )
    [rule] = found.rules
    assert [severity for severity, _ in rule.levels] == [Severity.CRITICAL, Severity.WARNING]
    assert (rule.when, rule.clear) == (None, "abnormal == 0")
    assert (rule.hold, rule.keep) == (timedelta(minutes=5), timedelta(minutes=10))
    assert rule.match.matchers == (Matcher("env", "=", "prod"), Matcher("instance", "!~", "test.*"))
    assert rule.thresholds["share"] == Quantity(0.2)
    assert rule.thresholds["back"] == Quantity(900, Dimension.DURATION)
    assert rule.overrides[0].thresholds == {"crit": Quantity(20)}
    assert (rule.summary, rule.runbook) == ("{{ abnormal }} tasks", "https://wiki.example.com/fdi")
    assert rule.labels == {"team": "data"}
    assert rule.bind({"env": "prod", "instance": "orders"}) is not None
    assert rule.reach == timedelta(minutes=15)


def test_options_beside_the_kinds_are_for_all_of_them_and_their_own_win(tmp_path: Path) -> None:
    found = policy(
        tmp_path,
        receivers="""
        receivers:
          - name: ops
            language: zh
            timeout: 3s
            console: {}
            webhook: {url: "https://example.com/${TOKEN}", language: en, send_resolved: false}
        route: {receiver: ops}
        """,
    )
    [ops] = found.receivers
    assert isinstance(ops, Receiver)
    console, webhook = ops.integrations
    assert (console.kind, console.options.language, console.options.timeout) == ("console", "zh", timedelta(seconds=3))
    assert (webhook.kind, webhook.options.language, webhook.options.send_resolved) == ("webhook", "en", False)
    assert "canary" not in repr(webhook)


ROUTES = """
receivers:
  - {name: ops, console: {}}
  - {name: oncall, console: {}}
route:
  receiver: ops
  routes:
    - {match: severity="critical", receiver: oncall, continue: true, group_by: [...], group_wait: 0s}
    - match: severity="critical"
      repeat_interval: 1h
      routes: [{match: 'env="prod", team=~"a|b"', group_interval: 5m}]
"""


def test_the_route_is_a_tree_with_everything_inherited(tmp_path: Path) -> None:
    root = policy(tmp_path, receivers=ROUTES.replace("[...]", '["..."]')).route
    ten, minute, hours = timedelta(seconds=10), timedelta(minutes=1), timedelta(hours=4)
    assert (root.path, root.receiver, root.group_by) == ("{}", "ops", ("account", "alertname"))
    assert (root.group_wait, root.group_interval, root.repeat_interval) == (ten, minute, hours)
    first, second = root.routes
    assert (first.path, first.receiver, first.proceed) == ('{}/{severity="critical"}', "oncall", True)
    assert (first.group_by, first.group_wait, first.repeat_interval) == (("...",), timedelta(), hours)
    assert (second.receiver, second.proceed, second.repeat_interval) == ("ops", False, timedelta(hours=1))
    [inner] = second.routes
    assert (inner.repeat_interval, inner.group_interval) == (timedelta(hours=1), timedelta(minutes=5))


def test_two_siblings_that_match_the_same_are_two_groups(tmp_path: Path) -> None:
    root = policy(tmp_path, receivers=ROUTES.replace("[...]", "[alertname]")).route
    taken: list[Route] = list(root.find({"severity": "critical", "alertname": "x"}))
    keys = {route.group_key({"severity": "critical", "alertname": "x"}) for route in taken}
    assert [route.receiver for route in taken] == ["oncall", "ops"]
    assert len(keys) == 2


def case(where: Path, text: str) -> Case:
    [only] = policy(where, tests="tests:\n  - name: t\n" + textwrap.indent(textwrap.dedent(text), "    ")).cases
    return only


def test_a_test_has_defaults_and_knows_its_lines(tmp_path: Path) -> None:
    found = case(
        tmp_path,
        """
        instance: {name: orders, account: prod, labels: {env: prod}}
        series: {cdc.abnormal: "0 1x2"}
        expect:
          - {at: 0s, alerts: []}
          - {at: 1m, alerts: [{alertname: cdc, severity: critical}], pending: []}
        messages:
          - {at: 1m, receiver: ops-chat, contains: broken}
        """,
    )
    assert (found.start, found.every) == (datetime(2026, 1, 1, tzinfo=UTC), timedelta(seconds=30))
    assert Path(found.file).name == "tests.yaml"
    assert found.messages is not None
    assert (found.line, [expected.line for expected in found.expect], found.messages[0].line) == (2, [7, 8], 10)
    [instance] = found.instances
    assert (instance.name, instance.account, instance.labels) == ("orders", "prod", {"env": "prod"})
    assert instance.series == (("cdc.abnormal", (0, 1, 1)),)
    assert (found.expect[0].alerts, found.expect[0].pending) == ((), None)
    assert found.expect[1].alerts == ({"alertname": "cdc", "severity": "critical"},)
    assert (found.messages[0].receiver, found.messages[0].contains) == ("ops-chat", "broken")


def test_no_messages_at_all_is_not_the_same_as_nothing_said_of_messages(tmp_path: Path) -> None:
    assert case(tmp_path, "instance: {name: a}\nmessages: []\n").messages == ()
    assert case(tmp_path, "instance: {name: a}\nexpect: [{at: 0s, alerts: []}]\n").messages is None


def test_a_start_with_an_offset_is_a_moment(tmp_path: Path) -> None:
    found = case(tmp_path, "start: 2026-01-05T10:00:00+08:00\ninstance: {name: a}\nmessages: []\n")
    assert found.start == datetime(2026, 1, 5, 2, tzinfo=UTC)


def test_ragged_series_keep_their_last_value_and_a_failed_poll_fails_whole(tmp_path: Path) -> None:
    found = case(
        tmp_path,
        """
        every: 1m
        instances:
          - {name: a, series: {running: 5, abnormal: "0 _ 2x2"}}
          - {name: b, series: {cdc.running: 1 _}}
          - {name: c}
        expect: [{at: 5m, alerts: []}]
        """,
    )
    a, b, c = found.instances
    assert dict(a.series) == {"running": (5, None, 5, 5, 5, 5), "abnormal": (0, None, 2, 2, 2, 2)}
    assert dict(b.series) == {"cdc.running": (1, None, None, None, None, None)}
    assert c.series == ()


@pytest.mark.parametrize(
    ("text", "values"),
    [("0 0 1x6 _ 0x4", (0, 0, *[1] * 6, None, *[0] * 4)), ("_x3", (None,) * 3), ("7", (7,)), (" 1\n2 ", (1, 2))],
)
def test_series_are_read(text: str, values: tuple[int | None, ...]) -> None:
    assert series.parse(text) == values


@pytest.mark.parametrize(("text", "column"), [("1 -1", 3), ("1x", 1), ("1 1x0", 3), ("x3", 1), ("1.5", 1), ("1,2", 1)])
def test_what_is_no_series_is_refused_at_its_column(text: str, column: int) -> None:
    with pytest.raises(TextFault) as caught:
        series.parse(text)
    assert caught.value.column == column


def test_a_series_is_bounded() -> None:
    with pytest.raises(TextFault, match="at most"):
        series.parse("1x99999 1x99999")


@pytest.mark.parametrize(
    ("instances", "every", "per_second", "words"),
    [
        (1200, 30, 20, "1 200 instances every 30s need 40/s, the quota is 20/s: each is polled every 60s"),
        (7, 3, 2, "7 instances every 3s need 2.33/s, the quota is 2/s: each is polled every 4s"),
        (600, 30, 20, ""),
        (0, 30, 20, ""),
    ],
)
def test_a_quota_that_cannot_carry_the_polls_is_said(instances: int, every: int, per_second: int, words: str) -> None:
    made = Account(
        name="a",
        endpoint="https://a",
        iam_endpoint="",
        auth=Aksk("AK", SecretStr("SK")),
        quota=Quota(per_second, timedelta(seconds=1)),
        poll_every=timedelta(seconds=every),
        instances=tuple(Instance("a", str(number), str(number)) for number in range(instances)),
    )
    assert quota.shortage(made) == words


@given(
    st.text(alphabet="ab '\"\\\t:#é€", min_size=1, max_size=12).filter(lambda text: text.strip()),
    st.sampled_from(["'", '"']),
    st.data(),
)
def test_a_column_inside_quotes_is_found_again_in_the_file(text: str, style: str, data: st.DataObject) -> None:
    escaped = text.replace("'", "''") if style == "'" else text.replace("\\", "\\\\").replace('"', '\\"')
    line = f"key: {style}{escaped}{style}"
    root = compose(line).root
    assert isinstance(root, MapNode)
    scalar = root.get("key")
    assert isinstance(scalar, Scalar)
    assert scalar.text == text
    offset = data.draw(st.integers(0, len(text) - 1))
    place = inside(scalar, offset + 1, [line])
    assert place is not None
    expected = {"\\": "\\", '"': "\\"}.get(text[offset], text[offset]) if style == '"' else text[offset]
    assert line[place.column - 1] == expected
