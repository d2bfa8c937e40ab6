"""The images of a tool's result that are kept, by their bytes and the room for them."""

from activities import tool_images
from activities.tool_images import kept_images
from chimera.ledger.run_files import Room
from chimera.tools.base import ToolImage
from models.files import MAX_IMAGE_BYTES
from models.ids import RunId, UserId
from tests.media import a_png, a_wav

ROOM = Room(files=200, size_bytes=50_000_000, counted_bytes=None)


def an_image(size_bytes: int = 0, media_type: str = "image/png") -> ToolImage:
    data = a_png()
    return ToolImage(media_type, data + bytes(max(0, size_bytes - len(data))))


def test_an_images_type_is_read_from_its_bytes() -> None:
    kept = kept_images([an_image(media_type="text/html"), ToolImage("image/png", a_wav())], ROOM)
    assert [content.media_type for content in kept.contents] == ["image/png"]
    assert kept.noted("Done.") == "Done.\n[1 image left out: not a PNG, JPEG, GIF or WebP image]"


def test_a_result_has_at_most_five_images() -> None:
    kept = kept_images([an_image()] * 7, ROOM)
    assert len(kept.contents) == 5
    assert "[2 images left out: a result may have 5 images" in kept.noted("")


def test_large_images_are_left_out() -> None:
    sizes = (MAX_IMAGE_BYTES + 1, 3_000_000, 2_500_000, 2_000_000)
    kept = kept_images([an_image(size) for size in sizes], ROOM)
    assert [content.size_bytes for content in kept.contents] == [3_000_000, 2_000_000]
    assert sum(kept.left_out.values()) == 2


def test_images_need_room_in_the_run() -> None:
    for room in (Room(1, 50_000_000, None), Room(200, 100, None), Room(200, 50_000_000, 100_000)):
        kept = kept_images([an_image(), an_image()], room)
        assert len(kept.contents) == 1
        assert "no room" in kept.noted("")


def test_a_result_with_only_images_has_a_text() -> None:
    assert kept_images([an_image()], ROOM).noted(" ") == "[1 image]"
    assert kept_images([an_image()], ROOM).noted("A chart") == "A chart"


def test_names_are_unique_in_a_run() -> None:
    files = kept_images([an_image(), an_image()], ROOM).files_of("chart", UserId("u"), RunId("r"))
    first, second = (file.name for file in files)
    assert first != second
    assert first.startswith(f"{tool_images.FOLDER}/chart-")
    assert first.endswith(".png")
