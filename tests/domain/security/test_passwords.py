"""Slow hashing: right passwords pass, wrong ones do not, and a burst is bounded."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import argon2
import pytest

from domain.security.networks import Network
from domain.security.passwords import (
    RFC_9106_LOW_MEMORY,
    Asker,
    HasherBusy,
    HashingPool,
    HashUnreadable,
    PasswordHasher,
    PasswordProfile,
    PasswordTooLong,
    derive_verifier,
)

CHEAP = PasswordProfile(time_cost=1, memory_kib=8, parallelism=1)
SALT = bytes(range(16))


@pytest.fixture
def hasher() -> Iterator[PasswordHasher]:
    """A hasher with the least parameters that argon2 knows."""
    made = PasswordHasher(CHEAP)
    yield made
    made.close()


class TestPasswords:
    """Hash, verify, and nothing in between."""

    async def test_the_right_password_verifies_and_no_other(self, hasher: PasswordHasher) -> None:
        """Not one with another case, a space more, or cut short."""
        encoded = await hasher.hash("correct horse")
        assert await hasher.verify(encoded, "correct horse")
        for wrong in ("Correct horse", "correct horse ", "correct hors", ""):
            assert not await hasher.verify(encoded, wrong)

    async def test_two_hashes_of_one_password_differ(self, hasher: PasswordHasher) -> None:
        """Random salts: equal passwords do not show as equal rows."""
        assert await hasher.hash("same") != await hasher.hash("same")

    async def test_it_is_argon2id_with_the_parameters_passed_in(
        self, hasher: PasswordHasher
    ) -> None:
        """The encoded hash says so itself."""
        assert (await hasher.hash("x")).startswith("$argon2id$v=19$m=8,t=1,p=1$")

    def test_the_default_is_what_rfc_9106_recommends_for_little_memory(self) -> None:
        """64 MiB, three passes, four lanes."""
        theirs = argon2.profiles.RFC_9106_LOW_MEMORY
        assert RFC_9106_LOW_MEMORY.time_cost == theirs.time_cost
        assert RFC_9106_LOW_MEMORY.memory_kib == theirs.memory_cost
        assert RFC_9106_LOW_MEMORY.parallelism == theirs.parallelism

    async def test_two_ways_to_type_one_password_are_one_password(
        self, hasher: PasswordHasher
    ) -> None:
        """NFKC: composed or not, full-width or not."""
        encoded = await hasher.hash("Caf\u00e9 A1")
        assert await hasher.verify(encoded, "Cafe\u0301 A1")
        assert await hasher.verify(encoded, "Caf\u00e9 \uff21\uff11")

    async def test_the_end_of_a_long_password_counts(self, hasher: PasswordHasher) -> None:
        """Nothing is cut at 72 bytes or anywhere else."""
        encoded = await hasher.hash("x" * 1023 + "y")
        assert not await hasher.verify(encoded, "x" * 1023 + "z")

    async def test_a_password_above_1024_bytes_is_never_hashed(
        self, hasher: PasswordHasher
    ) -> None:
        """Refused when it is set, wrong when it is tried; counted in bytes, before normalising too.

        U+FDFA becomes 33 bytes.
        """
        encoded = await hasher.hash("x")
        for long in ("x" * 1025, "é" * 513, "\ufdfa" * 40):
            with pytest.raises(PasswordTooLong) as refusal:
                await hasher.hash(long)
            assert long not in str(refusal.value)
            assert not await hasher.verify(encoded, long)

    def test_without_memory_a_hash_is_neither_wrong_nor_damaged(self) -> None:
        """A process of its own, with less memory than the hash asks for."""
        program = (
            "import asyncio, resource\n"
            "from domain.security.passwords import PasswordHasher\n"
            "resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))\n"
            "encoded = '$argon2id$v=19$m=4194304,t=1,p=1$' + 'A' * 22 + '$' + 'A' * 43\n"
            "try:\n"
            "    asyncio.run(PasswordHasher().verify(encoded, 'x'))\n"
            "except MemoryError as error:\n"
            "    print(error)\n"
        )
        ran = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
        )
        assert ran.stdout == "no memory for a password hash\n"

    async def test_a_damaged_hash_is_told_from_a_wrong_password(
        self, hasher: PasswordHasher
    ) -> None:
        """It is ours to mend; the message does not quote it."""
        for damaged in ("", "plain", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=8"):
            with pytest.raises(HashUnreadable) as refusal:
                await hasher.verify(damaged, "x")
            assert not damaged or damaged not in str(refusal.value)
            with pytest.raises(HashUnreadable):
                hasher.needs_rehash(damaged)

    async def test_other_parameters_still_verify_and_ask_for_a_rehash(
        self, hasher: PasswordHasher
    ) -> None:
        """So a profile can be raised while people keep signing in."""
        stronger = PasswordHasher(PasswordProfile(time_cost=2, memory_kib=16, parallelism=1))
        encoded = await hasher.hash("x")
        assert await stronger.verify(encoded, "x")
        assert stronger.needs_rehash(encoded)
        assert not hasher.needs_rehash(encoded)
        stronger.close()

    async def test_half_a_character_raises_nothing_that_quotes_it(
        self, hasher: PasswordHasher
    ) -> None:
        """An encoding error would carry the password."""
        encoded = await hasher.hash("a\ud800")
        assert not await hasher.verify(encoded, "a\ud801")


class TestUnknownAccounts:
    """No one learns by time who has an account."""

    async def test_wasting_costs_what_verifying_costs(self) -> None:
        """Medians of processor time within a factor of 1.5 of each other, at a cost well above the noise."""
        hasher = PasswordHasher(PasswordProfile(time_cost=2, memory_kib=4096, parallelism=1))
        encoded = await hasher.hash("x")
        verified: list[float] = []
        wasted: list[float] = []
        for _ in range(15):
            start = time.process_time()
            await hasher.verify(encoded, "y")
            middle = time.process_time()
            await hasher.waste()
            verified.append(middle - start)
            wasted.append(time.process_time() - middle)
        hasher.close()
        ratio = sorted(verified)[7] / sorted(wasted)[7]
        assert 1 / 1.5 < ratio < 1.5


class TestVerifiers:
    """Raw argon2id of PIN digits, the same at server and lock."""

    def test_a_verifier_is_a_fixed_value_of_digits_salt_and_profile(self) -> None:
        """A vector: locks hold digests of these."""
        assert derive_verifier("0042", SALT, CHEAP).hex() == (
            "df7b32725d42ab5dff9f591475af5c78d94c1778bd19a27dd518c83839c01681"
        )

    def test_digits_salt_and_profile_all_count(self) -> None:
        """`0042` is not `42`."""
        other = PasswordProfile(time_cost=2, memory_kib=8, parallelism=1)
        verifiers = {
            derive_verifier("0042", SALT, CHEAP),
            derive_verifier("42", SALT, CHEAP),
            derive_verifier("0042", SALT[::-1], CHEAP),
            derive_verifier("0042", SALT, other),
        }
        assert len(verifiers) == 4

    async def test_server_and_lock_derive_the_same(self, hasher: PasswordHasher) -> None:
        """One through the pool, one without a loop."""
        assert await hasher.verifier("0042", SALT, CHEAP) == derive_verifier("0042", SALT, CHEAP)

    @pytest.mark.parametrize("digits", ["", "12a4", "12 4", "-123", "١٢٣٤", "²³"])
    def test_only_ascii_digits_are_derived(self, digits: str) -> None:
        """Other digits would look alike on a screen and open nothing at a keypad."""
        with pytest.raises(ValueError, match="ASCII digits") as refusal:
            derive_verifier(digits, SALT, CHEAP)
        assert not digits or digits not in str(refusal.value)

    def test_a_short_salt_is_refused(self) -> None:
        """RFC 9106 section 3.1 recommends 16 bytes."""
        with pytest.raises(ValueError, match="salt"):
            derive_verifier("0042", SALT[:15], CHEAP)


class TestTheBound:
    """So many at once, so many waiting, and the rest is told to come back."""

    async def test_the_surplus_is_refused_at_once_and_accepted_again_later(self) -> None:
        """One runs, two wait, the fourth is refused; when they are done there is room."""
        pool = HashingPool(max_concurrent=1, max_waiting=2)
        gate = threading.Event()
        busy = [asyncio.create_task(pool.run(lambda: gate.wait(5))) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(HasherBusy):
            await pool.run(lambda: None)
        gate.set()
        assert await asyncio.gather(*busy) == [True, True, True]
        assert await pool.run(lambda: "room") == "room"
        pool.close()

    async def test_no_more_than_the_bound_run_at_once(self) -> None:
        """Which bounds the memory."""
        pool = HashingPool(max_concurrent=2, max_waiting=20)
        running, most, guard = 0, 0, threading.Lock()

        def work() -> None:
            nonlocal running, most
            with guard:
                running += 1
                most = max(most, running)
            time.sleep(0.005)
            with guard:
                running -= 1

        await asyncio.gather(*(pool.run(work) for _ in range(20)))
        pool.close()
        assert most == 2

    async def test_cancelling_does_not_make_room_before_the_hash_is_done(self) -> None:
        """Or clients that hang up could start any number of hashes."""
        pool = HashingPool(max_concurrent=1, max_waiting=0)
        gate = threading.Event()
        task = asyncio.create_task(pool.run(lambda: gate.wait(5)))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(HasherBusy):
            await pool.run(lambda: None)
        gate.set()
        pool.close()

    async def test_cancelling_one_that_waits_makes_room(self) -> None:
        """It never ran, so it costs nothing."""
        pool = HashingPool(max_concurrent=1, max_waiting=1)
        gate = threading.Event()
        running = asyncio.create_task(pool.run(lambda: gate.wait(5)))
        await asyncio.sleep(0.02)
        waiting = asyncio.create_task(pool.run(lambda: gate.wait(5)))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        another = asyncio.create_task(pool.run(lambda: "room"))
        await asyncio.sleep(0)
        gate.set()
        assert await another == "room"
        await running
        pool.close()

    async def test_a_failure_leaves_the_pool_whole(self) -> None:
        """The place is given back, the next one runs."""
        pool = HashingPool(max_concurrent=1, max_waiting=0)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await pool.run(lambda: 1 // 0)
        pool.close()

    async def test_strangers_the_recognised_and_pins_wait_apart(self) -> None:
        """Where strangers have taken all places, those who are recognised and PINs have theirs; and the other way round."""
        hasher = PasswordHasher(CHEAP, max_concurrent=1, max_waiting=0)
        recognised = Asker(recognised=True)
        encoded = await hasher.hash("x")
        for full in (hasher.strangers, hasher.recognised, hasher.pins):
            gate = threading.Event()
            task = asyncio.create_task(full.run(lambda gate=gate: gate.wait(5)))  # type: ignore[misc]
            await asyncio.sleep(0)
            for pool, asking in (
                (hasher.strangers, lambda: hasher.hash("x")),
                (hasher.strangers, lambda: hasher.verify(encoded, "x")),
                (hasher.strangers, lambda: hasher.verify(encoded, "x" * 2000)),
                (hasher.strangers, hasher.waste),
                (hasher.recognised, lambda: hasher.hash("x", recognised)),
                (hasher.recognised, lambda: hasher.verify(encoded, "x", recognised)),
                (hasher.recognised, lambda: hasher.waste(recognised)),
                (hasher.pins, lambda: hasher.verifier("0042", SALT, CHEAP, "site")),
            ):
                if pool is full:
                    with pytest.raises(HasherBusy):
                        await asking()
                else:
                    await asking()
            gate.set()
            await task
        hasher.close()

    async def test_one_asker_takes_a_few_places_and_leaves_the_rest(self) -> None:
        """Of each of the networks that an asker is in, the wider one with a share of more."""
        pool = HashingPool(max_concurrent=1, max_waiting=99, max_of_one=2)
        gate = threading.Event()
        household, company = Network("2001:db8:0:1::/64"), Network("2001:db8::/48", 2)
        beside = Network("2001:db8:0:2::/64")
        third = Network("2001:db8:0:3::/64")
        waiting: list[asyncio.Task[bool]] = []

        async def asks(*networks: Network) -> bool:
            """Whether there was a place."""
            task = asyncio.create_task(pool.run(lambda: gate.wait(5), networks))
            await asyncio.sleep(0)
            if task.done() and isinstance(task.exception(), HasherBusy):
                return False
            waiting.append(task)
            return True

        assert [await asks(household, company) for _ in range(3)] == [True, True, False]
        assert [await asks(beside, company) for _ in range(3)] == [True, True, False]
        assert not await asks(third, company)
        assert await asks(Network("192.0.2.1"))
        gate.set()
        await asyncio.gather(*waiting)
        assert await asks(third, company), "places are given back"
        await waiting[-1]
        pool.close()

    async def test_places_come_back_from_failures_and_from_who_goes_away(self) -> None:
        """Else an attacker would shut out a whole network for good."""
        pool = HashingPool(max_concurrent=1, max_waiting=1, max_of_one=1)
        asker = (Network("192.0.2.1"),)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await pool.run(lambda: 1 // 0, asker)
        gate = threading.Event()
        running = asyncio.create_task(pool.run(lambda: gate.wait(5)))
        await asyncio.sleep(0)
        waiting = asyncio.create_task(pool.run(lambda: True, asker))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        gate.set()
        await running
        assert await pool.run(lambda: "room", asker) == "room"
        pool.close()
        with pytest.raises(RuntimeError):
            await pool.run(lambda: "closed", asker)

    async def test_the_loop_goes_on_while_a_hash_is_computed(self, hasher: PasswordHasher) -> None:
        """A slow hash blocks a thread, not the server."""
        slow = PasswordProfile(time_cost=4, memory_kib=16384, parallelism=1)
        task = asyncio.create_task(hasher.verifier("0042", SALT, slow))
        turns = 0
        while not task.done():
            await asyncio.sleep(0)
            turns += 1
        assert turns > 10

    async def test_after_close_nothing_is_computed(self) -> None:
        """And closing does not hang."""
        hasher = PasswordHasher(CHEAP)
        hasher.close()
        with pytest.raises(RuntimeError):
            await hasher.hash("x")
