"""Ways to hand a code to whoever it is for."""

import strawberry

from domain import sharing


@strawberry.type(description="Links that hand over what is shown, by the sharer's own means.")
class ShareLinks:
    web: str | None = strawberry.field(
        description="The page for the recipient; null where there are only digits to share."
    )
    email: str = strawberry.field(description="A mailto: link with subject and text.")
    whatsapp: str = strawberry.field(description="A WhatsApp link with the text.")
    sms: str = strawberry.field(description="An sms: link with the text.")


def share_links_type(links: sharing.ShareLinks) -> ShareLinks:
    """Share links as the API shows them."""
    return ShareLinks(web=links.web, email=links.email, whatsapp=links.whatsapp, sms=links.sms)
