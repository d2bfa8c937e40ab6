"""The settings of vendors, which follow from the rows of `VENDORS`: an address and, for most, a key."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, AliasChoices, Field, SecretStr, create_model

from chimera.config.addresses import problem_of
from chimera.config.sources import FromSurroundings
from chimera.config.vendors import VENDORS, Vendor


def _can_be_asked(value: str | None) -> str | None:
    if value is not None and (problem := problem_of(value)) is not None:
        raise ValueError(f"{value!r} {problem}. Use an address such as http://127.0.0.1:11434/v1.")
    return value


def _fields_of(vendor: Vendor) -> dict[str, Any]:
    """Return the settings for a vendor's row. The vendor's own names for its key are accepted, too."""
    fields: dict[str, Any] = {
        vendor.address_field: (Annotated[str | None, AfterValidator(_can_be_asked)], None),
    }
    if vendor.key != "none":
        names = AliasChoices(vendor.key_variable, *vendor.key_variables)
        fields[vendor.key_field] = (SecretStr | None, Field(default=None, validation_alias=names))
    return fields


if TYPE_CHECKING:

    class OfVendors(FromSurroundings):
        """The vendors' keys and addresses, which `Settings.key_of` and `Settings.address_of` read."""

else:
    OfVendors = create_model(
        "OfVendors", __base__=FromSurroundings, **{k: v for row in VENDORS.values() for k, v in _fields_of(row).items()}
    )
