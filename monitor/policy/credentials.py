"""Credentials as the files write them, and the values they become."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PlainValidator, SecretStr, WithJsonSchema

from monitor.fdi.account import Agency, Aksk, Credentials, Password, Token
from monitor.policy.fields import SCALAR, Form, Text, reader

CREDENTIALS = ("aksk", "password", "token", "agency")
"""The ways there are; an account takes one of them."""


def secret(given: str) -> SecretStr:
    """A key or token as headers can carry it. Raises ValueError, which does not repeat it."""
    if not given or not given.isprintable() or not given.isascii() or given != given.strip():
        raise ValueError("a secret is printable ASCII without space at its ends")
    return SecretStr(given)


def _password(given: str) -> SecretStr:
    if not given:
        raise ValueError("must not be empty")
    return SecretStr(given)


Secret = Annotated[
    SecretStr,
    PlainValidator(reader(secret, "a secret of printable ASCII")),
    WithJsonSchema({**SCALAR, "minLength": 1}),
]
PasswordText = Annotated[
    SecretStr, PlainValidator(reader(_password, "a password")), WithJsonSchema({**SCALAR, "minLength": 1})
]


class AkskForm(Form):
    """An access key pair: every request is signed with it."""

    access_key: Secret = Field(description="The access key (AK).", examples=["${HUAWEICLOUD_SDK_AK}"])
    secret_key: Secret = Field(description="The secret key (SK).", examples=["${HUAWEICLOUD_SDK_SK}"])
    security_token: Secret | None = Field(
        None, description="Belongs to temporary key pairs.", examples=["${HUAWEICLOUD_SDK_SECURITY_TOKEN}"]
    )


class PasswordForm(Form):
    """An IAM user with programmatic access; a HUAWEI ID cannot be used."""

    domain: Text = Field(description="The account name of the IAM user.", examples=["acme"])
    user: Text = Field(description="The IAM user's name.", examples=["monitor"])
    password: PasswordText = Field(description="The IAM user's password.", examples=["${file:/run/secrets/iam}"])


class AgencyForm(Form):
    """The agency of the ECS server this runs on; nothing is to be said about it."""


class AuthForm(Form):
    """Exactly one way to prove who we are."""

    aksk: AkskForm | None = Field(None, description="An access key pair; every request is signed.")
    password: PasswordForm | None = Field(None, description="An IAM user; tokens are fetched and renewed.")
    token: Secret | None = Field(
        None, description="A token made elsewhere; it cannot be renewed.", examples=["${FDI_TOKEN}"]
    )
    agency: AgencyForm | None = Field(None, description="Temporary keys from the ECS server this runs on; write {}.")

    def build(self) -> Credentials:
        """The credentials that are there."""
        if self.aksk is not None:
            return Aksk(self.aksk.access_key.get_secret_value(), self.aksk.secret_key, self.aksk.security_token)
        if self.password is not None:
            return Password(self.password.domain, self.password.user, self.password.password)
        if self.token is not None:
            return Token(self.token)
        if self.agency is not None:
            return Agency()
        raise ValueError("no credentials: `AccountForm.together` lets only one that is there pass")
