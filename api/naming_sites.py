"""Sites as they are named on the command line."""

import typer

from domain.sites.tables import Site


async def site_named(name: str) -> Site:
    """The site of this name. Ends the program where there is none, or several."""
    found = await Site.filter(name=name).order_by("id")
    if len(found) != 1:
        raise typer.BadParameter(
            "There is no site of this name." if not found else "Several sites have this name."
        )
    return found[0]
