"""The vendors of models: one row of facts each. Settings, logs, checks and error messages are made from these rows.

A vendor's code is in the folder with its name in `chimera/providers`.
"""

from dataclasses import dataclass
from typing import Literal

from models.ai_calls import Operation

EVERY_OPERATION = tuple(Operation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A vendor, named by the part before the slash in `provider/model`, and what an installation sets for it."""

    name: str
    key: Literal["required", "optional", "none"]
    base_url: str | None
    """The address of its public API; None: an administrator sets the address."""
    key_variables: tuple[str, ...] = ()
    """The vendor's own names for its key, accepted besides ours."""
    operations: tuple[Operation, ...] = ()
    """The operations that it supports besides chat."""
    logger: str | None = None
    """The logger of its SDK, which logs a line for each request at INFO."""
    address_setting: str = ""
    """The setting with its address, if it isn't `<name>_base_url`."""

    @property
    def key_field(self) -> str:
        """The setting with its key."""
        return f"{self.name}_api_key"

    @property
    def address_field(self) -> str:
        """The setting with its address."""
        return self.address_setting or f"{self.name}_base_url"

    @property
    def key_variable(self) -> str:
        return f"CHIMERA_{self.key_field.upper()}"

    @property
    def address_variable(self) -> str:
        return f"CHIMERA_{self.address_field.upper()}"


VENDORS = {
    vendor.name: vendor
    for vendor in (
        Vendor(
            name="openai",
            key="required",
            base_url="https://api.openai.com/v1",
            key_variables=("OPENAI_API_KEY",),
            operations=EVERY_OPERATION,
            logger="openai",
        ),
        Vendor(
            name="anthropic",
            key="required",
            base_url="https://api.anthropic.com",
            key_variables=("ANTHROPIC_API_KEY",),
            logger="anthropic",
        ),
        Vendor(
            name="google",
            key="required",
            base_url="https://generativelanguage.googleapis.com",
            key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
            operations=EVERY_OPERATION,
            logger="google_genai",
        ),
        Vendor(name="local", key="optional", base_url=None, operations=EVERY_OPERATION),
        Vendor(
            name="simulator",
            key="none",
            base_url=None,
            operations=EVERY_OPERATION,
            address_setting="simulator_url",
        ),
    )
}
"""By name, in the order in which they are shown."""
