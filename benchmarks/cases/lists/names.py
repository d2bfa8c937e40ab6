"""Model names as servers use them."""

from benchmarks.cases.case import Answers, ApiCalls, Call, Case, Ends, TaskCase
from tests.wires.chat_completions.answers import replying
from tests.wires.google import answers as google

KIND = "names"
FOUND = "https://github.com/NousResearch/hermes-agent/pull/113499"
NAMES = {
    "B36.blanks": ("Llama 3 8B Instruct", FOUND),
    "B36.at": ("@cf/meta/llama-3.1-8b", "https://github.com/langchain-ai/openwiki/pull/318"),
    "B36.plus": ("command-r+", "https://github.com/ericmjl/canvas-chat/issues/263"),
    "B36.slash-colon": ("hf.co/Qwen/Qwen3-8B-GGUF:Q4_K_M", FOUND),
    "names.parenthesis": ("Qwen3 (8B)", "own"),
    "names.spaces": ("Qwen 3.8 27B", "https://github.com/NousResearch/hermes-agent/pull/94774"),
    "names.path": ("/my/llms/Qwen3", "https://github.com/anomalyco/opencode/issues/15668"),
    "names.slashes": ("hf.co/Menlo/Jan-nano-gguf:Q4_K_M", "https://github.com/genkit-ai/genkit/issues/3846"),
    "names.free": ("minimax/minimax-m3:free", "https://github.com/pocketpaw/pocketpaw/pull/2061"),
    "names.umlaut": ("modèle-8b", "own"),
    "names.dots": ("gpt-oss-20b.Q4_K_M.gguf", "own"),
    "names.at-version": ("claude-3-5-sonnet@20240620", "https://github.com/ChatGPTNextWeb/NextChat/pull/5769"),
    "names.colons": ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "https://github.com/pingdotgg/t3code/pull/2387"),
    "names.arn": (
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.meta.llama3-2-90b-instruct-v1:0",
        "https://github.com/DataDog/dd-trace-py/pull/11944",
    ),
    "names.percent": ("a%2Fb 100%", "https://github.com/sigoden/aichat/pull/1473"),
    "names.question": ("x?y=1&z#v", "https://github.com/sigoden/aichat/pull/1473"),
    "names.markup": ("qwen [/bold] 8B [red]", "own"),
    "names.quotes": ('o\'brien "large" \\ `x` $HOME', "own"),
    "names.case": ("QWEN-Case", "own"),
}
IN_A_PATH = {
    "names.google-colons": ("tuned:v1:0", "https://github.com/pingdotgg/t3code/pull/2387"),
    "names.google-percent": ("c%2Fd 100%", "https://github.com/sigoden/aichat/pull/1473"),
    "names.google-question": ("v?y=1&z#v", "https://github.com/sigoden/aichat/pull/1473"),
    "names.google-at": ("gemini@20240620", "https://github.com/ChatGPTNextWeb/NextChat/pull/5769"),
}
"""Names on a wire where the model's name is part of the address."""
BAD = {"names.control": "a\u0007b", "names.newline": "a\nb", "names.lead-blank": " a", "names.endless": "a" * 5000}


def _refused(id: str, name: str) -> Case:
    call = Call("POST", "/api/v1/tasks", {"goal": "x", "start": False, "model": f"local/{name}"})
    return Case(id, KIND, "own", f"{name[:20]!r}", ApiCalls((call,)), Answers(422, contains=("model",)))


CASES = (
    *(
        Case(id, KIND, source, name, TaskCase((replying("a b"),), model=name), Ends(result="a b"))
        for id, (name, source) in NAMES.items()
    ),
    *(
        Case(id, KIND, source, name, TaskCase((google.replying("a b"),), wire="google", model=name), Ends(result="a b"))
        for id, (name, source) in IN_A_PATH.items()
    ),
    *(_refused(id, name) for id, name in BAD.items()),
    Case(
        "B36.listed",
        KIND,
        FOUND,
        "the model list contains them",
        ApiCalls((Call("GET", "/api/v1/agents/models/available"),)),
        Answers(200, contains=("local",)),
    ),
)
