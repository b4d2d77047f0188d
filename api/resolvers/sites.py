"""Operations on sites."""

from api.context import Call
from api.operations import PERSON_OR_TOKEN, AtSite, mutation, query
from api.resolvers.given_fields import given_fields
from api.schema.errors import PolicyViolation
from api.schema.nodes import USUAL_PAGE, After, Connection, First, TheSite, page
from api.schema.site_settings import CreateSiteInput, UpdateSiteInput
from api.schema.sites import CreatedSite, Site, UpdatedSite, site_type
from domain.people import new_sites
from domain.people.rules import Permission
from domain.people.standings import standing_at, standings_of
from domain.people.tables import Account
from domain.sites import service
from domain.sites.tables import Site as SiteRow


@query(AtSite(Permission.OWN_ACCESS, "id"))
async def site(call: Call, id: TheSite) -> Site | None:
    """A site of the caller's; null for any other."""
    assert call.by.standing is not None
    return site_type(await service.live_site(call.by.site_id), call.by.standing)


@query(PERSON_OR_TOKEN)
async def sites(call: Call, first: First = USUAL_PAGE, after: After = None) -> Connection[Site]:
    """The caller's sites, in the order of their making."""
    standings = await standings_of(call.by.actor)
    return await page(
        SiteRow.filter(id__in=list(standings)),
        lambda row: site_type(row, standings[row.id]),
        first=first,
        after=after,
    )


@mutation(PERSON_OR_TOKEN)
async def create_site(call: Call, input: CreateSiteInput) -> CreatedSite:
    """Makes a site. The caller's account owns it; so does that of whoever made a token, which may act on it too."""
    account_id = call.by.account_id
    row = await new_sites.create_site(
        call.installation,
        call.by,
        name=input.name,
        timezone=input.timezone,
        system_type=input.system_type,
        owner=await Account.get(id=account_id) if account_id is not None else None,
        now=call.now,
    )
    standing = await standing_at(call.by.actor, row.id)
    assert standing is not None
    return CreatedSite(site=site_type(row, standing))


@mutation(AtSite(Permission.SITE_SETTINGS), PolicyViolation)
async def update_site(call: Call, input: UpdateSiteInput) -> UpdatedSite:
    """Changes a site's settings; the plan is changed from the command line only."""
    fields = given_fields(input, "site_id")
    if fields.get("pin_policy") is not None:
        fields["pin_policy"] = given_fields(fields["pin_policy"])
    row = await service.update_site(call.installation, call.by, fields=fields, now=call.now)
    assert call.by.standing is not None
    return UpdatedSite(site=site_type(row, call.by.standing))
