"""The keyring: one secret outside the database, a key for each use, nothing of it ever shown."""

import base64
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.security.keys import (
    InsecureKeyFile,
    InvalidSecret,
    KeyFileError,
    KeyLabel,
    Keyring,
    UnknownKey,
)

ROOT = Path(__file__).parents[3]
SECRET = bytes(range(32))
OTHER = bytes(range(32, 64))


def as_text(secret: bytes) -> str:
    """A secret as it stands in an environment variable or a key file."""
    return base64.urlsafe_b64encode(secret).rstrip(b"=").decode()


class TestDerivation:
    """Keys follow from the secret by HKDF-SHA256, one label each."""

    @pytest.mark.parametrize(
        ("label", "info"),
        [
            (KeyLabel.PIN_INDEX, b"latchwork/pin-index/v1"),
            (KeyLabel.SEALING, b"latchwork/sealing/v1"),
            (KeyLabel.CODES, b"latchwork/codes/v1"),
            (KeyLabel.TOKENS, b"latchwork/tokens/v1"),
            (KeyLabel.AUDIT, b"latchwork/audit/v1"),
            (KeyLabel.CHALLENGE, b"latchwork/challenge/v1"),
        ],
    )
    def test_a_key_is_hkdf_of_the_secret_with_its_label(self, label: KeyLabel, info: bytes) -> None:
        """The infos are written out: changing one would orphan everything made under it."""
        expected = HKDF(SHA256(), length=32, salt=None, info=info).derive(SECRET)
        assert Keyring.from_secret(SECRET).key(label) == expected

    def test_no_two_labels_and_no_two_secrets_share_a_key(self) -> None:
        """What leaks for one use is worthless for another."""
        ring = Keyring.from_secret(SECRET, OTHER)
        keys = {ring.key(label, id_) for label, id_ in itertools.product(KeyLabel, ring.ids)}
        assert len(keys) == 2 * len(KeyLabel)

    def test_the_key_id_is_a_fixed_eight_hexadecimal_characters(self) -> None:
        """A vector: ids stand in rows and sealed values, so they may never change."""
        assert Keyring.from_secret(SECRET).current_id == "84972479"

    def test_the_key_id_is_no_part_of_secret_or_keys(self) -> None:
        """It stands in every row, so it must tell nothing."""
        ring = Keyring.from_secret(SECRET)
        shown = bytes.fromhex(ring.current_id)
        assert shown not in SECRET
        assert all(shown not in ring.key(label) for label in KeyLabel)


class TestRotation:
    """A new secret in front; the previous ones still read."""

    def test_writers_use_the_first_secret_and_readers_find_all(self) -> None:
        """Order is meaning: the first is current."""
        old, new = Keyring.from_secret(OTHER), Keyring.from_secret(SECRET)
        both = Keyring.from_secret(SECRET, OTHER)
        assert both.ids == (new.current_id, old.current_id)
        assert both.current_id == new.current_id
        assert both.key(KeyLabel.AUDIT) == new.key(KeyLabel.AUDIT)
        assert both.key(KeyLabel.AUDIT, old.current_id) == old.key(KeyLabel.AUDIT)

    def test_an_unknown_key_id_is_named_as_such(self) -> None:
        """Data under a key that was dropped is not confused with damaged data."""
        with pytest.raises(UnknownKey):
            Keyring.from_secret(SECRET).key(KeyLabel.AUDIT, "00000000")

    def test_one_secret_twice_is_refused(self) -> None:
        """A rotation to the same secret would be none."""
        with pytest.raises(InvalidSecret):
            Keyring.from_secret(SECRET, SECRET)


class TestText:
    """Secrets in an environment variable or a file."""

    def test_base64url_with_or_without_padding_is_read(self) -> None:
        """Both spellings come out of common tools."""
        ids = {
            Keyring.from_text(text).current_id for text in (as_text(SECRET), as_text(SECRET) + "=")
        }
        assert ids == {Keyring.from_secret(SECRET).current_id}

    def test_several_secrets_are_the_current_one_and_previous_ones(self) -> None:
        """White space separates them, a line each in a file."""
        ring = Keyring.from_text(f"{as_text(SECRET)}\n{as_text(OTHER)}\n")
        assert ring.ids == Keyring.from_secret(SECRET, OTHER).ids

    @pytest.mark.parametrize(
        "text",
        ["", " \n", as_text(SECRET[:31]), "not base64url!" * 4, "a" * 45, "ü" * 50, "====" * 12],
    )
    def test_anything_else_is_refused_without_being_quoted(self, text: str) -> None:
        """A mistyped secret is still nearly the secret, and errors end in logs."""
        with pytest.raises(InvalidSecret) as refusal:
            Keyring.from_text(text)
        assert not text.strip() or text.strip() not in str(refusal.value)


