"""Whom tokens act for."""
# ruff: noqa: E501

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7


async def know_makers(apps, editor) -> None:  # type: ignore[no-untyped-def]
    """The audit says who made each token that there is: a person, another token, or (silent here) the command line."""
    Token, AuditRow = apps.get_model("latchwork.ApiToken"), apps.get_model("latchwork.AuditRow")
    made_by = {
        row.target_id: (row.actor_kind, row.actor_id)
        for row in await AuditRow.filter(action="createApiToken", target_kind="ApiToken")
    }
    people = set(await apps.get_model("latchwork.Account").all().values_list("id", flat=True))
    tokens = {row.id: row for row in await Token.all().order_by("id")}  # parents before children
    for key, row in tokens.items():
        kind, maker_id = made_by.get(key, ("COMMAND_LINE", None))
        if kind == "ACCOUNT" and maker_id in people:
            row.account_id = maker_id
        elif kind == "ACCOUNT":
            row.revoked_at = row.revoked_at or row.created_at
        elif kind == "TOKEN" and maker_id in tokens:
            parent = tokens[maker_id]
            row.parent_id, row.account_id = parent.id, parent.account_id
            row.revoked_at = row.revoked_at or parent.revoked_at
        else:
            continue
        await Token.filter(id=key).update(
            account_id=row.account_id, parent_id=row.parent_id, revoked_at=row.revoked_at
        )


async def own_what_was_made(apps, editor) -> None:  # type: ignore[no-untyped-def]
    """A site that a token made is owned by the person for whom the token acts, where they never were a member."""
    Token, AuditRow = apps.get_model("latchwork.ApiToken"), apps.get_model("latchwork.AuditRow")
    Site, Member = apps.get_model("latchwork.Site"), apps.get_model("latchwork.Member")
    Account, Tag = apps.get_model("latchwork.Account"), apps.get_model("latchwork.Tag")
    TokenSite = apps.get_model("latchwork.ApiTokenSite")
    TaggedMember = apps.get_model("latchwork.TaggedMember")
    for made in await AuditRow.filter(action="createSite", actor_kind="TOKEN", target_kind="Site"):
        token = await Token.get_or_none(id=made.actor_id)
        site = await Site.get_or_none(id=made.target_id)
        if site is None or token is None or token.account_id is None:
            continue
        acts = token.revoked_at is None and await TokenSite.exists(
            token_id=token.id, site_id=site.id
        )
        owners = Member.filter(
            site_id=site.id, role="OWNER", removed_at=None, accepted_at__isnull=False
        )
        known = await Member.exists(site_id=site.id, account_id=token.account_id)
        if known or (await owners.exists() and not acts):
            continue
        account = await Account.get(id=token.account_id)
        since = {"created_at": site.created_at}
        member = await Member.create(
            id=uuid7(),
            site_id=site.id,
            account_id=account.id,
            name=account.email[:100],
            role="OWNER",
            can_edit=True,
            accepted_at=site.created_at,
            **since,
        )
        tag = await Tag.create(
            id=uuid7(), site_id=site.id, kind="DEFAULT", target="MEMBER", name=member.name, **since
        )
        await TaggedMember.create(id=uuid7(), tag_id=tag.id, member_id=member.id)


async def end_with_makers(apps, editor) -> None:  # type: ignore[no-untyped-def]
    """A token ends for good at a site of which the person for whom it acts is no member any more."""
    TokenSite, Member = apps.get_model("latchwork.ApiTokenSite"), apps.get_model("latchwork.Member")
    for at in await TokenSite.filter(token__account_id__isnull=False).select_related("token"):
        living = Member.filter(
            site_id=at.site_id,
            account_id=at.token.account_id,
            removed_at=None,
            accepted_at__isnull=False,
        )
        if not await living.exists():
            await TokenSite.filter(id=at.id).delete()


class Migration(migrations.Migration):
    dependencies = [("latchwork", "0003_what_crossed_changes_left")]

    initial = False

    operations = [
        ops.AddField(
            model_name="ApiToken",
            name="account",
            field=fields.ForeignKeyField(
                "latchwork.Account",
                source_field="account_id",
                null=True,
                to_field="id",
                on_delete=OnDelete.CASCADE,
            ),
        ),
        ops.AddField(
            model_name="ApiToken",
            name="last_used_at",
            field=fields.DatetimeField(null=True),
        ),
        ops.AddField(
            model_name="ApiToken",
            name="parent",
            field=fields.ForeignKeyField(
                "latchwork.ApiToken",
                source_field="parent_id",
                null=True,
                to_field="id",
                related_name="children",
                on_delete=OnDelete.CASCADE,
            ),
        ),
        ops.AddIndex(model_name="ApiToken", index=Index(fields=["account"])),
        ops.AddIndex(model_name="ApiToken", index=Index(fields=["parent"])),
        ops.RunPython(know_makers),
        ops.RunPython(own_what_was_made),
        ops.RunPython(end_with_makers),
    ]
