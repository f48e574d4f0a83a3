"""The stories of alerts in Chinese: every sentence that is told has its translation."""

from __future__ import annotations

import ast
import re
from html import unescape
from pathlib import Path

import pytest
from test_web_explain import FIRING, SPEECH, told
from webrows import alert, fill, instance, opened, page, run

import monitor.story
from monitor.model import Cause, FailureKind, Severity, State
from monitor.notification import Change, Reason
from monitor.quieting import Why
from monitor.scene import Quiet
from monitor.web.words import telling
from monitor.web.words.story_zh import SENTENCES, WORDS

LATIN = re.compile(r"[a-z]{3,}(?: [a-z]{2,})+")
"""Several words of English in a row."""
AS_WRITTEN = {"tasks abnormal on orders", "tasks abnormal on down", "answer within", "abnormal unknown"}
"""Summaries, reasons and expressions stay as they were written."""


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("breached since then, for 8m 20s", "自此满足条件，已持续 8 分钟 20 秒"),
        ("critical when abnormal 3 >= crit 2", "严重条件：abnormal 3 >= crit 2"),
        (
            "pending → firing as critical: held (cdc.abnormal 2); rule version x1",
            "待定 → 告警中，严重：已持续足够时间（cdc.abnormal 2）；规则版本 x1",
        ),
        (
            (
                'group {}:{a="b"}, version 1, last decision silenced; this alert is held back: silenced by s-1; '
                "decides again in 1m 15s"
            ),
            '分组 {}:{a="b"}，版本 1，最近的决定：被静默；该告警被保留：被静默（s-1）；1 分钟 15 秒后再次决定',
        ),
        (
            "message m-1 by feishu: dead after 3 attempts, refused: code 19024: no keyword",
            "消息 m-1（feishu）：尝试 3 次后已放弃，被拒绝：code 19024: no keyword",
        ),
        ("told to ops-chat; now silenced by silence s-1", "已通知 ops-chat；目前被静默 s-1 隐藏"),
        ("acknowledged by 王: told to {who}", "由 王 认领：told to {who}"),
        ("a sentence of tomorrow", "a sentence of tomorrow"),
    ],
)
def test_a_sentence_is_told_in_chinese(english: str, chinese: str) -> None:
    assert telling.told(english, "zh") == chinese
    assert telling.told(english, "en") == english


def test_every_gap_is_filled() -> None:
    for english, chinese in SENTENCES.items():
        assert set(re.findall(r"\{(\w+)\}", chinese)) == set(re.findall(r"\{(\w+)\}", english)), english


def test_every_word_that_stands_in_a_gap_has_one() -> None:
    administrative = {cause for cause in Cause if cause.endswith(("-removed", "-unmatched", "-changed"))}
    enums = (Severity, State, set(Cause) - administrative, Change, Reason, Why, Quiet, FailureKind)
    assert {str(one) for each in enums for one in each} - set(WORDS) == set()


def test_a_long_text_takes_no_time() -> None:
    comment = "acknowledged by " + "a, b; now: " * 500
    assert telling.told(comment, "zh").startswith("由 a, b; now 认领")


def test_every_sentence_of_the_stories_is_known() -> None:
    """The texts in the code, cut at their gaps: each piece of several words stands in a sentence or is a word."""
    source = Path(monitor.story.__file__).read_text(encoding="utf-8")
    known = " ".join([*SENTENCES, *WORDS])
    docs = {
        ast.get_docstring(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.Module)
    }
    pieces = {
        piece
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for piece in LATIN.findall(node.value)
        if not any(doc and node.value.strip() in doc for doc in docs)
        and not any(doc and doc in node.value for doc in docs)
    }
    assert len(pieces) > 30
    assert sorted(piece for piece in pieces if piece not in known) == []


async def test_the_page_of_an_alert_is_chinese_throughout(tmp_path: Path) -> None:
    async with opened(tmp_path, SPEECH) as (site, client):
        await told(site.store)
        await fill(site.store, [(instance("down"), [run(None)])], alert_rows=[alert(instance("down"))])
        for key in (FIRING.key, "orders", "down"):
            html = await page(client, f"/alerts/{key}?lang=zh")
            body = html[html.index("<main") : html.index("</main>")]
            seen = unescape(re.sub(r"<[^>]+>", "\n", body))
            assert set(LATIN.findall(seen)) - AS_WRITTEN == set(), key
