"""Files as they come: strange encodings, hostile YAML, odd folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_folders import ACCOUNTS, ENVIRONMENT, RULES, TELLING, WHOLE, folder

from monitor.errors import PolicyError, UsageError
from monitor.policy.loader import examine, load
from monitor.policy.nodes import core
from monitor.policy.yamlmarks import compose


def only_fault(where: Path) -> str:
    """The one fault of the file `bad.yaml`, without its folder."""
    faults = examine(where, ENVIRONMENT).faults
    assert [Path(fault.file).name for fault in faults] == ["bad.yaml"]
    return str(faults[0]).replace(f"{where}/", "")


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    plain = load(folder(tmp_path / "plain"), ENVIRONMENT)
    odd = load(folder(tmp_path / "odd", b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode()), ENVIRONMENT)
    assert (odd.accounts, odd.rules, odd.route) == (plain.accounts, plain.rules, plain.route)


def test_windows_line_ends_do_not_shift_the_place(tmp_path: Path) -> None:
    bad = "rules:\r\n  - name: a\r\n    when: abnormal > 0 and foo\r\n    severity: info\r\n"
    fault = only_fault(folder(tmp_path, ACCOUNTS + TELLING, bad=bad))
    assert fault.splitlines()[1:] == [
        "    3 |     when: abnormal > 0 and foo",
        "                                   ^^^",
    ]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"\x7fELF\x02\x01\x00\x00", "bad.yaml:1:1: the character U+007F is not allowed: is this a text file?"),
        (b"a: b\nc: \x00\n", "bad.yaml:2:4: the character U+0000 is not allowed"),
        (b"a: b\nc: caf\xe9\n", "bad.yaml:2:7: this is not UTF-8: save the file as UTF-8"),
        ("a: b\n".encode("utf-16"), "bad.yaml: is written in UTF-16: save it as UTF-8"),
        (b"a: \x1b[31m\n", "bad.yaml:1:4: the character U+001B is not allowed"),
        (b"#" * (5 * 1024 * 1024 + 1), "bad.yaml: is larger than 5 MiB"),
        (b"[" * 100_000, "bad.yaml:1:33: nested deeper than 32 levels"),
        (b"- " * 100_000, "bad.yaml:1:65: nested deeper than 32 levels"),
        (b"{a: " * 100_000, "bad.yaml:1:129: nested deeper than 32 levels"),
        (b"? " * 100_000, "bad.yaml:1:65: nested deeper than 32 levels"),
    ],
)
def test_a_file_that_is_no_policy_is_refused_with_a_reason(tmp_path: Path, data: bytes, fault: str) -> None:
    assert only_fault(folder(tmp_path, bad=data)).startswith(fault)


def test_thirty_two_levels_are_read(tmp_path: Path) -> None:
    assert not compose("[" * 32 + "]" * 32).troubles
    assert compose("[" * 33 + "]" * 33).troubles


def test_a_bomb_of_aliases_is_refused_before_it_grows(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert "aliases repeat more than 10000 values" in only_fault(folder(tmp_path, bad="\n".join(lines)))


def test_an_alias_inside_its_own_anchor_is_refused(tmp_path: Path) -> None:
    fault = only_fault(folder(tmp_path, ACCOUNTS + TELLING, bad="rules: &all [*all]\n"))
    assert fault.startswith("bad.yaml:1:14: *all names no anchor (&all) that ends above it")


def test_a_link_to_itself_a_pipe_a_folder_and_a_dangling_link_are_each_said(tmp_path: Path) -> None:
    where = folder(tmp_path / "rules")
    (where / "loop.yaml").symlink_to(where / "loop.yaml")
    (where / "gone.yaml").symlink_to(where / "nowhere")
    (where / "sub.yaml").mkdir()
    os.mkfifo(where / "pipe.yaml")
    said = {Path(fault.file).name: fault.message for fault in examine(where, ENVIRONMENT).faults}
    assert said == {
        "gone.yaml": "cannot be read: No such file or directory",
        "loop.yaml": "cannot be read: Too many levels of symbolic links",
        "pipe.yaml": "is not a regular file",
        "sub.yaml": "cannot be read: Is a directory",
    }


def test_links_to_files_are_followed_as_config_maps_have_them(tmp_path: Path) -> None:
    folder(tmp_path / "..data")
    where = tmp_path / "rules"
    where.mkdir()
    (where / "policy.yaml").symlink_to(tmp_path / "..data" / "policy.yaml")
    assert len(load(where, ENVIRONMENT).rules) == 1


def test_hidden_files_and_other_names_are_no_policy(tmp_path: Path) -> None:
    where = folder(tmp_path, **{".swap": "rules: nonsense", "more.yaml.bak": "rules: nonsense"})
    (where / "notes.txt").write_text("rules: nonsense")
    (where / "second.yml").write_text("tests: []\n")
    (where / "more.yaml.bak.yaml").unlink()
    assert [Path(name).name for name in load(where, ENVIRONMENT).files] == ["policy.yaml", "second.yml"]


def test_a_folder_that_is_not_there_or_empty_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        load(tmp_path / "nowhere", {})
    with pytest.raises(UsageError, match="holds no"):
        load(tmp_path, {})
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is not a folder"):
        load(tmp_path / "file", {})


def test_every_fault_of_every_file_is_said_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    bad = "rules:\n  - {name: a, when: foo > 1, severity: bad, for: 1}\n  - {nme: b}\n"
    with pytest.raises(PolicyError) as caught:
        load(folder(tmp_path, ACCOUNTS + TELLING, b=bad, a="nonsense: [1\n"), ENVIRONMENT)
    places = [(Path(fault.file).name, fault.line, fault.column) for fault in caught.value.faults]
    assert places == sorted(places)
    assert [(name, line) for name, line, _ in places] == [("a.yaml", 2), *[("b.yaml", 2)] * 3, *[("b.yaml", 3)] * 3]


def test_names_are_not_missed_while_a_file_cannot_be_read(tmp_path: Path) -> None:
    """They may well stand in the part that is broken."""
    fault = only_fault(folder(tmp_path, ACCOUNTS + "route: {receiver: ops-chat}\n", bad="receivers: [\n"))
    assert "is not closed" in fault


def test_a_reference_that_yaml_takes_for_a_mapping_is_explained(tmp_path: Path) -> None:
    fault = only_fault(folder(tmp_path, ACCOUNTS + TELLING, bad="accounts: [{name: a, auth: {token: ${TOKEN}}}]\n"))
    assert fault.startswith('bad.yaml:1:37: inside { } and [ ] a reference must stand in quotes: "${NAME}"')


def test_a_long_line_is_cut_and_a_far_column_shows_no_line(tmp_path: Path) -> None:
    near = only_fault(folder(tmp_path, bad="nonsense: " + "x" * 1000 + "\n"))
    assert near.splitlines()[1].endswith("x…")
    assert len(near.splitlines()[1]) < 220
    far = only_fault(folder(tmp_path, bad="{accounts: [], " + " " * 300 + "nonsense: 1}\n"))
    assert len(far.splitlines()) == 1
    assert far.startswith("bad.yaml:1:316")


def test_control_characters_of_a_message_are_made_visible(tmp_path: Path) -> None:
    fault = only_fault(folder(tmp_path, bad='"\\e[31mred\\u202e": 1\n'))
    assert "\x1b" not in fault
    assert "\u202e" not in fault
    assert "␛[31mred" in fault


@given(st.text(alphabet=st.sampled_from("abc:- \n\t{}[]'\"&*!|>#%@,?<~0x$"), max_size=60))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    composed = compose(text)
    assert composed.troubles or composed.whole
    if composed.root is not None:
        core(composed.root)


def test_rules_may_stand_in_any_file_of_the_folder(tmp_path: Path) -> None:
    policy = load(folder(tmp_path, ACCOUNTS, b=RULES, c=TELLING, d=RULES.replace("cdc\n", "other\n")), ENVIRONMENT)
    assert [rule.name for rule in policy.rules] == ["cdc", "other"]
