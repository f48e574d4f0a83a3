from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.simulator.markup import plain, render

LINK = '<a href="https://a.example/x?y=1&amp;z=2" target="_blank" rel="noopener noreferrer">'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**9** broken", "<p><strong>9</strong> broken</p>"),
        ("one\ntwo", "<p>one<br>two</p>"),
        ("one\n\ntwo", "<p>one</p><p>two</p>"),
        ("[see](https://a.example/x?y=1&z=2)", f"<p>{LINK}see</a></p>"),
        ("<a href='https://a.example/x?y=1&z=2'>see</a>", f"<p>{LINK}see</a></p>"),
        ("<font color='red'>**9**</font>", '<p><span class="ink-red"><strong>9</strong></span></p>'),
        ('<font color="warning">x</font>', '<p><span class="ink-orange">x</span></p>'),
        ("<font color=whatever>x</font>", '<p><span class="ink-grey">x</span></p>'),
        ("<at id=all></at> look", '<p><span class="mention">@所有人</span> look</p>'),
        ("top\n- **a**\n- b\nend", "<p>top</p><ul><li><strong>a</strong></li><li>b</li></ul><p>end</p>"),
        ("a\n---\nb", "<p>a</p><hr><p>b</p>"),
        ("`**x** <b>`", "<p><code>**x** &lt;b&gt;</code></p>"),
        ("# 标题", "<p><strong>标题</strong></p>"),
        ("2 * 3 * 4 and snake_case_name", "<p>2 * 3 * 4 and snake_case_name</p>"),
    ],
)
def test_what_chat_clients_know_becomes_html(text: str, html: str) -> None:
    assert str(render(text)) == html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "<a href='javascript:alert(1)'>x</a>",
        "<img src=x onerror=alert(1)>",
        '[x](https://a.example/"onmouseover="alert(1))',
        "<font color='red' onclick='x'>y</font>",
        "[<font color=red>a](https://x/</font>)",
    ],
)
def test_nothing_else_becomes_a_tag_or_an_attribute(text: str) -> None:
    html = str(render(text))
    tags = re.findall(r"<[^>]*>", html)
    assert all(re.fullmatch(ALLOWED, tag) for tag in tags), tags


ALLOWED = (
    r"</?(?:p|ul|li|strong|em|s|code|a|span)>|<br>|<hr>|<span class=\"[\w -]+\">"
    r"|<a href=\"https?://[^\"<>]*\" target=\"_blank\" rel=\"noopener noreferrer\">"
)


@given(
    st.lists(
        st.sampled_from(
            [
                "**",
                "*",
                "~~",
                "`",
                "[",
                "](https://x/",
                ")",
                "<font color=red>",
                "</font>",
                "\n",
                "- ",
                "<at id=",
                "></at>",
                '"',
                "'",
                "<",
                ">",
                "&",
                "a",
                " ",
                "\x00",
                "0",
            ]
        ),
        max_size=14,
    )
)
def test_no_mixture_of_marks_escapes(parts: list[str]) -> None:
    for tag in re.findall(r"<[^>]*>", str(render("".join(parts)))):
        assert re.fullmatch(ALLOWED, tag)


def test_plain_text_keeps_its_marks_and_its_lines() -> None:
    assert str(plain("**a**\n<b>")) == "<p>**a**<br>&lt;b&gt;</p>"
