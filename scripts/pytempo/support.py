"""The chain under test, the cast, and the bookkeeping every check goes through."""

import contextlib

from eth_account import Account
from eth_utils import keccak, to_checksum_address
from pytempo import TempoTransaction
from pytempo.contracts.tip20 import TIP20
from web3 import Web3
from web3.exceptions import Web3Exception

PATH = "0x20C0000000000000000000000000000000000000"
ALPHA = "0x20C0000000000000000000000000000000000001"
BETA = "0x20C0000000000000000000000000000000000002"
FEE_MANAGER = to_checksum_address("0xfeec000000000000000000000000000000000000")
DEX = to_checksum_address("0xdec0000000000000000000000000000000000000")
RESERVE = to_checksum_address("0x4d50500000000000000000000000000000000000")

EXPIRING = 2**256 - 1
INITIAL = 1_000_000_000_000
FEE = 1_000  # flat gas: 50,000 × 2×10^10 attodollars

ISSUER_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
PAYER_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
PAYEE_KEY = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"
SPONSOR_KEY = "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6"
STRANGER_KEY = "0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a"


def address(key):
    return Account.from_key(key).address


ISSUER, PAYER, PAYEE, SPONSOR, STRANGER = map(
    address, (ISSUER_KEY, PAYER_KEY, PAYEE_KEY, SPONSOR_KEY, STRANGER_KEY))

path, alpha, beta = TIP20(PATH), TIP20(ALPHA), TIP20(BETA)
WATCHED = [ISSUER, PAYER, PAYEE, SPONSOR, STRANGER, FEE_MANAGER, DEX, RESERVE]

TOPICS = {
    keccak(text=signature): signature.split("(")[0]
    for signature in (
        "Transfer(address,address,uint256)",
        "TransferWithMemo(address,address,uint256,bytes32)",
        "Approval(address,address,uint256)",
        "Mint(address,uint256)",
        "Burn(address,uint256)",
        "Mint(address,address,address,address,uint256,uint256)",
        "UserTokenSet(address,address)",
        "PauseStateUpdate(address,bool)",
        "RoleMembershipUpdated(bytes32,address,address,bool)",
        "NonceIncremented(address,uint256,uint64)",
        "KeyAuthorized(address,address,uint8,uint64)",
        "AdminKeyAuthorized(address,address)",
        "KeyRevoked(address,address)",
        "SpendingLimitUpdated(address,address,address,uint256)",
        "AccessKeySpend(address,address,address,uint256,uint256)",
        "KeyAuthorizationWitness(address,bytes32)",
        "KeyAuthorizationWitnessBurned(address,bytes32)",
        "ChannelOpened(bytes32,address,address,address,address,address,bytes32,bytes32,uint96)",
        "Settled(bytes32,address,address,uint96,uint96,uint96)",
        "TopUp(bytes32,address,address,uint96,uint96)",
        "CloseRequested(bytes32,address,address,uint256)",
        "CloseRequestCancelled(bytes32,address,address)",
        "ChannelClosed(bytes32,address,address,uint96,uint96)",
    )
}

passed = 0


def same(what, seen, expected):
    """Ends the run when two values differ."""
    global passed
    if seen != expected:
        raise SystemExit(f"pytempo: {what}: {seen!r}, expected {expected!r}")
    passed += 1


class RPCError(Exception):
    def __init__(self, error):
        super().__init__(error.get("message", ""))
        self.code, self.data = error.get("code"), error.get("data")


