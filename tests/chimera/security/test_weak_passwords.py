import pytest

from chimera.security import weak_passwords
from models.errors import InvalidInput

ALICE = "alice@example.com"


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "12345678",
        "qwertyuiop",
        "PassWord",
        "password2026!",
        "        ",
        "aaaaaaaaaaaa",
        "abababababab",
        ALICE,
        "Alice@Example.com",
        "alicealice",
        "alice123",
        "chimera1",
        "Chimera-2",
        "chimera2026",
        "alice2026!",
    ],
)
def test_a_password_that_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(InvalidInput, match="Choose another") as refused:
        weak_passwords.check(password, ALICE, "new_password")
    assert refused.value.field == "new_password"


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "tr0ub4dor&3", "пароль из слов", "alice likes rain", "my chimera dreams", "p" * 64],
)
def test_another_password_is_accepted(password: str) -> None:
    weak_passwords.check(password, ALICE)


def test_the_list_has_the_commonest_three_thousand() -> None:
    assert len(weak_passwords._common()) >= 3000
    assert all(len(each) >= 8 for each in weak_passwords._common())
