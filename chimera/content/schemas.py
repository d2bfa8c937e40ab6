"""Checks arguments and answers against JSON Schema, and reports the problems in words that a model can act on.

Nothing is fetched for a `$ref`. Formats aren't asserted, nor are patterns that can't be checked in linear time, such as
those with lookarounds: the tool itself may still reject such a value.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationError, ValidationErrorKind

from chimera.content.schema_costs import Costs
from models.base import preview_of

MAX_PROBLEMS = 10
"""The number of problems that are reported at most."""
MAX_NESTING = 64
"""The number of levels in a value. PostgreSQL and front ends don't take much more."""

_MAX_CACHED = 256
_MAX_CACHED_CHARS = 64 * 1024
_SHOWN_CHARS = 60
_SHOWN_OPTIONS = 20
_OUR_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MAX_CHECKS = 500_000
# To explain a problem takes longer than to find it: about 0.1 s for this number of checks of one value, or of all.
_MAX_EXPLAINED = 2_000
_MAX_EXPLAINED_IN_ALL = 50_000
_FEW = 50
_MAX_UNCHECKED = 100
# Takes linear time, and with this size at most some 10 ms for 100,000 characters. 512 KiB would allow 4 s.
_PATTERNS = jsonschema_rs.RegexOptions(size_limit=256 * 1024)


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A schema that can be used."""

    validator: jsonschema_rs.Validator
    costs: Costs


def check(schema: Mapping[str, Any], value: object, *, root: str = "arguments") -> list[str]:
    """Return the problems of a value, each as `path: what is wrong`; an empty list if it matches the schema.

    `root` is the path of the whole value. Raises ValueError if the schema isn't usable; see `is_usable`.
    """
    compiled = _compiled_of(schema)
    levels = _levels_of(value)
    if len(levels) > MAX_NESTING:
        return [f"{root}: nested deeper than {MAX_NESTING} levels"]
    if compiled.costs.total(levels) > _MAX_CHECKS:
        return [f"{root}: too large or nested too deeply for the schema"]
    try:
        return _problems_with(compiled, value, levels, root)
    except UnicodeEncodeError:
        return [f"{root}: a text contains half of a surrogate pair, which isn't a character"]
    except Exception as error:  # noqa: BLE001  (for example, the library takes no numbers of thousands of digits)
        return [f"{root}: can't be checked ({type(error).__name__})"]


def is_usable(schema: object, *, of_object: bool = False) -> str | None:
    """Return why `schema` can't be used; None if it can. With `of_object`, it has to describe a JSON object."""
    if not isinstance(schema, dict):
        return "The schema is not a JSON object."
    if of_object and schema.get("type") != "object":
        return f"The schema's type is {schema.get('type')!r}. It has to be 'object'."
    try:
        if _compiled_of(schema).costs.most(0) > _MAX_EXPLAINED:
            return "The schema has too many alternatives for one value."
    except ValueError as error:
        return str(error)
    return None


def _problems_with(compiled: _Compiled, value: object, levels: Sequence[int], root: str) -> list[str]:
    if compiled.validator.is_valid(value):
        return []
    if not _can_be_explained(compiled.costs, levels):
        return [f"{root}: doesn't match the schema"]
    problems: dict[str, None] = {}
    for error in compiled.validator.iter_errors(value):
        problems[_sentence_of(error, root)] = None
        if len(problems) == MAX_PROBLEMS:
            break
    return list(problems)


