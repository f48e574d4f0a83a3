"""A process knows what the one before was called, if that one is gone for sure."""

from __future__ import annotations

from pathlib import Path

from monitor.store.footprint import FILE, Footprint


def test_the_next_process_knows_the_last_name_and_only_once_the_first_is_gone(tmp_path: Path) -> None:
    first = Footprint(tmp_path / "data")
    assert first.before == ""
    first.leave("node-0-a-long-name")
    first.leave("node-0-b")
    beside = Footprint(tmp_path / "data")
    beside.leave("stranger")
    beside.close()
    assert beside.before == ""
    first.close()
    first.leave("too late")
    second = Footprint(tmp_path / "data")
    assert second.before == "node-0-b"
    second.close()


def test_where_nothing_can_be_written_nobody_can_tell(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("this is no folder")
    mute = Footprint(tmp_path / "data")
    mute.leave("node-0")
    mute.close()
    assert mute.before == ""
    (tmp_path / FILE).mkdir()
    assert Footprint(tmp_path).before == ""