class Chain:
    def __init__(self, url, chain_id):
        self.url, self.chain_id, self.count = url, chain_id, 0
        self.w3 = Web3(Web3.HTTPProvider(url, request_kwargs={"timeout": 20}))
        self.sponsor_provider = Web3.HTTPProvider(url + "/sponsor", request_kwargs={"timeout": 20})

    # -- JSON-RPC -----------------------------------------------------------

    def rpc(self, method, *params, provider=None):
        answer = (provider or self.w3.provider).make_request(method, list(params))
        if "error" in answer:
            raise RPCError(answer["error"])
        return answer["result"]

    def refuses(self, text, method, *params, provider=None):
        """The request fails with this text in its message. Returns the error."""
        try:
            self.rpc(method, *params, provider=provider)
        except RPCError as error:
            same(f"refusal with {text!r} in {error}", text in str(error), True)
            return error
        raise SystemExit(f"pytempo: accepted instead of refused: {text}")

    def now(self):
        """The chain's time; it follows the wall clock and what the test adds."""
        return int(self.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def nonce(self, account):
        return int(self.rpc("eth_getTransactionCount", account, "pending"), 16)

    # -- Transactions -------------------------------------------------------

    def transaction(self, *calls, **members):
        """One with an expiring nonce, unlike every other, unless another nonce key is asked for."""
        self.count += 1
        base = dict(
            chain_id=self.chain_id, gas_limit=100_000, max_fee_per_gas=24_000_000_000,
            nonce_key=EXPIRING, valid_before=self.now() + 20, valid_after=1_000 + self.count)
        if members.get("nonce_key", EXPIRING) != EXPIRING:
            base["valid_before"] = base["valid_after"] = None
        return TempoTransaction.create(calls=calls, **{**base, **members})

    def mine(self, signed, logs=None, status=1, sender=PAYER, fee_payer=None, fee_token=PATH, fee=FEE):
        """Sends a signed transaction and checks everything its receipt says."""
        raw = signed.encode() if isinstance(signed, TempoTransaction) else signed
        hash = self.rpc("eth_sendRawTransaction", "0x" + raw.hex())
        same("hash", hash, "0x" + keccak(raw).hex())
        receipt = self.rpc("eth_getTransactionReceipt", hash)
        self.check(receipt, hash, logs, status, sender, fee_payer or sender, fee_token, fee)
        return receipt

    def check(self, receipt, hash, logs, status, sender, fee_payer, fee_token, fee):
        error = self.rpc("devnet_trace", hash)["errorName"]
        same(f"status (reverted with {error})", receipt["status"], hex(status))
        same("transaction hash", receipt["transactionHash"], hash)
        same("sender", to_checksum_address(receipt["from"]), sender)
        same("fee payer", to_checksum_address(receipt["feePayer"]), fee_payer)
        same("fee token", to_checksum_address(receipt["feeToken"]), fee_token)
        same("gas", receipt["gasUsed"], hex(50_000))
        names = [TOPICS.get(bytes.fromhex(log["topics"][0][2:]), log["topics"][0]) for log in receipt["logs"]]
        if logs is not None:
            same("logs", names, [*logs, "Transfer"])
        last = receipt["logs"][-1]
        same("fee log's token", to_checksum_address(last["address"]), fee_token)
        same("fee log's payer", last["topics"][1][-40:], fee_payer[2:].lower())
        same("fee log's recipient", last["topics"][2][-40:], FEE_MANAGER[2:].lower())
        same("fee", int(last["data"], 16), fee)

    def reverts(self, signed, error, logs=(), **expected):
        """Mined with status 0, and the trace names the reason."""
        receipt = self.mine(signed, logs=list(logs), status=0, **expected)
        same("reason", self.rpc("devnet_trace", receipt["transactionHash"])["errorName"], error)
        return receipt

    def rejects(self, signed, text):
        """Not mined (again): the pool says why, and nothing changes."""
        raw = signed.encode() if isinstance(signed, TempoTransaction) else signed
        hash = "0x" + keccak(raw).hex()
        receipt = self.rpc("eth_getTransactionReceipt", hash)
        with self.moves({}):
            error = self.refuses(text, "eth_sendRawTransaction", "0x" + raw.hex())
        same("receipt after a refusal", self.rpc("eth_getTransactionReceipt", hash), receipt)
        return error

    # -- Books --------------------------------------------------------------

    def books(self):
        balances = {}
        for name, token in (("path", path), ("alpha", alpha), ("beta", beta)):
            for account in WATCHED:
                balances[account, name] = token.balance_of(self.w3, account=account)
        return balances

    @contextlib.contextmanager
    def moves(self, changes):
        """Exactly these balances change, by exactly that much, among all watched ones."""
        before = self.books()
        yield
        after = self.books()
        seen = {key: after[key] - before[key] for key in before if after[key] != before[key]}
        same("movements", seen, {key: amount for key, amount in changes.items() if amount})


def fails(what, error, function, *arguments, **named):
    """A read that the chain refuses with a revert."""
    try:
        function(*arguments, **named)
    except Web3Exception as failure:
        same(f"{what}: {failure}", error in str(failure), True)
    else:
        raise SystemExit(f"pytempo: {what} succeeded, expected {error}")
