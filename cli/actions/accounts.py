"""One's own account: a token for programs, and the password."""

import sys

from pydantic import TypeAdapter, ValidationError

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.local import elsewhere, postgres
from chimera.local.folder import Folder
from chimera.security.sessions import reset_password
from cli.actions.login import sign_in_with
from cli.checks.findings import running_stack
from cli.errors import WrongUsage
from cli.http import sign_in
from cli.http.connect import connected, is_alive
from cli.input.settings import load_settings, where_settings
from cli.output.prose import tell
from models.errors import ChimeraError
from models.users import Password

_PASSWORD: TypeAdapter[str] = TypeAdapter(Password)


async def token() -> int:
    """Print an access token, and on a terminal that it is a secret."""
    async with connected(where_settings()) as client:
        access_token = await client.token()
    print(access_token)
    if sys.stdout.isatty():
        sys.stderr.write("This is a secret: until it ends, whoever has it can do what you can.\n")
    return 0


async def change(current: str, new: str) -> int:
    """Change the password of whoever is signed in."""
    _check(new)
    async with connected(where_settings()) as client:
        await client.change_password(current, new)
    tell("The password is changed. Everybody who was signed in with the old one has to sign in again.")
    return 0


async def reset(email: str, new: str) -> int:
    """Set a forgotten password in the database itself, without asking for the old one."""
    # First, because without a database no password is of use.
    settings, email = _with_database(load_settings()), email.strip().lower()
    _check(new)
    await elsewhere.check(settings.model_copy(update={"temporal_address": None, "redis_url": None}), _say)
    database = Database(settings)
    try:
        await reset_password(database, email, new)
    finally:
        await database.close()
    path = sign_in.in_folder(settings.data_dir)
    kept = sign_in.read(path)
    tell(f"The password of {email} is set. Whoever was signed in as {email} has to sign in again.")
    if kept is not None and kept.email == email and await is_alive(kept.api_url):
        try:
            await sign_in_with(new, email, kept.api_url, path)
        except ChimeraError as error:
            # The old one is over. Without it commands look for another sign-in, and say that there is none.
            path.unlink(missing_ok=True)
            way_out = f"chimera login --api-url {kept.api_url} --email {email}"
            tell(f"You are not signed in here yet: {error} Then: {way_out}")
    return 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _check(new: str) -> None:
    try:
        _PASSWORD.validate_python(new)
    except ValidationError:
        raise WrongUsage("A password has 8 to 256 characters.") from None


def _with_database(settings: Settings) -> Settings:
    if settings.database_url is not None:
        return settings
    if running_stack(settings) is None:
        raise WrongUsage(
            f"No Chimera runs in the data folder {settings.data_dir.expanduser().absolute()}. Start it there with"
            " `chimera up`, or name its database with CHIMERA_DATABASE_URL; then reset the password."
        )
    return settings.model_copy(update={"database_url": postgres.address(Folder.at(settings.data_dir))})
