"""Replaces a forgotten password directly in the database."""

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.local import elsewhere, postgres
from chimera.local.folder import Folder
from chimera.security.accounts import reset_password
from cli.errors import WrongUsage
from cli.http import sign_in
from cli.http.bodies import check_password
from cli.http.connect import is_alive
from cli.http.login import sign_in_with
from cli.input.settings import load_settings
from cli.output.prose import print_line, print_note
from cli.stack.running import running_stack
from models.errors import ChimeraError


async def reset(email: str, new: str) -> None:
    """Set a password without the old one, and sign in with it again if this folder's sign-in is that user's."""
    # Checked first, because the password can't be set without a database.
    settings = with_database(load_settings())
    check_password(new)
    await elsewhere.check(settings.model_copy(update={"temporal_address": None, "redis_url": None}), print_note)
    database = Database(settings)
    try:
        await reset_password(database, email, new)
    finally:
        await database.close()
    print_line(f"A new password was set for {email}. All of the account's sessions have ended, so sign in again.")
    await _sign_in_again(settings, email, new)


async def _sign_in_again(settings: Settings, email: str, new: str) -> None:
    path = sign_in.in_folder(settings.data_dir)
    kept = sign_in.read(path)
    if kept is None or kept.email != email or not await is_alive(kept.api_url):
        return
    try:
        await sign_in_with(new, email, kept.api_url, path)
    except ChimeraError as error:
        # The old sign-in is invalid. Without it, commands look for another sign-in, and report if there is none.
        path.unlink(missing_ok=True)
        remedy = f"chimera login --api-url {kept.api_url} --email {email}"
        print_line(f"You are not signed in yet. {error} To sign in later, run: {remedy}")


def with_database(settings: Settings) -> Settings:
    """Return settings with the database of the named server or of the running stack. Raises WrongUsage."""
    if settings.database_url is not None:
        return settings
    if running_stack(settings) is None:
        raise WrongUsage(
            f"Chimera is not running with the data folder {settings.data_dir.expanduser().absolute()}. Start Chimera"
            " with this folder ('chimera up'), or set CHIMERA_DATABASE_URL to the address of Chimera's database. Then"
            " run this command again."
        )
    return settings.model_copy(update={"database_url": postgres.address(Folder.at(settings.data_dir))})
