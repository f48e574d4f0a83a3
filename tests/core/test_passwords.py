"""Passwords: the right one fits, whatever was changed does not, and a weak hash is none."""

from __future__ import annotations

import pytest

from monitor.access import Role, Token, digest, token_of
from monitor.passwords import Hashed, hashed, parsed

SALT = b"0123456789abcdef"


def quick(password: str) -> Hashed:
    """As weak as a hash may be."""
    return hashed(password, SALT, cost=1 << 14, parallel=1)


def test_only_the_password_fits_its_hash_which_survives_being_written() -> None:
    one = parsed(f" {quick('correct horse').written()}\n")
    assert one == quick("correct horse")
    assert one.fits("correct horse")
    assert not one.fits("correct Horse")
    assert not one.fits("")
    assert one.written().isascii()
    assert not set("$ '\"\\`") & set(one.written())


def test_the_same_letters_fit_however_they_are_composed() -> None:
    assert quick("Zoe\u0308 密码 1").fits("Zo\u00eb 密码 1")


def test_a_hash_is_not_shown_by_accident() -> None:
    shown = repr(quick("correct horse"))
    assert "key" not in shown
    assert SALT.decode() not in shown


GOOD = quick("correct horse").written()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "correct horse",
        GOOD.replace("scrypt", "md5"),
        GOOD.replace("16384", "8192"),
        GOOD.replace("16384", "262144"),
        GOOD.replace("16384", "20000"),
        GOOD.replace(":8:", ":1:"),
        GOOD.replace(":1:", ":99:"),
        GOOD[:-4],
        GOOD[:-1],
        GOOD.rpartition(":")[0],
        f"{GOOD}:x",
        GOOD.replace("MDEy", "MDE="),
    ],
)
def test_what_is_no_hash_or_a_weak_one_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"^is (no|a) hash .*`fdi-monitor hash-password` makes ") as told:
        parsed(text)
    assert not text or text not in str(told.value)


def test_a_token_is_found_by_its_digest() -> None:
    tokens = [Token(name, Role.VIEWER, digest(f"token-of-{name}")) for name in ("a", "b", "c")]
    assert token_of(tokens, "token-of-b") is tokens[1]
    assert token_of(tokens, "token-of-d") is None
    assert token_of((), "token-of-a") is None
    assert "digest" not in repr(tokens)


def test_an_operator_may_what_a_viewer_may() -> None:
    assert [(a, b) for a in Role for b in Role if not a.covers(b)] == [(Role.VIEWER, Role.OPERATOR)]
