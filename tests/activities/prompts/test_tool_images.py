"""Images of tool results, as they are shown to models."""

from activities.prompts import messages
from activities.prompts.tool_images import messages_with
from chimera.ledger.transcripts import TranscriptRow
from chimera.providers.base import ChatMessage, Image
from models.files import InputFile

FILES = {name: InputFile("image/png", name.encode()) for name in ("a", "b", "c")}
PICTURES = {name: Image(*file) for name, file in FILES.items()}
CALLS = [{"id": f"c{number}", "name": f"tool{number}", "arguments": "{}"} for number in range(3)]


def a_turn(step: int, *images: tuple[str, ...]) -> list[TranscriptRow]:
    """Return a reply with one tool call for each of `images`, and the calls' results with these images."""
    place = step * 1000
    results = [
        TranscriptRow(place + 501 + index, "tool", "text", 1, tool_call_id=f"c{index}", images=shown)
        for index, shown in enumerate(images)
    ]
    reply = TranscriptRow(place + 500, "assistant", "", 1, tool_calls=CALLS[: len(images)])
    return [TranscriptRow(place, "user", "Go", 1), reply, *results]


def test_an_image_follows_the_last_result_of_its_turn() -> None:
    after = messages_with([*a_turn(1, ("a",), ()), *a_turn(2, ())], FILES, "deleted")
    assert after == {1502: ChatMessage("user", "Images from the result of tool0:", images=(PICTURES["a"],))}


def test_each_image_has_its_tool() -> None:
    (message,) = messages_with(a_turn(1, ("b", "a"), (), ("c",)), FILES, "deleted").values()
    assert message.content == "Images from the results of this turn, in this order: 2 from tool0, 1 from tool2"
    assert message.images == (PICTURES["b"], PICTURES["a"], PICTURES["c"])


def test_a_missing_image_is_noted() -> None:
    (message,) = messages_with(a_turn(1, ("a", "gone")), FILES, "deleted").values()
    assert message.content == (
        "Images from the result of tool0:\n[The result of tool0 has 1 image that can't be shown: deleted]"
    )
    assert message.images == (PICTURES["a"],)


def test_a_model_without_image_input_gets_a_note() -> None:
    (message,) = messages_with(a_turn(1, ("a", "b")), {}, messages.NO_IMAGE_INPUT).values()
    assert message.images == ()
    assert (
        message.content == "[The result of tool0 has 2 images that can't be shown: this model does not accept images]"
    )


def test_a_result_without_its_call_shows_no_image() -> None:
    first, _, *results = a_turn(1, ("a",))
    rows = [first, *results, *a_turn(2, ("b",))]
    spoken = messages.messages_of("", rows, 1, after=messages_with(rows, FILES, "deleted"))
    assert [message.images for message in spoken if message.images] == [(PICTURES["b"],)]


def test_images_count_as_tokens() -> None:
    rows = a_turn(1, ("a", "b"))
    plain, shown = (
        messages.messages_of("", rows, 0, after=after) for after in ({}, messages_with(rows, FILES, "deleted"))
    )
    assert [message.role for message in plain] == [message.role for message in shown[:-1]]
    assert messages.image_tokens_of(shown[-1].images) == 2 * messages.IMAGE_TOKENS
