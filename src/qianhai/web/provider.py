"""Speaks to an OpenID Connect provider: authorization code with PKCE, nonce and state.

The only place of the web that opens a connection, and only to the provider that main names. Must
not decide who a person is here; that is the identity room.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, Final

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from qianhai.identity import Role, provided
from qianhai.kernel import Environment

_SCOPE: Final = "openid profile"
_TIMEOUT_SECONDS: Final = 10.0
#: What a token may be signed with; "none" and shared secrets are not among them.
_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
_LEEWAY_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID Connect provider that lets people in, and which of its roles are ours."""

    issuer: str
    client_id: str
    client_secret: str
    title: str
    #: The claim that lists the provider's roles, and what each is here.
    role_claim: str = "roles"
    roles: Mapping[str, Role] = field(default_factory=dict)
    party_claim: str = "party"


class Connect:
    """A provider as it is reached: what it says of itself is asked once and kept."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._lock = Lock()
        self._said: Mapping[str, Any] | None = None
        self._keys: KeySet | None = None

    def address(self, attempt: provided.Attempt, back: str) -> str:
        """Return the address at the provider that a browser is sent to.

        Raises:
            Environment: the provider does not answer.
        """
        said = self._metadata()
        with self._client(back) as client:
            url, _ = client.create_authorization_url(
                said["authorization_endpoint"],
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
            )
        return str(url)

    def vouched(
        self, attempt: provided.Attempt, code: str, back: str, at: datetime
    ) -> provided.Vouched | None:
        """Return whom the provider vouches for under a code; None when its token does not hold.

        Raises:
            Environment: the provider does not answer.
        """
        said = self._metadata()
        try:
            with self._client(back) as client:
                token = client.fetch_token(
                    said["token_endpoint"], code=code, code_verifier=attempt.verifier
                )
            claims = self._claims(token, attempt, at)
        except httpx2.HTTPError as fault:
            raise self._silent(fault) from fault
        except (AuthlibBaseError, JoseError, ValueError, KeyError):
            return None
        return self._person(claims)

    def _claims(
        self, token: Mapping[str, Any], attempt: provided.Attempt, at: datetime
    ) -> CodeIDToken:
        """Return the claims of an id token, after its signature and each of them is proven."""
        said = self._metadata()
        registry = JWSRegistry(algorithms=list(_ALGORITHMS), strict_check_header=False)
        try:
            read = jwt.decode(token["id_token"], self._key_set(), registry=registry)
        except InvalidKeyIdError:
            read = jwt.decode(token["id_token"], self._key_set(is_new=True), registry=registry)
        claims = CodeIDToken(
            read.claims,
            read.header,
            {
                "iss": {"essential": True, "values": [said["issuer"]]},
                "aud": {"essential": True, "values": [self.provider.client_id]},
                "nonce": {"essential": True, "value": attempt.nonce},
            },
            {
                "nonce": attempt.nonce,
                "client_id": self.provider.client_id,
                "access_token": token.get("access_token"),
            },
        )
        claims.validate(now=int(at.timestamp()), leeway=_LEEWAY_SECONDS)
        return claims

    def _person(self, claims: Mapping[str, Any]) -> provided.Vouched:
        given = claims.get(self.provider.role_claim) or []
        named = [given] if isinstance(given, str) else given
        roles = {self.provider.roles[name] for name in named if name in self.provider.roles}
        party = claims.get(self.provider.party_claim)
        name = str(claims.get("preferred_username") or claims.get("email") or "")
        return provided.Vouched(
            issuer=str(claims["iss"]),
            subject=str(claims["sub"]),
            name=name,
            title=str(claims.get("name") or name),
            roles=frozenset[Role](roles),
            party=str(party) if party else None,
        )

    def _client(self, back: str) -> OAuth2Client:
        return OAuth2Client(
            self.provider.client_id,
            self.provider.client_secret,
            scope=_SCOPE,
            redirect_uri=back,
            code_challenge_method="S256",
            timeout=_TIMEOUT_SECONDS,
        )

    def _metadata(self) -> Mapping[str, Any]:
        with self._lock:
            if self._said is None:
                where = self.provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
                said = self._fetch(where)
                if said.get("issuer") != self.provider.issuer:
                    raise self._silent(ValueError(f"it calls itself {said.get('issuer')}"))
                self._said = said
            return self._said

    def _key_set(self, *, is_new: bool = False) -> KeySet:
        where = self._metadata()["jwks_uri"]
        with self._lock:
            if self._keys is None or is_new:
                self._keys = KeySet.import_key_set(self._fetch(where))
            return self._keys

    def _fetch(self, where: str) -> Any:  # noqa: ANN401 - a document of the provider
        try:
            answer = httpx2.get(where, timeout=_TIMEOUT_SECONDS)
            answer.raise_for_status()
            return answer.json()
        except (httpx2.HTTPError, ValueError) as fault:
            raise self._silent(fault) from fault

    def _silent(self, fault: Exception) -> Environment:
        return Environment(
            f"The provider {self.provider.issuer} does not answer: {fault}.",
            "Check QIANHAI_OIDC_ISSUER and that the provider runs; local accounts go on working.",
            zh=f"身份提供方 {self.provider.issuer} 没有应答：{fault}。"
            "请检查 QIANHAI_OIDC_ISSUER 及其运行状态；本地账户不受影响。",
            is_retry_safe=True,
        )
