import pytest

from chimera.security.sign_ins import (
    ACCOUNT_S,
    ACCOUNT_TRIES,
    ADDRESS_S,
    ADDRESS_TRIES,
    AT_ONCE,
    REGISTRATIONS,
    SWEEP,
    SignIns,
    account_at,
    place_of,
    sender_of,
)
from models.errors import TooManyTries


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sign_ins(clock: Clock) -> SignIns:
    return SignIns(clock=clock)


def _guess(sign_ins: SignIns, account: str, address: str, *, is_known: bool = False, failed: bool = True) -> bool:
    """Try to sign in once, and return whether the password was checked."""
    try:
        with sign_ins.trying(address) as tried:
            tried.at(account_at(account, address, is_known=is_known))
            tried.failed = failed
    except TooManyTries:
        return False
    return True


def test_an_account_takes_ten_guesses_from_anywhere(sign_ins: SignIns, clock: Clock) -> None:
    guesses = [_guess(sign_ins, "alice", f"192.0.2.{index % 50}") for index in range(1000)]
    assert sum(guesses) == ACCOUNT_TRIES == 10
    clock.now += ACCOUNT_S - 1
    assert not _guess(sign_ins, "alice", "192.0.2.1")
    clock.now += 1
    assert sum(_guess(sign_ins, "alice", f"192.0.2.{index}") for index in range(50)) == 10


def test_an_address_takes_a_hundred_guesses_an_hour(sign_ins: SignIns, clock: Clock) -> None:
    assert sum(_guess(sign_ins, f"user {index}", "192.0.2.1") for index in range(1000)) == ADDRESS_TRIES == 100
    assert _guess(sign_ins, "somebody", "192.0.2.2")
    clock.now += ADDRESS_S
    assert _guess(sign_ins, "somebody", "192.0.2.1")


def test_the_owner_gets_in_where_they_signed_in_before(sign_ins: SignIns) -> None:
    for index in range(1000):
        _guess(sign_ins, "alice", f"192.0.2.{index % 50}")
    assert not _guess(sign_ins, "alice", "198.51.100.7", failed=False)
    assert _guess(sign_ins, "alice", "198.51.100.7", is_known=True, failed=False)
    assert sum(_guess(sign_ins, "alice", "198.51.100.7", is_known=True) for _ in range(50)) == ACCOUNT_TRIES


def test_right_passwords_are_not_counted(sign_ins: SignIns) -> None:
    assert all(_guess(sign_ins, "alice", "192.0.2.1", failed=False) for _ in range(500))


def test_a_right_password_forgives_no_wrong_ones(sign_ins: SignIns) -> None:
    for _ in range(ACCOUNT_TRIES - 1):
        _guess(sign_ins, "alice", "192.0.2.1")
    assert _guess(sign_ins, "alice", "192.0.2.1", failed=False)
    assert _guess(sign_ins, "alice", "192.0.2.1")
    assert not _guess(sign_ins, "alice", "192.0.2.1")


def test_guesses_at_the_same_moment_count(sign_ins: SignIns) -> None:
    open_tries = [sign_ins.trying(f"192.0.2.{index}") for index in range(ACCOUNT_TRIES)]
    for each in open_tries:
        each.__enter__().at("alice")
    assert not _guess(sign_ins, "alice", "192.0.2.99")
    for each in open_tries:
        each.__exit__(None, None, None)
    assert _guess(sign_ins, "alice", "192.0.2.99")


def test_one_address_has_few_tries_at_once(sign_ins: SignIns) -> None:
    open_tries = [sign_ins.trying("192.0.2.1") for _ in range(AT_ONCE)]
    for each in open_tries:
        each.__enter__()
    with pytest.raises(TooManyTries) as refused, sign_ins.trying("192.0.2.1"):
        pass
    assert refused.value.retry_after_s == 1
    assert _guess(sign_ins, "somebody", "192.0.2.2")


def test_a_refusal_sets_the_retry_time(sign_ins: SignIns, clock: Clock) -> None:
    for _ in range(ACCOUNT_TRIES):
        _guess(sign_ins, "alice", "192.0.2.1")
    clock.now += 60
    with pytest.raises(TooManyTries, match="14 minutes") as refused, sign_ins.trying("192.0.2.1") as tried:
        tried.at("alice")
    assert refused.value.retry_after_s == ACCOUNT_S - 60


def test_registrations_are_counted_by_address(sign_ins: SignIns) -> None:
    for _ in range(REGISTRATIONS):
        sign_ins.register("192.0.2.1")
    with pytest.raises(TooManyTries):
        sign_ins.register("192.0.2.1")
    sign_ins.register("192.0.2.2")


def test_names_are_forgotten_when_their_time_is_over(sign_ins: SignIns, clock: Clock) -> None:
    for index in range(5 * SWEEP):
        clock.now += ACCOUNT_S
        _guess(sign_ins, f"user {index}", f"2001:db8:{index:x}::1")
    assert len(sign_ins._accounts._times) <= SWEEP
    assert len(sign_ins._addresses._times) <= SWEEP


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("nobody", "nobody"),
    ],
)
def test_an_ipv6_network_is_one_address(address: str, place: str) -> None:
    assert place_of(address) == place


@pytest.mark.parametrize(
    ("address", "sender"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2::7", "2001:db8:1::/48"), ("2001:db8:1:ffff::1", "2001:db8:1::/48")],
)
def test_an_ipv6_site_is_one_sender(address: str, sender: str) -> None:
    assert sender_of(address) == sender
