"""Content as lists of parts, and a model's thoughts, which must never be part of its answer."""

from benchmarks.cases.case import SPENT, Case, Ends, TaskCase
from tests.wires.chat_completions.answers import replying, stream
from tests.wires.chat_completions.frames import USAGE, Chunk, chunk, piece
from tests.wires.model_server import ServedAnswer

KIND = "contents"
ANSWER = Ends(result="the answer", spent=SPENT)
LISTS = "https://github.com/vercel/ai/issues/13703"
THOUGHTS = "https://github.com/admonstrator/zettelrobbe/issues/74"
THOUGHT = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}


def _case(id: str, what: str, answer: ServedAnswer, source: str, right: Ends = ANSWER, note: str = "") -> Case:
    return Case(id, KIND, source, what, TaskCase((answer,)), right, note)


def _of(*parts: Chunk) -> ServedAnswer:
    return stream(*parts, chunk({}, "stop"), USAGE)


CASES = (
    _case(
        "B15",
        "a thinking part, then a text part (Mistral)",
        _of(piece([THOUGHT]), piece([{"type": "text", "text": "the answer"}])),
        LISTS,
    ),
    _case(
        "B11.answer",
        "`<think>…</think>` before an answer",
        replying("<think>Hm. One moment.</think>\n\nthe answer"),
        THOUGHTS,
        note="Thinking is not an answer. It is stored separately and isn't passed to the result or to dependents.",
    ),
    _case(
        "B11.split",
        "tags split across chunks",
        _of(*map(piece, ("<th", "ink>Hm", ".</", "thi", "nk>", "the answer"))),
        THOUGHTS,
    ),
    _case(
        "parts.closing-only",
        "only a closing tag, as Qwen's and DeepSeek's templates leave it",
        replying("Hm. One moment.\n</think>\n\nthe answer"),
        "https://github.com/ggml-org/llama.cpp/pull/15052",
    ),
    _case(
        "parts.thinking-tag",
        "`<thinking>`",
        replying("<thinking>Hm.</thinking>the answer"),
        "https://github.com/HKUDS/nanobot/pull/4466",
    ),
    _case(
        "parts.reasoning-content",
        "`reasoning_content` beside `content: null`",
        _of(chunk({"content": None, "reasoning_content": "Hm."}), piece("the answer")),
        "https://github.com/earendil-works/pi/pull/2782",
    ),
    _case(
        "parts.reasoning",
        "`reasoning` (OpenRouter, Groq)",
        _of(chunk({"content": "", "reasoning": "Hm."}), piece("the answer")),
        "https://github.com/brainlid/langchain/pull/651",
    ),
    _case(
        "parts.reasoning-part",
        "a reasoning part and a text part in one delta (gpt-oss)",
        _of(
            piece(
                [
                    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
                    {"type": "text", "text": "the answer"},
                ]
            )
        ),
        "https://github.com/databricks/appkit/pull/559",
    ),
    _case(
        "parts.text-list",
        "only text parts (Mistral's relay)",
        _of(piece([{"type": "text", "text": "the "}]), piece([{"type": "text", "text": "answer"}])),
        "https://github.com/NousResearch/hermes-agent/pull/94905",
    ),
    _case(
        "parts.unknown-part",
        "a part of an unknown type",
        _of(piece([{"type": "citation", "source": 7}, {"type": "text", "text": "the answer"}])),
        "https://github.com/open-webui/open-webui/pull/28840",
    ),
    _case(
        "parts.tags-in-code",
        "think tags in the middle of an answer about them",
        replying("Write `<think>` and `</think>` around it."),
        "https://github.com/tobocop2/lilbee/pull/729",
        Ends(result="Write `<think>` and `</think>` around it.", spent=SPENT),
        "Only text at the beginning counts as thinking.",
    ),
    _case(
        "parts.unclosed",
        "thinking that never ends",
        replying("<think>Hm. One moment"),
        "https://github.com/bytedance/deer-flow/pull/3218",
        Ends("failed", requests=None, lacks=("One moment",)),
        "It contains no answer.",
    ),
    _case(
        "parts.message",
        "`message` instead of `delta`",
        _of({"id": "c", "choices": [{"index": 0, "message": {"content": "the answer"}, "finish_reason": None}]}),
        "https://github.com/langgenius/dify/issues/3384",
    ),
    _case(
        "parts.text",
        "`text`, as in completions",
        _of({"id": "c", "choices": [{"index": 0, "text": "the answer", "finish_reason": None}]}),
        "https://github.com/microsoft/autogen/pull/6465",
    ),
    _case(
        "parts.number",
        "numeric content",
        _of(piece(42)),
        "https://github.com/open-webui/open-webui/pull/28840",
        Ends(result="42", spent=SPENT),
    ),
    _case(
        "B41.latin1",
        "bytes that aren't UTF-8",
        ServedAnswer(str(replying("caf€").body).replace("\\u20ac", "é").encode("latin-1")),
        "own",
        Ends(result="caf\ufffd", spent=SPENT),
        "The letter is unknown, but the answer is paid for, so the rest of it is stored.",
    ),
    _case(
        "B41.number-chunk-id",
        "a numeric chunk id",
        stream({**piece("the answer"), "id": 7}, chunk({}, "stop"), USAGE),
        "own",
    ),
    _case(
        "B41.object-chunk-id",
        "an object as the chunk id",
        stream({**piece("the answer"), "id": {"n": 1}}, chunk({}, "stop"), USAGE),
        "own",
    ),
    Case(
        "B50",
        KIND,
        "own",
        "a 100,000-character goal for a window of 8,192 tokens",
        TaskCase(
            (replying("the answer"),),
            model="small-window",
            body={"goal": "🌍" * 100_000, "plan": None},
            planned=True,
            limit_s=60,
        ),
        Ends("failed", requests=None, asked=("[… cut here to fit",)),
        "A goal that exceeds the window is shortened and marked. No plan follows here, so the task fails.",
    ),
    *(
        _case(f"parts.{name}", what, replying(text), source)
        for name, what, text, source in (
            (
                "gpt-oss",
                "gpt-oss's channels",
                "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>the answer",
                "https://github.com/kekzl/imp/pull/768",
            ),
            (
                "gpt-oss-words",
                "gpt-oss's channels without their tokens",
                "analysisHm.assistantfinalthe answer",
                "https://github.com/Augustas11/macprovider/issues/743",
            ),
            ("gemma", "Gemma's channel", "<|channel>thought\nHm.<channel|>the answer", "own"),
            ("end-token", "a template token after the text", "the answer<|im_end|>", "own"),
        )
    ),
    _case(
        "parts.other-number",
        "a token index instead of the choice index",
        stream(
            *(
                {"id": "c", "choices": [{"index": n, "delta": {"content": text}}]}
                for n, text in ((1, "the "), (2, "answer"))
            ),
            {"id": "c", "choices": [{"index": 3, "delta": {}, "finish_reason": "stop"}]},
            USAGE,
        ),
        "https://github.com/huggingface/text-generation-inference/pull/1648",
    ),
)
