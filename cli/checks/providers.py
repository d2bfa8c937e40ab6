"""Checks whether providers are set up, and whether their keys work."""

from collections.abc import Iterator

from chimera.config.settings import Settings
from chimera.config.vendors import VENDORS, Vendor
from chimera.local import model_server
from chimera.local.errors import ModelMissing
from cli.checks.findings import Finding, Level
from cli.checks.model_server import local_provider
from cli.output.remedies import with_command
from cli.output.text import one_line
from models.errors import ChimeraError, MissingKey, UnusableKey
from models.providers import Validation, Verdict


async def providers(settings: Settings) -> list[Finding]:
    """Check whether providers have their keys and addresses, without showing keys or contacting vendors."""
    return [
        *(_vendor(vendor, settings) for vendor in _public()),
        await local_provider(settings),
        *_local_model(settings),
        Finding(Level.OK, "provider simulator", "built into Chimera and needs no key. Its answers are simulated."),
    ]


def default_model(settings: Settings) -> Iterator[Finding]:
    """Check whether the default model has a price, and whether its provider is set up."""
    # Imported here, because the price list takes a moment to load.
    from chimera.pricing import price_of
    from chimera.providers import Providers

    what = f"default model {settings.default_model}"
    try:
        # The stack sets the simulator's address.
        if not settings.default_model.startswith("simulator/"):
            Providers(settings).of(settings.default_model)
        price_of(settings.default_model, settings.own_prices)
    except ChimeraError as error:
        message = f"{one_line(error.message)} To use another default model, set CHIMERA_DEFAULT_MODEL."
        yield Finding(Level.WARN, what, with_command(message, error.remedy))
    else:
        yield Finding(Level.OK, what)


async def keys(settings: Settings) -> list[Finding]:
    """Check whether the vendors' keys work by requesting each vendor's list of models, which is free."""
    # Imported here, because this module loads the vendors' SDKs.
    from chimera.providers.catalog import Available

    available, public = Available(settings), {vendor.name for vendor in _public()}
    try:
        vendors = [view.name for view in await available.providers() if view.configured and view.name in public]
        return [_key_of(await available.validate(name)) for name in vendors]
    finally:
        await available.close()


def _public() -> list[Vendor]:
    """Return the vendors that require a key."""
    return [vendor for vendor in VENDORS.values() if vendor.key == "required"]


def _vendor(vendor: Vendor, settings: Settings) -> Finding:
    # Imported here, because the providers load the price list.
    from chimera.providers.keys import key_of

    what = f"provider {vendor.name} ({vendor.key_variable})"
    try:
        key_of(vendor.name, settings)
    except MissingKey:
        return Finding(Level.OK, what, "not set up")
    except UnusableKey as error:
        return Finding(Level.FAIL, what, one_line(error.message))
    return Finding(Level.OK, what, "set up, but its API key was not tested. To test it, run: chimera doctor --try-keys")


def _key_of(validation: Validation) -> Finding:
    what = f"key for {validation.provider}"
    match validation.verdict:
        case Verdict.VALID:
            return Finding(Level.OK, what, f"valid; {validation.models} models")
        case Verdict.WRONG_KEY | Verdict.NO_QUOTA | Verdict.NOT_CONFIGURED:
            return Finding(Level.FAIL, what, one_line(validation.message))
    return Finding(Level.WARN, what, one_line(f"{validation.verdict.value}: {validation.message}"))


def _local_model(settings: Settings) -> Iterator[Finding]:
    """Check the model file that the stack would serve, if settings name one."""
    if settings.local_model is None or not model_server.is_wanted(settings):
        return
    what = f"local model {settings.local_model} (CHIMERA_LOCAL_MODEL)"
    try:
        model_server.check(settings.local_model)
    except ModelMissing as error:
        yield Finding(Level.WARN, what, one_line(error.message, 400))
    else:
        yield Finding(Level.OK, what, f"available as local/{model_server.name_of(settings.local_model)}")
