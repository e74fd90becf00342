"""Signing in with an identity provider: a real one, small, on loopback; and every way in which its word may not fit."""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI, Form
from pydantic import SecretStr

from tests.web.conftest import World
from warning.settings import OidcSettings


class Provider:
    """Hands out one code a log-in and signs what it is told to say."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.signs_with = self.key
        self.says: dict[str, Any] = {"preferred_username": "fu"}
        self.asked: dict[str, str] = {}
        self.issuer = ""

    def authorise(self, location: str) -> dict[str, str]:
        """What the person's browser does at the provider: the query of the way back."""
        self.asked = {key: value[0] for key, value in parse_qs(urlsplit(location).query).items()}
        return {"code": "code-1", "state": self.asked["state"]}

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        async def about() -> dict[str, str]:
            return {"issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize", "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/jwks"}

        @app.get("/jwks")
        async def jwks() -> dict[str, list[dict[str, Any]]]:
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
            return {"keys": [{**public, "kid": "k1", "use": "sig", "alg": "RS256"}]}

        @app.post("/token")
        async def token(code: str = Form(), code_verifier: str = Form(), client_secret: str = Form(), redirect_uri: str = Form()) -> dict[str, str]:
            challenge = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
            assert (code, client_secret, challenge) == ("code-1", "shared", self.asked["code_challenge"])
            assert redirect_uri == self.asked["redirect_uri"] == "http://faces.test/login/oidc/back"
            now = int(time.time())
            claims = {"iss": self.issuer, "aud": "xiaoxishu", "iat": now, "exp": now + 60, "nonce": self.asked["nonce"], **self.says}
            return {"id_token": jwt.encode(claims, self.signs_with, algorithm="RS256", headers={"kid": "k1"})}

        return app


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    made = Provider()
    server = uvicorn.Server(uvicorn.Config(made.app(), host="127.0.0.1", port=0, log_level="error", lifespan="off", ws="none"))
    task = asyncio.create_task(server.serve())
    for _ in range(6000):
        if server.started:
            break
        await asyncio.sleep(0.01)
    made.issuer = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield made
    server.should_exit = True
    await task


def joined(world: World, provider: Provider) -> None:
    oidc = OidcSettings(issuer=provider.issuer, client_id="xiaoxishu", client_secret=SecretStr("shared"))
    world.app.state.parts = replace(world.parts, settings=world.parts.settings.model_copy(update={"oidc": oidc}))


async def there_and_back(world: World, provider: Provider, **changed: str) -> httpx.Response:
    begun = await world.http.get("/login/oidc")
    assert begun.status_code == 303, begun.text
    return await world.http.get("/login/oidc/back", params={**provider.authorise(begun.headers["location"]), **changed})


async def test_who_the_provider_vouches_for_has_a_session(world: World, provider: Provider) -> None:
    joined(world, provider)
    assert "/login/oidc" in (await world.get("/login")).text
    back = await there_and_back(world, provider)
    assert back.status_code == 200, back.text
    assert provider.asked["code_challenge_method"] == "S256"
    page = await world.get("/me")
    assert page.status_code == 200
    assert "fu" in page.text


@pytest.mark.parametrize(("says", "why"), [
    ({"preferred_username": "stranger"}, "an admin adds the account"), ({"preferred_username": ""}, "says no preferred_username"),
    ({"aud": "another"}, "InvalidAudienceError"), ({"iss": "https://evil.example"}, "InvalidIssuerError"),
    ({"exp": 1}, "ExpiredSignatureError"), ({"nonce": "of another log-in"}, "belongs to another log-in")])
async def test_a_word_that_does_not_fit_opens_nothing(world: World, provider: Provider, says: dict[str, Any], why: str) -> None:
    joined(world, provider)
    provider.says |= says
    back = await there_and_back(world, provider)
    assert back.status_code == 403
    assert why in back.text
    assert (await world.get("/me")).status_code == 303


async def test_a_word_signed_by_somebody_else_opens_nothing(world: World, provider: Provider) -> None:
    joined(world, provider)
    provider.signs_with = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert "InvalidSignatureError" in (await there_and_back(world, provider)).text


async def test_an_answer_that_this_browser_did_not_ask_for_opens_nothing(world: World, provider: Provider) -> None:
    joined(world, provider)
    assert (await there_and_back(world, provider, state="x")).status_code == 403
    world.http.cookies.clear()
    assert (await world.http.get("/login/oidc/back", params={"code": "code-1", "state": "x"})).status_code == 403


async def test_without_a_provider_there_is_no_such_door(world: World) -> None:
    assert (await world.get("/login/oidc")).status_code == 404
    assert "/login/oidc" not in (await world.get("/login")).text
