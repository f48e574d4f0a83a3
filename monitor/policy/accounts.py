"""Accounts as the files write them, and the values they become."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from monitor import durations
from monitor.fdi.account import Account, Credentials, Discover, Quota
from monitor.fdi.hosts import endpoint_of, iam_endpoint_of
from monitor.model import Instance
from monitor.policy.credentials import CREDENTIALS, AuthForm
from monitor.policy.fallbacks import Fallback
from monitor.policy.fields import (
    SECOND,
    BaseUrl,
    Duration,
    Form,
    LabelName,
    LabelValue,
    Name,
    Text,
    Whole,
    at_least,
    exactly_one,
    reader,
    refusal,
)
from monitor.policy.nodes import Texts
from monitor.policy.spot import Problem
from monitor.textfault import quoted

RESERVED = ("alertname", "severity", "account", "region", "project_id", "instance", "instance_id")
"""Labels that the service gives itself."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_QUOTA = re.compile(r"([0-9]{1,9})/(.+)")
_QUOTA_EXPECTED = "requests in a time, such as 20/s or 100/1m"


def _quota(given: str) -> Quota:
    found = _QUOTA.fullmatch(given.replace(" ", ""))
    if found is None or int(found[1]) < 1:
        raise ValueError(f"{quoted(given)} is no quota: write {_QUOTA_EXPECTED}")
    unit = found[2] if found[2][0].isdigit() else "1" + found[2]
    per = durations.parse(unit)
    if per < timedelta(milliseconds=100):
        raise ValueError(f"{quoted(given)}: a quota counts over at least 100ms, such as 20/s")
    return Quota(int(found[1]), per)


def _id(given: str) -> str:
    if not _ID.fullmatch(given):
        raise ValueError(f"{quoted(given)} is no instance id: letters, digits, - and _, as the console shows it")
    return given


def _region(given: str) -> str:
    if not re.fullmatch("[a-z0-9-]{1,40}", given):
        raise ValueError(f"{quoted(given)} is no region: write one such as cn-north-4")
    return given


def _own_label(given: str) -> str:
    if given in RESERVED:
        raise refusal(Problem(f"the label `{given}` is given by the service: choose another name"))
    return given


_OWN_LABEL = {"type": "string", "pattern": rf"^(?!({'|'.join(RESERVED)})$)[a-zA-Z_][a-zA-Z0-9_]*$"}
OwnLabels = dict[Annotated[LabelName, AfterValidator(_own_label), WithJsonSchema(_OWN_LABEL)], LabelValue]
QuotaText = Annotated[
    Quota,
    PlainValidator(reader(_quota, _QUOTA_EXPECTED)),
    WithJsonSchema({"type": "string", "pattern": r"^[1-9][0-9]*\s*/\s*([0-9]*(ms|[wdhms]))+$|\$[{$]"}),
]
Region = Annotated[
    str,
    PlainValidator(reader(_region, "a region such as cn-north-4")),
    WithJsonSchema({"type": ["string", "integer", "boolean"], "pattern": r"^[a-z0-9-]{1,40}$|\$[{$]"}),
]
InstanceId = Annotated[
    str,
    PlainValidator(reader(_id, "an instance id")),
    WithJsonSchema({"type": ["string", "integer", "boolean"], "pattern": r"^[A-Za-z0-9_-]{1,64}$|\$[{$]"}),
]


class DiscoverForm(Form):
    """Finds the account's RUNNING instances by name."""

    every: Annotated[Duration, AfterValidator(at_least("10s"))] = Field(
        timedelta(minutes=10), description="How often to look."
    )
    include: list[Text] = Field(["*"], description="Patterns of names; * stands for anything.", examples=[["orders-*"]])
    exclude: list[Text] = Field([], description="Patterns of names to leave out.", examples=[["test-*"]])


class InstanceForm(Form):
    """One instance that is polled."""

    id: InstanceId = Field(description="The id the console shows.", examples=["fae7ff6c-8e07-4cf8-9e67-589cab2f017c"])
    name: Name | None = Field(None, description="How people call it; its id if left out.", examples=["orders"])
    labels: OwnLabels = Field({}, description="Labels of its alerts.", examples=[{"env": "prod"}])


