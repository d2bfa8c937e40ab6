import asyncio
from collections.abc import AsyncIterator

import pytest

from chimera.limits.shared import SharedRedis
from chimera.limits.tries import SharedTries
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
from tests.own_redis import OwnRedis, own_redis


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sign_ins(clock: Clock) -> SignIns:
    return SignIns(SharedTries(SharedRedis(None)), clock=clock)


async def _guess(sign_ins: SignIns, account: str, address: str, *, is_known: bool = False, failed: bool = True) -> bool:
    """Try to sign in once, and return whether the password was checked."""
    try:
        async with sign_ins.trying(address) as tried:
            await tried.at(account_at(account, address, is_known=is_known))
            tried.failed = failed
    except TooManyTries:
        return False
    return True


async def test_an_account_takes_ten_guesses_from_anywhere(sign_ins: SignIns, clock: Clock) -> None:
    guesses = [await _guess(sign_ins, "alice", f"192.0.2.{index % 50}") for index in range(1000)]
    assert sum(guesses) == ACCOUNT_TRIES == 10
    clock.now += ACCOUNT_S - 1
    assert not await _guess(sign_ins, "alice", "192.0.2.1")
    clock.now += 1
    assert sum([await _guess(sign_ins, "alice", f"192.0.2.{index}") for index in range(50)]) == 10


async def test_an_address_takes_a_hundred_guesses_an_hour(sign_ins: SignIns, clock: Clock) -> None:
    assert sum([await _guess(sign_ins, f"user {index}", "192.0.2.1") for index in range(1000)]) == ADDRESS_TRIES == 100
    assert await _guess(sign_ins, "somebody", "192.0.2.2")
    clock.now += ADDRESS_S
    assert await _guess(sign_ins, "somebody", "192.0.2.1")


async def test_the_owner_gets_in_where_they_signed_in_before(sign_ins: SignIns) -> None:
    for index in range(1000):
        await _guess(sign_ins, "alice", f"192.0.2.{index % 50}")
    assert not await _guess(sign_ins, "alice", "198.51.100.7", failed=False)
    assert await _guess(sign_ins, "alice", "198.51.100.7", is_known=True, failed=False)
    assert sum([await _guess(sign_ins, "alice", "198.51.100.7", is_known=True) for _ in range(50)]) == ACCOUNT_TRIES


async def test_right_passwords_are_not_counted(sign_ins: SignIns) -> None:
    assert all([await _guess(sign_ins, "alice", "192.0.2.1", failed=False) for _ in range(500)])


async def test_a_right_password_forgives_no_wrong_ones(sign_ins: SignIns) -> None:
    for _ in range(ACCOUNT_TRIES - 1):
        await _guess(sign_ins, "alice", "192.0.2.1")
    assert await _guess(sign_ins, "alice", "192.0.2.1", failed=False)
    assert await _guess(sign_ins, "alice", "192.0.2.1")
    assert not await _guess(sign_ins, "alice", "192.0.2.1")


async def test_guesses_at_the_same_moment_count(sign_ins: SignIns) -> None:
    open_tries = [sign_ins.trying(f"192.0.2.{index}") for index in range(ACCOUNT_TRIES)]
    for each in open_tries:
        await (await each.__aenter__()).at("alice")
    assert not await _guess(sign_ins, "alice", "192.0.2.99")
    for each in open_tries:
        await each.__aexit__(None, None, None)
    assert await _guess(sign_ins, "alice", "192.0.2.99")


async def test_one_address_has_few_tries_at_once(sign_ins: SignIns) -> None:
    open_tries = [sign_ins.trying("192.0.2.1") for _ in range(AT_ONCE)]
    for each in open_tries:
        await each.__aenter__()
    with pytest.raises(TooManyTries) as refused:
        async with sign_ins.trying("192.0.2.1"):
            pass
    assert refused.value.retry_after_s == 1
    assert await _guess(sign_ins, "somebody", "192.0.2.2")


