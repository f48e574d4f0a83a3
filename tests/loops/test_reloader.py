"""What a reload keeps, what it ends, and what becomes of one that goes wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from reload_town import ORDERS, RULES, START, TELLING, Town, policy, town
from structlog.testing import capture_logs

from monitor.errors import StoreFailed
from monitor.fdi.account import Discover
from monitor.model import Cause, State
from monitor.store import outbox
from monitor.store.database import Store

SLOW = "rules: [{name: slow, when: abnormal > 0, for: 2m, severity: warning}]"


async def causes(run: Town) -> list[tuple[str, Cause]]:
    return [(one.rule, one.cause) for one in await run.transitions()]


async def test_a_rule_that_means_the_same_keeps_its_timer(tmp_path: Path, store: Store) -> None:
    async with town(policy(tmp_path / "rules", rules=SLOW), store) as run:
        await run.say(0, abnormal=1)
        run.write("rules", SLOW.replace("abnormal > 0", "(abnormal)  >  0, summary: other words"))
        done = await run.source.requests.reload()
        assert (done.ok, done.rules.changed) == (True, ("slow",))
        await run.say(119, abnormal=1)
        assert (await run.alerts())["slow"].state is State.PENDING
        await run.say(120, abnormal=1)
        assert (await run.alerts())["slow"].annotations == {"summary": "other words"}
        assert await causes(run) == [("slow", Cause.BREACHED), ("slow", Cause.HELD)]


async def test_a_rule_that_means_something_else_keeps_its_alert_says_so_and_judges_the_next_sample(
    tmp_path: Path, store: Store
) -> None:
    async with town(policy(tmp_path / "rules"), store) as run:
        await run.say(0, abnormal=1)
        before = (await run.alerts())["abnormal"]
        run.write("rules", RULES.replace("abnormal > 0", "abnormal > 5"))
        await run.source.requests.reload()
        after = (await run.alerts())["abnormal"]
        assert replace(after, rule_version=before.rule_version) == before
        assert after.rule_version != before.rule_version
        await run.say(30, abnormal=3)
        steps = await run.transitions()
        assert [(one.cause, one.before, one.after) for one in steps] == [
            (Cause.HELD, State.NONE, State.FIRING),
            (Cause.RULE_CHANGED, State.FIRING, State.FIRING),
            (Cause.CLEARED, State.FIRING, State.RESOLVED),
        ]
        assert [one.rule_version for one in steps] == [before.rule_version, *[after.rule_version] * 2]
        assert not steps[1].audible


async def test_what_a_removed_rule_said_to_fire_is_said_to_end_by_that_name(tmp_path: Path, store: Store) -> None:
    async with town(policy(tmp_path / "rules"), store) as run:
        await run.say(0, abnormal=1)
        await run.tell()
        run.write("rules", SLOW)
        await run.source.requests.reload()
        assert await causes(run) == [("abnormal", Cause.HELD), ("abnormal", Cause.RULE_REMOVED)]
        await run.say(10, abnormal=1)
        await run.tell()
        assert [message.notification.alerts[0].cause for _, message in run.said] == [Cause.HELD, Cause.RULE_REMOVED]


async def test_a_rule_that_no_longer_watches_the_instance_ends_its_alert(tmp_path: Path, store: Store) -> None:
    async with town(policy(tmp_path / "rules"), store) as run:
        await run.say(0, abnormal=1)
        run.write("rules", RULES.replace("severity: critical", "severity: critical, match: 'env=\"test\"'"))
        await run.source.requests.reload()
        assert await causes(run) == [("abnormal", Cause.HELD), ("abnormal", Cause.RULE_UNMATCHED)]


async def test_an_account_and_an_instance_that_are_removed_end_their_alerts_by_name_and_are_watched_no_more(
    tmp_path: Path, store: Store
) -> None:
    other = replace(ORDERS, account="other")
    async with town(policy(tmp_path / "rules"), store, [ORDERS, other]) as run:
        [prod] = run.policy.accounts
        await run.say(0, abnormal=1)
        await run.say(0, abnormal=1, instance=other)
        await run.live.settle(replace(run.policy, accounts=(replace(prod, discover=None),)))
        ended = [one for one in await run.transitions() if one.after is State.RESOLVED]
        found = {(await run.account_of(one.alert)): one.cause for one in ended}
        assert found == {"prod": Cause.INSTANCE_REMOVED, "other": Cause.ACCOUNT_REMOVED}
        assert run.live.engine.watched("prod") == run.live.engine.watched("other") == []


async def test_an_instance_that_discovery_excludes_from_now_on_leaves_at_once(tmp_path: Path, store: Store) -> None:
    async with town(policy(tmp_path / "rules"), store) as run:
        [prod] = run.policy.accounts
        await run.say(0, abnormal=1)
        excluding = replace(prod, discover=Discover(timedelta(minutes=10), exclude=("ord*",)))
        await run.live.settle(replace(run.policy, accounts=(excluding,)))
        assert await causes(run) == [("abnormal", Cause.HELD), ("abnormal", Cause.INSTANCE_REMOVED)]


async def test_a_rule_that_looks_back_further_finds_the_past_in_the_store(tmp_path: Path, store: Store) -> None:
    deep = "rules: [{name: jump, when: 'increase(abnormal, 10m) >= 5', severity: info}]"
    async with town(policy(tmp_path / "rules"), store) as run:
        for seconds, abnormal in ((0, 0), (30, 1), (60, 1), (90, 3)):
            await run.say(seconds, abnormal)
        run.write("deep", deep)
        await run.source.requests.reload()
        await run.say(120, abnormal=4)
        assert "jump" not in await run.alerts()
        await run.say(150, abnormal=5)
        assert (await run.alerts())["jump"].state is State.FIRING
        run.write("deep", deep.replace("10m", "45s"))
        await run.source.requests.reload()
        await run.say(180, abnormal=5)
        assert (await run.alerts())["jump"].state is State.RESOLVED


async def test_the_averages_of_a_deepened_window_count_every_poll(tmp_path: Path, store: Store) -> None:
    mean = "rules: [{name: mean, when: 'avg_over_time(abnormal, 1h) >= 2', severity: info}]"
    async with town(policy(tmp_path / "rules", rules="rules: []"), store) as run:
        for seconds, abnormal in ((0, 1), (10, 1), (20, 1), (30, 3), (40, 3)):
            await run.say(seconds, abnormal)
        run.write("mean", mean)
        await run.source.requests.reload()
        await run.say(50, abnormal=2)
        assert "mean" not in await run.alerts(), "3 polls of 1, 2 of 3 and one of 2 are 11/6"
        await run.say(60, abnormal=3)
        assert "mean" in await run.alerts()


async def test_a_broken_file_raises_one_alert_with_its_place_that_its_mending_ends(
    tmp_path: Path, store: Store
) -> None:
    async with town(policy(tmp_path / "rules"), store) as run:
        with capture_logs() as lines:
            for seconds, name in ((1, "abnromal"), (2, "abnromal"), (3, "runing")):
                await run.say(seconds)
                run.write("rules", RULES.replace("when: abnormal", f"when: {name}"))
                done = await run.source.requests.reload()
                assert (done.ok, [Path(one).name for one in done.kept]) == (False, ["rules.yaml"])
                await run.tell()
        [title] = run.titles()
        assert title == "[FIRING critical] policy-invalid"
        [line, *_] = [line for line in lines if line["event"].startswith("policy is invalid")]
        assert line["log_level"] == "error"
        assert "rules.yaml:3:28: there is no name 'abnromal'" in line["errors"][0]
        alert = (await run.alerts())["policy-invalid"]
        assert alert.labels == {"alertname": "policy-invalid", "file": str(run.folder / "rules.yaml")}
        assert "rules.yaml:3:28: there is no name 'runing'" in alert.annotations["summary"]
        assert run.meters.registry.get_sample_value("fdi_monitor_policy_last_reload_successful") == 0
        assert [str(one).splitlines()[2].strip() for one in run.live.force.faults] == ["^^^^^^"], "pages show it so"
        await run.say(20, abnormal=1)
        assert (await run.alerts())["abnormal"].state is State.FIRING, "the last good version judges"
        run.write("rules", RULES)
        assert (await run.source.requests.reload()).ok
        await run.tell()
        assert run.live.force.faults == ()
        ended = [one for one in run.titles()[1:] if "policy-invalid" in one]
        assert ended == ["[RESOLVED] policy-invalid"]
        assert (await run.alerts())["policy-invalid"].state is State.RESOLVED
        assert run.meters.registry.get_sample_value("fdi_monitor_policy_last_reload_successful") == 1


async def test_an_alert_about_the_policy_ends_when_the_service_starts_with_a_good_one(
    tmp_path: Path, store: Store
) -> None:
    async with town(policy(tmp_path / "rules"), store) as run:
        run.write("rules", "rules: [")
        await run.source.requests.reload()
    async with town(policy(tmp_path / "rules"), store) as run:
        while run.reloader._owing:
            await asyncio.sleep(0.01)
        assert (await run.alerts())["policy-invalid"].state is State.RESOLVED


async def test_who_asks_while_a_reload_is_under_way_shares_the_next(tmp_path: Path, store: Store) -> None:
    async with town(policy(tmp_path / "rules"), store) as run:
        first = asyncio.create_task(run.source.requests.reload())
        await asyncio.sleep(0)
        while run.source.requests._shared is not None:
            await asyncio.sleep(0)
        run.write("rules", SLOW)
        later = await asyncio.gather(*(run.source.requests.reload() for _ in range(50)))
        assert (await first).ok
        assert all(one is later[0] for one in later)
        assert run.meters.registry.get_sample_value("fdi_monitor_policy_reloads_total", {"outcome": "good"}) == 2


async def test_a_bug_is_logged_with_its_traceback_and_what_was_in_force_stays(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("canary")

    async with town(policy(tmp_path / "rules"), store) as run:
        run.write("rules", SLOW)
        with capture_logs() as lines, monkeypatch.context() as patch:
            patch.setattr("monitor.reloader.compared", broken)
            done = await run.source.requests.reload()
        assert (done.ok, "canary" in done.trouble) == (False, False)
        assert [line["log_level"] for line in lines if "bug" in line["event"]] == ["error"]
        await run.say(10, abnormal=1)
        assert set(await run.alerts()) == {"abnormal"}
        assert (await run.source.requests.reload()).rules.added == ("slow",)


async def test_what_ended_while_the_store_takes_nothing_is_recorded_once_it_does(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.recorder.RETRY", timedelta(seconds=0.05))
    async with town(policy(tmp_path / "rules"), store) as run:
        await run.say(0, abnormal=1)
        async with store.write() as tx:
            await tx.exec_driver_sql("ALTER TABLE alert RENAME TO away")
        run.write("rules", SLOW)
        assert (await run.source.requests.reload()).ok
        assert run.live.engine.book.recorder.trouble
        async with store.write() as tx:
            await tx.exec_driver_sql("ALTER TABLE away RENAME TO alert")
        while run.live.engine.book.recorder.trouble:
            await asyncio.sleep(0.01)
        assert await causes(run) == [("abnormal", Cause.HELD), ("abnormal", Cause.RULE_REMOVED)]


async def test_what_ended_and_cannot_even_be_held_is_tried_again(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(_: object) -> None:
        raise StoreFailed("disk full")

    async with town(policy(tmp_path / "rules"), store) as run:
        await run.say(0, abnormal=1)
        monkeypatch.setattr("monitor.reloader.RETRY", 0.05)
        with capture_logs() as lines:
            with monkeypatch.context() as patch:
                patch.setattr(run.live.engine.book.recorder, "record", refused)
                run.write("rules", SLOW)
                assert (await run.source.requests.reload()).ok
            while run.reloader._owing:
                await asyncio.sleep(0.01)
        assert len([line for line in lines if line["event"] == "what the reload ends waits for the store"]) == 1
        assert await causes(run) == [("abnormal", Cause.HELD), ("abnormal", Cause.RULE_REMOVED)]


async def test_history_that_cannot_be_read_leaves_everything_as_it_was(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_: object, **__: object) -> None:
        raise StoreFailed("the store did not answer")

    async with town(policy(tmp_path / "rules"), store) as run:
        run.write("deep", "rules: [{name: jump, when: 'increase(abnormal, 10m) >= 5', severity: info}]")
        with monkeypatch.context() as patch:
            patch.setattr("monitor.engine.history.since", failing)
            done = await run.source.requests.reload()
        assert done.trouble == "nothing was reloaded: the store did not answer"
        assert (await run.source.requests.reload()).rules.added == ("jump",)


async def test_a_message_that_waits_keeps_its_id_through_a_reload_and_one_whose_receiver_is_gone_is_given_up(
    tmp_path: Path, store: Store
) -> None:
    async with town(policy(tmp_path / "rules"), store) as run:
        await run.say(0, abnormal=1)
        await run.live.dispatcher.step(run.at)
        async with store.read() as tx:
            [waiting] = await outbox.recent(tx, most=9)
        run.write("telling", TELLING.replace("console: {}}", "language: zh, console: {}}, {name: new, console: {}}"))
        assert (await run.source.requests.reload()).receivers.added == ("new",)
        await run.tell()
        assert [message.notification.id for _, message in run.said] == [waiting.id]
        await run.say(60)
        await run.live.dispatcher.step(run.at)
        run.write("telling", TELLING.replace("ops", "new"))
        await run.source.requests.reload()
        await run.tell()
        async with store.read() as tx:
            [lost, _] = await outbox.recent(tx, most=9)
        assert (lost.state, lost.receiver, lost.attempts) == ("dead", "ops", 1)
        assert lost.reason == "the policy has no console under ops any more"


async def test_the_next_incident_bears_the_labels_that_its_rule_has_by_then(tmp_path: Path, store: Store) -> None:
    async with town(policy(tmp_path / "rules"), store) as run:
        await run.say(0, abnormal=1)
        run.write("rules", RULES.replace("severity: critical", "severity: critical, labels: {team: data}"))
        await run.source.requests.reload()
        await run.say(10, abnormal=2)
        assert "team" not in (await run.alerts())["abnormal"].labels
        await run.say(20)
        await run.say(30, abnormal=1)
        steps = await run.transitions()
        assert [one.cause for one in steps] == [Cause.HELD, Cause.CLEARED, Cause.HELD]
        assert steps[0].alert == steps[1].alert != steps[2].alert
    async with town(policy(tmp_path / "rules"), store) as again:
        [firing] = [alert for _, alert in again.live.engine.book.live()]
        assert (firing.key, firing.labels["team"]) == (steps[2].alert, "data")


async def test_a_poller_that_is_stopped_while_its_sample_is_recorded_leaves_memory_and_store_the_same(
    tmp_path: Path, store: Store
) -> None:
    async with town(policy(tmp_path / "rules"), store) as run:
        await run.say(0)
        polling = asyncio.create_task(run.say(10, abnormal=1))
        await asyncio.sleep(0)
        polling.cancel()
        await asyncio.wait([polling])
        assert polling.cancelled()
        await run.say(20, abnormal=1)
        assert await causes(run) == [("abnormal", Cause.HELD)]
        assert [alert.fired_at for _, alert in run.live.engine.book.live()] == [START + timedelta(seconds=10)]


async def test_a_new_warning_is_logged_once_with_its_place(tmp_path: Path, store: Store) -> None:
    async with town(policy(tmp_path / "rules"), store) as run:
        run.write("spare", "receivers: [{name: spare, console: {}}]")
        with capture_logs() as lines:
            for _ in range(3):
                assert (await run.source.requests.reload()).ok
        [line] = [line for line in lines if line["log_level"] == "warning"]
        assert line["place"].endswith("spare.yaml:1:20")
        assert line["reason"] == "no route leads to this receiver"
