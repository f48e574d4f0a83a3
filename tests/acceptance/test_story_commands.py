"""The other commands, their output piped."""

from __future__ import annotations

import json
import re
from pathlib import Path

from commands import fdi_monitor
from setting import ABNORMAL, ROOT, policy, write
from stage import story
from world import FEISHU, cloud


@story
async def test_poll_shows_the_counts_and_what_they_mean_whatever_the_width(folder: Path) -> None:
    async with cloud(instances=3) as world:
        many = {"name": "many", "by": ["account"], "when": "count(abnormal > 0) >= 1", "severity": "warning"}
        write(folder, policy(world, rules=[ABNORMAL, many]))
        world.breaks("orders", common=2, cdc=1)
        ended = await fdi_monitor("poll", "--rules", "rules", folder=folder, world=world)
        assert (ended.code, ended.err) == (0, "")
        lines = [line.split() for line in ended.out.splitlines()]
        rows = {words[1]: words for words in lines if words[0] == "prod"}
        assert rows.keys() == {"orders", "invoices", "订单同步"}
        assert rows["orders"][-2:] == ["tasks-abnormal", "(critical)"]
        assert ended.out.endswith("together (account=prod): many (warning)\n")
        member = world.sim.cloud.find("invoices")
        assert member is not None
        shown = rows["invoices"][2:7], lines[lines.index(rows["invoices"]) + 1]
        assert shown == (
            ["common", *map(str, member.machine.common)],
            ["cdc", *map(str, member.machine.cdc)],
        )

        world.answers("invoices", "503")
        ended = await fdi_monitor("poll", "--rules", "rules", "--json", folder=folder, world=world)
        assert ended.code == 1
        answers = {one["instance"]: one for one in json.loads(ended.out)}
        assert answers["orders"]["cdc"]["abnormal"] == 1
        assert answers["orders"]["findings"] == ["tasks-abnormal (critical)"]
        assert answers["invoices"]["up"] is False
        assert answers["invoices"]["failure"]
        assert world.sim.messages() == []
        assert not (folder / "data").exists()


@story
async def test_poll_with_a_wrong_password_asks_twice_at_most_and_says_what_to_do(folder: Path) -> None:
    async with cloud() as world:
        login = {"domain": "acme", "user": "monitor", "password": "wr0ng-c4n4ry"}
        world.secrets.add("wr0ng-c4n4ry")
        write(folder, policy(world, accounts=[world.account(auth={"password": login})]))
        ended = await fdi_monitor("poll", "--rules", "rules", folder=folder, world=world)
        assert ended.code == 1
        assert "check domain, user and password of account prod" in ended.complaint
        assert 1 <= sum(world.sim.cloud.stats()["refused"].values()) <= 2


@story
async def test_doctor_examines_each_account_and_says_what_to_do(folder: Path) -> None:
    async with cloud() as world:
        key = {"aksk": {"access_key": "${CLOUD_ACCESS_KEY}", "secret_key": "${CLOUD_SECRET_KEY}"}}
        write(folder, policy(world, accounts=[world.account("prod"), world.account("test", auth=key)]))
        ended = await fdi_monitor("doctor", "--rules", "rules", folder=folder, world=world)
        assert (ended.code, ended.err) == (0, ""), ended.out
        assert [line for line in ended.out.splitlines() if not line.startswith(" ")] == ["prod", "test"]
        assert {line.split()[0] for line in ended.out.splitlines() if line.startswith(" ")} == {"ok"}
        assert not (folder / "data").exists()

        login = {"domain": "acme", "user": "monitor", "password": "wr0ng-c4n4ry"}
        world.secrets.add("wr0ng-c4n4ry")
        write(folder, policy(world, accounts=[world.account("prod"), world.account("bad", auth={"password": login})]))
        world.sim.cloud.forget_figures()
        ended = await fdi_monitor("doctor", "--rules", "rules", "--json", folder=folder, world=world)
        assert ended.code == 1
        grades = {(row["account"], row["name"]): row["grade"] for row in json.loads(ended.out)}
        assert (grades["prod", "counts"], grades["bad", "credentials"]) == ("ok", "trouble")
        assert sum(world.sim.cloud.figures.refused.values()) == 1
        alone = await fdi_monitor("doctor", "--account", "prod", "--rules", "rules", folder=folder, world=world)
        assert (alone.code, "bad" in alone.out) == (0, False)
        nobody = await fdi_monitor("doctor", "--account", "prd", "--rules", "rules", folder=folder, world=world)
        assert (nobody.code, nobody.complaint) == (2, "there is no account prd: the policy has prod, bad")


