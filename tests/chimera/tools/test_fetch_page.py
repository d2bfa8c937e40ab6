"""The tool that reads a web page: text, titles, charsets, and what it leaves out."""

import codecs
from asyncio import StreamWriter

import pytest

from chimera.config.settings import Settings
from chimera.egress.client import EgressClient
from chimera.egress.transport import Ways
from chimera.tools.base import ToolError, ToolOutput
from chimera.tools.fetch_page import FetchPage
from chimera.tools.web_pages import page_of
from tests.chimera.egress.servers import Answer, Arrived, Internet, redirects, says, serving, zone
from tests.chimera.tools.calls import context


async def fetched(answer: Answer, **arguments: int) -> ToolOutput:
    async with serving(answer) as place:
        tool = FetchPage(EgressClient(Settings(egress_allow=place.listed()), Ways(zone({}))))
        output = await tool.run({"url": place.url("/page"), **arguments}, context(max_result_chars=5000))
        return ToolOutput(output.text.replace(str(place.port), "PORT"), output.failed)


async def test_a_page_becomes_markdown_with_its_title() -> None:
    page = b"<title>News &amp; more</title><h1>Today</h1><p>Rain, <b>then</b> <a href='https://x.example/'>sun</a>."
    output = await fetched(says(page, kind="text/html; charset=utf-8"))
    assert output == ToolOutput(
        "URL: http://127.0.0.1:PORT/page\nTitle: News & more\n\n# Today\n\nRain, **then** [sun](https://x.example/)."
    )


HIDDEN = (
    "<script>BAD()</script>",
    "<style>.BAD {}</style>",
    "<!-- BAD -->",
    "<p hidden>BAD</p>",
    "<p style='display:none'>BAD</p>",
    "<p style='DISPLAY : NONE !important'>BAD</p>",
    "<p style='visibility: hidden'>BAD</p>",
    "<div hidden><p>x<b>BAD</b></div>",
    "<p aria-hidden='true'>BAD</p>",
    "<template>BAD</template>",
    "<noscript>BAD</noscript>",
    "<svg><text>BAD</text></svg>",
    "<iframe src='https://x.example'>BAD</iframe>",
    "<object>BAD</object>",
    "<input type=hidden value=BAD>",
    "<textarea>BAD</textarea>",
    "<img alt='BAD' src='data:image/png;base64,AAAA'>",
    "<meta name=description content=BAD>",
)


@pytest.mark.parametrize("part", HIDDEN)
def test_hidden_content_is_dropped(part: str) -> None:
    text = page_of(f"<html><body><p>before</p>{part}<p>after</p></body></html>").text
    assert "BAD" not in text
    assert text.startswith("before")
    assert text.endswith("after")


async def test_a_refresh_is_not_followed() -> None:
    async with serving(says(b"secret")) as private:
        page = f"<meta http-equiv=refresh content='0;url={private.url()}'><p>here".encode()
        assert "here" in (await fetched(says(page, kind="text/html"))).text
        assert private.connects == 0


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("Grüße".encode(), "text/plain", "Grüße"),
        ("Grüße".encode("latin-1"), "text/plain; charset=ISO-8859-1", "Grüße"),
        ("Grüße".encode("latin-1"), "text/plain", "Grüße"),
        ("\u201cx\u201d".encode("cp1252"), "text/plain; charset=latin1", "\u201cx\u201d"),
        ("日本".encode("shift_jis"), 'text/plain; charset="Shift_JIS"', "日本"),
        (codecs.BOM_UTF16_LE + "日本".encode("utf-16-le"), "text/plain; charset=utf-8", "日本"),
        (codecs.BOM_UTF8 + "ü".encode(), "text/plain; charset=latin-1", "ü"),
        ("<meta charset=koi8-r><p>Привет".encode("koi8-r"), "text/html", "Привет"),
        (b"<meta http-equiv=x content='text/html; charset=windows-1252'><p>\x80", "text/html", "\u20ac"),
        ("<meta charset=utf-16><p>ü".encode(), "text/html", "ü"),
        (b"x+ADw-y", "text/plain; charset=utf-7", "x+ADw-y"),
        (b"x", "text/plain; charset=rot13", "x"),
        (b"a\xff\x00b\xed\xa0\x80c", "text/plain; charset=utf-8", "a\ufffdb\ufffd\ufffd\ufffdc"),
    ],
    ids=[
        *("utf-8", "latin-1", "undeclared", "windows", "quoted", "utf-16 mark", "utf-8 mark", "meta", "http-equiv"),
        *("meta utf-16", "utf-7", "no charset", "broken"),
    ],
)
async def test_charsets_are_read_as_browsers_do(body: bytes, kind: str, text: str) -> None:
    assert (await fetched(says(body, kind=kind))).text.partition("\n\n")[2] == text


