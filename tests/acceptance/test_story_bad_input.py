"""What stands in the way is said in one line with what to do, and the exit code tells what kind of trouble it is."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

from commands import fdi_monitor
from neighbours import slow_robot
from service import service
from setting import policy, write
from stage import story
from waiting import want
from world import cloud

NOWHERE = "https://roma.nowhere.invalid"

BROKEN = """\
accounts:
  - name: prod
    region: cn-north-4
    auth: {token: "t0ken-c4n4ry"}
    poll_every: 30
rules:
  - name: cdc-tasks-abnormal
    when: cdc.abnromal > 0
    for: 2 minutes
    severity: critical
receivers:
  - name: ops-chat
    console: {}
route: {receiver: ops-caht}
"""

ALONE = """\
accounts:
  - name: prod
    endpoint: http://127.0.0.1:1
    project_id: p
    auth: {token: "t0ken-c4n4ry"}
    instances: []
    discover: {}
rules: [{name: tasks-abnormal, when: abnormal > 0, severity: critical}]
receivers: [{name: terminal, console: {}}]
route: {receiver: terminal}
"""
"""A policy without a fault, and with nothing behind it."""


@story
async def test_every_fault_of_a_broken_policy_is_said_at_once_with_its_place_and_a_caret(folder: Path) -> None:
    write(folder, BROKEN)
    ended = await fdi_monitor("run", "--rules", "rules", folder=folder)
    assert ended.code == 1
    places = {(5, "30"), (8, "cdc.abnromal"), (9, "2 minutes"), (14, "ops-caht")}
    for number, word in places:
        line = BROKEN.splitlines()[number - 1]
        assert f"rules/policy.yaml:{number}:{line.index(word) + 1}: " in ended.err
        quoted = next(shown for shown in ended.err.splitlines() if shown.endswith(f"| {line}"))
        caret = ended.err.splitlines()[ended.err.splitlines().index(quoted) + 1]
        assert caret == " " * quoted.index(word) + "^" * len(word)
    assert ended.err.count("^\n") == len(places)
    assert "did you mean cdc.abnormal?" in ended.err
    checked = await fdi_monitor("check", "rules", folder=folder)
    assert checked.code == 1
    assert all(f"rules/policy.yaml:{number}:" in checked.out for number, _ in places)
    assert "4 errors" in checked.out


@story
async def test_a_policy_without_accounts_says_how_to_write_one(folder: Path) -> None:
    write(folder, ALONE[ALONE.index("rules:") :])
    ended = await fdi_monitor("run", "--rules", "rules", folder=folder)
    assert ended.code == 1
    assert ended.err.startswith("rules: there are no accounts: write what is polled")


@story
async def test_a_folder_that_is_not_there_is_wrong_use(folder: Path) -> None:
    ended = await fdi_monitor("run", "--rules", "nowhere", folder=folder)
    assert (ended.code, ended.complaint.split(":")[0]) == (2, "the folder nowhere does not exist")


@story
async def test_an_unknown_host_fails_a_poll_and_is_said_once_by_the_service(folder: Path) -> None:
    async with cloud() as world:
        lost = world.account("lost", endpoint=NOWHERE, instances=[{"id": "1-2-3", "name": "far"}])
        del lost["discover"]
        written = policy(world, accounts=[lost])
        async with service(folder, world, written) as run:
            await want("it failed", lambda: run.counts(1, "fdi_monitor_polls_total", outcome="failed"))
            await want("again and again", lambda: run.counts(3, "fdi_monitor_polls_total", outcome="failed"))
            [line] = run.log("instance cannot be polled")
            assert "roma.nowhere.invalid" in line["reason"]
            assert (await run.page("/readyz"))[0] == 200

            ended = await fdi_monitor("poll", "--rules", "rules", folder=folder, world=world)
            assert ended.code == 1
            assert "far" in ended.out
            assert any("cannot reach roma.nowhere.invalid" in shown for shown in ended.out.splitlines()), ended.out

        write(folder, policy(world, accounts=[world.account("lost", endpoint=NOWHERE)]))
        ended = await fdi_monitor("poll", "--rules", "rules", folder=folder, world=world)
        assert (ended.code, ended.out) == (1, "")
        assert ended.complaint.startswith("cannot reach roma.nowhere.invalid")


@story
async def test_a_port_in_use_is_wrong_use(folder: Path) -> None:
    write(folder, ALONE)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = await fdi_monitor("run", "--rules", "rules", folder=folder, settings={"WEB__PORT": port})
        assert ended.code == 2
        assert ended.complaint.startswith(f"port {port} on 127.0.0.1 is in use. ")
        assert "FDI_MONITOR_WEB__PORT" in ended.complaint
        demo = await fdi_monitor("demo", "--for", "1s", "--port", port, folder=folder)
        assert demo.code == 2
        assert demo.complaint.startswith(f"port {port} on 127.0.0.1 is in use. ")


@story
async def test_a_data_folder_that_cannot_be_written_is_wrong_use(folder: Path) -> None:
    write(folder, ALONE)
    (folder / "file").write_text("not a folder")
    ended = await fdi_monitor("run", "--rules", "rules", folder=folder, settings={"DATA": "file"})
    assert ended.code == 2
    assert ended.complaint.startswith("the data folder file cannot be written: ")
    assert "FDI_MONITOR_DATA" in ended.complaint


@story
async def test_a_read_only_data_folder_is_wrong_use(folder: Path) -> None:
    write(folder, ALONE)
    (folder / "data").mkdir(mode=0o555)
    ended = await fdi_monitor("run", "--rules", "rules", folder=folder, humble=True)
    assert ended.code == 2
    assert ended.complaint.startswith(f"the data folder {folder / 'data'} cannot be written: Permission denied. ")


@story
async def test_a_data_folder_in_use_is_wrong_use_and_who_uses_it_lives_on(folder: Path) -> None:
    async with cloud() as world, service(folder, world, policy(world)) as run:
        ended = await fdi_monitor("run", "--rules", "rules", folder=folder, world=world)
        assert ended.code == 2
        assert ended.complaint.startswith(f"another fdi-monitor works in the data folder {folder / 'data'}. ")
        await world.polled_again("orders")
        assert (await run.page("/healthz"))[0] == 200


@story
async def test_pages_for_everyone_need_a_word(folder: Path) -> None:
    write(folder, ALONE)
    ended = await fdi_monitor("run", "--rules", "rules", folder=folder, settings={"WEB__HOST": "0.0.0.0"})
    assert ended.code == 2
    assert "--insecure" in ended.complaint
    assert not (folder / "data").exists()


@story
async def test_a_setting_that_cannot_be_is_wrong_use_and_one_that_is_misspelt_is_told(folder: Path) -> None:
    write(folder, ALONE)
    ended = await fdi_monitor("poll", "--rules", "rules", folder=folder, settings={"LOG__LEVEL": "loud"})
    assert (ended.code, ended.complaint.split()[0]) == (2, "FDI_MONITOR_LOG__LEVEL")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = {"WEB__PORT": str(taken.getsockname()[1]), "WEB_HOST": "localhost"}
        ended = await fdi_monitor("run", "--rules", "rules", folder=folder, settings=settings)
    assert ended.code == 2
    assert "did you mean FDI_MONITOR_WEB__HOST?" in ended.err.splitlines()[0]


@story
async def test_an_unknown_command_or_flag_says_what_was_meant(folder: Path) -> None:
    command = await fdi_monitor("rnu", folder=folder)
    flag = await fdi_monitor("run", "--ruels", "rules", folder=folder)
    assert (command.code, flag.code) == (2, 2)
    assert "No such command 'rnu'. Did you mean 'run'?" in command.err
    assert "No such option '--ruels'." in flag.err
    assert "'--rules'" in flag.err


@story
async def test_the_first_ctrl_c_ends_it_in_order_and_the_second_at_once(folder: Path) -> None:
    async with cloud() as world, slow_robot(after=60.0) as robot:
        receivers = [{"name": "hook", "webhook": {"url": robot.url, "timeout": "30s"}}]
        async with service(folder, world, policy(world, receivers=receivers)) as run:
            await run.stop(signal.SIGINT)

            await run.start()
            world.breaks("orders", common=1)
            await want("a message is on its way", lambda: robot.begun)
            run.signal(signal.SIGINT)
            await want("it is stopping", lambda: run.log("stopping")[1:])
            run.signal(signal.SIGINT)
            assert await run.ended(within=1.5) == 130
            assert "fdi-monitor: stopped at once" in run.tail()
