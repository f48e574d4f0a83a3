"""Messages of FDI Monitor to a topic of ntfy (https://ntfy.sh, or a server of your own)."""

from pydantic import SecretStr

from monitor.message import Message, plain
from monitor.notifiers import Options
from monitor.notifiers.fields import Url
from monitor.notifiers.robot import Robot

PRIORITIES = {"red": 5, "orange": 4, "blue": 3, "green": 2}


class NtfyOptions(Options):
    """`ntfy:` in the policy."""

    server: Url = SecretStr("https://ntfy.sh")
    topic: str
    token: SecretStr = SecretStr("")


class Ntfy(Robot):
    """Posts the message as text; any 2xx is success."""

    Options = NtfyOptions

    def payload(self, message: Message) -> dict:
        return {
            "topic": self._options.topic,
            "title": message.title,
            "message": plain(message).partition("\n")[2] or message.title,
            "priority": PRIORITIES[message.colour],
            **({"click": message.link} if message.link else {}),
        }

    def url(self) -> SecretStr:
        return self._options.server

    def headers(self, body: bytes, message: Message) -> dict[str, str]:
        token = self._options.token.get_secret_value()
        return {"Authorization": f"Bearer {token}"} if token else {}
