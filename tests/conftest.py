"""What all tests share: a store of their own, one browser, and aioresponses made to work with today's aiohttp."""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import aioresponses.core
import pytest
import structlog
from browsing import chromium
from databases import Server, serving
from hypothesis import settings

from monitor import redaction
from monitor.store.database import Store, open_store

__all__ = ["chromium"]

if wanted := os.environ.get("FDI_FUZZ"):
    # `make fuzz`: as many examples as that, however long one takes
    settings.register_profile("fuzz", max_examples=int(wanted), deadline=None, print_blob=True)
    settings.load_profile("fuzz")

CONTRACT = Path(__file__).parent / "doors" / "store"

# Told that there is no loop, pytest-asyncio does not have asyncio make one that nobody would ever close.
asyncio.set_event_loop(None)


class _Response(aiohttp.ClientResponse):
    """A mocked response: aiohttp asks for the writer of the request, which a mocked request does not have."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        writer: Any = SimpleNamespace(output_size=0)
        super().__init__(*args, stream_writer=writer, **kwargs)


# pnuckowski/aioresponses#289; tests/doors/fdi/test_fdi_aioresponses.py says when this can go.
if "stream_writer" in inspect.signature(aiohttp.ClientResponse.__init__).parameters:
    vars(aioresponses.core)["ClientResponse"] = _Response


@pytest.fixture(autouse=True)
def forgotten_secrets() -> Iterator[None]:
    """What one test declares a secret is masked in no other."""
    shared = redaction._shared
    forms, declared = set(shared._forms), shared._declared
    yield
    shared._forms, shared._declared = forms, declared


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A test that runs a command, which sets up the logs of its process, leaves them as they were."""
    root, access = logging.getLogger(), logging.getLogger("aiohttp.access")
    before = list(root.handlers), root.level, access.disabled
    yield
    if structlog.is_configured():
        root.handlers[:], level, access.disabled = before
        root.setLevel(level)
        logging.captureWarnings(False)
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """PostgreSQL, started when a test asks for it first."""
    with serving() as running:
        yield running


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The contract of the store holds for both databases."""
    if "store" in metafunc.fixturenames and CONTRACT in Path(str(metafunc.module.__file__)).parents:
        metafunc.parametrize("store", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """A real store of its own: SQLite, where the test is not for every kind."""
    async with AsyncExitStack() as stack:
        url = ""
        if getattr(request, "param", "") == "postgresql":
            url = await stack.enter_async_context(request.getfixturevalue("server").fresh())
        yield await stack.enter_async_context(open_store(tmp_path, url))
