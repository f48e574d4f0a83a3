"""What the stories of alerts say, in Chinese: the sentences of `monitor.story` with their gaps and what fills them."""

from __future__ import annotations

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    # samples
    "poll failed ({word}, {n} in a row): {reason}. The counts are unknown: nothing can resolve": (
        "轮询失败（{word}，连续 {n} 次）：{reason}。计数未知，因此不会有告警恢复"
    ),
    "common: {counts}; cdc: {counts2}. Seen by {n} polls in a row": (
        "普通：{counts}；CDC：{counts2}。连续 {n} 次轮询结果一致"
    ),
    "recorded with it: {numbers}": "随告警记录：{numbers}",
    # rules
    "version {v}; its conditions are not judged here: it is about no single instance, or "
    "the policy has no such rule for it any more": (
        "版本 {v}；此处不评估其条件：它不针对单个实例，或策略中已没有对应的规则"
    ),
    "judged by version {v} then; what follows is what version {w} says": "当时按版本 {v} 评估；以下为版本 {w} 的结论",
    "{severity} when {expression}": "{severity}条件：{expression}",
    "ends when {expression}": "恢复条件：{expression}",
    "posted by another system, which says when it ends; {who} raised it": (
        "由其他系统提交，何时结束由其决定；来源 {who}"
    ),
    "posted by another system, which says when it ends": "由其他系统提交，何时结束由其决定",
    "fires as {severity}, for {span} (alert {key})": "以{severity}级别告警中，已持续 {span}（告警 {key}）",
    "breached for {span} of the {length} it has to hold: {span2} are missing": (
        "已满足 {span}，须持续 {length}，还差 {span2}"
    ),
    "unknown: a number it needs is missing, and what is unknown moves nothing": (
        "未知：缺少所需的数值，未知不会改变任何状态"
    ),
    "quiet: no condition holds": "平静：条件均不满足",
    "breached as {severity} by the last sample, not recorded as an alert yet": (
        "最近一次采样已满足{severity}条件，尚未记录为告警"
    ),
    "judges this instance together with others; ask for the alert itself": "与其他实例一起评估，请查看告警本身",
    # steps
    "{word} → {word2} as {severity}: {cause} ({numbers}); rule version {v}": (
        "{word} → {word2}，{severity}：{cause}（{numbers}）；规则版本 {v}"
    ),
    "{word} → {word2} as {severity}: {cause}; rule version {v}": "{word} → {word2}，{severity}：{cause}；规则版本 {v}",
    "{word} as {severity}: {cause} ({numbers}); rule version {v}": (
        "{word}，{severity}：{cause}（{numbers}）；规则版本 {v}"
    ),
    "{word} as {severity}: {cause}; rule version {v}": "{word}，{severity}：{cause}；规则版本 {v}",
    "its rule was changed: judged by version {v} from here on": "规则已修改，此后按版本 {v} 评估",
    # timers
    "breached since then, for {span}": "自此满足条件，已持续 {span}",
    "fires then if it stays so: it has to hold for {length}": "若保持不变将于此时触发：须持续 {length}",
    "resolves then if it stays so: kept firing for {length}": "若保持不变将于此时恢复：告警保持 {length}",
    # what keeps quiet
    "silenced by silence {id}": "被静默 {id} 隐藏",
    "inhibited while alert {key} fires": "告警 {key} 触发期间被抑制",
    "in maintenance: window {window}": "维护中：时间窗 {window}",
    "acknowledged by {who}: by a link in a message": "由 {who} 通过消息中的链接认领",
    "acknowledged by {who}: {comment}": "由 {who} 认领：{comment}",
    "acknowledged by {who}": "由 {who} 认领",
    "flapping: not told again until it stands still": "抖动：稳定之前不再通知",
    # what people did
    "acknowledged, by the link of message {id}": "通过消息 {id} 的链接认领",
    "acknowledged, by {who}: {comment}": "认领：{who}，{comment}",
    "acknowledged, by {who}": "认领：{who}",
    "silenced {id}, {matchers} by the link of message {message}": "通过消息 {message} 的链接设置静默 {id}：{matchers}",
    "silenced {id}, {matchers} until {at} by {who}: {comment}": "设置静默 {id}：{matchers}，至 {at}，{who}，{comment}",
    "silenced {id}, {matchers} until {at} by {who}": "设置静默 {id}：{matchers}，至 {at}，{who}",
    "expired {id}, {matchers}": "结束静默 {id}：{matchers}",
    "retried {id}, for {who} by {kind}": "重试消息 {id}：{who}（{kind}）",
    "dropped {id}, for {who} by {kind}": "丢弃消息 {id}：{who}（{kind}）",
    "reloaded, nothing changed": "重新加载策略，没有变化",
    "reloaded, something changed": "重新加载策略，有变化",
    "reloaded, {n} faults": "重新加载策略，{n} 处错误",
    "reloaded, {reason}": "重新加载策略：{reason}",
    "drilled, {names}": "演练：{names}",
    "user {who}": "用户 {who}",
    "token {who}": "令牌 {who}",
    "link {who}": "链接 {who}",
    # groups, decisions, deliveries
    "group {group}, version {n}, last decision {more}": "分组 {group}，版本 {n}，最近的决定：{more}",
    "{more}; speaks again only after a change": "{more}；有变化时才会再次通知",
    "{more}; decides again in {span}": "{more}；{span}后再次决定",
    "{word}; this alert is held back: {word2} by {who}": "{word}；该告警被保留：{word2}（{who}）",
    "{word}; this alert is held back: {word2}": "{word}；该告警被保留：{word2}",
    "told ({word}) in message {id}; its group {group} decided {word2}": (
        "已通知（{word}），消息 {id}；分组 {group} 的决定：{word2}"
    ),
    "not told: {word} by {who}; its group {group} decided {word2}": (
        "未通知：{word}（{who}）；分组 {group} 的决定：{word2}"
    ),
    "not told: {word}; its group {group} decided {word2}": "未通知：{word}；分组 {group} 的决定：{word2}",
    "message {id} by {kind}: {word} after {tries}, {word2}: {reason}": (
        "消息 {id}（{kind}）：尝试 {tries}后{word}，{word2}：{reason}"
    ),
    "message {id} by {kind}: {word} after {tries}, {word2}": "消息 {id}（{kind}）：尝试 {tries}后{word}，{word2}",
    "message {id} by {kind}: {word} after {tries}": "消息 {id}（{kind}）：尝试 {tries}后{word}",
    # answers
    "no message, because it is pending: it has not held for long enough": "没有消息：仍为待定，持续时间还不够",
    "no message, because none of its rules is breached": "没有消息：没有规则的条件被满足",
    "no message, because its group decided {word}": "没有消息：分组的决定是{word}",
    "no message, because it is {more}": "没有消息：{more}",
    "no message, because {more}": "没有消息：{more}",
    "no message is recorded: its group has not decided yet, or what it sent is older than what is kept": (
        "没有消息记录：分组尚未决定，或已发送的内容超出保留期"
    ),
    "a message for {who} waits: it is on its way": "发给 {who} 的消息正在投递",
    "a message for {who} waits: {reason}": "发给 {who} 的消息等待投递：{reason}",
    "told to {who}; now {more}": "已通知 {who}；目前{more}",
    "told to {who}": "已通知 {who}",
    "the message was given up: {reason}": "消息已放弃：{reason}",
    "it was over before its group had waited long enough to say it": "在分组等待期内已结束",
    "it was {word} by {who} until it was over": "直到结束一直{word}（{who}）",
    "it was {word} until it was over": "直到结束一直{word}",
    "it did not exist yet, or its steps of that time are no longer kept": "当时尚不存在，或当时的变化已超出保留期",
    "nothing was sampled by then, or it is no longer kept": "当时没有采样，或已超出保留期",
    "no rule is for this instance, so nothing can be said of it": "没有规则针对该实例，无从判断",
    "{names} fires; {names2} waits: explain the alert itself to see who was told": (
        "{names} 告警中；{names2} 待定：通知情况请查看告警本身"
    ),
    "{names} fires: explain the alert itself to see who was told": "{names} 告警中：通知情况请查看告警本身",
    "{names} waits: explain the alert itself to see who was told": "{names} 待定：通知情况请查看告警本身",
    "{names} fires; {names2} waits: who was told, or why nobody was, follows": (
        "{names} 告警中；{names2} 待定：以下为通知情况及原因"
    ),
    "{names} fires: who was told, or why nobody was, follows": "{names} 告警中：以下为通知情况及原因",
    "{names} waits: who was told, or why nobody was, follows": "{names} 待定：以下为通知情况及原因",
}
"""Tried in this order. A gap that begins with `more` or `cause` holds a sentence again, one with `word` or `severity` a
word, one with `span`, `tries` or `counts` something with units."""

