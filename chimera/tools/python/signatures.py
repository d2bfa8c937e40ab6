"""Makes a schema of a function's parameters, and calls' arguments of JSON."""

import inspect
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PydanticUserError, ValidationError, create_model
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError
from pydantic.fields import FieldInfo

from chimera.content import schemas
from chimera.tools.base import ToolError, problems_of
from chimera.tools.context import ToolContext
from chimera.tools.python.docstrings import docs_of
from models.tools import TOOL_NAME


class UnusableFunction(ValueError):
    """A function that can't be a tool."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A function's parameters, as a model and as JSON Schema."""

    name: str
    description: str
    schema: dict[str, Any]
    arguments: type[BaseModel]
    names: tuple[str, ...]
    context: str | None
    """The parameter that receives the context."""

    def values_of(self, arguments: Mapping[str, JsonValue]) -> dict[str, Any]:
        """Return the values for the parameters. Raises ToolError if the arguments don't match the schema."""
        if problems := schemas.check(self.schema, arguments):
            raise ToolError(problems_of(self.name, problems))
        try:
            model = self.arguments.model_validate(arguments)
        except ValidationError as error:
            found = [f"{'.'.join(map(str, each['loc'])) or 'arguments'}: {each['msg']}" for each in error.errors()]
            raise ToolError(problems_of(self.name, found)) from None
        return {name: getattr(model, f"p{number}") for number, name in enumerate(self.names)}


def signature_of(function: Callable[..., Any], name: str | None = None) -> Signature:
    """Read a function's name, docstring and parameters. Raises UnusableFunction with the reason and a remedy."""
    name = name or function.__name__
    if not re.fullmatch(TOOL_NAME, name):
        raise UnusableFunction(f"The name {name!r} isn't allowed. Use up to 64 letters A-Z, digits, '_' and '-'.")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise UnusableFunction(f"{name!r} is a generator. Return a list instead.")
    docs = docs_of(function.__doc__)
    if not docs.description:
        raise UnusableFunction(f"{name!r} has no docstring. Models read it to decide when to call the tool.")
    hints = hints_of(function, name)
    parameters = inspect.signature(function).parameters
    context = next((each for each in parameters if is_context(each, hints)), None)
    names = tuple(each for each in parameters if each != context)
    fields = {
        f"p{number}": _field(name, parameters[each], hints, docs.parameters.get(each, ""))
        for number, each in enumerate(names)
    }
    arguments = _model(name, fields)
    return Signature(name, docs.description, _schema(name, arguments), arguments, names, context)


def hints_of(function: Callable[..., Any], name: str) -> dict[str, Any]:
    """Return the types of a function's parameters. Raises UnusableFunction if one isn't defined."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception as error:  # noqa: BLE001  # an annotation may be any expression
        raise UnusableFunction(f"The types of {name!r} can't be read: {error}.") from None


def is_context(parameter: str, hints: Mapping[str, Any]) -> bool:
    """Return whether a parameter receives the context."""
    hint = hints.get(parameter)
    return hint is ToolContext or (parameter == "context" and hint in (None, Any))


def _field(tool: str, parameter: inspect.Parameter, hints: Mapping[str, Any], description: str) -> Any:
    name = parameter.name
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
        raise UnusableFunction(f"The parameter {str(parameter)!r} of {tool!r} can't be given by name. Name each one.")
    if name not in hints:
        raise UnusableFunction(f"The parameter {name!r} of {tool!r} has no type. Write {name}: str, for example.")
    hint = hints[name]
    given: dict[str, Any] = {"alias": name}
    if description and not _is_described(hint, parameter.default):
        given["description"] = description
    if isinstance(parameter.default, FieldInfo):
        return (Annotated[hint, parameter.default], Field(**given, **_default_of(parameter.default)))
    if parameter.default is parameter.empty:
        return (hint, Field(**given))
    return (hint, Field(default=parameter.default, **given))


def _is_described(hint: Any, default: object) -> bool:
    extras = [default, *getattr(hint, "__metadata__", ())]
    return any(isinstance(extra, FieldInfo) and extra.description for extra in extras)


def _default_of(field: FieldInfo) -> dict[str, Any]:
    if field.is_required():
        return {}
    return {"default_factory": field.default_factory} if field.default_factory else {"default": field.default}


def _model(name: str, fields: dict[str, Any]) -> type[BaseModel]:
    try:
        # The fields have names of their own, so that parameters may be called `json`, `schema` or `model_config`.
        return create_model(f"{name}_arguments", __config__=ConfigDict(extra="forbid"), **fields)
    except (PydanticSchemaGenerationError, PydanticUserError, TypeError, ValueError) as error:
        raise UnusableFunction(f"A type of {name!r} isn't supported: {_first_line(error)}") from None


def _schema(name: str, arguments: type[BaseModel]) -> dict[str, Any]:
    try:
        schema = arguments.model_json_schema()
    except (PydanticInvalidForJsonSchema, PydanticUserError) as error:
        raise UnusableFunction(f"A type of {name!r} has no JSON Schema: {_first_line(error)}") from None
    schema.pop("title", None)
    for each in schema.get("properties", {}).values():
        each.pop("title", None)
    schema.setdefault("properties", {})
    if problem := schemas.is_usable(schema, of_object=True):
        raise UnusableFunction(f"{name!r}: {problem}")
    return schema


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
