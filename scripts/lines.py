"""Count the lines of production code by folder, for one or more revisions: `python scripts/lines.py [REV …]`.

Blank lines, comments and docstrings aren't counted. Without a revision, the working tree is used.
"""

import ast
import io
import subprocess
import sys
import tokenize
from collections import Counter
from pathlib import Path

FOLDERS = ("activities", "api", "chimera", "cli", "models", "worker", "workflows")
IGNORED = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def main() -> None:
    revisions = sys.argv[1:] or [""]
    counts = [_lines_of(revision) for revision in revisions]
    print(f"| folder | {' | '.join(revision or 'now' for revision in revisions)} |")
    print(f"|---|{'---:|' * len(revisions)}")
    for folder in sorted(set().union(*counts)):
        print(f"| {folder} | {' | '.join(f'{count[folder]:,}' for count in counts)} |")
    print(f"| all | {' | '.join(f'{count.total():,}' for count in counts)} |")


def _lines_of(revision: str) -> Counter[str]:
    lines: Counter[str] = Counter()
    for name in _git("ls-tree", "-r", "--name-only", revision, *FOLDERS) if revision else _git("ls-files", *FOLDERS):
        if name.endswith(".py"):
            text = "\n".join(_git("show", f"{revision}:{name}")) if revision else Path(name).read_text()
            lines[_folder_of(name)] += _code_lines(text)
    return lines


def _folder_of(name: str) -> str:
    """Return a file's first folder; in `chimera`, which is the largest, also the second."""
    parts = name.split("/")
    return "/".join(parts[: 2 if parts[0] == "chimera" and len(parts) > 2 else 1])


def _code_lines(text: str) -> int:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    used = {line for token in tokens if token.type not in IGNORED for line in range(token.start[0], token.end[0] + 1)}
    return len(used - _docstring_lines(ast.parse(text)))


def _docstring_lines(tree: ast.Module) -> set[int]:
    """Return the lines of strings that are statements: docstrings of modules, classes, functions and attributes."""
    strings = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    return {line for string in strings for line in range(string.lineno, (string.end_lineno or string.lineno) + 1)}


def _git(*arguments: str) -> list[str]:
    return subprocess.run(["git", *arguments], capture_output=True, check=True, text=True).stdout.splitlines()


if __name__ == "__main__":
    main()
