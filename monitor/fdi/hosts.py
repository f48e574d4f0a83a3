"""Where Huawei Cloud answers: the hosts of ROMA Connect, IAM and SMN by region.

Source: the official SDK's region list and the pattern its documentation follows. The list lags behind the regions
that exist, and partner clouds use domains of their own, so an account may always name its endpoints itself.
"""

from __future__ import annotations

DOMAIN = "myhuaweicloud.com"
DOMAIN_EU = "myhuaweicloud.eu"
_SMN_DOMAINS = {"cn-north-2": "myhuaweicloud.cn"}
EU_REGIONS = frozenset({"eu-west-101"})


def endpoint_of(region: str) -> str:
    """The base URL of ROMA Connect in `region`, without a slash at its end. Any region is taken."""
    return f"https://roma.{region}.{_domain(region)}"


def iam_endpoint_of(region: str) -> str:
    """The base URL of IAM in `region`, without a slash at its end. Any region is taken."""
    return f"https://iam.{region}.{_domain(region)}"


def smn_endpoint_of(region: str) -> str:
    """The base URL of SMN in `region`, without a slash at its end. Any region is taken."""
    return f"https://smn.{region}.{_SMN_DOMAINS.get(region) or _domain(region)}"


def _domain(region: str) -> str:
    return DOMAIN_EU if region in EU_REGIONS else DOMAIN
