"""The API Explorer: finds an action, makes its form, calls it, and writes code that does so."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from imageferry.actions.declaration import Model
from imageferry.actions.product import AnyAction, Product
from imageferry.actions.registry import PRODUCTS
from imageferry.console import signature_steps
from imageferry.console.explained import TRANSLATED
from imageferry.console.explorer_form import Form, with_another, without
from imageferry.console.interface import Backend
from imageferry.console.purposes import purpose
from imageferry.console.samples.call import SampleCall
from imageferry.console.samples.languages import samples
from imageferry.console.task_view import number
from imageferry.console.templating import page
from imageferry.console.tools import Exchange, ExploredCall
from imageferry.console.visit import Visit
from imageferry.signing import acs_v3
from imageferry.signing.acs_v3 import SignedRequest

PREFIX = "p."
"""Begins the names of the fields that are parameters."""

MAX_SEARCH_CHARACTERS = 100


@dataclass(frozen=True)
class Target:
    """The action that a page is about."""

    product: Product
    action: AnyAction

    @property
    def address(self) -> str:
        """The page's address."""
        return f"/console/explorer/{self.product.name}/{self.action.name}"


class Explorer:
    """The pages of the API Explorer.

    Args:
        backend: The service.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._tools = backend.tools

    def search(self, visit: Visit) -> Response:
        """Every action, or those that a search finds."""
        wanted = visit.query("search")[:MAX_SEARCH_CHARACTERS]
        found = [target for target in every_action() if _is_found(target, wanted)]
        calls = self._tools.explored_calls.latest(visit.key.account_id)
        history = [(call, address_of(call)) for call in calls]
        return page(visit, "explorer.html", targets=found, search=wanted, history=history)

    def show(self, visit: Visit) -> Response:
        """The form of an action, filled in as the address says."""
        target = _target(visit)
        if target is None:
            return page(visit, "explorer_unknown.html", 404)
        given = {
            name.removeprefix(PREFIX): value
            for name, value in visit.request.query_params.items()
            if name.startswith(PREFIX)
        }
        values = given or {"RegionId": self._backend.regions[0], **target.action.example}
        return self._page(visit, target, self._form(target, values))

    def work(self, visit: Visit) -> Response:
        """Change the form, or send what it says."""
        target = _target(visit)
        if target is None:
            return page(visit, "explorer_unknown.html", 404)
        values = {
            name.removeprefix(PREFIX): visit.field(name)
            for name in visit.form
            if name.startswith(PREFIX)
        }
        if visit.field("add"):
            values = with_another(values, visit.field("add"))
        elif number(visit.field("remove").rpartition(".")[2]) is not None:
            values = without(values, visit.field("remove"))
        elif visit.field("call"):
            return self._call(visit, target, values)
        return self._page(visit, target, self._form(target, values))

    def _call(self, visit: Visit, target: Target, values: Mapping[str, str]) -> Response:
        form = self._form(target, values, shows_problems=True)
        if form.problems:
            return self._page(visit, target, form)
        signed = self._signed(visit, target, form)
        reply = self._tools.exchange(signed)
        self._tools.explored_calls.remember(
            visit.key.account_id, target.product.name, target.action.name, form.parameters, reply
        )
        return self._page(visit, target, form, sent=signed, reply=reply)

    def _page(
        self,
        visit: Visit,
        target: Target,
        form: Form,
        *,
        sent: SignedRequest | None = None,
        reply: Exchange | None = None,
    ) -> Response:
        call = self._sample_call(visit, target, form)
        signed = self._signed(visit, target, form)
        return page(
            visit,
            "explorer_action.html",
            target=target,
            form=form,
            sent=sent,
            reply=reply,
            reply_json=_pretty(reply.json) if reply else "",
            error_code=json.loads(reply.json).get("Code", "") if reply else "",
            codes=[
                (sample.language.key, sample.language.title, sample.code)
                for sample in samples(call, signed)
            ],
            v3=signature_steps.acs3(signed, visit.key.secret),
            v1=self._v1(visit, target, form),
        )

    def _form(
        self, target: Target, values: Mapping[str, str], *, shows_problems: bool = False
    ) -> Form:
        model: type[Model] = target.action.request
        return Form(model, values, self._tools.problem, shows_problems=shows_problems)

    def _signed(self, visit: Visit, target: Target, form: Form) -> SignedRequest:
        return acs_v3.sign(
            access_key_id=visit.key.access_key_id,
            access_key_secret=visit.key.secret,
            host=visit.host,
            action=target.action.name,
            version=target.product.version,
            date=self._backend.clock(),
            nonce=secrets.token_hex(16),
            form=tuple(form.parameters.items()),
        )

    def _v1(self, visit: Visit, target: Target, form: Form) -> Sequence[signature_steps.Step]:
        return signature_steps.v1(
            visit.key,
            tuple(form.parameters.items()),
            action=target.action.name,
            version=target.product.version,
            date=self._backend.clock(),
            nonce=secrets.token_hex(16),
        )

    def _sample_call(self, visit: Visit, target: Target, form: Form) -> SampleCall:
        parameters = form.parameters
        return SampleCall(
            target.product,
            target.action,
            tuple(parameters.items()),
            f"{visit.request.url.scheme}://{visit.host}",
            parameters.get("RegionId", self._backend.regions[0]),
        )


def every_action() -> Iterator[Target]:
    """The actions of every product."""
    for product in PRODUCTS:
        for action in product.actions.values():
            yield Target(product, action)


def address(target: Target, parameters: Mapping[str, str]) -> str:
    """The address of an action's form, filled in with parameters."""
    fields = {PREFIX + name: value for name, value in parameters.items()}
    return f"{target.address}?{urlencode(fields)}"


def address_of(call: ExploredCall) -> str:
    """The address of the form that a call of the history was made with."""
    fields = {PREFIX + name: value for name, value in call.parameters.items()}
    return f"/console/explorer/{call.product}/{call.action}?{urlencode(fields)}"


def _is_found(target: Target, wanted: str) -> bool:
    """Whether an action's name, product or purpose has every word of a search."""
    action = target.action
    purposes = (action.summary, *(purpose(language, action) for language in TRANSLATED))
    text = " ".join((target.product.name, action.name, *purposes)).lower()
    return all(word in text for word in wanted.lower().split())


def _target(visit: Visit) -> Target | None:
    path: Mapping[str, Any] = visit.request.path_params
    wanted = (path["product"], path["action"])
    found = (one for one in every_action() if (one.product.name, one.action.name) == wanted)
    return next(found, None)


def _pretty(text: str) -> str:
    return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