class TestNothingShows:
    """Neither secret nor key appears where people look."""

    def test_repr_and_str_show_ids_only(self) -> None:
        """A keyring in a log line or a traceback's locals gives nothing away."""
        ring = Keyring.from_secret(SECRET)
        for shown in (repr(ring), str(ring), f"{ring}"):
            assert ring.current_id in shown
            for label in KeyLabel:
                assert repr(ring.key(label)) not in shown
                assert ring.key(label).hex() not in shown

    def test_the_secret_itself_is_not_kept(self) -> None:
        """Only derived keys live in memory."""
        values = vars(Keyring.from_secret(SECRET)).values()
        assert all(SECRET not in repr(value).encode("latin-1", "replace") for value in values)
        assert repr(SECRET) not in repr(list(values))

    def test_it_cannot_be_changed(self) -> None:
        """Frozen, so that no code path swaps a key under the others."""
        with pytest.raises(AttributeError):
            Keyring.from_secret(SECRET).ids = ()  # type: ignore[misc]


class TestKeyFile:
    """The file that the first start makes."""

    def test_the_first_start_makes_it_for_the_owner_alone(self, tmp_path: Path) -> None:
        """Mode 0600 whatever the umask, and the same keyring ever after."""
        path = tmp_path / "secret"
        before = os.umask(0)
        try:
            made = Keyring.load_or_create(path)
        finally:
            os.umask(before)
        assert path.stat().st_mode & 0o777 == 0o600
        assert Keyring.load_or_create(path).ids == made.ids

    def test_nothing_else_is_left_beside_it(self, tmp_path: Path) -> None:
        """The file written aside is gone, so no second copy of the secret lies about."""
        Keyring.load_or_create(tmp_path / "secret")
        assert [each.name for each in tmp_path.iterdir()] == ["secret"]

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o606, 0o601, 0o610, 0o644, 0o777])
    def test_one_that_others_can_touch_is_refused_by_name(self, tmp_path: Path, mode: int) -> None:
        """The message says which file, what is wrong and what mends it."""
        path = tmp_path / "secret"
        Keyring.load_or_create(path)
        path.chmod(mode)
        with pytest.raises(InsecureKeyFile) as refusal:
            Keyring.load_or_create(path)
        assert f"chmod 600 {path}" in str(refusal.value)
        assert path.read_text().strip() not in str(refusal.value)

    @pytest.mark.parametrize("content", [b"", b"\n", b"short", b"\xff" * 64, b"A" * 5000])
    def test_a_damaged_one_is_refused_and_left_as_it_is(
        self, tmp_path: Path, content: bytes
    ) -> None:
        """A new secret in its place would make everything sealed unreadable for good."""
        path = tmp_path / "secret"
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(KeyFileError):
            Keyring.load_or_create(path)
        assert path.read_bytes() == content

    @pytest.mark.parametrize(("size", "taken"), [(4096, True), (4097, False), (5000, False)])
    def test_more_than_4096_bytes_are_no_key_file(
        self, tmp_path: Path, size: int, taken: bool
    ) -> None:
        """Also where what comes first is a whole secret: what follows might be one that was cut off."""
        path = tmp_path / "secret"
        path.write_text(as_text(SECRET).ljust(size))
        path.chmod(0o600)
        if taken:
            assert Keyring.load(path).ids == Keyring.from_secret(SECRET).ids
        else:
            with pytest.raises(KeyFileError):
                Keyring.load(path)

    def test_a_second_line_is_the_previous_secret(self, tmp_path: Path) -> None:
        """How a rotation is written down."""
        path = tmp_path / "secret"
        path.write_text(f"{as_text(SECRET)}\n{as_text(OTHER)}\n")
        path.chmod(0o600)
        assert Keyring.load_or_create(path).ids == Keyring.from_secret(SECRET, OTHER).ids

    def test_without_its_directory_nothing_is_made(self, tmp_path: Path) -> None:
        """A mistyped path must not end in a fresh secret somewhere."""
        with pytest.raises(FileNotFoundError):
            Keyring.load_or_create(tmp_path / "missing" / "secret")

    def test_processes_that_start_at_once_agree_on_one_secret(self, tmp_path: Path) -> None:
        """Four processes, one file, one key id."""
        path = tmp_path / "secret"
        gate = tmp_path / "gate"
        program = (
            "import sys, time\n"
            "from pathlib import Path\n"
            "from domain.security.keys import Keyring\n"
            "print('ready', flush=True)\n"
            "while not Path(sys.argv[2]).exists(): time.sleep(0.001)\n"
            "print(Keyring.load_or_create(Path(sys.argv[1])).current_id)\n"
        )
        started = [
            subprocess.Popen(
                [sys.executable, "-c", program, str(path), str(gate)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(4)
        ]
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        gate.touch()
        ids = {process.communicate(timeout=30)[0].strip() for process in started}
        assert ids == {Keyring.load_or_create(path).current_id}
