"""`fdi-monitor hash-password`: what stands in the settings in the place of a password."""

from __future__ import annotations

import secrets
import sys

import click

from monitor import passwords
from monitor.errors import UsageError


@click.command(name="hash-password")
def hash_password() -> None:
    """Prints the hash of a password, for FDI_MONITOR_WEB__USERS.

    The password is asked for twice and not shown; from a pipe its first line is read. The same password has another
    hash each time.

    \b
    Examples:
      fdi-monitor hash-password
      openssl rand -base64 18 | tee /dev/tty | fdi-monitor hash-password
    """
    password = _asked() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not passwords.SHORTEST <= len(password) <= passwords.LONGEST:
        raise UsageError(f"a password has {passwords.SHORTEST} letters at least, and {passwords.LONGEST} at most")
    click.echo(passwords.hashed(password, secrets.token_bytes(passwords.SALT)).written())


def _asked() -> str:
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt="Once more", err=True)
    return password
