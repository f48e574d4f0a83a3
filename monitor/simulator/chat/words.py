"""The few words of the chat room's frame, in English and Chinese. Pure data."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "room": "Data integration alerts",
        "about": "Everything the simulated chat robots received",
        "all": "All messages",
        "feishu": "Feishu",
        "dingtalk": "DingTalk",
        "dingtalk-app": "DingTalk app",
        "wecom": "WeCom",
        "slack": "Slack",
        "teams": "Teams",
        "telegram": "Telegram",
        "discord": "Discord",
        "pagerduty": "PagerDuty",
        "alertmanager": "Alertmanager",
        "smn": "SMN",
        "webhook": "Webhook",
        "bot": "BOT",
        "sender": "FDI Monitor",
        "empty": "Nothing yet. Messages appear here as soon as a robot receives them.",
        "live": "live",
        "still": "reload for news",
        "skip": "Skip to the messages",
    },
    "zh": {
        "room": "数据集成告警群",
        "about": "模拟聊天机器人收到的全部消息",
        "all": "全部消息",
        "feishu": "飞书",
        "dingtalk": "钉钉",
        "dingtalk-app": "钉钉应用",
        "wecom": "企业微信",
        "slack": "Slack",
        "teams": "Teams",
        "telegram": "Telegram",
        "discord": "Discord",
        "pagerduty": "PagerDuty",
        "alertmanager": "Alertmanager",
        "smn": "消息通知 SMN",
        "webhook": "Webhook",
        "bot": "机器人",
        "sender": "FDI Monitor",
        "empty": "暂无消息。机器人一收到消息就会显示在这里。",
        "live": "实时",
        "still": "刷新查看新消息",
        "skip": "跳到消息",
    },
}


def chosen(asked: str, accepted: str) -> str:
    """The language of the page: `?lang=` if it is known, else what the browser prefers, else English."""
    if asked in WORDS:
        return asked
    return "zh" if accepted.strip().lower().startswith("zh") else "en"