async def test_a_refusal_sets_the_retry_time(sign_ins: SignIns, clock: Clock) -> None:
    for _ in range(ACCOUNT_TRIES):
        await _guess(sign_ins, "alice", "192.0.2.1")
    clock.now += 60
    with pytest.raises(TooManyTries, match="14 minutes") as refused:
        async with sign_ins.trying("192.0.2.1") as tried:
            await tried.at("alice")
    assert refused.value.retry_after_s == ACCOUNT_S - 60


async def test_registrations_are_counted_by_address(sign_ins: SignIns) -> None:
    for _ in range(REGISTRATIONS):
        await sign_ins.register("192.0.2.1")
    with pytest.raises(TooManyTries):
        await sign_ins.register("192.0.2.1")
    await sign_ins.register("192.0.2.2")


async def test_names_are_forgotten_when_their_time_is_over(sign_ins: SignIns, clock: Clock) -> None:
    for index in range(5 * SWEEP):
        clock.now += ACCOUNT_S
        await _guess(sign_ins, f"user {index}", f"2001:db8:{index:x}::1")
    assert len(sign_ins._accounts._own._times) <= SWEEP
    assert len(sign_ins._addresses._own._times) <= SWEEP


async def test_names_without_recent_tries_are_swept(sign_ins: SignIns, clock: Clock) -> None:
    for index in range(SWEEP):
        await _guess(sign_ins, f"user {index}", f"192.0.2.{index % 50}")
    clock.now += ACCOUNT_S
    for account in ("user 0", "user 0", "somebody"):
        assert await _guess(sign_ins, account, "198.51.100.7")
    assert len(sign_ins._accounts._own._times) == 2


@pytest.fixture
async def redis(starts_servers: None, patience: None) -> AsyncIterator[OwnRedis]:
    async with own_redis() as redis:
        yield redis


def _processes(redis: OwnRedis) -> list[SignIns]:
    return [SignIns(SharedTries(SharedRedis(redis.url))) for _ in range(4)]


async def test_processes_share_the_guesses_at_an_account(redis: OwnRedis) -> None:
    four = _processes(redis)
    guesses = [await _guess(four[index % 4], "alice", f"192.0.2.{index}") for index in range(100)]
    assert sum(guesses) == ACCOUNT_TRIES


async def test_processes_share_the_guesses_from_an_address(redis: OwnRedis) -> None:
    four = _processes(redis)
    guesses = [await _guess(four[index % 4], f"user {index}", "192.0.2.1") for index in range(200)]
    assert sum(guesses) == ADDRESS_TRIES


async def test_shared_right_passwords_are_not_counted(redis: OwnRedis) -> None:
    four = _processes(redis)
    assert all([await _guess(four[index % 4], "alice", "192.0.2.1", failed=False) for index in range(50)])


async def test_an_emptied_redis_allows_no_more_guesses(redis: OwnRedis) -> None:
    one, *_ = _processes(redis)
    taken = 0
    for _ in range(5):
        taken += sum([await _guess(one, "alice", "192.0.2.1") for _ in range(10)])
        await redis.empty()
    assert taken == ACCOUNT_TRIES


async def test_sign_in_stays_limited_without_redis(redis: OwnRedis) -> None:
    one, *_ = _processes(redis)
    assert sum([await _guess(one, "alice", "192.0.2.1") for _ in range(4)]) == 4
    await redis.stop()
    assert sum([await _guess(one, "alice", "192.0.2.1") for _ in range(50)]) == ACCOUNT_TRIES - 4
    await redis.start()


async def test_places_of_a_late_answer_are_returned(redis: OwnRedis) -> None:
    slow = SharedRedis(redis.url)
    sign_ins, patience_s, slow._wait_s = SignIns(SharedTries(slow)), slow._wait_s, 0.05
    attempt = sign_ins.trying("192.0.2.1")
    with redis.frozen():
        await (await attempt.__aenter__()).at("alice")
    while len(await redis.keys()) < 2:
        await asyncio.sleep(0.01)
    slow._wait_s = patience_s
    await attempt.__aexit__(None, None, None)
    assert not await redis.keys()


async def test_redis_knows_no_accounts(redis: OwnRedis) -> None:
    one, *_ = _processes(redis)
    await _guess(one, "alice@example.com", "192.0.2.1")
    assert await redis.keys()
    assert not any("alice" in key or "192.0.2" in key for key in await redis.keys())


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
