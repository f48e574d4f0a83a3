"""The tasks behind the counts: names and runs that agree with the statistics of the same moment. Pure.

Tasks of one kind stand in a fixed order: the abnormal ones first, then running, terminated, completed. A task that
breaks is counted in another state, so it keeps its name and its id. Nothing is stored: 999,999,999 tasks cost nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from monitor.simulator.counts import Counts

STATES = {"ERROR": "abnormal", "RUNNING": "running", "CANCELLED": "terminated", "SUCCESS": "completed"}
"""Documented `execute_status` and the count it stands for."""

SCANNED = 20_000
"""How many tasks a search by name looks at: the documented highest offset."""

_COMMON = (
    "orders-mysql-to-dws", "客户主数据分发", "invoices-oracle-to-gaussdb", "库存日结汇总",
    "products-api-to-kafka", "门店销售上报", "returns-mrs-hive-load", "供应商对账单",
    "prices-sap-to-oracle", "会员积分同步", "shipments-ftp-import", "财务凭证归档",
)  # fmt: skip
_CDC = (
    "orders-binlog-cdc", "订单明细实时同步", "payments-cdc-to-kafka",
    "库存变更捕获", "customers-cdc-to-es", "物流轨迹实时入湖",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Query:
    """What the caller of `task-monitors` asked for. `offset` counts from 1; `name` is searched case-sensitively."""

    offset: int = 1
    limit: int = 10
    status: str = ""
    name: str = ""


def page(instance_id: str, common: Counts, cdc: Counts, query: Query) -> dict[str, Any]:
    """The documented body of `task-monitors`: total, size, entities."""
    blocks = _blocks(common, cdc, query.status)
    skipped = max(query.offset, 1) - 1
    if query.name:
        found = [task for task in _walk(instance_id, blocks, 0, SCANNED) if query.name in task["task_name"]]
        total, entities = len(found), found[skipped : skipped + query.limit]
    else:
        total = sum(count for *_, count in blocks)
        entities = list(_walk(instance_id, blocks, skipped, query.limit))
    return {"total": total, "size": len(entities), "entities": entities}


_Block = tuple[str, str, int, int]
"""Kind, execute_status, number of the first task, how many."""


def _blocks(common: Counts, cdc: Counts, status: str) -> list[_Block]:
    blocks: list[_Block] = []
    for kind, counts in (("cdc", cdc), ("common", common)):
        first = 0
        for execute_status, state in STATES.items():
            count = getattr(counts, state)
            if status in ("", execute_status):
                blocks.append((kind, execute_status, first, count))
            first += count
    return blocks


def _walk(instance_id: str, blocks: list[_Block], skipped: int, limit: int) -> Iterator[dict[str, Any]]:
    return islice(_tasks(instance_id, blocks, skipped), limit)


def _tasks(instance_id: str, blocks: list[_Block], skipped: int) -> Iterator[dict[str, Any]]:
    for kind, status, first, count in blocks:
        for number in range(first + min(skipped, count), first + count):
            yield _task(instance_id, kind, status, number)
        skipped = max(0, skipped - count)


def _task(instance_id: str, kind: str, status: str, number: int) -> dict[str, Any]:
    mark = zlib.crc32(f"{instance_id}/{kind}/{number}".encode())
    realtime = kind == "cdc"
    position: Mapping[str, str] = {"ERROR": "WRITER", "SUCCESS": "WRITER"}
    return {
        "task_id": f"{mark:08x}{number:x}",
        "task_name": _name(instance_id, kind, number),
        "task_type": "REALTIME" if realtime else "TIMING",
        "status": 1 if status in ("RUNNING", "ERROR") else 0,
        "last_execute_time": 1_767_225_600_000 + mark % 3_600_000,
        "use_quartz_cron": False,
        "cron": None,
        "period": None if realtime else "HOUR",
        "dispatch_interval": None if realtime else 1,
        "position": position.get(status, "READER"),
        "execute_status": status,
        "source_app_id": "3b1a51f8-2c1f-4c9c-9a46-1d63f2b7c001",
        "source_app_name": "erp",
        "source_instance_id": instance_id,
        "target_app_id": "3b1a51f8-2c1f-4c9c-9a46-1d63f2b7c002",
        "target_app_name": "data-lake",
        "target_instance_id": instance_id,
        "ext_type": "CDC" if realtime else None,
        "enterprise_project_id": "0",
        "task_tag": None,
    }


def _name(instance_id: str, kind: str, number: int) -> str:
    names = _CDC if kind == "cdc" else _COMMON
    turn, place = divmod(number, len(names))
    name = names[(place + zlib.crc32(instance_id.encode())) % len(names)]
    return name if turn == 0 else f"{name}-{turn + 1}"
