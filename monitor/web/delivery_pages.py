"""`/deliveries`: every message, what became of it, and what can be done where it did not arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.message import plain, render
from monitor.retention import PATIENCE
from monitor.store import budgets, failing, mailroom, outbox
from monitor.store.mailroom import Shown
from monitor.store.outbox import Standing
from monitor.web import deeds, pages
from monitor.web.notices import notice, then
from monitor.web.paging import paging
from monitor.web.postboard import Desk, desks
from monitor.web.reader import reader_of
from monitor.web.site import SITE, Site
from monitor.web.words import Words
