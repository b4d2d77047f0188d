"""What an update makes of phones, tokens and kits that an earlier version left."""

from datetime import datetime, timedelta
from uuid import UUID

from domain.actors import ActorKind, Role
from domain.database.rows import column, new_id
from domain.locks.kits import pending, taker_may
from domain.locks.tables import Provisioning
from domain.people.tables import ApiToken, ApiTokenSite, Device, Member
from domain.tags.default_tags import default_tag
from tests.databases import Database
from tests.domain.database.earlier import THEN, Earlier, model_modules
from tests.domain.database.workshop import Workshop, workshop

__all__ = ["model_modules", "workshop"]


async def test_a_phone_that_was_taken_off_an_invitation_stays_out(
    fresh_database: Database, workshop: Workshop
) -> None:
    """Only an admin could take one off; a person's own phones may sign in again."""
    earlier = await Earlier.as_of("0001_initial", fresh_database, workshop)
    invitation = await earlier.put(
        "invitations",
        site_id=await earlier.site(),
        name="Guest",
        code_tag="tag",
        code_sealed=b"sealed",
        valid_until=THEN + timedelta(days=9),
        weekdays=127,
        device_limit=3,
        devices_used=1,
        created_at=THEN,
    )
    account = await earlier.put("accounts", email="ada@example.com", created_at=THEN)
    of_guest = {"invitation_id": invitation, "account_id": None}
    of_person = {"invitation_id": None, "account_id": account}
    phones = {
        "removed": await a_phone(earlier, 1, THEN, **of_guest),
        "inside": await a_phone(earlier, 2, None, **of_guest),
        "own": await a_phone(earlier, 3, THEN, **of_person),
    }

    async with earlier.brought_up_to_date():
        barred = {row.id for row in await Device.filter(barred=True)}

    assert barred == {phones["removed"]}


async def a_phone(
    earlier: Earlier, number: int, removed_at: datetime | None, **whose: UUID | None
) -> UUID:
    return await earlier.put(
        "devices",
        thumbprint=f"{number}",
        name="Phone",
        platform="IOS",
        generation=1,
        redeemed_at=THEN,
        removed_at=removed_at,
        **whose,
    )


async def test_tokens_know_their_makers_from_the_audit(
    fresh_database: Database, workshop: Workshop
) -> None:
    """A person's, a token's and the command line's; children of a revoked one end; those of a removed person end there."""
    earlier = await Earlier.as_of("0001_initial", fresh_database, workshop)
    site, other = await earlier.site(), await earlier.site()
    ada, ben = [await an_account(earlier, name) for name in ("ada", "ben")]
    await a_member(earlier, site, ada)
    await a_member(earlier, site, ben, removed_at=THEN)
    await a_member(earlier, other, ben, role="USER")
    by_ada = await a_token(earlier, [site], "ACCOUNT", ada)
    child = await a_token(earlier, [site], "TOKEN", by_ada)
    by_ben = await a_token(earlier, [site, other], "ACCOUNT", ben)
    operators = await a_token(earlier, [site], "COMMAND_LINE", None)
    revoked = await a_token(earlier, [site], "COMMAND_LINE", None, revoked_at=THEN)
    orphan = await a_token(earlier, [site], "TOKEN", revoked)

    async with earlier.brought_up_to_date():
        tokens = {row.id: row for row in await ApiToken.all()}
        sites = await column(ApiTokenSite.filter(token_id=by_ben), "site_id")

    makers = {key: (row.account_id, row.parent_id) for key, row in tokens.items()}
    assert makers == {
        by_ada: (ada, None),
        child: (ada, by_ada),
        by_ben: (ben, None),
        operators: (None, None),
        revoked: (None, None),
        orphan: (None, revoked),
    }
    assert {key for key, row in tokens.items() if row.revoked_at} == {revoked, orphan}
    assert list(sites) == [other]


