"""Several nodes in a story: real processes on one PostgreSQL, each with a wire of its own that can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from databases import Server, serving
from linear import Event
from service import Service
from setting import write
from waiting import want
from world import World

from monitor.sharing import rendezvous
from monitor.store.postgres import connect

LEASE = 3.0
HISTORY = """
CREATE TABLE lease_history (
  id bigint GENERATED ALWAYS AS IDENTITY, account text, holder text, epoch bigint, writer text, moved boolean);
CREATE FUNCTION note_lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO lease_history (account, holder, epoch, writer, moved)
    VALUES (NEW.account, NEW.holder, NEW.epoch, session_user, false);
  RETURN NEW; END $$;
CREATE TRIGGER note_new AFTER INSERT ON lease FOR EACH ROW EXECUTE FUNCTION note_lease();
CREATE TRIGGER note_lease AFTER UPDATE ON lease FOR EACH ROW
  WHEN (OLD.holder <> NEW.holder OR OLD.epoch <> NEW.epoch) EXECUTE FUNCTION note_lease();
CREATE FUNCTION note_move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO lease_history (account, holder, epoch, writer, moved)
    SELECT account, holder, epoch, session_user, true FROM lease
    WHERE account = coalesce((SELECT account FROM alert WHERE key = NEW.alert), '');
  RETURN NEW; END $$;
CREATE TRIGGER note_move AFTER INSERT ON transition FOR EACH ROW EXECUTE FUNCTION note_move();
"""
"""Every lease as it was written, and every transition with the lease as it stood then; the user of a connection is its
node's name. What writes of one account waits for one row, so the numbers are the order of the commits."""

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Wire:
    """A node's way to one server. Cut, it takes connections and lets nothing through, as a lost network does; with
    `refuses` it takes none."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._open = asyncio.Event()
        self._open.set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[Wire]:
        await self._listen()
        try:
            yield self
        finally:
            await self._end()

    async def cut(self, *, refuses: bool = False) -> None:
        self._open.clear()
        if refuses:
            await self._end()

    async def mend(self) -> None:
        self._open.set()
        await self._listen()

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for pump in list(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            to, back = await self._connect()
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

    async def shared(self, accounts: int, *, within: float = 2 * LEASE) -> None:
        """Wants every node to be there, and every account and the lead to be held by the one that they belong to."""

        async def so() -> bool:
            alive = await self.rows("SELECT id FROM node WHERE until > extract(epoch FROM now()) * 1000000")
            ids = [str(row["id"]) for row in alive]
            held = {str(row["account"]): str(row["holder"]) for row in await self.rows("SELECT * FROM lease")}
            right = all(holder == rendezvous(account, ids) for account, holder in held.items())
            return len(ids) == len(self.services) and len(held) == accounts + 1 and right

        await want(f"{accounts} accounts are shared by all nodes", so, within=within)

    async def history(self) -> list[Event]:
        """Every lease as it was written, and every transition."""
        rows = await self.rows("SELECT account, holder, epoch, writer, moved FROM lease_history ORDER BY id")
        return [Event(**row) for row in rows]


@asynccontextmanager
async def cluster(
    folder: Path, world: World, written: Callable[[int], Mapping[str, Any]], *, nodes: int = 3
) -> AsyncIterator[Cluster]:
    """So many nodes that run when the block begins, each with the policy that is `written` for it; they are stopped and
    looked through at its end."""
    async with AsyncExitStack() as stack:
        held = serving(own=True)
        server = await asyncio.to_thread(held.__enter__)
        stack.push_async_callback(asyncio.to_thread, held.__exit__, None, None, None)
        url = await stack.enter_async_context(server.fresh())
        connection = await connect(url)
        await connection.execute(HISTORY)
        for number in range(nodes):
            await connection.execute(f'CREATE ROLE "node-{number}" SUPERUSER LOGIN')
        await connection.close()
        parts = urlsplit(url)
        socket = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
        wires, services = [], []
        for number in range(nodes):
            wire = await stack.enter_async_context(Wire(partial(asyncio.open_unix_connection, socket)).laid())
            place = folder / f"node-{number}"
            place.mkdir()
            write(place, written(number))
            address = f"postgresql://node-{number}@127.0.0.1:{wire.port}{parts.path}"
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
