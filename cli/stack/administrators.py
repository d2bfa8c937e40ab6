"""Creates an administrator directly in the database."""

from pydantic import TypeAdapter, ValidationError

from chimera.db.engine import Database
from chimera.local import elsewhere
from chimera.security.accounts import create_administrator
from cli.errors import WrongUsage
from cli.http.bodies import check_password
from cli.input.settings import load_settings
from cli.output.prose import print_line, print_note
from cli.stack.passwords import with_database
from models.users import Email

_EMAIL: TypeAdapter[str] = TypeAdapter(Email)


async def create(email: str, password: str) -> None:
    """Create an administrator. Raises WrongUsage, or Conflict if the e-mail address has an account."""
    # Checked first, because the account can't be created without a database.
    settings = with_database(load_settings())
    check_password(password)
    try:
        email = _EMAIL.validate_python(email)
    except ValidationError:
        raise WrongUsage("Enter an e-mail address, such as you@example.com.") from None
    await elsewhere.check(settings.model_copy(update={"temporal_address": None, "redis_url": None}), print_note)
    database = Database(settings)
    try:
        await create_administrator(database, email, password)
    finally:
        await database.close()
    print_line(f"The administrator {email} was created. To sign in, run: chimera login --email {email}")
