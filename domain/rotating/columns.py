"""Every column that holds something sealed or tagged, and what becomes of it when another key comes in front.

A column that is forgotten here would be lost with its key; a test compares these lists with the tables.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from domain.database.rows import Row
from domain.invitations.service import code_identity
from domain.invitations.tables import Invitation
from domain.locks.cards import card_identity
from domain.locks.secrets import secret_identity
from domain.locks.tables import Lock, Provisioning
from domain.mail.outbox import letter_identity
from domain.mail.tables import WaitingLetter
from domain.people.second_factor import totp_identity
from domain.people.tables import (
    Account,
    ApiToken,
    KnownBrowser,
    MailedLink,
    RecoveryCode,
    Session,
    SignInTicket,
    SocketTicket,
)
from domain.pins.digits import given_up_identity, verifier_identity
from domain.pins.tables import Pin, PinReservation


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column that is opened and sealed anew. `identity` is the associated data of a row's value."""

    words: str
    model: type[Row]
    column: str
    identity: Callable[[Any], str]


SEALED = (
    SealedColumn("PINs", Pin, "verifier_sealed", verifier_identity),
    SealedColumn("given-up PINs", PinReservation, "verifier_sealed", given_up_identity),
    SealedColumn(
        "lock secrets",
        Provisioning,
        "secret_sealed",
        lambda row: secret_identity(row.lock_id, row.incarnation),
    ),
    SealedColumn("cards", Lock, "card_sealed", lambda row: card_identity(row.id)),
    SealedColumn("invitation codes", Invitation, "code_sealed", lambda row: code_identity(row.id)),
    SealedColumn("second factors", Account, "totp_sealed", lambda row: totp_identity(row.id)),
    SealedColumn("waiting letters", WaitingLetter, "sealed", lambda row: letter_identity(row.id)),
)

REMADE_TAGS = ((PinReservation, "tag"), (Invitation, "code_tag"))
"""Tags of what can be opened: they are made anew."""

CHECKED = (
    (ApiToken, "tag"),
    (Session, "tag"),
    (RecoveryCode, "tag"),
    (KnownBrowser, "tag"),
    (MailedLink, "tag"),
    (SocketTicket, "tag"),
    (SignInTicket, "tag"),
)
"""Tags of what somebody shows and the server does not have: checked with the key of then, until that is dropped."""
