"""Who is let in, what it costs, and what somebody who guesses gets to hear."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs
from webrows import opened

from monitor.access import Reader, Role, Token, User, Way, digest
from monitor.errors import UsageError
from monitor.passwords import Hashed, hashed
from monitor.web import door as door_room
from monitor.web import roles
from monitor.web.brake import FREE_OF_ADDRESS
from monitor.web.door import QUEUE, Door, Slower, Stranger, make_door
from monitor.web.reader import reader
from monitor.web.roles import NEEDS
from monitor.web.server import make_app
from monitor.web.visit import visit_of

WANG, LI, TOKEN = "Tr0ub4dor-密码", "correct horse", "tok-0123456789abcdefghij"
HASH = {
    name: hashed(word, name.encode() * 4, cost=1 << 14, parallel=1) for name, word in (("wang", WANG), ("lili", LI))
}
USERS = (User("wang", Role.OPERATOR, HASH["wang"]), User("lili", Role.VIEWER, HASH["lili"]))
TOKENS = (Token("ci", Role.OPERATOR, digest(TOKEN)), Token("graf", Role.VIEWER, digest(f"{TOKEN}-graf")))
HERE, ELSEWHERE = "10.0.0.1", "10.0.0.2"


def basic(name: str, password: str) -> str:
    return f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were really looked at, which is what costs; the real function is asked."""
    found: list[str] = []
    fits = Hashed.fits

    def counted(self: Hashed, password: str) -> bool:
        found.append(password)
        return fits(self, password)

    monkeypatch.setattr(Hashed, "fits", counted)
    return found


async def refused(door: Door, shown: str, address: str = HERE) -> Stranger | Slower:
    with pytest.raises((Stranger, Slower)) as told:
        await door.admit(shown, address)
    assert isinstance(told.value, Stranger | Slower)
    return told.value


async def test_people_come_in_by_password_and_programs_by_token() -> None:
    door = Door(USERS, TOKENS)
    assert await door.admit(basic("wang", WANG), HERE) == Reader(Way.USER, Role.OPERATOR, "wang", HERE)
    assert await door.admit(basic("lili", LI), HERE) == Reader(Way.USER, Role.VIEWER, "lili", HERE)
    assert await door.admit(f"Bearer {TOKEN}", HERE) == Reader(Way.TOKEN, Role.OPERATOR, "ci", HERE)
    assert await door.admit(f"bearer  {TOKEN}-graf ", HERE) == Reader(Way.TOKEN, Role.VIEWER, "graf", HERE)


@pytest.mark.parametrize(
    "shown",
    [
        basic("wang", LI),
        basic("nobody", WANG),
        basic("", ""),
        basic("wang", "x" * 5000),
        "Basic !!!",
        f"Basic {b64encode(b'wang').decode()}",
        f"Basic {b64encode(bytes([255, 58, 255])).decode()}",
        "Bearer",
        f"Bearer {TOKEN}x",
        "Bearer 秘密",
        "Bearer \udcff\udcfe",
        "Basic \udcff",
        "Basic 密码",
        "Digest x",
        TOKEN,
    ],
)
async def test_what_names_nobody_is_a_stranger_who_tried(shown: str) -> None:
    told = await refused(Door(USERS, TOKENS), shown)
    assert isinstance(told, Stranger)
    assert told.tried


async def test_who_says_nothing_did_not_try_and_is_never_braked() -> None:
    door = Door(USERS, TOKENS)
    for _ in range(50):
        told = await refused(door, "")
        assert isinstance(told, Stranger)
        assert not told.tried


async def test_a_password_is_looked_at_once_and_a_page_with_all_its_requests_costs_nothing(looked: list[str]) -> None:
    door = Door(USERS, TOKENS)
    together = await asyncio.gather(*(door.admit(basic("wang", WANG), HERE) for _ in range(3 * QUEUE)))
    assert {reader.name for reader in together} == {"wang"}
    for _ in range(100):
        await door.admit(basic("wang", WANG), ELSEWHERE)
    assert looked == [WANG]


async def test_a_name_that_is_not_known_costs_as_much_as_one_that_is(looked: list[str]) -> None:
    door = Door(USERS, TOKENS)
    await door.admit(basic("wang", WANG), ELSEWHERE)
    for name in ("wang", "lili", "nobody"):
        await refused(door, basic(name, "guess"))
    assert looked == [WANG, "guess", "guess", "guess"]


async def test_who_guesses_is_braked_and_not_looked_at_any_more(looked: list[str]) -> None:
    door = Door(USERS, TOKENS)
    with capture_logs() as logs:
        told = [await refused(door, basic("wang", f"guess {number}")) for number in range(FREE_OF_ADDRESS + 5)]
    assert [type(one) for one in told] == [Stranger] * FREE_OF_ADDRESS + [Slower] * 5
    assert isinstance(told[-1], Slower)
    assert told[-1].wait == 1
    assert len(looked) == FREE_OF_ADDRESS
    assert {line["event"] for line in logs} == {"login failed"}
    assert {(line["way"], line["name"], line["address"]) for line in logs} == {("user", "wang", HERE)}
    assert "guess" not in str(logs)


@pytest.mark.parametrize("wrong", [basic("wang", "old password"), f"Bearer {TOKEN}-old"])
async def test_a_program_with_a_wrong_secret_repeats_it_and_brakes_nobody(looked: list[str], wrong: str) -> None:
    door = Door(USERS, TOKENS)
    with capture_logs() as logs:
        for _ in range(100):
            assert isinstance(await refused(door, wrong), Stranger)
    assert len(looked) == (1 if wrong.startswith("Basic") else 0)
    assert [line["event"] for line in logs] == ["login failed"], "it is said once"
    assert (await door.admit(basic("lili", LI), HERE)).name == "lili"


