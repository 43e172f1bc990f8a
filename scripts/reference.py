"""The reference of the API, a page an action: docs/reference."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from checklist.facts import AnyAction, common_codes, declared_fields
from imageferry.actions.declaration import Field, Kind, Member, Model, Parameter, fields
from imageferry.actions.error_codes import MISSING_PARAMETER
from imageferry.actions.errors import ErrorCode
from imageferry.actions.product import Product
from imageferry.actions.registry import ECS, PRODUCTS

_MADE = "<!-- Made from src/imageferry/actions by `make docs`: change it there. -->"
_NO_CODES = "Only [those of every action](README.md#error-codes-of-every-action).\n"


def index_page() -> str:
    """The page that leads to all others, with the codes that every action can answer with."""
    others = "".join(
        f"## {product.name}, version {product.version}\n\n{_actions(product)}\n"
        for product in PRODUCTS
        if product is not ECS
    )
    return (
        f"# The ECS API\n\n{_MADE}\n\n"
        f"Actions of version {ECS.version}, called by `GET` or `POST` on `/` with parameters in "
        f"the query, in a form body, or both.\n\n{_actions(ECS)}\n"
        "The few actions of other products that clients of ECS call are served at the same "
        f"address: the version tells which product is meant.\n\n{others}"
        f"## Error codes of every action\n\n{_errors(common_codes())}"
    )


def _actions(product: Product) -> str:
    return "| Action | Purpose |\n| --- | --- |\n" + "".join(
        f"| [{name}]({name}.md) | {action.summary} |\n" for name, action in product.actions.items()
    )


def action_page(product: Product, action: AnyAction) -> str:
    """The page of one action of a product."""
    return (
        f"# {action.name}\n\n{_MADE}\n\n{action.summary}\n\n"
        f"RAM action: `{action.policy}`\n\n"
        f"## Example\n\n```sh\n{_example(product, action)}\n```\n\n"
        f"## Parameters\n\n{_parameters(action)}\n"
        f"## Reply\n\n{_reply(action)}\n"
        f"## Error codes\n\n{_errors(_codes(action)) or _NO_CODES}"
    )


def _example(product: Product, action: AnyAction) -> str:
    lines = [f"aliyun {product.name} {action.name}"]
    lines += [f"  --{name} {shlex.quote(value)}" for name, value in action.example.items()]
    return " \\\n".join(lines)


def _parameters(action: AnyAction) -> str:
    head = "| Name | Type | Required | Meaning |\n| --- | --- | --- | --- |\n"
    rows = [
        f"| `{wire}` | {_type(field)} | {'yes' if field.required else 'no'} | {_meaning(field)} |\n"
        for wire, field in declared_fields(action.request)
    ]
    return head + "".join(rows) if rows else "None.\n"


def _type(field: Field) -> str:
    return f"list of {field.kind.value}" if field.repeated else field.kind.value


def _meaning(field: Field) -> str:
    rules = field.parameter
    sentences = [rules.description, *_rules(rules)]
    if rules.aliases:
        sentences.append(f"Also called {', '.join(f'`{alias}`' for alias in rules.aliases)}.")
    if rules.deprecated:
        sentences.append("Deprecated.")
    if rules.unused:
        sentences.append(f"Without effect: {rules.unused}.")
    if rules.example:
        sentences.append(f"Example: `{rules.example}`.")
    return _cell(" ".join(sentences))


def _rules(rules: Parameter) -> Iterator[str]:
    if rules.allowed:
        yield f"One of {', '.join(f'`{choice}`' for choice in rules.allowed)}, in any case."
    if rules.minimum is not None or rules.maximum is not None:
        yield f"{_range(rules.minimum, rules.maximum)}."
    if rules.max_length is not None:
        ascii_only = "ASCII " if rules.ascii_only else ""
        yield f"{_range(rules.min_length, rules.max_length)} {ascii_only}characters."
    if rules.rule:
        yield f"{rules.rule[0].upper()}{rules.rule[1:]}."
    if rules.max_items is not None:
        more = "; further ones are ignored" if rules.excess_ignored else ""
        yield f"Up to {rules.max_items} items{more}."
    if rules.forbidden_prefixes:
        yield f"Must not begin with {_alternatives(rules.forbidden_prefixes)}."
    if rules.forbidden_substrings:
        yield f"Must not hold {_alternatives(rules.forbidden_substrings)}."


def _range(minimum: int | None, maximum: int | None) -> str:
    if maximum is None:
        return f"{minimum} or more"
    return f"Up to {maximum}" if minimum is None else f"{minimum} to {maximum}"


def _alternatives(texts: Iterable[str]) -> str:
    return " or ".join(f"`{text}`" for text in texts)


def _reply(action: AnyAction) -> str:
    head = "| Name | Type | Meaning |\n| --- | --- | --- |\n"
    request_id = "| `RequestId` | string | The request, as the service's log names it. |\n"
    return head + request_id + "".join(_members(action.reply))


def _members(model: type[Model], prefix: str = "") -> Iterator[str]:
    for field in fields(model):
        assert isinstance(field.note, Member)  # a reply's field has no other note
        path = prefix + field.wire + ("[]" if field.repeated else "")
        example = f" Example: `{field.note.example}`." if field.note.example else ""
        yield f"| `{path}` | {field.kind.value} | {_cell(field.note.description + example)} |\n"
        if field.kind is Kind.STRUCT and field.model is not None:
            yield from _members(field.model, f"{path}.")


def _codes(action: AnyAction) -> tuple[ErrorCode, ...]:
    required = any(field.required for _, field in declared_fields(action.request))
    return (*((MISSING_PARAMETER,) if required else ()), *action.errors)


def _errors(codes: Iterable[ErrorCode]) -> str:
    head = "| Status | Code | Message | Meaning | What to do |\n| --- | --- | --- | --- | --- |\n"
    rows = [
        f"| {code.status} | `{code.code}` | {_message(code)} | {_cell(code.meaning)} "
        f"| {_cell(code.remedy)} |\n"
        for code in codes
    ]
    return head + "".join(rows) if rows else ""


def _message(code: ErrorCode) -> str:
    return _cell(
        code.message.replace("{reason}", "*the reason*").replace("{", "*").replace("}", "*")
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
