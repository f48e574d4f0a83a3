"""Which signer an account's credentials need."""

from __future__ import annotations

from monitor.clock import Clock
from monitor.fdi.account import Account, Agency, Aksk, Password, Token
from monitor.fdi.agency import AgencySigner
from monitor.fdi.credentials import AkskSigner, Signer, TokenSigner
from monitor.fdi.tokens import PasswordSigner
from monitor.fdi.wire import Wire


def signer_for(account: Account, wire: Wire, now: Clock, *, metadata: str) -> Signer:
    """The account's credentials at work. `metadata`: see `AgencySigner`."""
    match account.auth:
        case Aksk() as pair:
            return AkskSigner(pair, account.name, project_id=account.project_id, now=now)
        case Password() as login:
            return PasswordSigner(login, account, wire, now)
        case Token() as token:
            return TokenSigner(token, account.name, project_id=account.project_id)
        case Agency():
            return AgencySigner(account, wire.direct(), now, metadata=metadata)