async def test_wrong_secrets_are_remembered_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_room, "REMEMBERED", 2)
    door = Door(USERS, TOKENS)
    for number in range(4):
        await refused(door, f"Bearer guess {number}", f"10.1.{number}.1")
    assert len(door._wrong) == 2


async def test_many_guesses_at_the_same_time_are_many() -> None:
    door = Door(USERS, TOKENS)
    guesses = (door.admit(basic("wang", f"guess {number}"), HERE) for number in range(50))
    told = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(one, Stranger) for one in told) == FREE_OF_ADDRESS


async def test_who_is_in_stays_in_whoever_guesses_and_tokens_are_never_braked() -> None:
    door = Door(USERS, TOKENS)
    await door.admit(basic("wang", WANG), HERE)
    for number in range(20):
        await refused(door, basic("wang", f"guess {number}"))
    assert (await door.admit(basic("wang", WANG), HERE)).name == "wang"
    assert (await door.admit(f"Bearer {TOKEN}", HERE)).name == "ci"
    assert (await door.admit(basic("lili", LI), ELSEWHERE)).name == "lili", "another address gets in at once"
    assert isinstance(await refused(door, "Bearer guess"), Slower), "wrong tokens are"


async def test_a_name_that_is_not_known_is_not_logged_for_it_may_be_a_password() -> None:
    with capture_logs() as logs:
        await refused(Door(USERS, TOKENS), basic(WANG, "wang"))
    assert [line["name"] for line in logs] == [None]


async def test_more_passwords_than_can_be_looked_at_are_asked_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    go = asyncio.Event()

    async def slow(*_: object) -> bool:
        await go.wait()
        return False

    door = Door(USERS, TOKENS)
    monkeypatch.setattr(door, "_look", slow)
    waiting = [
        asyncio.create_task(refused(door, basic("wang", f"{number}"), f"10.1.{number}.1")) for number in range(QUEUE)
    ]
    await asyncio.sleep(0)
    assert isinstance(await refused(door, basic("wang", WANG), "10.2.0.1"), Slower)
    go.set()
    await asyncio.gather(*waiting)


async def test_without_users_and_tokens_everybody_on_this_machine_is_an_operator() -> None:
    assert await Door().admit("", "127.0.0.1") == Reader(Way.LOOPBACK, Role.OPERATOR, "", "127.0.0.1")
    assert str(await Door().admit("Basic x", "")) == "loopback"


def test_beyond_loopback_somebody_has_to_be_named_or_it_has_to_be_meant() -> None:
    with pytest.raises(
        UsageError, match=r"open to everyone who reaches 0\.0\.0\.0.*WEB__USERS.*WEB__TOKENS.*--insecure"
    ):
        make_door((), (), beyond="0.0.0.0", insecure=False)
    assert not make_door((), (), beyond="0.0.0.0", insecure=True).asks
    assert not make_door((), (), beyond="", insecure=False).asks
    for users, tokens in ((USERS, ()), ((), TOKENS)):
        assert make_door(users, tokens, beyond="0.0.0.0", insecure=False).asks


@pytest.mark.parametrize(
    ("users", "tokens", "schemes"),
    [(USERS, TOKENS, ["Basic", "Bearer"]), (USERS, (), ["Basic"]), ((), TOKENS, ["Bearer"])],
)
async def test_a_stranger_is_told_only_what_can_succeed(
    tmp_path: Path, users: tuple[User, ...], tokens: tuple[Token, ...], schemes: list[str]
) -> None:
    async with opened(tmp_path, door=Door(users, tokens)) as (_, client):
        answer = await client.get("/")
        assert answer.status == 401
        assert [one.split()[0] for one in answer.headers.getall("WWW-Authenticate")] == schemes
        assert (await answer.text()).startswith("401: Say who you are")
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Security-Policy"]


async def test_what_is_missing_is_said(tmp_path: Path) -> None:
    async with opened(tmp_path, door=Door(USERS, TOKENS)) as (_, client):
        answer = await client.delete("/api/v2/silence/x", headers={"Authorization": basic("lili", LI)})
        assert answer.status == 403
        assert await answer.text() == "403: The user lili is a viewer, and this needs the role operator.\n"
        for number in range(FREE_OF_ADDRESS + 1):
            answer = await client.get("/", headers={"Authorization": basic("lili", f"guess {number}")})
        assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
        assert "Try again in 1 s" in await answer.text()


async def test_a_page_knows_who_visits_it_and_whether_they_may_do_something_there(tmp_path: Path) -> None:
    async def shown(request: web.Request) -> web.Response:
        visit = visit_of(request)
        return web.Response(text=f"{visit.name} {reader().role} {visit.may_write}")

    async with opened(tmp_path, door=Door(USERS, TOKENS)) as (site, _):
        app = make_app(site)
        app.router.add_get("/shown", shown)
        monkeypatched = {**NEEDS, "GET /shown": Role.VIEWER}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(roles, "NEEDS", monkeypatched)
            async with TestClient(TestServer(app)) as client:
                for shows, text in (
                    (basic("wang", WANG), "wang operator True"),
                    (basic("lili", LI), "lili viewer False"),
                    (f"Bearer {TOKEN}", "ci operator True"),
                ):
                    answer = await client.get("/shown", headers={"Authorization": shows})
                    assert await answer.text() == text
    assert (reader().role, reader().acts) == (Role.VIEWER, False)
