"""`fdi-monitor schema`: the JSON Schema of the policy, for editors."""

from __future__ import annotations

import json

import click


@click.command()
def schema() -> None:
    """Prints the JSON Schema of a policy file.

    Editors that know YAML complete and check by it, where the first line of a file is

    \b
      # yaml-language-server: $schema=policy.schema.json

    \b
    Example:
      fdi-monitor schema > rules/policy.schema.json
    """
    from monitor.policy.schema import schema as written

    click.echo(json.dumps(written(), indent=2, ensure_ascii=False))