class AccountForm(Form):
    """One account in one region: what is polled, with which credentials, how fast."""

    name: Name = Field(description="The label `account` of its alerts.", examples=["prod"])
    region: Region = Field("", description="Gives both endpoints.", examples=["cn-north-4"])
    endpoint: BaseUrl | None = Field(
        None,
        description="Where ROMA Connect answers; overrides the region's.",
        examples=["https://roma.cn-north-4.myhuaweicloud.com"],
    )
    iam_endpoint: BaseUrl | None = Field(
        None,
        description="Where IAM answers; overrides the region's.",
        examples=["https://iam.cn-north-4.myhuaweicloud.com"],
    )
    project_id: Text = Field("", description="Left out, IAM is asked for it by region.")
    auth: AuthForm | None = Field(
        None,
        description="Exactly one of aksk, password, token and agency. Left out, HUAWEICLOUD_SDK_AK and"
        " HUAWEICLOUD_SDK_SK are used, or ~/.huaweicloud/credentials.",
    )
    quota: QuotaText = Field(
        Quota(20, timedelta(seconds=1)),
        description="Requests to this account, all kinds together.",
        examples=["20/s", "100/1m"],
    )
    concurrency: Annotated[Whole, Field(ge=1, le=1000)] = Field(32, description="Requests under way at once.")
    poll_every: Annotated[Duration, SECOND] = Field(
        timedelta(seconds=30), description="How often each instance is polled."
    )
    timeout: Annotated[Duration, AfterValidator(at_least("100ms"))] = Field(
        timedelta(seconds=10), description="How long a request may take."
    )
    discover: DiscoverForm | None = Field(None, description="On by default unless `instances` is given.")
    instances: list[InstanceForm] = Field([], description="Instances by id; without `discover` these and no others.")
    labels: OwnLabels = Field({}, description="Labels on every instance of the account.")

    @classmethod
    def together(cls, keys: Mapping[str, Texts]) -> Iterator[Problem]:
        """Credentials are of one kind; the endpoints are known."""
        auth = keys.get("auth")
        if isinstance(auth, dict):
            yield from exactly_one(auth, CREDENTIALS, "auth")
        if "region" in keys:
            return
        if "endpoint" not in keys:
            yield Problem(
                "`region` is missing: it gives the endpoints; or name them in `endpoint` and `iam_endpoint`",
                on_key=True,
            )
        elif "project_id" not in keys:
            yield Problem("`project_id` is missing: without `region` IAM cannot be asked for it", on_key=True)
        elif isinstance(auth, dict) and "password" in auth and "iam_endpoint" not in keys:
            yield Problem(
                "`iam_endpoint` is missing: it gives the tokens for a password, and no `region` tells it", on_key=True
            )

    def build(self, fallback: Fallback | None) -> Account:
        """The account with its endpoints and its instances. `fallback` has to be there where it writes no `auth`."""
        auth, project_id = self._credentials(fallback)
        return Account(
            name=self.name,
            endpoint=self.endpoint or endpoint_of(self.region),
            iam_endpoint=self.iam_endpoint or (iam_endpoint_of(self.region) if self.region else ""),
            auth=auth,
            region=self.region,
            project_id=project_id,
            quota=self.quota,
            concurrency=self.concurrency,
            poll_every=self.poll_every,
            timeout=self.timeout,
            discover=self._discover(),
            instances=tuple(self._instance(form, project_id) for form in self.instances),
            labels=self.labels,
        )

    def _credentials(self, fallback: Fallback | None) -> tuple[Credentials, str]:
        """The credentials, and the id of the project if it is known."""
        if self.auth is not None:
            return self.auth.build(), self.project_id
        if fallback is None:
            raise ValueError("no credentials: the loader lets no such account pass")
        return fallback.auth, self.project_id or fallback.project_id

    def _discover(self) -> Discover | None:
        if self.discover is not None:
            return Discover(self.discover.every, tuple(self.discover.include), tuple(self.discover.exclude))
        return None if "instances" in self.model_fields_set else Discover(timedelta(minutes=10))

    def _instance(self, form: InstanceForm, project_id: str) -> Instance:
        return Instance(
            account=self.name,
            id=form.id,
            name=form.name or form.id,
            region=self.region,
            project_id=project_id,
            labels={**self.labels, **form.labels},
        )

    def duplicates(self) -> Iterator[Problem]:
        """Instances that stand in the list twice, by id or by name."""
        ids: dict[str, int] = {}
        names: dict[str, int] = {}
        for position, form in enumerate(self.instances):
            for seen, key, value in ((ids, "id", form.id), (names, "name", form.name or form.id)):
                if seen.setdefault(value, position) != position:
                    at = ("instances", position, key)
                    yield Problem(f"two instances of this account have the {key} {quoted(value)}", at)

    def warnings(self) -> Iterator[Problem]:
        """What works and is hardly meant."""
        for key in ("endpoint", "iam_endpoint"):
            url = getattr(self, key)
            if url is not None and in_the_clear(url):
                message = "http:// beyond this machine: credentials and counts travel in the clear, write https://"
                yield Problem(message, (key,), plain=True)
        if "instances" in self.model_fields_set and not self.instances and self.discover is None:
            yield Problem(
                "this account polls nothing: name instances, or write `discover: {}`", ("instances",), on_key=True
            )


def in_the_clear(url: str) -> bool:
    """Whether an address sends plain HTTP beyond this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "http" or host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return True
