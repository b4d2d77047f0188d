"""What lists cost in SQL statements: as much for thirty rows as for three, in every list that a site has."""

from datetime import timedelta
from uuid import UUID

from graphql import GraphQLObjectType

from api.whole_schema import build_schema
from domain.access_rules.tables import AccessRule, AccessRuleLock
from domain.actors import ActorKind, Role
from domain.alerts.tables import Alert, AlertKind
from domain.database import use_case
from domain.database.rows import new_id
from domain.invitations.service import code_identity
from domain.invitations.tables import Invitation, InvitationLock
from domain.link.events import LockEventKind
from domain.locks.rules import Connectivity
from domain.locks.tables import Hub, Lock, Provisioning, Reader
from domain.people.tables import Account, Device, Member, Platform
from domain.security.codes import new_invitation_code
from domain.smartpins.tables import SmartPin
from domain.sync.tables import LockEvent
from domain.tags.default_tags import add_default_tag
from domain.tags.tables import TaggedLock, TaggedMember
from tests.api.pin_steps import pin_of
from tests.counting import counted
from tests.serving import House, Served

LISTS = {
    "accessRules": "label state grantee { ... on Member { name tags(first: 5) { nodes { name } } } ... on Tag { name } }"
    " site { name }"
    " locks { nodes { name tags(first: 5) { nodes { name } } } }"
    " lockTags { name } chosenLocks { name } warnings { code locks { name } }",
    "alerts": "kind member { name } actor { ... on Account { email } } lock { name }",
    "apiTokens": "name role createdBy { ... on ApiToken { name } ... on Account { email } }",
    "auditLog": "number action actor { ... on ApiToken { name } ... on Account { email } }",
    "events": "kind explanation { opens ways { opens } }"
    " lock { name readers { name lock { name } } } member { name } device { name } credential { label state }",
    "hubs": "name site { name }",
    "provisioningKits": "incarnation takenBy { ... on ApiToken { name } ... on Account { email } } lock { name }",
    "invitations": "name state codeHint schedule { weekdays } devices { name }"
    " locks(first: 5) { nodes { name online readers { name } hub { name } tags(first: 5) { nodes { name kind } } } }"
    " warnings { code locks { name } }",
    "locks": "name online sync { status } readers { name } hub { name } tags(first: 5) { nodes { name } }",
    "members": "name email tags(first: 5) { nodes { name } }",
    "pins": "kind label state site { name } owner { name email } locks { nodes { name } }"
    " lockSync { nodes { status lock { name } } }"
    " lockTags { name } chosenLocks { name } warnings { code locks { name } }",
    "smartPins": "guestName label state site { name } blockSync lock { name hub { name } } warnings { code locks { name } }",
    "tags": "name members(first: 5) { nodes { name email } }"
    " locks(first: 5) { nodes { name readers { name } hub { name } } }",
}
"""Each connection of a site, with all that hangs on its rows and is not in them."""


@use_case
async def _grow(house: House, count: int, numbered: int) -> None:
    """So many more rows in every list, PINs excepted; events are `numbered` from there."""
    now = house.served.clock()
    site = house.row
    for number in range(count):
        name = str(new_id())
        hub = await Hub.create(site=site, name=name, created_at=now)
        lock = await Lock.create(
            site=site,
            hub=hub,
            name=name,
            connectivity=Connectivity.WIRELESS_GATEWAY,
            created_at=now,
        )
        await Reader.create(lock=lock, name=name, created_at=now)
        account = await Account.create(email=f"{name}@example.com", created_at=now)
        member = await Member.create(
            site=site, account=account, name=name, role=Role.USER, created_at=now
        )
        await add_default_tag(member, now)
        held = await TaggedMember.get(member=member)
        await TaggedLock.create(tag_id=held.tag_id, lock=lock)
        rule = await AccessRule.create(site=site, member=member, created_at=now)
        await AccessRuleLock.create(rule=rule, lock=lock)
        await Provisioning.create(
            lock=lock,
            incarnation=lock.id.hex,
            secret_sealed=b"",
            zone="UTC",
            fixed_offset_minutes=0,
            created_at=now,
            expires_at=now + timedelta(days=1),
            taken_by_kind=ActorKind.ACCOUNT,
            taken_by_id=account.id,
        )
        await Alert.create(
            site=site, kind=next(iter(AlertKind)), actor_kind=ActorKind.ACCOUNT, at=now
        )
        await LockEvent.create(
            site=site,
            number=numbered + number,
            lock=lock,
            state_id=name,
            sequence=number,
            kind=LockEventKind.OPENED,
            recorded_at=now,
        )
        await SmartPin.create(
            site=site,
            lock=lock,
            incarnation=name[:32],
            epoch=1,
            code_index=number,
            entry_name=name,
            guest_name=name,
            opens_at=now,
            closes_at=now + timedelta(hours=1),
            activate_by=now + timedelta(hours=1),
            created_at=now,
        )
        await _invite(site.id, lock.id, name, house)


async def _invite(site_id: UUID, lock_id: UUID, name: str, house: House) -> None:
    now = house.served.clock()
    key = new_id()
    code = new_invitation_code().encode()
    invitation = await Invitation.create(
        id=key,
        site_id=site_id,
        name=name,
        code_tag=name,
        code_sealed=house.served.installation.keys.seal(code, code_identity(key)),
        valid_until=now + timedelta(hours=1),
        device_limit=1,
        created_at=now,
    )
    await InvitationLock.create(invitation=invitation, lock_id=lock_id)
    await Device.create(
        invitation=invitation,
        thumbprint=name,
        name="My phone",
        platform=Platform.IOS,
        redeemed_at=now,
    )


async def _costs(house: House) -> dict[str, tuple[int, list[str]]]:
    """By list: how many rows its page has, and the statements that it took."""
    costs = {}
    for name, fields in LISTS.items():
        with counted() as statements:
            data = await house.ask(
                f"query($id: ID!) {{ site(id: $id) {{ {name}(first: 40) {{ nodes {{ {fields} }} }} }} }}",
                id=house.id,
            )
        costs[name] = (len(data["site"][name]["nodes"]), statements)
    return costs


def test_every_list_of_a_site_is_measured() -> None:
    """Proves that no connection of the schema is left out below."""
    site = build_schema(development=True)._schema.type_map["Site"]
    assert isinstance(site, GraphQLObjectType)
    lists = {name for name, field in site.fields.items() if str(field.type).endswith("Connection")}
    assert lists == LISTS.keys()


async def test_lists_cost_a_constant_number_of_statements(served: Served) -> None:
    """Proves that three rows and thirty cost the same in each list, with all that hangs on them."""
    house = await served.site()
    door = (await house.lock())["lockId"]
    emil = await house.member("Emil")
    for _ in range(3):
        await pin_of(house, door, owner={"memberId": emil})
        await house.make_token(Role.USER)
    await _grow(house, 3, numbered=1000)
    few = await _costs(house)
    for _ in range(9):
        await pin_of(house, door, owner={"memberId": emil})
        await house.make_token(Role.USER)
    await _grow(house, 27, numbered=2000)
    many = await _costs(house)

    for name, (rows, statements) in many.items():
        assert rows > few[name][0] >= 3, name
        assert len(statements) == len(few[name][1]), (name, statements)
        assert len(statements) <= 40, name
