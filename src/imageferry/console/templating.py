"""Pages made of templates. Everything that is not a template's own is escaped."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from imageferry.console import assets, languages, quantities
from imageferry.console.explained import OBJECTS, explained, translated, translations
from imageferry.console.purposes import purpose
from imageferry.console.sentences import sentence
from imageferry.console.visit import Visit

MAX_SHOWN_CHARACTERS = 200
"""How much of a name a page shows: names from outside may be as long as a request."""


def page(visit: Visit, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page as an answer."""
    return HTMLResponse(render(visit, template, **values), status)


def render(visit: Visit, template: str, **values: Any) -> str:
    """A template as text, in the visitor's language."""
    compiled = _environment(visit.language).get_template(template)
    return compiled.render(visit=visit, session=visit.session, **values)


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("imageferry.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    translate = partial(languages.text, language)
    environment.globals.update(
        t=translate,
        word=partial(languages.word, language),
        explained=partial(explained, language),
        translated=partial(translated, language),
        object_translated=partial(translated, language, kind=OBJECTS),
        object_meanings={
            code: text.meaning for code, text in translations(language, OBJECTS).items()
        },
        purpose=partial(purpose, language),
        sentence=partial(sentence, language),
        asset=assets.address,
        language=language,
        languages=languages.LANGUAGES,
    )
    environment.filters.update(
        short=shorten,
        capital=lambda text: text[:1].upper() + text[1:],
        moment=_moment,
        bytes=quantities.in_bytes,
        duration=partial(quantities.duration, translate),
        about=partial(quantities.about, translate),
        clock=lambda moment: f"{moment.astimezone(UTC):%H:%M:%S}",
    )
    return environment


def shorten(text: object, length: int = MAX_SHOWN_CHARACTERS) -> str:
    """The beginning of a text, with a sign that there is more."""
    whole = str(text)
    return whole if len(whole) <= length else whole[: length - 1] + "…"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def seconds_between(begin: datetime, end: datetime) -> int:
    """Whole seconds from one moment to another, 0 where clocks disagree."""
    return max(0, math.floor((end - begin).total_seconds()))
