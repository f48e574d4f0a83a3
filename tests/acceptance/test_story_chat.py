"""The main job, end to end: tasks break, people hear of it once, and once more when they are well."""

from __future__ import annotations

from pathlib import Path

from neighbours import mail_server
from service import Service, service
from setting import ABNORMAL, policy
from stage import story
from waiting import still, want
from world import cloud


@story
async def test_a_task_breaks_chat_says_so_once_it_recovers_chat_says_so_once(folder: Path) -> None:
    async with cloud() as world, mail_server() as mail:
        everybody = {
            "name": "ops-chat",
            "feishu": world.feishu(),
            "webhook": world.hook(),
            "email": {"to": ["ops@example.com"]},
        }
        rule = {
            "name": "cdc-tasks-abnormal",
            "when": "cdc.abnormal > 0",
            "for": "1s",
            "severity": "critical",
            "summary": "{{ cdc.abnormal }} CDC tasks abnormal on {{ instance }}",
        }
        written = policy(world, receivers=[everybody], rules=[rule], route={"receiver": "ops-chat"})

        def heard() -> tuple[int, int, int]:
            return len(world.chat()), len(world.tries("hook")), len(mail.received)

        async with service(folder, world, written, settings=mail.settings) as run:
            await world.polled_again("orders")
            assert heard() == (0, 0, 0)

            world.breaks("orders", cdc=3)
            await want("all three are told", lambda: heard() == (1, 1, 1))
            await still("nobody hears of it again", lambda: heard() == (1, 1, 1))

            world.recovers("orders")
            await want("all three hear of its end", lambda: heard() == (2, 2, 2))
            await still("that is all", lambda: heard() == (2, 2, 2))

            titles = [
                "[FIRING critical] cdc-tasks-abnormal · prod · orders",
                "[RESOLVED] cdc-tasks-abnormal · prod · orders",
            ]
            assert [card.split(" - ")[0] for card in world.chat()] == titles
            assert "3 CDC tasks abnormal on orders" in world.chat()[0]
            assert mail.subjects() == titles
            first, last = world.said("hook")
            assert (first.status, last.status) == ("firing", "resolved")
            assert first.id != last.id
            [alert] = first.alerts
            assert alert["labels"]["instance"] == "orders"
            assert alert["labels"]["severity"] == "critical"
            assert alert["annotations"]["summary"] == "3 CDC tasks abnormal on orders"
            assert last.alerts[0]["startsAt"] == alert["startsAt"] < last.alerts[0]["endsAt"]
            assert len(run.log("message delivered")) == 6
            assert world.sim.cloud.figures.calls["token"] == 1
        run.check(mails=[envelope.original_content or b"" for envelope in mail.received])


@story
async def test_where_the_group_waits_the_card_names_the_broken_tasks(folder: Path) -> None:
    async with cloud(instances=2) as world:
        chat = {"name": "ops-chat", "feishu": world.feishu(), "webhook": world.hook()}
        rule = {**ABNORMAL, "name": "cdc-tasks-abnormal", "when": "cdc.abnormal > 0"}
        route = {"receiver": "ops-chat", "group_by": ["instance"], "group_wait": "2s"}
        async with service(folder, world, policy(world, receivers=[chat], rules=[rule], route=route)) as run:
            await world.polled_again("orders")
            world.breaks("orders", common=2, cdc=13)
            await want("chat is told", lambda: len(world.chat()) == 1 and len(world.said("hook")) == 1)
            [card], names = world.chat(), world.broken("orders", cdc=13)
            assert f"broken: {', '.join(names[:10])}, +3 more" in card
            assert not [name for name in world.broken("orders", common=2) if name in card]
            assert await _shown(run, f"broken: {names[0]}, ")

            # the names of one message are those of its counts
            world.breaks("orders", cdc=1)
            await want("it is asked again", lambda: world.sim.cloud.figures.calls["task-monitors"] == 2)
            await want("the page knows", lambda: _shown(run, f"broken: {names[0]}</p>"))
            world.recovers("orders")
            await want("chat hears of its end", lambda: len(world.chat()) == 2)
            assert "broken" not in world.chat()[1]
            assert world.sim.cloud.figures.calls["task-monitors"] == 2


@story
async def test_while_it_fires_the_page_shows_it_and_the_metrics_count_it(folder: Path) -> None:
    async with cloud(instances=2) as world, service(folder, world, policy(world)) as run:
        await want("both are polled", lambda: run.counts(2, "fdi_up", account="prod"))
        assert await run.page("/healthz") == (200, "ok\n")
        assert await run.page("/readyz") == (200, "ready\n")
        assert await run.figure("ALERTS") is None
        assert await run.figure("fdi_tasks", instance="orders", kind="common", status="abnormal") == 0
        _, quiet = await run.page("/")
        assert "Firing now" not in quiet

        world.breaks("orders", common=4, cdc=3)
        await want("it fires in the metrics", lambda: run.counts(1, "ALERTS", alertstate="firing"))
        assert await run.figure("fdi_tasks", instance="orders", kind="cdc", status="abnormal") == 3
        assert await run.figure("fdi_tasks", instance="orders", kind="common", status="abnormal") == 4
        assert await run.figure("fdi_tasks", instance="invoices", kind="common", status="abnormal") == 0
        assert await run.figure("ALERTS", instance="orders", severity="critical", alertstate="firing") == 1
        _, page = await run.page("/")
        assert "Firing now" in page
        assert "7 tasks abnormal on orders" in page
        await want("the message is on the page", lambda: _shown(run, "[FIRING critical] tasks-abnormal"))

        world.recovers("orders")
        await want("it is over in the metrics", lambda: run.counts(0, "ALERTS"))
        await want("it is over on the page", lambda: _shown(run, "[RESOLVED] tasks-abnormal"))
        _, page = await run.page("/")
        assert "Firing now" not in page
        assert await run.figure("fdi_monitor_outbox", receiver="hook", state="sent") == 2
        assert (await run.page("/nowhere"))[0] == 404


async def _shown(run: Service, text: str) -> bool:
    return text in (await run.page("/"))[1]
