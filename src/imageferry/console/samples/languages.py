"""The languages that code is written in, and the code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from imageferry.console.samples import command, literals
from imageferry.console.samples.call import SampleCall
from imageferry.signing.acs_v3 import SignedRequest


@dataclass(frozen=True)
class Language:
    """A way to make a call.

    Attributes:
        key: What addresses and tests call it.
        title: What people call it.
        template: The code.
        without_models: The code where no SDK has a model of the call; the same where empty.
    """

    key: str
    title: str
    template: str
    without_models: str = ""


LANGUAGES: Sequence[Language] = (
    Language("python", "Python", "python.j2", "python_generic.j2"),
    Language("python-legacy", "Python (aliyun-python-sdk-core)", "python_legacy.j2"),
    Language("node", "Node.js", "node.j2", "node_generic.j2"),
    Language("node-legacy", "Node.js (pop-core)", "node_generic.j2"),
    Language("go", "Go", "go.j2", "go_generic.j2"),
    Language("java", "Java", "java.j2", "java_generic.j2"),
    Language("aliyun", "aliyun CLI", "aliyun.j2"),
    Language("curl", "curl", "curl.j2"),
    Language("imageferry", "imageferry", "imageferry.j2"),
)


@dataclass(frozen=True)
class Sample:
    """Code that makes one call in one language."""

    language: Language
    code: str


def samples(call: SampleCall, signed: SignedRequest) -> Iterator[Sample]:
    """The code of a call in every language that can say it, and no code twice.

    Args:
        call: The call.
        signed: The same call, signed, for what computes no signature itself.
    """
    words = command.words(call)
    codes: set[str] = set()
    for language in LANGUAGES:
        if language.key == "imageferry" and words is None:
            continue
        code = _code(language, call, signed, words or [])
        if code not in codes:
            yield Sample(language, code)
        codes.add(code)


def _code(language: Language, call: SampleCall, signed: SignedRequest, words: list[str]) -> str:
    has_template = call.has_models or not language.without_models
    template = language.template if has_template else language.without_models
    names = {name for name, _ in call.parameters}
    code = _environment().get_template(template)
    return code.render(call=call, signed=signed, words=words, names=names)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("imageferry.console.samples"),
        # The code is text; the page that shows it escapes it.
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        python=literals.python,
        node=literals.node,
        go=literals.go,
        java=literals.java,
        shell=literals.shell,
        snake_case=literals.snake_case,
        camel_case=literals.camel_case,
    )
    return environment
