"""Tags: default ones that live with their member or lock, special ones that people make, and choosing locks by them."""

from typing import Any

from tests.serving import House, Served

TAGS = """query($id: ID!, $kinds: [TagKind!], $targets: [TagTarget!]) { site(id: $id) {
  tags(kinds: $kinds, targets: $targets) { nodes { id name kind target
    members { nodes { id name } } locks { nodes { id name } } } } } }"""
SHOWN = """{ tag { id name members { nodes { id } } locks { nodes { id } } } }
  ... on InvalidInput { field } ... on NotFound { field }"""


async def _tags(house: House, **filters: Any) -> list[dict[str, Any]]:
    data = await house.ask(TAGS, id=house.id, **filters)
    tags: list[dict[str, Any]] = data["site"]["tags"]["nodes"]
    return tags


async def _create(house: House, **fields: Any) -> dict[str, Any]:
    return await house.change(
        "createTag", f"... on CreatedTag {SHOWN}", siteId=house.id, **{"name": "Group", **fields}
    )


async def _update(house: House, tag_id: str, **fields: Any) -> dict[str, Any]:
    return await house.change("updateTag", f"... on UpdatedTag {SHOWN}", tagId=tag_id, **fields)


async def test_a_default_tag_lives_with_its_owner(served: Served) -> None:
    """Proves that it is made, renamed and removed with its lock or member, and is nobody's to change."""
    house = await served.site()
    lock = (await house.lock("Front door"))["lockId"]
    member = await house.member("Emma")
    await house.change("updateLock", lockId=lock, name="Main door")
    await house.change("updateMember", memberId=member, name="Emma Rossi")

    (of_lock,) = await _tags(house, targets=["LOCK"])
    of_members = await _tags(house, targets=["MEMBER"])
    assert (of_lock["name"], of_lock["kind"]) == ("Main door", "DEFAULT")
    assert of_lock["locks"]["nodes"] == [{"id": lock, "name": "Main door"}]
    assert of_lock["members"]["nodes"] == []
    assert of_members[-1]["name"] == "Emma Rossi"
    assert [m["id"] for m in of_members[-1]["members"]["nodes"]] == [member]
    assert (await _update(house, of_lock["id"], name="Mine"))["__typename"] == "NotAllowed"
    assert (await house.change("deleteTag", tagId=of_lock["id"]))["__typename"] == "NotAllowed"

    group = (await _create(house, target="LOCK", lockIds=[lock]))["tag"]["id"]
    await house.change("deleteLock", lockId=lock)
    await house.change("removeMember", memberId=member)
    (left,) = await _tags(house, targets=["LOCK"])
    assert (left["id"], left["locks"]["nodes"]) == (group, [])
    assert len(await _tags(house, targets=["MEMBER"])) == len(of_members) - 1


