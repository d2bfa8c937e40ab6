"""S22: whether text can become code: constructs that evaluate it, and texts that template engines would evaluate."""

import ast
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from benchmarks.security.finding import API, Finding, Seen
from tests.stack import Stack

ROOT = Path(__file__).parents[2]
FOLDERS = ("activities", "api", "chimera", "cli", "models", "worker", "workflows")
CALLS = {"eval", "exec", "compile", "__import__", "execfile"}
"""Built-in functions that evaluate text. Methods with these names, such as that of a regular expression, don't."""
MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "jinja2", "mako", "code", "yaml"}
LOADERS = {"exec_module": {"chimera/tools/python/loading.py"}, "import_module": {"chimera/providers/__init__.py"}}
"""Files that load modules, and the function that does it. `cli/main.py` loads only constants of its own."""
IMPORTERS = {"cli/main.py", "chimera/providers/chat_completions/chat.py"}

_EXPRESSIONS = (
    *("7*7", "'a'.upper()", "config", "self", "request", "''.__class__", "''.__class__.__mro__[1].__subclasses__()"),
    *("__import__('os').environ", "lipsum.__globals__", "cycler.__init__.__globals__.os"),
)
_TEMPLATES = ("{{%s}}", "{%% print(%s) %%}", "${%s}", "#{%s}", "<%%= %s %%>", "{%s}")
FORMATS = (
    *("%s%s%s%n", "%(secret)s", "{0}", "{}", "{0.__class__.__init__.__globals__}", "{settings.secret_key}"),
    *("$secret", "${SECRET}", "$(id)", "`id`", "%x%x%x", "{event!r:>1000000}"),
)


async def text_as_code(stack: Stack) -> Seen:
    """Search the code, and store and read texts as titles, goals, metadata, prompts and names of schedules."""
    seen = Seen()
    for file in _files():
        name = str(file.relative_to(ROOT))
        found = sorted(_evaluating(ast.parse(file.read_text("utf-8")), name))
        seen.expect(not found, f"{name}: {found}")
    texts = [template % expression for template, expression in product(_TEMPLATES, _EXPRESSIONS)]
    for number, words in enumerate((*texts, *FORMATS)):
        body = {"title": words, "goal": words, "metadata": {"text": words}, "start": False}
        task = (await stack.api.post(f"{API}/tasks", json=body)).json()
        shown = (await stack.api.get(f"{API}/tasks/{task['id']}")).json()
        stored = (shown["title"], shown["goal"], shown["metadata"]["text"])
        seen.expect(stored == (words, words, words), f"{words!r} became {stored}")
        agent = {"name": f"verbatim-{number}", "prompt": words, "description": words}
        (await stack.api.post(f"{API}/agents", json=agent)).raise_for_status()
        shown = (await stack.api.get(f"{API}/agents/{agent['name']}")).json()
        seen.expect((shown["prompt"], shown["description"]) == (words, words), f"{words!r} became {shown}")
        await stack.api.delete(f"{API}/agents/{agent['name']}")
        await stack.api.delete(f"{API}/tasks/{task['id']}")
    seen.figures = {"texts": len(texts) + len(FORMATS)}
    seen.decisions.append(
        "chimera/tools/python loads the modules of the folder that the administrator has named in the settings"
    )
    return seen


def _files() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted((ROOT / folder).rglob("*.py"))


def _evaluating(tree: ast.AST, name: str) -> Iterator[str]:
    """Find the constructs in a file that evaluate text, run a shell, or load a module whose name isn't constant."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            yield str(node.module)
        elif isinstance(node, ast.Call):
            yield from _in_call(node, name)


def _in_call(call: ast.Call, name: str) -> Iterator[str]:
    function = call.func
    if isinstance(function, ast.Name) and function.id in CALLS:
        yield function.id
    called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    is_constant = bool(call.args) and isinstance(call.args[0], ast.Constant)
    if called == "import_module" and not is_constant and name not in LOADERS["import_module"] | IMPORTERS:
        yield called
    if called == "exec_module" and name not in LOADERS["exec_module"]:
        yield called
    owner = function.value if isinstance(function, ast.Attribute) else None
    if called in ("system", "popen") and isinstance(owner, ast.Name) and owner.id == "os":
        yield f"os.{called}"
    if any(word.arg == "shell" and not _is_false(word.value) for word in call.keywords):
        yield f"{called} with a shell"


def _is_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is False


FINDINGS = (Finding("S22", "no text becomes code, and templates in texts come back unchanged", text_as_code),)
