"""Several nodes in a story: real processes on one PostgreSQL, each with a wire of its own that can be cut."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from databases import Server, serving
from service import Service
from setting import write
from waiting import want
from world import World

from monitor.store.postgres import connect

LEASE = 3.0
HISTORY = """
CREATE TABLE lease_history (account text, holder text, epoch bigint);
CREATE FUNCTION note_lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO lease_history (account, holder, epoch) VALUES (NEW.account, NEW.holder, NEW.epoch); RETURN NEW; END $$;
CREATE TRIGGER note_lease AFTER INSERT OR UPDATE ON lease FOR EACH ROW EXECUTE FUNCTION note_lease();
"""


class Wire:
    """A node's way to the database. Cut, it takes connections and lets nothing through, as a lost network does."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._cut = asyncio.Event()
        self._open = asyncio.Event()
        self._open.set()
        self._pumps: set[asyncio.Task[None]] = set()
        self.port = 0

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[Wire]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for pump in list(self._pumps):
                pump.cancel()
            await asyncio.gather(*self._pumps, return_exceptions=True)

    def cut(self) -> None:
        self._open.clear()

    def mend(self) -> None:
        self._open.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            to, back = await asyncio.open_unix_connection(self._socket)
        except OSError:
            writer.close()
            return
        for source, target in ((reader, back), (to, writer)):
            task = asyncio.create_task(self._pump(source, target))
            self._pumps.add(task)
            task.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                await self._open.wait()
                target.write(data)
                await target.drain()
        except OSError:
            return
        finally:
            target.close()


class Cluster:
    """Nodes that share a database and a policy."""

    def __init__(self, url: str, services: Sequence[Service], wires: Sequence[Wire], server: Server) -> None:
        self.url = url
        self.services = services
        self.wires = wires
        self.server = server

    async def rows(self, statement: str) -> list[Mapping[str, Any]]:
        connection = await connect(self.url)
        try:
            return [dict(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    async def owners(self) -> dict[str, str]:
        """The accounts that a node holds that is alive, each with the name of the node."""
        held = await self.rows(
            "SELECT account, name FROM lease JOIN node ON holder = node.id WHERE account <> '' "
            "AND until > extract(epoch FROM clock_timestamp()) * 1000000"
        )
        return {str(row["account"]): str(row["name"]) for row in held}

    async def owned_by(self, names: Sequence[str], accounts: int, *, within: float = 2 * LEASE) -> None:
        """Wants every account to be held by one of these nodes."""

        async def so() -> bool:
            owners = await self.owners()
            return len(owners) == accounts and set(owners.values()) <= set(names)

        await want(f"{accounts} accounts are held by {', '.join(names)}", so, within=within)

    async def history(self) -> dict[tuple[str, int], set[str]]:
        """Who ever held each account in each epoch."""
        found: dict[tuple[str, int], set[str]] = defaultdict(set)
        for row in await self.rows("SELECT account, epoch, holder FROM lease_history WHERE holder <> ''"):
            found[str(row["account"]), int(row["epoch"])].add(str(row["holder"]))
        return found


@asynccontextmanager
async def cluster(folder: Path, world: World, written: Mapping[str, Any], *, nodes: int = 3) -> AsyncIterator[Cluster]:
    """So many nodes that run when the block begins; they are stopped and looked through at its end."""
    async with AsyncExitStack() as stack:
        held = serving(own=True)
        server = await asyncio.to_thread(held.__enter__)
        stack.push_async_callback(asyncio.to_thread, held.__exit__, None, None, None)
        url = await stack.enter_async_context(server.fresh())
        connection = await connect(url)
        await connection.execute(HISTORY)
        await connection.close()
        parts = urlsplit(url)
        socket = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
        wires, services = [], []
        for number in range(nodes):
            wire = await stack.enter_async_context(Wire(socket).laid())
            place = folder / f"node-{number}"
            place.mkdir()
            write(place, written)
            address = f"postgresql://postgres@127.0.0.1:{wire.port}{parts.path}"
            settings = {"DATABASE_URL": address, "NODE": f"node-{number}", "LEASE": f"{LEASE:g}s"}
            one = Service(place, world, settings)
            stack.callback(one.put_down)
            wires.append(wire)
            services.append(one)
        try:
            await asyncio.gather(*(one.start() for one in services))
            yield Cluster(url, services, wires, server)
            for one in services:
                await one.look_around()
            await asyncio.gather(*(one.stop(within=10) for one in services))
            for one in services:
                one.check()
        except BaseException as error:
            for one in services:
                error.add_note(f"the end of the log of {one.folder.name}:\n{one.tail()}")
            raise