async def test_special_tags_are_made_changed_and_deleted(served: Served) -> None:
    """Proves that omitted fields keep, lists replace, kinds do not mix, foreign ids are unknown, what was held stays."""
    house, other = await served.site(), await served.site("Other")
    front, flat = (await house.lock("Front"))["lockId"], (await house.lock("Flat"))["lockId"]
    foreign = (await other.lock())["lockId"]
    emma = await house.member("Emma")

    tag = (await _create(house, name="Doors", target="LOCK", lockIds=[front]))["tag"]
    assert tag["locks"]["nodes"] == [{"id": front}]
    renamed = (await _update(house, tag["id"], name="All doors"))["tag"]
    assert (renamed["name"], renamed["locks"]["nodes"]) == ("All doors", [{"id": front}])
    replaced = (await _update(house, tag["id"], lockIds=[flat, flat]))["tag"]
    assert replaced["locks"]["nodes"] == [{"id": flat}]
    people = (await _create(house, target="MEMBER", memberIds=[emma]))["tag"]
    assert people["members"]["nodes"] == [{"id": emma}]

    for fields, kind, field in (
        ({"memberIds": [emma]}, "InvalidInput", "memberIds"),
        ({"lockIds": [front, foreign]}, "NotFound", "lockIds"),
        ({"lockIds": [emma]}, "NotFound", "lockIds"),
        ({"name": ""}, "InvalidInput", "name"),
    ):
        answer = await _update(house, tag["id"], **fields)
        assert (answer["__typename"], answer.get("field")) == (kind, field)
    wrong = await _create(house, target="MEMBER", lockIds=[front])
    assert (wrong["__typename"], wrong["field"]) == ("InvalidInput", "lockIds")
    assert (await _update(other, tag["id"], name="Mine"))["__typename"] == "NotFound"
    assert (await other.change("deleteTag", tagId=tag["id"]))["__typename"] == "NotFound"

    special = await _tags(house, kinds=["SPECIAL"])
    assert [(t["name"], [lock["id"] for lock in t["locks"]["nodes"]]) for t in special] == [
        ("All doors", [flat]),
        ("Group", []),
    ]
    await house.change("deleteTag", tagId=tag["id"])
    assert [t["id"] for t in await _tags(house, kinds=["SPECIAL"])] == [people["id"]]
    assert (await house.change("deleteTag", tagId=tag["id"]))["__typename"] == "NotFound"
    locks = await house.ask(
        "query($id: ID!) { site(id: $id) { locks { nodes { id tags { nodes { name kind } } } }"
        ' members(search: "emma") { nodes { tags { nodes { name kind } } } } } }',
        id=house.id,
    )
    assert locks["site"]["locks"]["nodes"] == [
        {"id": front, "tags": {"nodes": [{"name": "Front", "kind": "DEFAULT"}]}},
        {"id": flat, "tags": {"nodes": [{"name": "Flat", "kind": "DEFAULT"}]}},
    ]
    assert locks["site"]["members"]["nodes"][0]["tags"]["nodes"] == [
        {"name": "Emma", "kind": "DEFAULT"},
        {"name": "Group", "kind": "SPECIAL"},
    ]


async def test_an_invitation_takes_what_its_tags_hold_then_and_for_good(served: Served) -> None:
    """Proves that tags and locks add up, default tags too, later tagging changes nothing, wrong tags are refused."""
    house, other = await served.site(), await served.site("Other")
    names = ("Front", "Flat", "Garage", "Cellar")
    locks = {name: (await house.lock(name))["lockId"] for name in names}
    defaults = {tag["name"]: tag["id"] for tag in await _tags(house, targets=["LOCK"])}
    group = (await _create(house, target="LOCK", lockIds=[locks["Front"], locks["Flat"]]))["tag"][
        "id"
    ]
    made = await house.invitation(locks["Front"], lockTagIds=[group, defaults["Garage"]])
    await _update(house, group, lockIds=[locks["Cellar"]])
    await house.change("deleteTag", tagId=group)

    shown = await house.ask(
        "query($id: ID!) { node(id: $id) { ... on Invitation { locks { nodes { name } } } } }",
        id=made["invitation"]["id"],
    )
    assert [lock["name"] for lock in shown["node"]["locks"]["nodes"]] == ["Front", "Flat", "Garage"]
    home = (await served.phone().redeem(made["code"]))["home"]
    assert [door["lock"]["name"] for door in home["doors"]] == ["Front", "Flat", "Garage"]

    empty = (await _create(house, target="LOCK"))["tag"]["id"]
    people = (await _create(house, target="MEMBER"))["tag"]["id"]
    foreign = (await _create(other, target="LOCK"))["tag"]["id"]
    for tag, kind in (
        (empty, "InvalidInput"),
        (people, "NotFound"),
        (foreign, "NotFound"),
        (group, "NotFound"),
    ):
        answer = await house.invitation(lockIds=None, lockTagIds=[tag])
        assert answer["__typename"] == kind
