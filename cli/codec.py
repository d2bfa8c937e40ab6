"""Lets Temporal's own tools decrypt stored payloads."""

import shlex
import sys
from datetime import UTC
from typing import TYPE_CHECKING

from cli.http import signed_in
from cli.input.arguments import AsJson
from cli.output.printing import print_json
from cli.output.text import one_line

if TYPE_CHECKING:
    from models.codec import CodecAddress


async def codec(as_json: AsJson = False) -> int:
    """Print an address that lets Temporal's tools decrypt runs. For administrators only."""
    async with signed_in() as client:
        address = await client.codec_address()
    if as_json:
        print_json(address)
        return 0
    print(one_line(address.url, 2000))
    sys.stderr.write(
        f"Keep this address secret. Until {address.expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, anyone who has it"
        " can decrypt all users' runs, including task titles.\n"
        f"To decrypt runs in Temporal's Web UI, open {one_line(address.web_ui_url, 300)}, click the glasses icon at the"
        " top (Configure Codec Server), and paste the address there.\n"
        "To decrypt a run on the command line, run this command with the run's full ID"
        f"{'' if sys.stdout.isatty() else ' and the address above'}: {_command_of(address)}\n"
    )
    if address.temporal_api_key_required:
        sys.stderr.write(
            "Before you run this command, set the environment variable TEMPORAL_API_KEY to your Temporal API key.\n"
        )
    return 0


def _command_of(address: "CodecAddress") -> str:
    """Return the command to copy, which contains the address only if the screen shows the address anyway."""
    endpoint = address.url if sys.stdout.isatty() else "ADDRESS"
    options = {
        "--address": address.temporal_address,
        "--namespace": address.temporal_namespace,
        **_tls_options(address),
        "--codec-endpoint": endpoint,
    }
    words = [word for name, value in options.items() for word in (name, shlex.quote(one_line(value, 2000)))]
    # With an API key in its environment, `temporal` would use TLS unless told otherwise.
    without = ("--tls=false",) if address.temporal_api_key_required else ()
    tls = without if address.temporal_tls is None else ("--tls",)
    return " ".join(("temporal workflow show", *tls, *words, "--workflow-id", "run-ID"))


def _tls_options(address: "CodecAddress") -> dict[str, str]:
    tls = address.temporal_tls
    if tls is None:
        return {}
    options = {
        "--tls-ca-path": tls.server_ca_cert_path,
        "--tls-cert-path": tls.client_cert_path,
        "--tls-key-path": tls.client_key_path,
        "--tls-server-name": tls.server_name,
    }
    return {name: value for name, value in options.items() if value is not None}
