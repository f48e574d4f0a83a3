"""A policy with a few things wrong is a policy or a list of faults with their places, and never an exception."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import fences
import yaml
from fences import ROOT
from hypothesis import given
from hypothesis import strategies as st
from spoiling import examples, spoiled

from monitor.policy.loader import Examined, examine
from monitor.policy.preview import previews
from monitor.rules.suite import Suite

ENVIRONMENT = {
    "HUAWEICLOUD_SDK_AK": "AKCANARY4711",
    "HUAWEICLOUD_SDK_SK": "SKCANARY4711",
    "FEISHU_WEBHOOK": "https://open.feishu.cn/open-apis/bot/v2/hook/CANARY4711",
    "FEISHU_SECRET": "SECRETCANARY4711",
}


def whole() -> dict[str, Any]:
    """Everything that a policy may say, as the shipped files and the README say it."""
    found: dict[str, Any] = {}
    texts = [file.read_text(encoding="utf-8") for file in sorted((ROOT / "rules").glob("*.yaml"))]
    for text in (*(block.text for block in fences.blocks("yaml", page="README.md")), *texts):
        found |= yaml.safe_load(text)
    found.pop("scrape_configs")
    found["tests"] = found["tests"][:3]
    return found


WHOLE = whole()
TEXT = yaml.safe_dump(WHOLE, allow_unicode=True, sort_keys=False)
JUNK = st.text(alphabet="abc:- \n\t{}[]'\"&*!|>#%@,?<~0x$é\x00\ufeff", max_size=20)


def sound(text: str) -> None:
    """Read and, where it is a policy, played: what is taken works."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "policy.yaml").write_bytes(text.encode(errors="surrogatepass"))
        found = examine(Path(folder), ENVIRONMENT)
    assert (found.policy is None) == bool(found.faults)
    lines = len(text.splitlines()) + 1
    for fault in (*found.faults, *found.warnings):
        assert "CANARY4711" not in str(fault)
        assert 0 <= fault.line <= lines
        assert fault.message
    if found.policy is not None:
        _works(found)


def _works(found: Examined) -> None:
    policy = found.policy
    assert policy is not None
    suite = Suite(policy.rules, policy.route, {})
    for case in policy.cases:
        suite.play(case)
    list(previews(policy))


def test_the_whole_of_it_is_sound_before_it_is_spoiled() -> None:
    assert len(WHOLE) > 8
    sound(TEXT)


@given(spoiled(WHOLE))
@examples(25)
def test_a_policy_with_a_few_things_wrong_is_one_or_says_where_it_is_not(tree: Any) -> None:
    sound(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False))


@given(st.integers(0, len(TEXT)), st.integers(0, 40), JUNK)
@examples(25)
def test_a_text_with_a_hole_and_a_blot_is_one_or_says_where_it_is_not(place: int, hole: int, blot: str) -> None:
    sound(TEXT[:place] + blot + TEXT[place + hole :])
