"""Make a role the owner of a database. The role isn't a superuser, and can't create databases or roles.

Databases that an earlier version created belonged to the superuser. They are transferred to the role, too. For servers
in containers, this module also runs as a program:

    ADMIN_DATABASE_URL=postgresql://… python -m chimera.db.roles CHIMERA_DATABASE_URL TEMPORAL_DATABASE_URL

Each named variable contains the address of a database. Its user, password and database are set up.
"""

import asyncio
import os
import sys
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

Admin = psycopg.AsyncConnection[Any]

_RELATIONS: LiteralString = """
SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END,
       format('%%I.%%I', n.nspname, c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND n.nspname !~ '^(pg_|information_schema$)'
   AND pg_get_userbyid(c.relowner) <> %(role)s
   -- A column's own sequence goes with its table, what belongs to an extension with that.
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i', 'e')
                    AND d.classid = 'pg_class'::regclass AND (c.relkind = 'S' OR d.deptype = 'e'))
UNION ALL
SELECT 'ROUTINE', p.oid::regprocedure::text
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname !~ '^(pg_|information_schema$)' AND pg_get_userbyid(p.proowner) <> %(role)s
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
UNION ALL
SELECT 'TYPE', format('%%I.%%I', n.nspname, t.typname)
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE t.typtype IN ('e', 'd') AND n.nspname !~ '^(pg_|information_schema$)'
   AND pg_get_userbyid(t.typowner) <> %(role)s
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
"""


async def see_to(admin_url: str, role: str, database: str, password: SecretStr | None = None) -> None:
    """Create the role and its database if they don't exist; otherwise make the role the database's owner.

    This may run any number of times.
    """
    async with await _connect(admin_url) as admin:
        if not await _one(admin, "SELECT count(*) FROM pg_roles WHERE rolname = %s", role):
            await admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        owner = await _one(admin, "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = %s", database)
        if owner is None:
            statement = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(role))
            await admin.execute(statement)
        elif owner != role:
            await _hand_over(admin_url, role, database)
        if owner != role:
            revoke = sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database))
            await admin.execute(revoke)
    if password is not None:
        await set_password(admin_url, role, password)


async def set_password(admin_url: str, role: str, password: SecretStr) -> None:
    async with await _connect(admin_url) as admin:
        # The password is hashed here, so that it doesn't appear in any log of statements.
        hashed = admin.pgconn.encrypt_password(password.get_secret_value().encode(), role.encode(), b"scram-sha-256")
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(hashed.decode()))
        await admin.execute(statement)


async def reload(admin_url: str) -> None:
    """Make the server reload its configuration files."""
    async with await _connect(admin_url) as admin:
        await admin.execute("SELECT pg_reload_conf()")


async def _hand_over(admin_url: str, role: str, database: str) -> None:
    """Transfer everything or nothing. The database itself comes last, so that its owner shows that all is done."""
    async with await _connect(make_conninfo(admin_url, dbname=database)) as admin, admin.transaction():
        found = await (await admin.execute(_RELATIONS, {"role": role})).fetchall()
        for kind, name in found:
            # Both come quoted from the server's own catalog.
            await admin.execute(
                sql.SQL("ALTER {} {} OWNER TO {}").format(sql.SQL(kind), sql.SQL(name), sql.Identifier(role))
            )
        await admin.execute("ALTER SCHEMA public OWNER TO pg_database_owner")
        statement = sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(database), sql.Identifier(role))
        await admin.execute(statement)


async def _connect(url: str) -> Admin:
    return await psycopg.AsyncConnection.connect(url, autocommit=True)


async def _one(admin: Admin, statement: LiteralString, value: str) -> Any:
    row = await (await admin.execute(statement, (value,))).fetchone()
    return row[0] if row is not None else None


async def main(names: list[str]) -> None:
    for name in names:
        named = conninfo_to_dict(os.environ[name])
        password = SecretStr(str(named["password"]))
        await see_to(os.environ["ADMIN_DATABASE_URL"], str(named["user"]), str(named["dbname"]), password)


if __name__ == "__main__":
    try:
        asyncio.run(main(sys.argv[1:]))
    except KeyError as error:
        sys.exit(
            f"{error.args[0]} is missing. Set ADMIN_DATABASE_URL. Each variable that you name must contain an"
            " address with a user, a password and a database."
        )
    except psycopg.Error as error:
        sys.exit(f"The database server at ADMIN_DATABASE_URL can't be used: {error}")