def _compiled_of(schema: Mapping[str, Any]) -> _Compiled:
    try:
        text = json.dumps(schema, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise ValueError("The schema is not JSON, contains itself, or contains a number that is too large.") from None
    return _cached(text) if len(text) <= _MAX_CACHED_CHARS else _compiled(text)


def _compiled(text: str) -> _Compiled:
    schema = json.loads(text)
    schema.pop("$id", None)
    if not str(schema.get("$schema", "")).startswith(("http://json-schema.org/", "https://json-schema.org/")):
        schema["$schema"] = _OUR_DIALECT  # Other dialects, such as OpenAPI's, have only additional keywords.
    costs = Costs(schema)
    for _ in range(_MAX_UNCHECKED):
        try:
            validator = jsonschema_rs.validator_for(
                schema, validate_formats=False, offline=True, pattern_options=_PATTERNS
            )
        except ValidationError as error:
            if not _drop_pattern(schema, error):
                place = "/".join(map(str, error.instance_path))
                where = f" at {place}" if place else ""
                raise ValueError(f"The schema is invalid{where}: {_cut(error.message)}") from None
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            raise ValueError(f"The schema is invalid: {_cut(str(error))}") from None
        else:
            return _Compiled(validator, costs)
    raise ValueError(f"The schema has more than {_MAX_UNCHECKED} patterns that can't be checked.")


def _drop_pattern(schema: Any, error: ValidationError) -> bool:
    """Remove the pattern that an error is about; return whether there was one."""
    if not isinstance(error.kind, ValidationErrorKind.Format) or error.kind.format != "regex":
        return False
    *way, last = error.instance_path
    parts = [schema]
    for part in way:
        parts.append(parts[-1][part])
    del parts[-1][last]
    if last != "pattern":
        # A name in `patternProperties`, whose names would otherwise count as additional ones.
        for name in ("additionalProperties", "unevaluatedProperties"):
            parts[-2].pop(name, None)
    return True


_cached = lru_cache(maxsize=_MAX_CACHED)(_compiled)


def _can_be_explained(costs: Costs, levels: Sequence[int]) -> bool:
    most = max(costs.most(level) for level in range(len(levels)))
    return most <= _FEW or (most <= _MAX_EXPLAINED and costs.total(levels) <= _MAX_EXPLAINED_IN_ALL)


def _levels_of(value: object) -> list[int]:
    """Return the number of values at each level, down to the first level that is too deep."""
    here: list[object] = [value]
    counts: list[int] = []
    while here and len(counts) <= MAX_NESTING:
        counts.append(len(here))
        here = [inner for each in here for inner in _inside(each)]
    return counts


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def _sentence_of(error: ValidationError, root: str) -> str:
    place = ".".join(map(str, error.instance_path)) or root
    return f"{place}: {_problem_in(error)}"


def _problem_in(error: ValidationError) -> str:
    kinds = ValidationErrorKind
    match error.kind:
        case kinds.Required(property=name):
            return f"{name!r} is missing"
        case kinds.AdditionalProperties(unexpected=names) | kinds.UnevaluatedProperties(unexpected=names):
            return f"unknown {', '.join(repr(_cut(str(name))) for name in names[:5])}"
        case kinds.Type(types=types):
            return f"must be {_or(types)}, not {_shown(error.instance)}"
        case kinds.Enum(options=options):
            return f"must be one of {_listed(options)}, not {_shown(error.instance)}"
        case kinds.Constant(expected_value=value):
            return f"must be {_shown(value)}, not {_shown(error.instance)}"
        case kinds.Pattern(pattern=pattern):
            return f"must match the pattern {_cut(pattern)}, which {_shown(error.instance)} doesn't"
        case kinds.MinLength(limit=limit) | kinds.MaxLength(limit=limit):
            few = isinstance(error.kind, kinds.MinLength)
            return f"must have at {'least' if few else 'most'} {limit} characters, not {len(str(error.instance))}"
        case kinds.AnyOf(context=branches) | kinds.OneOfNotValid(context=branches):
            return _closest(branches, _cut(error.message))
    return _cut(error.message)


def _closest(branches: list[list[ValidationError]], message: str) -> str:
    """Return the problem of the branch that fits best: one of the right type, with few problems."""
    types = [error.kind.types for branch in branches for error in branch if isinstance(error.kind, _TYPE)]
    of_type = [branch for branch in branches if branch and not isinstance(branch[0].kind, _TYPE)]
    if of_type:
        return _sentence_of(min(of_type, key=len)[0], "").removeprefix(": ")
    return f"must be {_or(sorted({name for names in types for name in names}))}" if types else message


_TYPE = ValidationErrorKind.Type


def _or(types: list[str]) -> str:
    names = [f"{'an' if name[0] in 'aeiou' else 'a'} {name}" if name != "null" else name for name in types]
    return " or ".join(names)


def _listed(options: Sequence[object]) -> str:
    more = f" (and {len(options) - _SHOWN_OPTIONS} others)" if len(options) > _SHOWN_OPTIONS else ""
    return ", ".join(_shown(option) for option in options[:_SHOWN_OPTIONS]) + more


def _shown(value: object) -> str:
    return _cut(json.dumps(value, ensure_ascii=False, default=str))


def _cut(text: str) -> str:
    first = text.partition("\n\nFailed validating")[0].strip()
    return preview_of(" ".join(first.split()), _SHOWN_CHARS * 3 if " " in first else _SHOWN_CHARS)
