"""Sign-in through an identity provider (OpenID Connect)."""

from pydantic import Field

from models.base import Body, Contract


class OidcStart(Contract):
    """The beginning of a sign-in through the identity provider."""

    authorization_url: str = Field(description="Page of the identity provider to open in the browser")
    state: str = Field(
        description="The provider returns this value together with the code. Compare the two before you continue."
    )
    flow: str = Field(
        description="Secret of this sign-in, valid for 10 minutes. Keep it in the browser that opened the page, and"
        " send it to `POST /api/v1/auth/oidc/finish`."
    )


class OidcFinish(Body):
    """The identity provider's answer, as it arrives at the redirect URL, and the flow that asked for it."""

    code: str = Field(min_length=1, max_length=2000)
    state: str = Field(min_length=20, max_length=200)
    flow: str = Field(min_length=20, max_length=3000)