@story
async def test_notify_says_the_verdict_of_each_kind(folder: Path) -> None:
    async with cloud() as world:
        both = {"name": "ops-chat", "feishu": world.feishu(), "webhook": world.hook()}
        write(folder, policy(world, receivers=[both], route={"receiver": "ops-chat"}))
        good = await fdi_monitor("notify", "ops-chat", "--rules", "rules", folder=folder, world=world)
        assert (good.code, good.err) == (0, "")
        verdicts = [line for line in good.out.splitlines() if not line.startswith("  ")]
        assert [re.sub(r"\d+ ms", "N ms", line) for line in verdicts] == [
            "ops-chat (feishu): delivered: code 0 (N ms)",
            "ops-chat (webhook): delivered: HTTP 200 (N ms)",
        ]
        assert f"  > POST {world.sim.url}/***" in good.out
        assert "  > Idempotency-Key: " in good.out
        assert '"content": "[TEST info] test · example"' in good.out
        assert '  < HTTP 200 {"status": "ok"}' in good.out
        assert [secret for secret in world.secrets if secret in good.out] == []
        assert "This is a test message: nothing is wrong." in world.chat()[0]

        world.robot(f"feishu/{FEISHU}", {"refuse": "19021"})
        bad = await fdi_monitor("notify", "ops-chat", "--rules", "rules", folder=folder, world=world)
        assert bad.code == 1
        assert "ops-chat (feishu): refused: the signature is refused (19021)" in bad.out
        assert "ops-chat (webhook): delivered" in bad.out
        quiet = await fdi_monitor("notify", "ops-chat", "--rules", "rules", "--json", folder=folder, world=world)
        told = json.loads(quiet.out)
        assert [(one["kind"], one["verdict"]) for one in told] == [("feishu", "refused"), ("webhook", "delivered")]

        nobody = await fdi_monitor("notify", "ops-caht", "--rules", "rules", folder=folder, world=world)
        assert (nobody.code, "ops-chat" in nobody.complaint) == (2, True)


@story
async def test_the_shipped_rules_pass_check_and_their_own_tests(folder: Path) -> None:
    variables = {
        "HUAWEICLOUD_SDK_AK": "AK-c4n4ry",
        "HUAWEICLOUD_SDK_SK": "SK-c4n4ry",
        "FEISHU_WEBHOOK": "https://open.feishu.cn/open-apis/bot/v2/hook/c4n4ry",
    }
    checked = await fdi_monitor("check", "--strict", ROOT / "rules", folder=folder, variables=variables)
    assert (checked.code, checked.err) == (0, ""), checked.out
    assert checked.out.splitlines()[-1].startswith("ok: 1 account, ")
    assert "c4n4ry" not in checked.out

    tested = await fdi_monitor("test", ROOT / "rules", folder=folder)
    assert (tested.code, tested.err) == (0, ""), tested.out
    passed, _, failed, _ = tested.out.splitlines()[-1].split()
    assert int(passed) > 5
    assert int(failed) == 0


@story
async def test_a_demo_with_an_end_says_what_happened(folder: Path) -> None:
    ended = await fdi_monitor("demo", "--for", "15s", "--port", "0", folder=folder)
    assert ended.code == 0
    assert {json.loads(line)["event"] for line in ended.err.splitlines()} <= {"instance cannot be polled"}
    summary = {line.split()[0]: line for line in ended.out.splitlines() if line}
    polls = int(summary["polls"].split()[1].rstrip(","))
    assert polls >= 12, "each of the twelve at least once"
    assert int(summary["alerts"].split()[1]) >= 1
    assert "delivered to" in summary["messages"]
    assert "0 refused" in summary["quota"]
    assert "[FIRING critical] cdc-tasks-abnormal" in ended.out
