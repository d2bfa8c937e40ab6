"""Have what Temporal keeps shown decrypted in its own tools."""

import sys

from cli.connect import connected
from cli.printing import print_json
from cli.settings import where_settings
from cli.text import one_line


async def codec(*, as_json: bool) -> int:
    """Print a codec's address on standard output, and beside it where to put it."""
    async with connected(where_settings()) as client:
        address = await client.codec_address()
    if as_json:
        print_json(address)
        return 0
    print(one_line(address.url, 2000))
    sys.stderr.write(
        f"This is a secret until {address.expires_at.astimezone():%H:%M}: whoever has it can read everybody's titles.\n"
        f"Web UI: open {one_line(address.web_ui_url, 300)}, click the glasses at the top (Configure Codec Server), and"
        " paste it there.\n"
        "Command line: temporal workflow show --workflow-id ID --codec-endpoint ADDRESS\n"
    )
    return 0
