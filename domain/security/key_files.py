"""Secrets that come into the key file, and leave it, while processes read it."""

from pathlib import Path

from domain.security.keys import KeyFileError, Keyring, new_secret
from domain.security.whole_files import replace_file


def add_secret(path: Path) -> str:
    """Puts a new random secret behind those of the key file; the id of its key.

    Raises as `Keyring.load`, and `OSError` where the file cannot be replaced.
    """
    Keyring.load(path)
    made = new_secret()
    _write(path, [*path.read_text("ascii").split(), made])
    return Keyring.from_text(made).current_id


def remove_secret(path: Path, key_id: str) -> bool:
    """Takes the secret of this key out of the key file; whether it was there.

    Raises as `Keyring.load`, `OSError`, and `KeyFileError` where nothing would be left.
    """
    Keyring.load(path)
    words = path.read_text("ascii").split()
    left = [each for each in words if Keyring.from_text(each).current_id != key_id]
    if not left:
        raise KeyFileError(f"{path} holds no other secret")
    if left == words:
        return False
    _write(path, left)
    return True


def _write(path: Path, words: list[str]) -> None:
    replace_file(path, "".join(f"{each}\n" for each in words))
