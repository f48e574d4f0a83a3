"""One robot of each kind."""

from __future__ import annotations

from monitor.simulator.robots import Robot
from monitor.simulator.robots.alertmanager import AlertmanagerApi
from monitor.simulator.robots.dingtalk import DingtalkRobot
from monitor.simulator.robots.dingtalk_app import DingtalkApp
from monitor.simulator.robots.discord import DiscordHooks
from monitor.simulator.robots.feishu import FeishuBot
from monitor.simulator.robots.pagerduty import PagerdutyEvents
from monitor.simulator.robots.slack import Slack
from monitor.simulator.robots.teams import TeamsWorkflows
from monitor.simulator.robots.telegram import TelegramBots
from monitor.simulator.robots.webhook import Webhook
from monitor.simulator.robots.wecom import WecomRobot


def everyone(address: str, secret: str) -> tuple[Robot, ...]:
    """All of them; those at `address` that check signatures know `secret` from the start."""
    feishu, dingtalk = FeishuBot(), DingtalkRobot()
    feishu.protect(address, secret)
    dingtalk.protect(address, secret)
    chats = (feishu, dingtalk, DingtalkApp(), WecomRobot(), Slack(), TeamsWorkflows(), TelegramBots(), DiscordHooks())
    return (*chats, PagerdutyEvents(), AlertmanagerApi(), Webhook())