WORDS: Mapping[str, str] = {
    "info": "提示",
    "warning": "警告",
    "critical": "严重",
    "none": "无",
    "pending": "待定",
    "firing": "告警中",
    "clearing": "恢复确认中",
    "resolved": "已恢复",
    "breached": "条件满足",
    "held": "已持续足够时间",
    "cleared": "条件不再满足",
    "kept": "保持期已过",
    "breached-again": "条件再次满足",
    "dropped": "触发前条件已不满足",
    "severity-rose": "级别上升",
    "severity-fell": "级别下降",
    "ended": "提交方称已结束",
    "timed-out": "提交方不再提及",
    "its rule was removed": "规则已删除",
    "its rule no longer watches it": "规则不再监控该对象",
    "its instance was removed": "实例已移除",
    "its account was removed": "账号已移除",
    "whoever posted it says that it is over": "提交方称其已结束",
    "whoever posted it says nothing of it any more": "提交方不再提及",
    "withdrew": "撤回认领",
    "link": "链接",
    "loopback": "本机",
    "open": "未登录",
    "silenced": "被静默",
    "maintenance": "维护中",
    "inhibited": "被抑制",
    "acknowledged": "已认领",
    "not-yet": "尚未到时",
    "flapping": "抖动",
    "muted": "免打扰",
    "inactive": "不在时间窗内",
    "silence": "静默",
    "inhibit": "抑制",
    "more": "增加",
    "some-resolved": "部分恢复",
    "new": "新增",
    "worse": "加重",
    "same": "不变",
    "passed": "已发生并恢复",
    "first": "首次通知",
    "changed": "有变化",
    "all-resolved": "全部恢复",
    "repeat": "重复提醒",
    "told": "已通知",
    "silence-ended": "静默结束",
    "steady": "已稳定",
    "escalated": "升级",
    "digest": "合并",
    "test": "测试",
    "drill": "演练",
    "waiting": "等待",
    "nothing-new": "没有新内容",
    "repeat-limit": "已达重复上限",
    "over-before-said": "通知前已结束",
    "empty": "没有告警",
    "sent": "已送达",
    "dead": "已放弃",
    "delivered": "送达",
    "refused": "被拒绝",
    "throttled": "被限流",
    "unreachable": "不可达",
    "timeout": "超时",
    "auth": "认证失败",
    "garbage": "应答无法识别",
}

UNITS: Mapping[str, str] = {
    "d": "天",
    "h": "小时",
    "m": "分钟",
    "s": "秒",
    "attempts": "次",
    "attempt": "次",
    "running": "运行中",
    "abnormal": "异常",
    "terminated": "已终止",
    "completed": "已完成",
}
"""What follows a number."""
