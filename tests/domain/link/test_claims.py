"""What a lock says of its firmware is read strictly, and what an entry needs is known by name."""

from typing import Any

import pytest

from domain.link.claims import MAX_READS, SILENT, Claim, UnknownLinkVersion
from domain.link.entries import EntryKind, SettingsPayload
from domain.link.features import Feature, fitted, unread
from domain.link.wire import Malformed

ALL = [each.value for each in Feature]


def settings(*, on: tuple[str, ...] | None, enabled: bool = True) -> dict[str, Any]:
    """Settings with PIN mode on at these readers alone, or at all."""
    return SettingsPayload("Europe/Rome", enabled, True, 30, on).to_payload()


def test_a_lock_that_says_nothing_is_of_version_1_and_reads_nothing_besides() -> None:
    """As all are that were made before there was anything to say; whatever else stands beside is not read."""
    assert Claim.read({}) == Claim.read({"id": "a", "proof": "b"}) == SILENT == Claim(1, ())


def test_what_is_said_is_said_again_in_one_spelling() -> None:
    """Sorted, each once, unknown names too; at most 32 names of 64 characters."""
    names = [f"x{each:063}" for each in range(MAX_READS)]
    assert Claim.read({"link": 1, "reads": names[::-1]}).reads == tuple(names)
    claim = Claim.read({"reads": ["tomorrow", "moments", "moments"]})
    assert claim == Claim(1, ("moments", "tomorrow"))
    assert Claim.read(claim.to_payload()) == claim


@pytest.mark.parametrize("version", [0, -1, 2**31, 2**80, "1", True, None, 1.0, 1.5, [], {}])
def test_a_version_that_is_none_is_malformed(version: object) -> None:
    """Nothing is read into it."""
    with pytest.raises(Malformed, match=r"lock\.link"):
        Claim.read({"link": version})


@pytest.mark.parametrize("version", [2, 7, 2**31 - 1])
def test_a_version_of_tomorrow_is_named_as_unknown(version: int) -> None:
    """The lock hears which one there is, and may speak that."""
    with pytest.raises(UnknownLinkVersion, match="speaks version 1"):
        Claim.read({"link": version})


@pytest.mark.parametrize(
    "reads",
    [None, "moments", {"moments": True}, [1], [None], [""], ["a b"], ["a" * 65], ["ä"], [["a"]]],
)
def test_names_that_are_none_are_malformed(reads: object) -> None:
    """Also one among good ones, and one too many."""
    for said in (reads, ["moments", *reads] if isinstance(reads, list) else reads):
        with pytest.raises(Malformed, match=r"lock\.reads"):
            Claim.read({"reads": said})
    with pytest.raises(Malformed, match=r"lock\.reads"):
        Claim.read({"reads": ["a"] * (MAX_READS + 1)})


def test_only_settings_with_keypads_that_differ_need_a_pin_mode_by_reader() -> None:
    """And a lock that reads it needs nothing; what an old one is given opens at no keypad at all."""
    one = settings(on=("reader_a",))
    assert unread(EntryKind.SETTINGS, one, []) == [Feature.PIN_MODE_BY_READER]
    assert unread(EntryKind.SETTINGS, one, ["moments"]) == [Feature.PIN_MODE_BY_READER]
    assert unread(EntryKind.SETTINGS, one, ALL) == []
    assert unread(EntryKind.PIN, {"pinReaders": []}, []) == []
    assert fitted(EntryKind.SETTINGS, one, ALL) == one
    assert fitted(EntryKind.SETTINGS, one, []) == settings(on=None, enabled=False)
    for same in (settings(on=None), settings(on=None, enabled=False)):
        assert unread(EntryKind.SETTINGS, same, []) == []
        assert fitted(EntryKind.SETTINGS, same, []) == same


@pytest.mark.parametrize(
    "readers",
    [[], None, "reader_a", ["b", "a"], ["a", "a"], [1], ["a b"], [f"r{n:02}" for n in range(65)]],
)
def test_readers_that_make_no_sense_are_malformed(readers: object) -> None:
    """None, too many, twice, in another order; also where PIN mode is off, which they contradict."""
    good = settings(on=("a", "b"))
    assert SettingsPayload.from_payload(good).pin_readers == ("a", "b")
    with pytest.raises(Malformed, match="pinReaders"):
        SettingsPayload.from_payload({**good, "pinReaders": readers})
    with pytest.raises(Malformed, match="pinReaders"):
        SettingsPayload.from_payload({**good, "pinEnabled": False})
