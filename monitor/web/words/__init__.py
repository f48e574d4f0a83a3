"""What the pages say, in the reader's language: files of texts for each, all under the same keys. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from monitor.web.words import (
    alerts_en,
    alerts_zh,
    en,
    instance_en,
    instance_zh,
    lists_en,
    lists_zh,
    status_en,
    status_zh,
    trouble_en,
    trouble_zh,
    zh,
)
from monitor.wording import Wording, wording


@dataclass(frozen=True, slots=True)
class Words:
    """One language. `tag` is its name in HTML; `name` is what its own readers call it."""

    code: str
    tag: str
    name: str
    texts: Mapping[str, str]

    def __call__(self, key: str, /, **values: object) -> str:
        """The text under `key`, filled in."""
        return self.form(key, values).format_map(grouped(values))

    def form(self, key: str, values: Mapping[str, object]) -> str:
        """The text under `key`, not filled in; of two forms, apart by `|`, the first is for a `count` of one."""
        one, _, many = self.texts[key].partition("|")
        return one if not many or values.get("count") == 1 else many

    @property
    def wording(self) -> Wording:
        """The words that messages and pages share: counts, severities, spans."""
        return wording(self.code)

    def span(self, length: timedelta) -> str:
        """`length` by its two largest units, seconds only below a minute: `42s`, `6m`, `1h 5m`, `2d 3h`."""
        seconds = max(0, int(length.total_seconds()))
        return self.wording.span(timedelta(seconds=seconds if seconds < 60 else seconds - seconds % 60))


_PARTS = (
    (en, instance_en, status_en, alerts_en, lists_en, trouble_en),
    (zh, instance_zh, status_zh, alerts_zh, lists_zh, trouble_zh),
)
_IN_ENGLISH, _IN_CHINESE = ({key: text for part in parts for key, text in part.TEXTS.items()} for parts in _PARTS)

ENGLISH = Words("en", "en", "English", _IN_ENGLISH)
CHINESE = Words("zh", "zh-CN", "中文", _IN_CHINESE)
LANGUAGES: Mapping[str, Words] = {one.code: one for one in (ENGLISH, CHINESE)}


def grouped(values: Mapping[str, object]) -> dict[str, object]:
    """The same values, whole numbers as people write them: `1,000`."""
    return {name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()}


def chosen(asked: str, kept: str, accepted: str) -> Words:
    """The language of a page: what is asked for in its address, else what was asked for before, else the first of
    `Accept-Language` that there is, else English."""
    for code in (asked, kept, *_preferred(accepted)):
        if code in LANGUAGES:
            return LANGUAGES[code]
    return ENGLISH


def _preferred(accepted: str) -> list[str]:
    """The languages of a header `Accept-Language`, without regions, the liked best first."""
    liked = []
    for place, part in enumerate(accepted.split(",")):
        tag, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if quality > 0:
            liked.append((-quality, place, tag.strip().split("-")[0].lower()))
    return [code for _, _, code in sorted(liked)]
