"""The texts of what went wrong in English: what it is, and under `trouble.do` what to do."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, str] = {
    "trouble.400": "The address or the form says something that cannot be read.",
    "trouble.401": "Say who you are: with a name and a password in a browser, with a token in a program.",
    "trouble.unknown": "The name and password, or the token, are not known here.",
    "trouble.role": "The {way} {name} is a {role}, and this needs the role {needed}.",
    "trouble.foreign": (
        "This was sent by a page of another site. Only our own pages and programs may change something here."
    ),
    "trouble.404": "There is nothing at this address.",
    "trouble.405": "This address cannot be used in that way.",
    "trouble.413": "What was sent is too large.",
    "trouble.421": (
        "This service does not answer to that name. Open it as localhost, or name it in FDI_MONITOR_PUBLIC_URL."
    ),
    "trouble.429": ("Too many wrong passwords or tokens from your address, or for this name. Try again in {wait} s."),
    "trouble.500": "Something went wrong here. The log of the service says what.",
    "trouble.503": "The store does not answer. Try again in a moment.",
    "trouble.other": "This request cannot be answered.",
    "trouble.missing.alerts": "There is no such alert, or it is no longer kept.",
    "trouble.missing.deliveries": "There is no such message, or it is no longer kept.",
    "trouble.missing.silences": "There is no such silence, or it is no longer kept.",
    "trouble.missing.instances": "No such instance was ever polled.",
    "trouble.do.400": (
        "Go back and choose again, or mend the address: a range is one of those that the page offers, a moment has its "
        "zone and is not to come, as in 2026-01-05T10:00:00Z."
    ),
    "trouble.do.401": (
        "Load this page again, and the browser asks for them. Whoever runs the service gives out names and passwords."
    ),
    "trouble.do.403": (
        "Nothing was changed. Ask whoever runs the service for the role that it takes, and open the page anew from its "
        "own address."
    ),
    "trouble.do.404": "The link may be old or cut short. The sections above lead to everything that there is.",
    "trouble.do.405": "Nothing was changed. Begin anew from the page on which the button was.",
    "trouble.do.413": "Nothing was changed. Go back and send less: a shorter comment, or fewer alerts at once.",
    "trouble.do.429": "Others are not held up by this, and a right password is let in at once after that.",
    "trouble.do.500": "Nothing you did is at fault. Load the page again; if that does not help, tell whoever runs it.",
    "trouble.do.503": (
        "Instances are still polled, and what is found is kept until the store answers again. The log says what is "
        "the matter with it."
    ),
    "trouble.do.alerts": "Look for it in the list: its history is one of the lists there.",
    "trouble.do.deliveries": "Look for it in the list by its receiver.",
    "trouble.do.silences": "Look for it in the list: those that are over are there too.",
    "trouble.do.instances": "Look for it on the overview by its name. What left the account is forgotten in time.",
    "trouble.who.user": "user",
    "trouble.who.token": "token",
    "trouble.who.link": "link",
    "trouble.who.loopback": "reader",
    "trouble.who.open": "reader",
    "trouble.role.viewer": "viewer",
    "trouble.role.operator": "operator",
}