async def test_a_site_that_a_token_made_is_its_maker_s(
    fresh_database: Database, workshop: Workshop
) -> None:
    """The person for whom it acts owns it, with a default tag; the operator's stays as it is, and nobody comes back."""
    earlier = await Earlier.as_of("0001_initial", fresh_database, workshop)
    house = await earlier.site()
    ada = await an_account(earlier, "ada")
    await a_member(earlier, house, ada)
    token = await a_token(earlier, [house], "ACCOUNT", ada)
    operators = await a_token(earlier, [house], "COMMAND_LINE", None)
    hers, left, nobodys = [await earlier.site() for _ in range(3)]
    await a_member(earlier, left, ada, removed_at=THEN)
    for made, by in ((hers, token), (left, token), (nobodys, operators)):
        await earlier.put("api_token_sites", token_id=by, site_id=made)
        await an_audit_row(earlier, made, "createSite", "Site", made, "TOKEN", by)

    async with earlier.brought_up_to_date():
        owned = await Member.filter(account_id=ada, removed_at=None, accepted_at__isnull=False)
        (new,) = [row for row in owned if row.site_id == hers]
        tag = await default_tag(new)
        acts = await column(ApiTokenSite.filter(token_id=token), "site_id")
        kept = await column(ApiTokenSite.filter(token_id=operators), "site_id")

    assert {row.site_id for row in owned} == {house, hers}
    assert (new.role, new.name, tag.name) == (Role.OWNER, "ada@example.com", "ada@example.com")
    assert (set(acts), set(kept)) == ({house, hers}, {house, nobodys})


async def test_a_secret_that_no_lock_has_proven_ends_a_day_after_its_making(
    fresh_database: Database, workshop: Workshop
) -> None:
    """Its taker is known from the audit; where the audit does not know, its time is the only limit."""
    earlier = await Earlier.as_of("0001_initial", fresh_database, workshop)
    site = await earlier.site()
    ada = await an_account(earlier, "ada")
    await a_member(earlier, site, ada)
    lock = await earlier.lock(site)
    hers, unknown = await a_secret(earlier, lock, "hers"), await a_secret(earlier, lock, "unknown")
    proven = await a_secret(earlier, lock, "proven", proven_at=THEN)
    asked = ("provisionLock", "Lock", lock, "ACCOUNT", ada)
    await an_audit_row(earlier, site, *asked, incarnation="hers")

    async with earlier.brought_up_to_date():
        kits = {row.id: row for row in await Provisioning.all()}
        last = THEN + timedelta(days=1) - timedelta(seconds=1)
        still, over = [
            set(await column(Provisioning.filter(pending(now)), "id"))
            for now in (last, THEN + timedelta(days=1))
        ]
        may = {key: await taker_may(row, site, last) for key, row in kits.items()}

    assert (still, over) == ({hers, unknown}, set())
    takers = {key: (row.taken_by_kind, row.taken_by_id) for key, row in kits.items()}
    assert takers == {hers: (ActorKind.ACCOUNT, ada), unknown: (None, None), proven: (None, None)}
    assert may == {hers: True, unknown: True, proven: True}


async def a_secret(
    earlier: Earlier, lock: UUID, incarnation: str, *, proven_at: datetime | None = None
) -> UUID:
    return await earlier.put(
        "provisionings",
        lock_id=lock,
        incarnation=incarnation,
        secret_sealed=b"sealed",
        zone="UTC",
        fixed_offset_minutes=0,
        created_at=THEN,
        proven_at=proven_at,
    )


async def an_account(earlier: Earlier, name: str) -> UUID:
    return await earlier.put("accounts", email=f"{name}@example.com", created_at=THEN)


async def a_member(
    earlier: Earlier,
    site: UUID,
    account: UUID,
    *,
    role: str = "OWNER",
    removed_at: datetime | None = None,
) -> UUID:
    return await earlier.put(
        "members",
        site_id=site,
        account_id=account,
        name="Somebody",
        role=role,
        can_edit=True,
        accepted_at=THEN,
        removed_at=removed_at,
        created_at=THEN,
    )


async def a_token(
    earlier: Earlier,
    sites: list[UUID],
    maker_kind: str,
    maker: UUID | None,
    *,
    revoked_at: datetime | None = None,
) -> UUID:
    """A token as it was, and what the audit says of its making."""
    token = new_id()
    await earlier.put(
        "api_tokens",
        id=token,
        name="Script",
        tag=token.hex,
        role="OWNER",
        can_edit=True,
        created_at=THEN,
        revoked_at=revoked_at,
    )
    for site in sites:
        await earlier.put("api_token_sites", token_id=token, site_id=site)
        await an_audit_row(earlier, site, "createApiToken", "ApiToken", token, maker_kind, maker)
    return token


async def an_audit_row(
    earlier: Earlier,
    chain: UUID,
    action: str,
    target_kind: str,
    target: UUID,
    actor_kind: str,
    actor: UUID | None,
    **changes: str,
) -> None:
    earlier.rows += 1
    await earlier.put(
        "audit_rows",
        chain=chain,
        number=earlier.rows,
        at=THEN,
        actor_kind=actor_kind,
        actor_id=actor,
        action=action,
        target_kind=target_kind,
        target_id=target,
        changes=changes,
        mac="",
    )
