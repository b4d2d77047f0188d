"""Small secret files that are there as a whole or not at all, whatever is killed or loses its power meanwhile."""

import os
import secrets
from pathlib import Path


def written_aside(path: Path, text: str) -> Path:
    """A new file beside this one, with this ASCII text, whole on the disk, mode 0600; to be linked or moved into place."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text.encode("ascii"))
        file.flush()
        os.fsync(file.fileno())
    return aside


def replace_file(path: Path, text: str) -> None:
    """This ASCII text in place of the file's: a power cut leaves the one or the other.

    Its owner, and a link that leads to it, stay. Raises `OSError` where the folder cannot be written, or the owner not kept.
    """
    real = path.resolve(strict=True)
    aside = written_aside(real, text)
    try:
        before, made = real.stat(), aside.stat()
        if (before.st_uid, before.st_gid) != (made.st_uid, made.st_gid):
            os.chown(aside, before.st_uid, before.st_gid)
        aside.replace(real)
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(real)


def sync_folder(path: Path) -> None:
    """Makes what happened to this name in its folder last."""
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
