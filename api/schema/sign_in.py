"""Inputs and results of signing in, passwords, the second factor and joining a site."""

from datetime import datetime

import strawberry

from api.schema.accounts import Account
from api.schema.members import Member
from api.schema.sessions import Session
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
    ticket: str = strawberry.field(description="From RequestedTotp.")
    code: str = strawberry.field(description="The authenticator's code, or a recovery code.")
    device_name: str = strawberry.field(default="Phone", description="How the phone calls itself.")
    platform: Platform = strawberry.field(default=Platform.OTHER, description="What kind of phone.")


@strawberry.type(description="Signed in.")
class SignedIn:
    account: Account | None = strawberry.field(description="The person's account.")
    expires_at: datetime = strawberry.field(description="When the sign-in ends by itself.")
    access_token: str | None = strawberry.field(
        description="A phone's token, worth nothing without its key; null in a browser, which gets a cookie."
    )


@strawberry.type(
    description="The password is right, and the account has a second factor: its code is asked for."
)
class RequestedTotp:
    ticket: str = strawberry.field(description="Give it to signInWithTotp within five minutes.")


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
class ChangedPassword:
    account: Account = strawberry.field(description="The account.")


@strawberry.type(description="The new password is set; all sign-ins of the account have ended.")
class ResetPassword:
    done: bool = strawberry.field(description="Always true.")


@strawberry.input(description="A mail with a link that sets a new password.")
class RequestPasswordResetInput:
    email: str = strawberry.field(description="The account's e-mail address.")


@strawberry.type(
    description="If there is such an account, a mail is on its way: the same answer for every address."
)
class RequestedPasswordReset:
    done: bool = strawberry.field(description="Always true.")


@strawberry.input(description="A new password by a mailed link.")
class ResetPasswordInput:
    token: str = strawberry.field(description="What stands behind # in the link.")
    password: str = strawberry.field(description="The password to be.")


@strawberry.input(description="Joining a site by a mailed link.")
class AcceptMembershipInput:
    token: str = strawberry.field(description="What stands behind # in the link.")
    password: str | None = strawberry.field(
        default=None, description="For whoever has no account yet: the password to be."
    )


@strawberry.type(description="Joined.")
class AcceptedMembership:
    member: Member = strawberry.field(description="What the person is there.")
    account: Account = strawberry.field(description="The account with which they sign in.")


@strawberry.input(description="The password of whoever has signed in, typed again.")
class ConfirmPasswordInput:
    password: str = strawberry.field(description="The account's password.")


@strawberry.type(description="The password is right.")
class ConfirmedPassword:
    confirmed_until: datetime = strawberry.field(
        description="Until when this sign-in may do what needs the password again."
    )
    expires_at: datetime = strawberry.field(
        description="When this sign-in ends by itself now; a browser's cookie is set again with it."
    )
    session: Session | None = strawberry.field(description="This sign-in; null: a phone's.")


@strawberry.type(description="A second factor to confirm, shown this once.")
class EnrolledTotp:
    secret: str = strawberry.field(description="For typing into an authenticator, base32.")
    uri: str = strawberry.field(description="The otpauth address, which the QR code says too.")
    qr_svg: str = strawberry.field(
        description="A QR code for the authenticator, as an SVG element."
    )


@strawberry.input(description="Proof that the authenticator works.")
class ConfirmTotpInput:
    code: str = strawberry.field(description="The authenticator's present code.")


@strawberry.type(description="The second factor is in force.")
class ConfirmedTotp:
    account: Account | None = strawberry.field(description="The account.")
    recovery_codes: list[str] = strawberry.field(
        description="Ten codes, each good once; shown this once."
    )


@strawberry.input(
    description="The end of the second factor: all that somebody who has stolen a sign-in lacks."
)
class DisableTotpInput:
    password: str = strawberry.field(description="The account's password.")
    code: str = strawberry.field(
        description="The authenticator's present code, or a recovery code."
    )


@strawberry.type(description="The password alone signs in again.")
class DisabledTotp:
    account: Account = strawberry.field(description="The account.")


@strawberry.input(description="New recovery codes in place of those before.")
class RenewRecoveryCodesInput:
    code: str = strawberry.field(
        description="The authenticator's present code, or a recovery code."
    )


@strawberry.type(description="The recovery codes before open nothing any more.")
class RenewedRecoveryCodes:
    account: Account | None = strawberry.field(description="The account.")
    recovery_codes: list[str] = strawberry.field(
        description="Ten codes, each good once; shown this once."
    )
