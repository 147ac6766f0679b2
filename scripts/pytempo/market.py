"""pympp's client pays `mpp serve`, and `mpp request` pays pympp's server, over HTTP and on one chain."""

import asyncio
import contextlib
import http.server
import json
import os
import subprocess
import tempfile
import threading

import httpx
from charges import Stall
from mpp.client import PaymentTransport
from mpp.methods.tempo import TempoAccount
from mpp.methods.tempo import client as tempo_client
from mpp.server import PaymentVerified, Request, Response
from support import FEE, FEE_MANAGER, PAYEE, PAYER, PAYER_KEY, SPONSOR, same


def environment(chain, folder):
    return {
        "PATH": os.environ["PATH"], "HOME": folder, "XDG_STATE_HOME": folder, "MPP_RPC_URL": chain.url,
        "MPP_SECRET_KEY": "0123456789abcdef0123456789abcdef",
    }


@contextlib.contextmanager
def served(chain, *options):
    """`mpp serve` of the payee; its fees are the sponsor's."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [chain.program, "serve", "--port", "0", "--key", "devnet:2", "--sponsor", "devnet:3", *options],
            stdout=subprocess.PIPE, text=True, env=environment(chain, folder))
        try:
            ready = next((json.loads(line) for line in process.stdout if line.startswith("{")), {})
            same("first event", ready.get("event"), "ready")
            yield ready["url"]
        finally:
            process.terminate()
            process.wait(timeout=20)


def fetch(chain, url):
    method = tempo_client.charge(
        account=TempoAccount.from_key(PAYER_KEY), chain_id=chain.chain_id, rpc_url=chain.url)

    async def run():
        transport = PaymentTransport([method], inner=httpx.AsyncHTTPTransport())
        async with httpx.AsyncClient(transport=transport, timeout=20) as client:
            return await client.get(url)

    return asyncio.run(run())


def their_client_pays_our_server(chain):
    with served(chain) as url:
        same("free", httpx.get(url + "/free").status_code, 200)
        same("unpaid", httpx.get(url + "/charge").status_code, 402)
        with chain.moves({
            (PAYER, "path"): -10_000 - FEE, (PAYEE, "path"): 10_000, (FEE_MANAGER, "path"): FEE,
        }):
            response = fetch(chain, url + "/charge")
            same(f"answer {response.text}", response.status_code, 200)
            same("receipt", "payment-receipt" in response.headers, True)
        with chain.moves({
            (PAYER, "path"): -10_000, (PAYEE, "path"): 10_000, (SPONSOR, "path"): -FEE,
            (FEE_MANAGER, "path"): FEE,
        }):
            response = fetch(chain, url + "/charge/sponsored")
            same(f"answer {response.text}", response.status_code, 200)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        url = f"http://{self.headers['host']}{self.path}"
        answer = asyncio.run(self.server.stall.route(Request("GET", url, list(self.headers.items()))))
        if isinstance(answer, PaymentVerified):
            response = answer.with_receipt(Response.json({"paid": True}))
        else:
            response = answer.challenge
        body = response.body or b""
        self.send_response(response.status)
        for name, value in response.headers.multi_items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def our_client_pays_their_server(chain):
    for sponsored in (False, True):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.stall = Stall(chain, sponsored=sponsored)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        fee_payer = SPONSOR if sponsored else PAYER
        changes = {(PAYER, "path"): -10_000, (PAYEE, "path"): 10_000, (FEE_MANAGER, "path"): FEE}
        changes[fee_payer, "path"] = changes.get((fee_payer, "path"), 0) - FEE
        try:
            with tempfile.TemporaryDirectory() as folder, chain.moves(changes):
                done = subprocess.run(
                    [chain.program, "request", f"http://127.0.0.1:{server.server_port}/paid", "--key", "devnet:1",
                     "--max-price", "0.01"],
                    env=environment(chain, folder), capture_output=True, text=True, timeout=60)
                same(f"exit code ({done.stderr})", done.returncode, 0)
                same("body", json.loads(done.stdout), {"paid": True})
        finally:
            server.shutdown()
            server.server_close()


CHECKS = [their_client_pays_our_server, our_client_pays_their_server]
