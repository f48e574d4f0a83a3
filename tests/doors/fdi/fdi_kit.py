"""What the tests of this door share: an account, its instances, the documented answers, a virtual loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import looptime
from pydantic import SecretStr

from monitor.fdi.account import Account, Aksk, Credentials, Discover, Password, Quota, Token
from monitor.model import Instance

T = TypeVar("T")

BASE = "http://roma.test"
IAM = "http://iam.test"
PROJECT = "c53626012ba84727b938ca8bf03108ef"
INSTANCE_ID = "fae7ff6c-8e07-4cf8-9e67-589cab2f017c"
START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)

TOKEN_TEXT = "canary-token-" + "t" * 40
SECRET_KEY = "canary-secret-key-4711"
SECURITY_TOKEN = "canary-security-token-" + "s" * 40
PASSWORD_TEXT = "canary-password-0815"
AMPLE = Quota(1000, timedelta(seconds=1))
CANARIES = ("canary-",)

TOKEN = Token(SecretStr(TOKEN_TEXT))
AKSK = Aksk("AKEXAMPLE", SecretStr(SECRET_KEY))
TEMPORARY = Aksk("AKEXAMPLE", SecretStr(SECRET_KEY), SecretStr(SECURITY_TOKEN))
PASSWORD = Password("acme", "monitor", SecretStr(PASSWORD_TEXT))


def account(
    auth: Credentials = TOKEN,
    *,
    base: str = BASE,
    iam: str = IAM,
    project: str = PROJECT,
    timeout: float = 10,
    quota: Quota = AMPLE,
    discover: Discover | None = None,
) -> Account:
    return Account(
        "prod",
        base,
        iam,
        auth,
        region="cn-north-4",
        project_id=project,
        quota=quota,
        timeout=timedelta(seconds=timeout),
        discover=discover,
        labels={"env": "prod"},
    )


def instance(id_: str = INSTANCE_ID, *, project: str = "") -> Instance:
    return Instance("prod", id_, "orders", "cn-north-4", project)


def statistics_url(id_: str = INSTANCE_ID, base: str = BASE) -> str:
    return f"{base}/v2/{PROJECT}/fdi/instances/{id_}/statistics/tasks"


def block(running: object = 7, abnormal: object = 1, terminated: object = 2, completed: object = 30) -> dict[str, Any]:
    return {
        "running_tasks_count": running,
        "abnormal_tasks_count": abnormal,
        "terminated_tasks_count": terminated,
        "completed_tasks_count": completed,
    }


def statistics_body(common: object = None, cdc: object = None) -> dict[str, Any]:
    return {
        "common_task_details": block() if common is None else common,
        "cdc_task_details": block(3, 0, 0, 4) if cdc is None else cdc,
    }


STATISTICS = json.dumps(statistics_body()).encode()


def token_reply(life: float = 86_400, project: str = PROJECT) -> dict[str, Any]:
    ends = START + timedelta(seconds=life)
    return {
        "token": {
            "expires_at": f"{ends:%Y-%m-%dT%H:%M:%S.%fZ}",
            "issued_at": f"{START:%Y-%m-%dT%H:%M:%S.%fZ}",
            "project": {"id": project, "name": "cn-north-4", "domain": {"id": "d", "name": "acme"}},
            "methods": ["password"],
        }
    }


def gateway_error(
    code: str = "APIGW.0301", message: str = "Incorrect IAM authentication information"
) -> dict[str, str]:
    return {"error_msg": message, "error_code": code, "request_id": "body-request-id"}


def virtually(story: Coroutine[Any, Any, T]) -> T:
    """Runs `story` in a loop whose time passes at once."""
    with asyncio.Runner(loop_factory=looptime.new_event_loop) as runner:
        return runner.run(story)
