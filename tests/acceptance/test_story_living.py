"""Messages that live on: changed in place where the chat can, said again where the receiver forgets."""

from __future__ import annotations

from pathlib import Path

from service import service
from setting import policy
from stage import story
from waiting import still, want
from world import World, cloud

TOKEN, KEY = "1:t0ken-t3l3gr4m-c4n4ry", "k3y-4lertm4n4ger-c4n4ry"


def telegram(world: World) -> dict[str, object]:
    world.secrets.add(TOKEN)
    return {"name": "chat", "telegram": {"token": TOKEN, "chat_id": "-100", "base_url": world.sim.url}}


@story
async def test_a_message_that_was_said_before_a_kill_turns_green_after_it(folder: Path) -> None:
    async with cloud() as world:
        written = policy(world, receivers=[telegram(world)], route={"receiver": "chat"})
        async with service(folder, world, written) as run:
            world.breaks("orders", cdc=2)
            await want("it is said", lambda: world.sim.inbox.seen(robot="telegram"))
            await want("it is written down", lambda: run.log("message delivered"))
            await run.end("SIGKILL")
            await run.start()
            world.recovers("orders")
            await want("its end is said as well", lambda: len(world.sim.inbox.seen(robot="telegram")) == 2)
            changed, reply = world.sim.inbox.seen(robot="telegram")
            assert changed.place == 1
            assert changed.card is not None
            assert changed.card.colour == "green"
            assert "[RESOLVED]" in reply.summary

            world.breaks("orders", cdc=1)
            await want("the next trouble is another message", lambda: len(world.sim.inbox.seen(robot="telegram")) == 3)


@story
async def test_an_alertmanager_hears_of_what_fires_again_and_again_until_it_ends(folder: Path) -> None:
    async with cloud() as world:
        world.secrets.add(KEY)
        urls = [f"{world.sim.url}/alertmanager/{member}" for member in ("a", "b")]
        given = {"urls": urls, "every": "1s", "headers": {"Authorization": f"Bearer {KEY}"}}
        receivers = [{"name": "hook", "webhook": world.hook()}, {"name": "am", "alertmanager": given}]
        branches = [{"receiver": "am", "continue": True}, {"receiver": "hook"}]
        written = policy(world, receivers=receivers, route={"receiver": "hook", "routes": branches})
        async with service(folder, world, written) as run:

            def heard() -> list[list[dict[str, object]]]:
                return [one.body for one in world.sim.messages(robot="alertmanager", verdict="accepted")]

            world.breaks("orders", common=1)
            await want("every member hears of it three times", lambda: len(heard()) >= 6)
            assert all("endsAt" not in alert for body in heard() for alert in body)
            assert len(world.said("hook")) == 1, "others are told once"
            await run.end("SIGKILL")
            await run.start()
            before = len(heard())
            await want("it goes on after a kill", lambda: len(heard()) > before)

            world.recovers("orders")
            await want("both hear of its end", lambda: sum("endsAt" in body[0] for body in heard()) == 2)
            ended = len(heard())
            await still("and that is the last", lambda: len(heard()) == ended)
