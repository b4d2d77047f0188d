"""People and what they sign in with: accounts, members, sessions, phones, tokens, mailed links."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise import fields

from domain.actors import Role
from domain.database.rows import Row, Searchable


class Platform(StrEnum):
    """What kind of phone redeemed or signed in."""

    IOS = "IOS"
    ANDROID = "ANDROID"
    WEB = "WEB"
    OTHER = "OTHER"


class LinkPurpose(StrEnum):
    """What a mailed link is for."""

    ACCEPT_MEMBERSHIP = "ACCEPT_MEMBERSHIP"
    RESET_PASSWORD = "RESET_PASSWORD"  # noqa: S105 - a purpose


class Account(Row):
    """A person's sign-in; it belongs to the person, not to a site."""

    email = fields.CharField(max_length=254, unique=True)
    password_hash = fields.CharField(max_length=255, null=True)
    totp_sealed = fields.BinaryField(null=True)
    totp_confirmed_at = fields.DatetimeField(null=True)
    totp_last_step = fields.BigIntField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "accounts"


class RecoveryCode(Row):
    """A second factor that works once, stored as a keyed tag."""

    account_id: UUID
    account: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Account", on_delete=fields.CASCADE
    )
    tag = fields.CharField(max_length=64, unique=True)
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "recovery_codes"
        indexes = (("account",),)


class Member(Row, Searchable):
    """A person on a site, with a role.

    `account` is None for one who has only a name and credentials, and for one who has not answered the letter that went
    to `invited_email`: its link proves that address, and sets `account` when it is used. One who was erased has neither,
    and no name.
    """

    site_id: UUID
    site: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Site", on_delete=fields.RESTRICT
    )
    account_id: UUID | None
    account: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "latchwork.Account", on_delete=fields.RESTRICT, null=True
    )
    invited_email = fields.CharField(max_length=254, null=True)
    name = fields.CharField(max_length=100)
    role = fields.CharEnumField(Role, max_length=16)
    can_edit = fields.BooleanField(default=False)
    accepted_at = fields.DatetimeField(null=True)
    removed_at = fields.DatetimeField(null=True)
    erased_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "members"
        indexes = (("site", "id"), ("account",))


class Session(Row):
    """A console sign-in: an opaque token in a cookie, stored as a keyed tag.

    `confirmed_at` is when its person last typed their password again.
    """

    account_id: UUID
    account: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Account", on_delete=fields.CASCADE
    )
    tag = fields.CharField(max_length=64, unique=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    confirmed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "sessions"
        indexes = (("account",), ("expires_at",))


class KnownBrowser(Row):
    """A browser that has signed in to the account before. It gets no access by that: it is only not taken for a stranger.

    Its token is stored as a keyed tag, and is another one after each sign-in.
    """

    account_id: UUID
    account: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Account", on_delete=fields.CASCADE
    )
    tag = fields.CharField(max_length=64, unique=True)
    expires_at = fields.DatetimeField()

    class Meta:
        table = "known_browsers"
        indexes = (("account", "id"), ("expires_at",))


class Device(Row):
    """A phone, bound by its own key (`thumbprint`, RFC 7638) to an account or to an invitation: exactly one of the two.

    Its access token is derived from this row and the application secret, so nothing of it is stored; raising
    `generation` ends every token handed out so far. `token_key` is the key under which the token was made that the phone
    showed last; None: not known.
    """

    account_id: UUID | None
    account: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "latchwork.Account", on_delete=fields.CASCADE, null=True
    )
    invitation_id: UUID | None
    invitation: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "latchwork.Invitation", on_delete=fields.CASCADE, null=True
    )
    thumbprint = fields.CharField(max_length=43, db_index=True)
    name = fields.CharField(max_length=100)
    platform = fields.CharEnumField(Platform, max_length=16)
    generation = fields.IntField(default=1)
    redeemed_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    removed_at = fields.DatetimeField(null=True)
    token_key = fields.CharField(max_length=8, null=True)
    barred = fields.BooleanField(db_default=False)
    """Whether an admin took the phone off its invitation: this key does not redeem that one again."""
    confirmed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "devices"
        unique_together = (("invitation", "thumbprint"), ("account", "thumbprint"))


class ApiToken(Row):
    """A script's credential: role ceiling, sites, end date; the token itself is stored as a keyed tag.

    `account` is the person for whom it acts: who made it, or made the token that made it; None for tokens of the
    command line and those made by them. `parent` is the token that made it, if one did. `last_used_at` is right to the
    minute.
    """

    account_id: UUID | None
    account: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "latchwork.Account", on_delete=fields.CASCADE, null=True
    )
    parent_id: UUID | None
    parent: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "latchwork.ApiToken", on_delete=fields.CASCADE, null=True, related_name="children"
    )
    name = fields.CharField(max_length=100)
    tag = fields.CharField(max_length=64, unique=True)
    role = fields.CharEnumField(Role, max_length=16)
    can_edit = fields.BooleanField(default=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "api_tokens"
        indexes = (("account",), ("parent",))


class ApiTokenSite(Row):
    """A site that a token may act on."""

    token_id: UUID
    token: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.ApiToken", on_delete=fields.CASCADE
    )
    site_id: UUID
    site: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Site", on_delete=fields.CASCADE
    )

    class Meta:
        table = "api_token_sites"
        unique_together = (("token", "site"),)


class MailedLink(Row):
    """A link sent by mail, good once; the secret part is stored as a keyed tag.

    It is about an account (a new password) or a member who is to accept, who has no account yet.
    """

    purpose = fields.CharEnumField(LinkPurpose, max_length=24)
    account_id: UUID | None
    account: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "latchwork.Account", on_delete=fields.CASCADE, null=True
    )
    member_id: UUID | None
    member: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "latchwork.Member", on_delete=fields.CASCADE, null=True
    )
    tag = fields.CharField(max_length=64, unique=True)
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "mailed_links"
        indexes = (("account",), ("member",), ("expires_at",))


class SocketTicket(Row):
    """Opens one websocket within thirty seconds, as the device, session or token that asked for it."""

    tag = fields.CharField(max_length=64, unique=True)
    device_id: UUID | None
    device: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "latchwork.Device", on_delete=fields.CASCADE, null=True
    )
    session_id: UUID | None
    session: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "latchwork.Session", on_delete=fields.CASCADE, null=True
    )
    token_id: UUID | None
    token: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "latchwork.ApiToken", on_delete=fields.CASCADE, null=True
    )
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "socket_tickets"
        indexes = (("device",), ("session",), ("token",), ("expires_at",))


class SignInTicket(Row):
    """Says that the password was right, until the second factor is shown: for five minutes, once."""

    tag = fields.CharField(max_length=64, unique=True)
    account_id: UUID
    account: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "latchwork.Account", on_delete=fields.CASCADE
    )
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "sign_in_tickets"
        indexes = (("account",), ("expires_at",))


class SeenProof(Row):
    """A DPoP proof already used (RFC 9449, section 11.1), for many processes; forgotten when it could not be fresh."""

    proof = fields.CharField(max_length=64, unique=True)
    expires_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "seen_proofs"
