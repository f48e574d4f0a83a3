"""The phrases of messages in English and Chinese. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from monitor.model import TASKS, Cause, Severity
from monitor.notification import Change, Reason
from monitor.tickets import Deed
from monitor.writing import clean, span

LANGUAGES = ("en", "zh")

_CENTURY = 3e9
_LONGEST_NAMES = 1000
_NAMES = ("since", "for", "acknowledged", "sampled", "began", "ended", "lasted")
_UNMARKED = {Change.RESOLVED: "", Change.PASSED: "", Change.SAME: ""}


@dataclass(frozen=True, slots=True)
class Wording:
    """One language. Fields with braces are filled with `str.format` by the names they show."""

    units: tuple[str, str, str, str]
    """Days, hours, minutes and seconds, as they follow a number."""
    between: str
    """What stands between two items of a list."""
    then: str
    """What stands between two parts of a sentence."""
    named: str
    severities: Mapping[Severity, str]
    changes: Mapping[Change, str]
    causes: Mapping[Cause, str]
    """The administrative ends; all other ends are proven by a sample."""
    over: str
    """What an alert said while it fired, told when a sample has shown that it is over."""
    ended: str
    """The same after an administrative end, which shows nothing."""
    counts: Mapping[str, str]
    firing: str
    resolved: str
    test: str
    drill: str
    new: str
    worse: str
    gone: str
    same: str
    worst: str
    flapping: str
    flaps: str
    """What is said of an alert that flaps, alone in its message."""
    passes: str
    passed: str
    """What is said of an alert that is over already, alone in its message."""
    frames: Mapping[Reason, str]
    """What stands around the delta of a message that was not caused by a change."""
    still_firing: str
    by_kind: str
    counted: str
    changed: str
    silent: str
    last_good: str
    answers: str
    proof: str
    since: str
    names: Mapping[str, str]
    lasted: str
    more: str
    plotted: str
    broken: str
    runbook: str
    details: str
    deeds: Mapping[Deed, str]
    """What the links of a message do."""
    instead: str
    """Whom a message was meant for that its fallback gets."""
    sent: str
    identity: str

    def span(self, length: timedelta) -> str:
        """`length` by its two largest units: `4m`, `1h 5m`, `2d`. A negative one counts as nothing."""
        return span(length, self.units)

    def seconds(self, value: float) -> str:
        """A span of so many seconds; under ten of them with its milliseconds, as latencies are."""
        if 0 < value < 10 and value != int(value):
            return f"{value:.3g}{self.units[-1]}"
        return self.span(timedelta(seconds=min(value, _CENTURY)))

    def tasks(self, annotations: Mapping[str, str]) -> str:
        """`broken: sync-orders, +3 more`, where the annotations of an alert name its broken tasks; else empty."""
        text = clean(annotations.get(TASKS, ""), _LONGEST_NAMES)
        names, _, rest = text.rpartition(", +")
        count, _, word = rest.partition(" ")
        if names and count.isdecimal() and word == "more":
            text = self.between.join((names, self.more.format(count=count)))
        return self.named.format(name=self.broken, value=text) if text else ""


def wording(language: str) -> Wording:
    """The phrases of `language`, one of `LANGUAGES`; ValueError for any other."""
    try:
        return _WORDINGS[language]
    except KeyError:
        raise ValueError(f"unknown language {language!r}: write one of {', '.join(LANGUAGES)}") from None


ENGLISH = Wording(
    units=("d", "h", "m", "s"),
    between=", ",
    then="; ",
    named="{name}: {value}",
    severities={Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "critical"},
    changes={
        Change.NEW: "new",
        Change.WORSE: "worse",
        Change.FLAPPING: "flapping",
        **_UNMARKED,
    },
    causes={
        Cause.RULE_REMOVED: "ended because its rule was removed; no sample shows that it is well",
        Cause.INSTANCE_REMOVED: "ended because its instance was removed; no sample shows that it is well",
        Cause.ACCOUNT_REMOVED: "ended because its account was removed; no sample shows that it is well",
        Cause.RULE_UNMATCHED: "ended because its rule no longer watches it; no sample shows that it is well",
        Cause.TIMED_OUT: "ended because whoever posted it says nothing of it any more; nothing shows that it is well",
    },
    over="Over: {headline}",
    ended="Ended: {headline}",
    counts={
        "abnormal": "abnormal",
        "running": "running",
        "terminated": "terminated",
        "completed": "completed",
        "cdc": "CDC",
        "common": "common",
    },
    firing="FIRING",
    resolved="RESOLVED",
    test="TEST",
    drill="DRILL",
    new="+{count} new",
    worse="{count} worse",
    gone="-{count} resolved",
    same="{count} unchanged",
    worst="worst: {name} {before} → {after}",
    flapping="{count} flapping",
    flaps="flapping: it fires and resolves again and again; no more is said until it stands still",
    passes="{count} fired and resolved",
    passed="fired and resolved before this could be said",
    frames={
        Reason.REPEAT: "reminder: {delta}",
        Reason.SILENCE_ENDED: "no longer silenced: {delta}",
        Reason.STEADY: "no longer flapping: {delta}",
        Reason.ESCALATED: "escalated: {delta}",
        Reason.DRILL: "this is a drill: nothing is wrong, and nothing has to be done",
        Reason.DIGEST: "many at once: {delta}",
    },
    still_firing="still firing",
    by_kind="{total} ({kinds})",
    counted="{name} {after}",
    changed="{name} {before} → {after}",
    silent="polls failed in a row: {failures}",
    last_good="last good sample {ago} ago",
    answers="answers again",
    proof="{counts}; sampled {ago} ago",
    since="since {start} ({span})",
    names=dict(zip(_NAMES, ("since", "for", "acknowledged by", "sampled", "began", "ended", "lasted"), strict=True)),
    lasted="{start} to {end} (lasted {span})",
    more="+{count} more",
    plotted="{instance}: {status} tasks, lowest {low}, highest {high}, last {last}",
    broken="broken",
    runbook="runbook",
    details="details",
    deeds={Deed.ACKNOWLEDGE: "acknowledge", Deed.SILENCE_1H: "silence 1 h", Deed.SILENCE_4H: "silence 4 h"},
    instead="{receiver} could not be told",
    sent="sent {at}",
    identity="id {id}",
)

CHINESE = Wording(
    units=(" 天", " 小时", " 分钟", " 秒"),
    between="，",
    then="；",
    named="{name}：{value}",
    severities={Severity.INFO: "提示", Severity.WARNING: "警告", Severity.CRITICAL: "严重"},
    changes={Change.NEW: "新增", Change.WORSE: "加重", Change.FLAPPING: "抖动", **_UNMARKED},
    causes={
        Cause.RULE_REMOVED: "因规则被删除而结束，并无采样证明其已恢复",
        Cause.INSTANCE_REMOVED: "因实例被移除而结束，并无采样证明其已恢复",
        Cause.ACCOUNT_REMOVED: "因账号被移除而结束，并无采样证明其已恢复",
        Cause.RULE_UNMATCHED: "因规则不再监控该对象而结束，并无采样证明其已恢复",
        Cause.TIMED_OUT: "因上报方不再上报而结束，并无任何信息证明其已恢复",
    },
    over="已恢复：{headline}",
    ended="已结束：{headline}",
    counts={
        "abnormal": "异常",
        "running": "运行中",
        "terminated": "已终止",
        "completed": "已完成",
        "cdc": "CDC",
        "common": "普通",
    },
    firing="告警",
    resolved="已恢复",
    test="测试",
    drill="演练",
    new="新增 {count}",
    worse="加重 {count}",
    gone="恢复 {count}",
    same="不变 {count}",
    worst="最严重：{name} {before} → {after}",
    flapping="抖动 {count}",
    flaps="抖动：反复告警与恢复，稳定之前不再通知",
    passes="已发生并恢复 {count}",
    passed="通知送达前已发生并恢复",
    frames={
        Reason.REPEAT: "提醒：{delta}",
        Reason.SILENCE_ENDED: "静默已解除：{delta}",
        Reason.STEADY: "已停止抖动：{delta}",
        Reason.ESCALATED: "升级通知：{delta}",
        Reason.DRILL: "这是一次演练：一切正常，无需处理",
        Reason.DIGEST: "多条合并：{delta}",
    },
    still_firing="仍在告警",
    by_kind="{total}（{kinds}）",
    counted="{name} {after}",
    changed="{name} {before} → {after}",
    silent="连续采样失败 {failures} 次",
    last_good="最近一次成功采样在 {ago}前",
    answers="已重新应答",
    proof="{counts}；采样于 {ago}前",
    since="始于 {start}（已持续 {span}）",
    names=dict(zip(_NAMES, ("始于", "已持续", "认领人", "采样于", "开始", "结束", "持续"), strict=True)),
    lasted="{start} 至 {end}（持续 {span}）",
    more="另有 {count} 项",
    plotted="{instance} {status}任务数：最低 {low}，最高 {high}，最新 {last}",
    broken="异常任务",
    runbook="处理手册",
    details="详情",
    deeds={Deed.ACKNOWLEDGE: "认领", Deed.SILENCE_1H: "静默 1 小时", Deed.SILENCE_4H: "静默 4 小时"},
    instead="无法送达 {receiver}",
    sent="发送于 {at}",
    identity="编号 {id}",
)

_WORDINGS = {"en": ENGLISH, "zh": CHINESE}
