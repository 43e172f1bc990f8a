from __future__ import annotations

from typing import Annotated, Any

import click
from click.testing import CliRunner, Result

from imageferry.actions.declaration import Model, Parameter
from imageferry.cli.declared import parameters, wire_values


class Part(Model, frozen=True, kw_only=True):
    key: Annotated[str, Parameter(description="A key.")]


class Request(Model, frozen=True, kw_only=True):
    region_id: Annotated[str, Parameter(description="The region.")]
    image_name: Annotated[str | None, Parameter(description="A name.")] = None
    os_type: Annotated[
        str | None, Parameter(description="A type.", allowed=("windows", "linux"))
    ] = None
    size: Annotated[int | None, Parameter(description="A size.", minimum=1, maximum=9)] = None
    force: Annotated[bool, Parameter(description="A switch.")] = False
    device: Annotated[str | None, Parameter(description="Old.", deprecated=True)] = None
    role_name: Annotated[str | None, Parameter(description="Idle.", unused="so it is")] = None
    tag: Annotated[tuple[Part, ...], Parameter(description="Parts.")] = ()


def run(*arguments: str) -> Result:
    @click.command
    @parameters(Request, flags={"image_name": "--name"}, without=("region_id",))
    def command(**values: Any) -> None:
        click.echo(repr(wire_values(Request, values)))

    return CliRunner().invoke(command, arguments)


def test_what_was_given_gets_its_name_on_the_wire() -> None:
    result = run("--name", "a", "--os-type", "LINUX", "--size", "3", "--force")

    expected = {"ImageName": "a", "OSType": "linux", "Size": 3, "Force": True}
    assert result.output == f"{expected}\n"


def test_what_was_not_given_is_left_to_the_api() -> None:
    assert run().output == "{}\n"


def test_values_that_break_a_rule_are_refused() -> None:
    assert run("--os-type", "beos").exit_code == 2
    assert run("--size", "10").exit_code == 2


def test_only_parameters_with_an_effect_are_offered() -> None:
    text = run("--help").output

    offered = ("--name", "--os-type windows|linux", "--size", "--force")
    assert all(flag in text for flag in offered)
    assert not any(flag in text for flag in ("--region-id", "--device", "--role-name", "--tag"))
