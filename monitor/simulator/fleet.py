"""The seeded fleet: which instances there are, their names and their healthy counts. Pure."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from monitor.simulator.counts import NONE, Counts

NAMES = (
    "orders", "invoices", "订单同步", "inventory", "customers", "支付对账", "shipments",
    "会员数据", "products", "财务凭证", "suppliers", "门店销售", "crm-sync", "物流轨迹",
    "warehouse", "hr-master", "价格主数据", "returns", "mes-bridge", "供应商协同",
)  # fmt: skip

STATUSES = (
    "CREATING", "RUNNING", "DELETING", "DELETED", "ERROR", "CREATE_FAILED", "DELETE_FAILED", "SOFT_DELETED",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Machine:
    """One ROMA Connect instance with its counts while nothing is wrong."""

    id: str
    name: str
    common: Counts = NONE
    cdc: Counts = NONE
    status: str = "RUNNING"


def seeded(count: int, seed: int) -> list[Machine]:
    """The first `count` instances of the fleet of `seed`: the same every time, and the same for a larger count."""
    return [_machine(number, random.Random(f"{seed}/instance/{number}")) for number in range(count)]


def _machine(number: int, dice: random.Random) -> Machine:
    turn, place = divmod(number, len(NAMES))
    return Machine(
        id=str(uuid.UUID(int=dice.getrandbits(128), version=4)),
        name=NAMES[place] if turn == 0 else f"{NAMES[place]}-{turn + 1}",
        common=Counts(dice.randint(12, 60), 0, dice.randint(0, 5), dice.randint(50, 900)),
        cdc=Counts(dice.randint(6, 20), 0, dice.randint(0, 2), dice.randint(0, 9)),
    )


def listed(machine: Machine, project_id: str) -> Mapping[str, object]:
    """The instance as the documented list call writes it."""
    return {
        "id": machine.id,
        "name": machine.name,
        "description": "",
        "flavor_id": "00400-30101-0--0",
        "flavor_type": "basic",
        "cpu_arch": "x86_64",
        "vpc_id": "5d6e8a86-3f24-45ac-8f2d-33ddcae0aa80",
        "subnet_id": "87fd1c92-6a3e-4dab-9b1f-5a9f1ea8a0f1",
        "security_group_id": "a5a0c0b6-1a10-44ae-b0f3-0b1fb32a8a94",
        "publicip_enable": False,
        "publicip_id": None,
        "publicip_address": None,
        "status": machine.status,
        "error_code": None,
        "error_msg": None,
        "charge_type": "postPaid",
        "project_id": project_id,
        "create_time": "2025-12-06T06:49:04Z",
        "update_time": "2025-12-06T07:12:41Z",
        "maintain_begin": "22:00:00",
        "maintain_end": "02:00:00",
        "available_zone_ids": ["cn-north-4a"],
        "enterprise_project_id": "0",
    }
