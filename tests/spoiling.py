"""Documents with a few things wrong: what a strategy draws for tests that ask whether anything is ever let through."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

Tree = Any

ODD = st.one_of(
    st.sampled_from([None, True, False, 0, -1, 1, 2**31, 2**63, 10**40, 1.5, -0.0, float("inf"), float("nan")]),
    st.sampled_from(["", " ", "0", "-1", "1e400", "NaN", "null", "é", "订单", "\u202e", "\x00", "\ud800", "a" * 5000]),
    st.sampled_from(
        ["{{ x", "{{ cdc.abnormal }}", "${X}", "${X:-", "$$", "5m", "abnormal > 0", 'a="b"', "http://[", "[" * 99]
    ),
    st.sampled_from([[], {}, [[]], [{}], {"": ""}, [None]]),
    st.text(max_size=12),
    st.integers(),
)
"""What stands where something else belongs."""


def examples(short: int) -> settings:
    """So many examples in the suite, the same in every run; as many as `make fuzz` says in a long one, and new ones."""
    long = os.environ.get("FDI_FUZZ")
    return settings(
        max_examples=int(long or short),
        derandomize=not long,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


@st.composite
def spoiled(draw: st.DrawFn, tree: Tree) -> Tree:
    """The tree with one to three of its places replaced, removed, doubled, or called otherwise."""
    found = copy.deepcopy(tree)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(found))
        if not places:
            return copy.deepcopy(draw(ODD))
        holder, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["replace", "replace", "remove", "double", "rename"])):
            case "replace":
                holder[key] = copy.deepcopy(draw(ODD))
            case "remove":
                del holder[key]
            case "double" if isinstance(holder, list):
                holder.insert(key, copy.deepcopy(holder[key]))
            case "double":
                holder[f"{key}2"] = copy.deepcopy(holder[key])
            case _ if isinstance(holder, dict):
                holder[draw(st.text(max_size=8))] = holder.pop(key)
    return found


def _places(tree: Tree) -> Iterator[tuple[Any, Any]]:
    """Every place in the tree: what holds it, and under which key."""
    if isinstance(tree, dict | list):
        for key in range(len(tree)) if isinstance(tree, list) else list(tree):
            yield tree, key
            yield from _places(tree[key])
