"""Users of the tested console, and how they sign in."""

import re
from dataclasses import dataclass
from random import randrange
from uuid import uuid4

from playwright.async_api import Page, expect

from tests.stack import Stack

PASSWORD = "correct horse battery"
PROXIES = ("127.0.0.1/32",)
"""Each person registers from another address, because few may register from the same one."""


@dataclass(frozen=True, slots=True)
class Person:
    email: str
    password: str = PASSWORD


async def create_person(stack: Stack, email: str = "", *, name: str = "", is_admin: bool = False) -> Person:
    """Create a user through the API, by default with an address of its own. The stack permits registration."""
    person = Person(email or f"{uuid4().hex[:12]}@example.com")
    body = {"email": person.email, "name": name, "password": person.password}
    home = {"X-Forwarded-For": f"198.18.{randrange(256)}.{randrange(256)}"}
    (await stack.api.post("/api/v1/auth/register", json=body, headers=home)).raise_for_status()
    if is_admin:
        found = (await stack.api.get("/api/v1/users", params={"q": person.email})).raise_for_status().json()
        (user,) = [each for each in found["items"] if each["email"] == person.email]
        address = f"/api/v1/users/{user['id']}"
        (await stack.api.put(address, json={"role": "admin"})).raise_for_status()
    return person


async def sign_in(page: Page, person: Person) -> None:
    """Sign in through the form, and wait until the page behind it is shown."""
    await page.goto("/sign-in")
    await page.get_by_label("E-mail address").fill(person.email)
    await page.get_by_label(re.compile("^Password")).fill(person.password)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("navigation").first).to_be_visible()
