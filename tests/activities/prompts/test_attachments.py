"""Files of a conversation: which of them are shown, and how."""

from collections.abc import Sequence
from io import BytesIO
from uuid import uuid4

import pytest

from activities.prompts import attachments
from activities.prompts.attachments import MAX_TEXT_FILE_BYTES, MAX_TEXT_FILE_CHARS, Shown
from chimera.config.settings import Settings
from chimera.content.files import measured
from chimera.db.engine import Database
from chimera.store import files
from models.files import MAX_IMAGE_BYTES, InputFile
from models.ids import UserId
from tests.media import a_png
from tests.runs import new_user

MODEL = "simulator/fast"
NO_IMAGES = "openai/gpt-3.5-turbo"


@pytest.fixture
async def owner_id(database: Database) -> UserId:
    return await new_user(database)


async def stored(database: Database, owner_id: UserId, data: bytes, name: str = "a.txt") -> str:
    async with database.begin() as session:
        return (await files.create(session, owner_id, name, measured(BytesIO(data)))).id


async def an_image(database: Database, owner_id: UserId, size_bytes: int) -> str:
    head = a_png()
    return await stored(database, owner_id, head + bytes(size_bytes - len(head)), "i.png")


async def shown(
    database: Database, owner_id: UserId, *messages: Sequence[str | InputFile], model: str = MODEL
) -> list[Shown]:
    async with database.statements() as connection:
        return await attachments.read(connection, owner_id, messages, model, Settings())


async def test_the_newest_images_fit_into_a_request(database: Database, owner_id: UserId) -> None:
    sizes = [3_000_000] * 3 + [1_500_000] * 2
    ids = [await an_image(database, owner_id, size) for size in sizes]
    older, newer, none = await shown(database, owner_id, [*ids[:3]], [*ids[3:]], [])
    assert [len(image.data) for image in (*older.images, *newer.images)] == [3_000_000] * 2 + [1_500_000] * 2
    assert "[This prompt includes 1 image that can't be shown: " in older.notes[0]
    assert (newer.notes, none) == ((), Shown())


async def test_at_most_twenty_images_are_shown(database: Database, owner_id: UserId) -> None:
    image = await stored(database, owner_id, a_png(), "i.png")
    older, newer = await shown(database, owner_id, [image] * 15, [InputFile("image/png", a_png())] * 15)
    assert (len(older.images), len(newer.images)) == (5, 15)
    assert "10 images" in older.notes[0]


async def test_an_image_is_whole_or_left_out(database: Database, owner_id: UserId) -> None:
    too_large = await an_image(database, owner_id, MAX_IMAGE_BYTES + 1)
    small = await an_image(database, owner_id, 1000)
    (message,) = await shown(database, owner_id, [too_large, small])
    assert [len(image.data) for image in message.images] == [1000]
    assert "1 image" in message.notes[0]


async def test_a_model_without_eyes_gets_a_note(database: Database, owner_id: UserId) -> None:
    image = await an_image(database, owner_id, 1000)
    (message,) = await shown(database, owner_id, [image], model=NO_IMAGES)
    assert message == Shown(("[This prompt includes 1 image that can't be shown: this model does not accept images]",))


async def test_only_text_files_are_read(database: Database, owner_id: UserId) -> None:
    contents = (b"\xef\xbb\xbfred", b"\x00\x01", b"\xff\xfe", b"\x00\x00\x00\x18ftypheic\x00")
    ids = [await stored(database, owner_id, content) for content in contents]
    (message,) = await shown(database, owner_id, [*ids, str(uuid4())])
    assert message.notes[0] == "Attached file 'a.txt':\nred"
    assert [("can't be read" in note) for note in message.notes] == [False, True, True, True, False]
    assert message.notes[-1] == attachments.DELETED


@pytest.mark.parametrize("character", ["a", "é", "🙂"])
async def test_a_long_text_is_cut_visibly(database: Database, owner_id: UserId, character: str) -> None:
    text = character * (MAX_TEXT_FILE_CHARS + 1)
    ids = [await stored(database, owner_id, data) for data in (text.encode(), text[:-1].encode("utf-8-sig"))]
    (message,) = await shown(database, owner_id, ids)
    texts = [note.partition("\n")[2] for note in message.notes]
    assert texts[0].startswith(text[:-1] + "\n[… cut here")
    assert texts[1] == text[:-1]


async def test_old_text_files_make_room(database: Database, owner_id: UserId) -> None:
    long = await stored(database, owner_id, b"long " * (MAX_TEXT_FILE_BYTES // 5 + 1), "long.txt")
    older, newer = await shown(database, owner_id, [long] * 2, [long] * 9)
    assert [note.startswith("Attached file 'long.txt':") for note in (*older.notes, *newer.notes)] == [True, False] + [
        True
    ] * 9
    assert older.notes[1] == "[The attached file 'long.txt' isn't shown any more.]"


async def test_files_of_other_users_are_not_read(database: Database, owner_id: UserId) -> None:
    ids = [await stored(database, owner_id, b"secret"), await an_image(database, owner_id, 1000)]
    (message,) = await shown(database, await new_user(database), ids)
    assert message == Shown((attachments.DELETED,) * 2)
