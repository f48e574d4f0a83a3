"""Every file of the corpus: what is good loads, what is bad is refused with exactly the words beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from monitor.policy.loader import Examined, examine
from monitor.policy.nodes import core
from monitor.policy.schema import schema
from monitor.policy.yamlmarks import compose

CORPUS = Path(__file__).parent / "corpus"
ENVIRONMENT = {"TOKEN": "canary-4711", "NOT_AN_ADDRESS": "canary-4711"}
GOOD = sorted((CORPUS / "good").glob("*.yaml"))
BAD = sorted((CORPUS / "bad").glob("*.yaml"))
VALIDATOR = Draft202012Validator(schema())


def examined(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Examined:
    """The file in a folder `rules`, beside a sound file for each key that it has not itself.

    A name with "two" asks for all of these files, a first line with "alone" for none.
    """
    folder = tmp_path / "rules"
    folder.mkdir()
    text = path.read_text()
    (folder / path.name).write_text(text)
    for base in sorted((CORPUS / "base").glob("*.yaml")):
        its_own = f"\n{base.stem}:" in f"\n{text}"
        if "alone" not in text.partition("\n")[0] and ("two" in path.stem or not its_own):
            (folder / base.name).write_text(base.read_text())
    monkeypatch.chdir(tmp_path)
    return examine(Path("rules"), ENVIRONMENT)


def shown(result: Examined) -> str:
    """What is wrong, as `check` prints it."""
    texts = [str(fault) for fault in result.faults] + [f"warning: {fault}" for fault in result.warnings]
    return "\n\n".join(texts) + "\n"


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_what_is_good_loads(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert examined(path, monkeypatch, tmp_path).faults == ()


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_what_is_bad_is_refused_in_these_words(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result = examined(path, monkeypatch, tmp_path)
    assert shown(result) == path.with_suffix(".txt").read_text()
    assert (result.policy is None) is not path.stem.startswith("warnings-")


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_no_fault_tells_what_a_reference_stands_for(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    result = examined(path, monkeypatch, tmp_path)
    assert "canary" not in shown(result)
    assert "canary" not in repr((result.faults, result.warnings))


def accepted(path: Path) -> bool:
    root = compose(path.read_text()).root
    return root is None or VALIDATOR.is_valid(core(root))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_the_schema_accepts_what_loads(path: Path) -> None:
    assert accepted(path)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_the_schema_refuses_what_its_language_can_express(path: Path) -> None:
    says = path.read_text().partition("\n")[0].removeprefix("# schema ")
    # What only the loader can know stands with its reason in the file.
    assert says == "refuses" or says.startswith("accepts, for ")
    assert accepted(path) is (says != "refuses")


def test_the_corpus_is_there() -> None:
    assert len(GOOD) >= 5
    assert len(BAD) >= 50