async def test_json_is_returned_as_it_is() -> None:
    assert (await fetched(says(b'{"a": [1]}', kind="application/json"))).text.endswith('\n\n{"a": [1]}')


async def test_a_long_text_is_cut_and_says_so() -> None:
    output = await fetched(says(b"x" * 3000), max_chars=100)
    assert "the first 100 of 3000 characters" in output.text
    assert output.text.count("x") == 101  # one is in "text"


async def test_the_final_url_is_shown() -> None:
    async with serving(says(b"there")) as last:
        async with serving(redirects(last.url("/last"))) as first:
            allow = first.listed() + last.listed()
            tool = FetchPage(EgressClient(Settings(egress_allow=allow)))
            output = await tool.run({"url": first.url()}, context())
        assert output.text.startswith(f"URL: {last.url('/last')}\n")


async def test_a_redirect_carries_no_data_of_an_untrusted_run() -> None:
    settings = Settings(egress_trusted=("trusted.example", "also.example"))
    names = {name: ["93.184.215.14"] for name in ("trusted.example", "also.example", "evil.example")}
    for location, is_followed in (("/?a", True), ("http://also.example/?a", True), ("http://evil.example/?a", False)):

        async def answer(writer: StreamWriter, arrived: Arrived, location: str = location) -> None:
            await (says(b"there") if arrived.target == "/?a" else redirects(location))(writer, arrived)

        async with serving(answer) as place:
            tool = FetchPage(EgressClient(settings, Ways(zone(names), Internet(place))))
            call = {"url": "http://trusted.example/start"}
            if is_followed:
                assert "there" in (await tool.run(call, context(is_untrusted=True))).text
            else:
                with pytest.raises(ToolError, match=r"Use the URL http://evil\.example/\?a itself"):
                    await tool.run(call, context(is_untrusted=True))
                assert "there" in (await tool.run(call, context())).text
            assert len(place.arrived) == (2 if is_followed else 3)


async def test_an_error_page_is_a_failure_with_its_text() -> None:
    output = await fetched(says(b"Gone fishing", status=404))
    assert output.failed
    assert "error 404" in output.text
    assert "Gone fishing" in output.text


@pytest.mark.parametrize("kind", ["image/png", "application/pdf", "application/octet-stream"])
async def test_other_types_are_refused_by_name(kind: str) -> None:
    with pytest.raises(ToolError, match=kind):
        await fetched(says(b"\x89PNG", kind=kind))


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "file:///etc/passwd", "https://nowhere.example/", "example.com"])
async def test_an_unreachable_page_is_explained(url: str) -> None:
    tool = FetchPage(EgressClient(Settings(), Ways(zone({}))))
    with pytest.raises(ToolError, match=r"Use a|Check the spelling"):
        await tool.run({"url": url}, context())


def test_evil_pages_are_converted_within_bounds() -> None:
    cell = "<tr><td colspan=1000 rowspan=1000>x</td></tr>"
    for source in ("<div>" * 300_000, "<b>" * 300_000, f"<table>{cell * 20_000}</table>", "<title" * 300_000):
        assert len(page_of(source).text) <= len(source)


@pytest.mark.parametrize(
    "source",
    [
        "<blockquote>" * 190 + "<p>x" * 5_000,
        "<em>" * 190 + "<p>x" * 5_000,
        "<i>" * 190 + "<p>x" * 5_000,
        f"<table><tr>{'<td>' * 5_000}</tr>{'<tr><td>x' * 5_000}",
        f"<table><tr>{'<td><!--<tr>-->' * 3_000}</tr>{'<tr><td>x' * 3_000}",
        f"<table><tr><td>{'x' * 10_000}</td></tr>{'<tr><td>x' * 3_000}",
    ],
    ids=["quotes", "em", "i", "a wide row", "a hidden wide row", "a wide cell"],
)
def test_a_small_page_has_no_huge_text(source: str) -> None:
    assert len(page_of(source).text) <= 8 * len(source)


def test_tables_and_quotes_are_kept() -> None:
    table = "<table><tr><th>City</th><th>People</th></tr><tr><td>Bern</td><td>134,000</td></tr></table>"
    text = page_of(f"<blockquote>said</blockquote>{table}").text
    assert text == "> said\n\n| City | People |\n| --- | --- |\n| Bern | 134,000 |"


def test_a_large_table_is_written_as_lines() -> None:
    row = f"<tr>{'<td>a</td>' * 10}</tr>"
    lines = page_of(f"<table>{row * 1_000}</table>").text.splitlines()
    assert [line.split() for line in lines if line.strip()] == [["|", "a"] * 10] * 1_000
