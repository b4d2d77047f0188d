"""The file of provisioned locks."""

import copy
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from domain.security.passwords import PasswordProfile
from locksim.provisioning import InvalidProvisioning, read_provisionings

LOCK: dict[str, Any] = {
    "lockId": "TG9jazox",
    "name": "Front door",
    "incarnation": "life-1",
    "secret": "c3NzcyBzc3NzIHNzc3Mgc3NzcyBzc3NzIHNzc3MgISE",
    "programmingCode": "90817263",
    "settings": {
        "zone": "Europe/Berlin",
        "fixedOffsetMinutes": 60,
        "pinSalt": "AAECAwQFBgcICQoLDA0ODw",
        "pinProfile": {"timeCost": 3, "memoryKib": 65536, "parallelism": 4},
    },
}


def write(path: Path, value: object, mode: int = 0o600) -> Path:
    """A file with that content."""
    file = path / "locks.json"
    file.write_bytes(value if isinstance(value, bytes) else orjson.dumps(value))
    file.chmod(mode)
    return file


def changed(place: str, value: object) -> dict[str, Any]:
    """The lock with one field changed, or without it if the value is `...`."""
    lock = copy.deepcopy(LOCK)
    *path, name = place.split(".")
    target = lock
    for step in path:
        target = target[step]
    if value is ...:
        del target[name]
    else:
        target[name] = value
    return lock


def test_a_lock_is_read_as_it_was_provisioned(tmp_path: Path) -> None:
    """With a padded secret too."""
    padded = changed("secret", LOCK["secret"] + "=") | {"lockId": "TG9jazoy"}
    first, second = read_provisionings(write(tmp_path, [LOCK, padded]))
    assert (first.lock_id, first.name, first.incarnation) == ("TG9jazox", "Front door", "life-1")
    assert first.secret == second.secret == b"ssss ssss ssss ssss ssss ssss !!"
    assert first.pin_salt == bytes(range(16))
    assert first.pin_profile == PasswordProfile(3, 65536, 4)
    assert (first.zone, first.fixed_offset_minutes) == (ZoneInfo("Europe/Berlin"), 60)


def test_a_lock_is_reached_by_a_network_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    """An offline lock waits for phones; its cable can still be plugged in on the page."""
    offline = LOCK | {"lockId": "TG9jazoy", "network": False}
    networks = [lock.network for lock in read_provisionings(write(tmp_path, [LOCK, offline]))]
    assert networks == [True, False]


def test_a_lock_has_a_keypad_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    """Phones and cards alone reach the other kind."""
    without = LOCK | {"lockId": "TG9jazoy", "keypad": False}
    keypads = [lock.has_keypad for lock in read_provisionings(write(tmp_path, [LOCK, without]))]
    assert keypads == [True, False]


def test_no_secret_shows_in_repr(tmp_path: Path) -> None:
    """A log that prints a lock prints no keys."""
    (lock,) = read_provisionings(write(tmp_path, [LOCK]))
    shown = repr(lock)
    assert "ssss" not in shown
    assert LOCK["programmingCode"] not in shown
    assert "Front door" in shown


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    """It holds secrets that open doors."""
    with pytest.raises(InvalidProvisioning, match="0600"):
        read_provisionings(write(tmp_path, [LOCK], mode))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("lockId", ...),
        ("lockId", ""),
        ("network", "no"),
        ("keypad", 1),
        ("name", 7),
        ("secret", ...),
        ("secret", "c2hvcnQ"),
        ("secret", "no base64url at all!"),
        ("settings", []),
        ("settings.zone", "Mars/Olympus"),
        ("settings.zone", "../../etc/passwd"),
        ("settings.fixedOffsetMinutes", True),
        ("settings.pinSalt", "c2hvcnQ"),
        ("settings.pinProfile.timeCost", 0),
        ("settings.pinProfile.memoryKib", "65536"),
    ],
)
def test_what_is_wrong_is_named_and_never_quoted(tmp_path: Path, place: str, value: object) -> None:
    """The place is in the message; the content, which may be a secret, is not."""
    with pytest.raises(InvalidProvisioning) as caught:
        read_provisionings(write(tmp_path, [changed(place, value)]))
    message = str(caught.value)
    assert f"locks[0].{place}" in message
    assert not isinstance(value, str) or not value or value not in message


@pytest.mark.parametrize("content", [b"", b"[", {}, "x", [LOCK, LOCK], [1]])
def test_a_file_that_is_no_list_of_different_locks_is_refused(
    tmp_path: Path, content: object
) -> None:
    """Also half a file, which somebody is still writing."""
    with pytest.raises(InvalidProvisioning):
        read_provisionings(write(tmp_path, content))


def test_a_lock_is_of_the_newest_firmware_unless_the_file_makes_it_an_old_one(
    tmp_path: Path,
) -> None:
    """An old one says nothing of itself; what the simulator does not read it cannot claim to."""
    old = LOCK | {"lockId": "a", "link": 1}
    some = LOCK | {"lockId": "b", "link": 1, "reads": ["pin-mode-by-reader"]}
    locks = read_provisionings(write(tmp_path, [LOCK, old, some]))
    newest = {"link": 1, "reads": ["courier", "pin-mode-by-reader"]}
    assert [lock.said for lock in locks] == [
        newest,
        {},
        {"link": 1, "reads": ["pin-mode-by-reader"]},
    ]
    for wrong in ({"link": 0}, {"link": 2}, {"reads": "all"}, {"reads": ["tomorrow"]}):
        with pytest.raises(InvalidProvisioning):
            read_provisionings(write(tmp_path, [LOCK | wrong]))


def test_a_lock_knows_which_readers_its_keypads_are(tmp_path: Path) -> None:
    """The first is meant where none is named; without names there is one, which is no reader's."""
    keypads = [{"id": "reader_a", "name": "Street"}, {"id": "reader_b", "name": "Yard"}]
    named, plain = read_provisionings(
        write(tmp_path, [LOCK | {"lockId": "a", "keypads": keypads}, LOCK])
    )
    assert [(each.reader_id, each.name) for each in named.keypads] == [
        ("reader_a", "Street"),
        ("reader_b", "Yard"),
    ]
    assert (named.main_keypad, plain.main_keypad) == ("reader_a", "")
    with pytest.raises(InvalidProvisioning, match="keypads"):
        read_provisionings(write(tmp_path, [LOCK | {"keypads": "two"}]))
