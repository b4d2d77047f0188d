"""Inputs and results of signing in, passwords, tokens and memberships."""

from datetime import datetime

import strawberry

from api.schema.people import ApiToken, Device, Member, Session
from domain.people.actors import Role
from domain.people.tables import Platform


@strawberry.input(
    description="E-mail and password. With a DPoP header the caller is a phone, else a browser."
)
class SignInInput:
    email: str = strawberry.field(description="The account's e-mail address.")
    password: str = strawberry.field(description="The account's password.")
    device_name: str = strawberry.field(default="Phone", description="How the phone calls itself.")
    platform: Platform = strawberry.field(default=Platform.OTHER, description="What kind of phone.")


@strawberry.input(description="The second step of signing in.")
class SignInWithTotpInput:
    ticket: str = strawberry.field(description="From TotpRequired.")
    code: str = strawberry.field(description="The authenticator's code, or a recovery code.")
    device_name: str = strawberry.field(default="Phone", description="How the phone calls itself.")
    platform: Platform = strawberry.field(default=Platform.OTHER, description="What kind of phone.")


@strawberry.type(description="Signed in.")
class SignedIn:
    member: Member | None = strawberry.field(
        description="What the person is at their oldest site; null: at none yet."
    )
    expires_at: datetime = strawberry.field(description="When the sign-in ends by itself.")
    access_token: str | None = strawberry.field(
        description="A phone's token, worth nothing without its key; null in a browser, which gets a cookie."
    )


@strawberry.type(description="Signed out.")
class SignedOut:
    done: bool = strawberry.field(description="Always true.")


@strawberry.input(description="A new password for the caller's own account.")
class ChangePasswordInput:
    old_password: str = strawberry.field(description="The present password.")
    new_password: str = strawberry.field(description="The password to be.")


@strawberry.type(
    description="The password is changed; all other sign-ins of the account have ended."
)
class PasswordChanged:
    done: bool = strawberry.field(description="Always true.")


@strawberry.input(description="A mail with a link that sets a new password.")
class RequestPasswordResetInput:
    email: str = strawberry.field(description="The account's e-mail address.")


@strawberry.type(
    description="If there is such an account, a mail is on its way: the same answer for every address."
)
class PasswordResetRequested:
    done: bool = strawberry.field(description="Always true.")


@strawberry.input(description="A new password by a mailed link.")
class ResetPasswordInput:
    token: str = strawberry.field(description="What stands behind # in the link.")
    password: str = strawberry.field(description="The password to be.")


@strawberry.input(description="Joining a site by a mailed link.")
class AcceptMembershipInput:
    token: str = strawberry.field(description="What stands behind # in the link.")
    password: str | None = strawberry.field(
        default=None, description="For an account that has none yet: the password to be."
    )


@strawberry.type(description="Joined.")
class MembershipAccepted:
    member: Member = strawberry.field(description="What the person is there.")


@strawberry.type(description="A second factor to confirm, shown this once.")
class TotpEnrolment:
    secret: str = strawberry.field(description="For typing into an authenticator, base32.")
    uri: str = strawberry.field(description="The otpauth address, for a QR code.")


@strawberry.input(description="Proof that the authenticator works.")
class ConfirmTotpInput:
    code: str = strawberry.field(description="The authenticator's present code.")


@strawberry.type(description="The second factor is in force.")
class TotpConfirmed:
    recovery_codes: list[str] = strawberry.field(
        description="Ten codes, each good once; shown this once."
    )


@strawberry.type(description="Opens one websocket within thirty seconds, as whoever asked.")
class SocketTicket:
    ticket: str = strawberry.field(description="For connection_init.")
    expires_at: datetime = strawberry.field(description="Good until then, once.")


@strawberry.input(description="A new API token.")
class CreateApiTokenInput:
    site_id: strawberry.ID = strawberry.field(description="The site on which it acts.")
    name: str = strawberry.field(description="What people call it.")
    role: Role = strawberry.field(description="The most that it may do.")
    can_edit: bool = strawberry.field(
        default=True, description="For LIMITED_ADMIN: whether it may change things."
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="When it ends by itself."
    )


@strawberry.type(description="The new token.")
class CreatedApiToken:
    token: str = strawberry.field(description="The token, shown this once.")
    api_token: ApiToken = strawberry.field(description="What the lists show of it.")


@strawberry.input(description="A token to end.")
class RevokeApiTokenInput:
    site_id: strawberry.ID = strawberry.field(description="A site on which it acts.")
    token_id: strawberry.ID = strawberry.field(description="The token.")


@strawberry.type(description="The token has ended.")
class RevokedApiToken:
    api_token: ApiToken = strawberry.field(description="The token.")


@strawberry.input(description="One of the caller's own sessions.")
class EndSessionInput:
    session_id: strawberry.ID = strawberry.field(description="The session.")


@strawberry.type(description="The session has ended.")
class EndedSession:
    session: Session = strawberry.field(description="The session.")


@strawberry.input(
    description="A phone to be removed: one of the caller's own, or, for an admin, an invitation's."
)
class RemoveDeviceInput:
    device_id: strawberry.ID = strawberry.field(description="The device.")


@strawberry.type(description="The phone has lost its access; an invitation's slot is free again.")
class RemovedDevice:
    device: Device = strawberry.field(description="The device.")


@strawberry.input(description="A new member.")
class CreateMemberInput:
    site_id: strawberry.ID = strawberry.field(description="The site.")
    name: str = strawberry.field(description="What people call them.")
    role: Role = strawberry.field(default=Role.USER, description="What they will be.")
    can_edit: bool = strawberry.field(
        default=False, description="For LIMITED_ADMIN: whether they may change things."
    )
    email: str | None = strawberry.field(
        default=None,
        description="Sends a link to accept with; omitted: a member without an account.",
    )


@strawberry.input(description="Changes to a member. An omitted field keeps its value.")
class UpdateMemberInput:
    member_id: strawberry.ID = strawberry.field(description="The member.")
    name: str | None = strawberry.field(default=None, description="Their new name.")
    role: Role | None = strawberry.field(default=None, description="Their new role.")
    can_edit: bool | None = strawberry.field(
        default=None, description="For LIMITED_ADMIN: whether they may change things."
    )
    email: str | None = strawberry.field(
        default=None, description="For one who has not accepted: where to send a link."
    )


@strawberry.input(description="A member to remove.")
class RemoveMemberInput:
    member_id: strawberry.ID = strawberry.field(description="The member.")


@strawberry.type(description="The new member.")
class CreatedMember:
    member: Member = strawberry.field(description="The member.")


@strawberry.type(description="The member as they are now.")
class UpdatedMember:
    member: Member = strawberry.field(description="The member.")


@strawberry.type(description="The member and all of their access is gone.")
class RemovedMember:
    member: Member = strawberry.field(description="The member as they were.")
