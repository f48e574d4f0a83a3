"""What an account is: where it is polled, with which credentials, how fast."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import SecretStr

from monitor.model import Instance, Labels


@dataclass(frozen=True, slots=True)
class Aksk:
    """An access key pair; every request is signed with it. `security_token` belongs to temporary pairs."""

    access_key: str
    secret_key: SecretStr
    security_token: SecretStr | None = None


@dataclass(frozen=True, slots=True)
class Password:
    """An IAM user (not a HUAWEI ID) with programmatic access, exchanged for a token."""

    domain: str
    user: str
    password: SecretStr


@dataclass(frozen=True, slots=True)
class Token:
    """A token made elsewhere. It cannot be renewed here."""

    token: SecretStr


@dataclass(frozen=True, slots=True)
class Agency:
    """The agency of the cloud server we run on: its metadata service gives temporary access key pairs."""


Credentials = Aksk | Password | Token | Agency


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `requests` in any window of `per`."""

    requests: int
    per: timedelta

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.per.total_seconds()


@dataclass(frozen=True, slots=True)
class Discover:
    """Which of the account's RUNNING instances are polled: glob patterns over their names, looked at `every`."""

    every: timedelta
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """One account in one region: the domain of one quota.

    `endpoint` and `iam_endpoint` have no trailing slash. `project_id` is empty where IAM has to be asked for it.
    `instances` are those named in the policy; `discover` finds more, None where it should not.
    """

    name: str
    endpoint: str
    iam_endpoint: str
    auth: Credentials
    region: str = ""
    project_id: str = ""
    quota: Quota = Quota(20, timedelta(seconds=1))
    concurrency: int = 32
    poll_every: timedelta = timedelta(seconds=30)
    timeout: timedelta = timedelta(seconds=10)
    discover: Discover | None = None
    instances: tuple[Instance, ...] = ()
    labels: Labels = field(default_factory=dict, hash=False)

    @property
    def login(self) -> tuple[object, ...]:
        """What its credentials are, and where they are shown."""
        return self.auth, self.endpoint, self.iam_endpoint, self.region, self.project_id, self.timeout
