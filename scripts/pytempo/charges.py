"""pympp's own client pays pympp's own server; this chain is all they have in common with swift-mpp."""

import asyncio
import json

import httpx
from mpp.client import PaymentTransport
from mpp.methods.tempo import TempoAccount
from mpp.methods.tempo import client as tempo_client
from mpp.methods.tempo import server as tempo_server
from mpp.server import Mpp, PaymentVerified, Request, Response
from pytempo import KeyAuthorization, TokenLimit
from support import (
    FEE, FEE_MANAGER, PATH, PAYEE, PAYER, PAYER_KEY, SPONSOR_KEY, SPONSOR, STRANGER_KEY, STRANGER, path, same,
)

URL = "https://api.example.com/paid"
KEY_SECRET = "0x" + "03" * 32


class Stall(httpx.AsyncBaseTransport):
    """A paid route of pympp's server, without a socket. Remembers every credential."""

    def __init__(self, chain, sponsored=False, **request):
        sponsor = dict(fee_payer=TempoAccount.from_key(SPONSOR_KEY), fee_token=PATH) if sponsored else {}
        engine = Mpp(
            tempo_server.charge(
                recipient=PAYEE, chain_id=chain.chain_id, rpc_url=chain.url, currencies=[PATH], **sponsor),
            realm="api.example.com", secret_key="0123456789abcdef0123456789abcdef")
        options = dict(amount="0.01", **request)
        if sponsored:
            options["fee_payer"] = True
        self.route = engine.charge(**options)
        self.credentials = []

    async def handle_async_request(self, request):
        if "authorization" in request.headers:
            self.credentials.append(request.headers["authorization"])
        answer = await self.route(Request(request.method, str(request.url), request.headers.multi_items()))
        if isinstance(answer, PaymentVerified):
            response = answer.with_receipt(Response.json({"paid": True}))
        else:
            response = answer.challenge
        return httpx.Response(
            response.status, headers=response.headers.multi_items(), content=response.body or b"", request=request)


def fetch(chain, stall, key=PAYER_KEY, **members):
    method = tempo_client.charge(
        account=TempoAccount.from_key(key), chain_id=chain.chain_id, rpc_url=chain.url, **members)

    async def run():
        transport = PaymentTransport([method], inner=stall)
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.get(URL)

    return asyncio.run(run())


def again(stall, credential):
    async def run():
        async with httpx.AsyncClient(transport=stall) as client:
            return await client.get(URL, headers={"authorization": credential})

    return asyncio.run(run())


def paid(response):
    same(f"answer {response.text}", response.status_code, 200)
    same("body", json.loads(response.content), {"paid": True})
    same("receipt", "payment-receipt" in response.headers, True)


def charge(chain):
    stall = Stall(chain)
    with chain.moves({
        (PAYER, "path"): -10_000 - FEE, (PAYEE, "path"): 10_000, (FEE_MANAGER, "path"): FEE,
    }):
        paid(fetch(chain, stall))
    same("credentials", len(stall.credentials), 1)
    with chain.moves({}):
        same("the same credential again", again(stall, stall.credentials[0]).status_code == 200, False)


def sponsored(chain):
    stall = Stall(chain, sponsored=True)
    with chain.moves({
        (PAYER, "path"): -10_000, (PAYEE, "path"): 10_000, (SPONSOR, "path"): -FEE, (FEE_MANAGER, "path"): FEE,
    }):
        paid(fetch(chain, stall))


def splits(chain):
    stall = Stall(chain, splits=[{"recipient": STRANGER, "amount": "2500"}])
    with chain.moves({
        (PAYER, "path"): -10_000 - FEE, (PAYEE, "path"): 7_500, (STRANGER, "path"): 2_500,
        (FEE_MANAGER, "path"): FEE,
    }):
        paid(fetch(chain, stall))


def by_access_key(chain):
    """The account is the payer's, the key another: authorized first, with room for the payment and its fee."""
    key = TempoAccount.from_key(KEY_SECRET)
    grant = KeyAuthorization(
        key_id=key.address, chain_id=chain.chain_id, expiry=chain.now() + 3_600,
        limits=(TokenLimit(token=PATH, limit=10_000_000),)).sign(PAYER_KEY)
    chain.mine(chain.transaction(
        path.transfer(to=PAYEE, amount=1), key_authorization=grant).sign(PAYER_KEY))
    stall = Stall(chain)
    with chain.moves({
        (PAYER, "path"): -10_000 - FEE, (PAYEE, "path"): 10_000, (FEE_MANAGER, "path"): FEE,
    }):
        paid(fetch(chain, stall, key=KEY_SECRET, root_account=PAYER))


def without_funds(chain):
    chain.rpc("devnet_setBalance", PATH, STRANGER, 0)
    stall = Stall(chain)
    with chain.moves({}):
        try:
            status = fetch(chain, stall, key=STRANGER_KEY).status_code
        except Exception as error:
            status = repr(error)
        same("a payment without funds", status == 200, False)


CHECKS = [charge, sponsored, splits, by_access_key, without_funds]
