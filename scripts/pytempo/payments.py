"""Payments: plain, in batches, with every kind of nonce, in every fee token, and as Ethereum transactions."""

from eth_account import Account
from eth_utils import to_checksum_address
from pytempo import AccessListItem, Call, TempoTransaction
from pytempo.contracts.nonce import Nonce
from support import (
    ALPHA, BETA, EXPIRING, FEE, FEE_MANAGER, INITIAL, PATH, PAYEE, PAYER, PAYER_KEY, STRANGER, STRANGER_KEY,
    alpha, beta, path, same,
)

MEMO = bytes(31) + b"\x2a"


def reads(chain):
    same("chain id", chain.w3.eth.chain_id, chain.chain_id)
    same("gas price", chain.w3.eth.gas_price, 20_000_000_000)
    same("tip", chain.w3.eth.max_priority_fee, 0)
    same("code of a token", bytes(chain.w3.eth.get_code(PATH)), b"\xef")
    same("code of an account", bytes(chain.w3.eth.get_code(PAYER)), b"")
    for token in (path, alpha, beta):
        same("balance", token.balance_of(chain.w3, account=PAYER), INITIAL)
        same("decimals", token.decimals(chain.w3), 6)
        same("cap", token.supply_cap(chain.w3), 2**128 - 1)
        same("paused", token.paused(chain.w3), False)
    estimate = chain.transaction(path.transfer(to=PAYEE, amount=1)).to_estimate_gas_request(PAYER)
    same("estimate", chain.rpc("eth_estimateGas", estimate, "latest"), hex(50_000))
    block = chain.w3.eth.get_block("latest")
    same("block", chain.w3.eth.get_block(block["hash"])["number"], block["number"])


def unsponsored(chain):
    signed = chain.transaction(path.transfer_with_memo(to=PAYEE, amount=1_000_000, memo=MEMO)).sign(PAYER_KEY)
    nonce = chain.nonce(PAYER)
    with chain.moves({
        (PAYER, "path"): -1_000_000 - FEE, (PAYEE, "path"): 1_000_000, (FEE_MANAGER, "path"): FEE,
    }):
        receipt = chain.mine(signed, ["Transfer", "TransferWithMemo"])
    same("hash of pytempo", "0x" + signed.hash().hex(), receipt["transactionHash"])
    same("type", receipt["type"], "0x76")
    same("memo", receipt["logs"][1]["topics"][3], "0x" + MEMO.hex())
    same("target", to_checksum_address(receipt["to"]), PATH)
    same("an expiring nonce leaves the account's alone", chain.nonce(PAYER), nonce)
    shown = chain.rpc("eth_getTransactionByHash", receipt["transactionHash"])
    same("shown calls", [call["input"] for call in shown["calls"]], ["0x" + signed.calls[0].data.hex()])
    same("shown window", (int(shown["validBefore"], 16), int(shown["validAfter"], 16)),
         (signed.valid_before, signed.valid_after))
    same("shown bytes", chain.rpc("eth_getRawTransactionByHash", receipt["transactionHash"]),
         "0x" + signed.encode().hex())


def answered_with_the_receipt(chain):
    raw = "0x" + chain.transaction(path.transfer(to=PAYEE, amount=1)).sign(PAYER_KEY).encode().hex()
    receipt = chain.rpc("eth_sendRawTransactionSync", raw)
    same("status", receipt["status"], "0x1")
    same("receipt", chain.rpc("eth_getTransactionReceipt", receipt["transactionHash"]), receipt)


def batches(chain):
    both = chain.transaction(
        path.transfer(to=PAYEE, amount=1), alpha.transfer(to=PAYEE, amount=2), path.approve(
            spender=STRANGER, amount=3)).sign(PAYER_KEY)
    with chain.moves({
        (PAYER, "path"): -1 - FEE, (PAYER, "alpha"): -2, (PAYEE, "path"): 1, (PAYEE, "alpha"): 2,
        (FEE_MANAGER, "path"): FEE,
    }):
        chain.mine(both, ["Transfer", "Transfer", "Approval"])
    same("allowance", path.allowance(chain.w3, owner=PAYER, spender=STRANGER), 3)
    taken = chain.transaction(
        path.transfer_from_with_memo(sender=PAYER, to=PAYEE, amount=3, memo=MEMO)).sign(STRANGER_KEY)
    with chain.moves({
        (PAYER, "path"): -3, (PAYEE, "path"): 3, (STRANGER, "path"): -FEE, (FEE_MANAGER, "path"): FEE,
    }):
        chain.mine(taken, ["Transfer", "TransferWithMemo"], sender=STRANGER)
    same("used allowance", path.allowance(chain.w3, owner=PAYER, spender=STRANGER), 0)
    again = chain.transaction(path.transfer_from(sender=PAYER, to=PAYEE, amount=1)).sign(STRANGER_KEY)
    chain.reverts(again, "InsufficientAllowance", sender=STRANGER)
    atomic = chain.transaction(
        path.transfer(to=PAYEE, amount=1), path.transfer(to=PAYEE, amount=INITIAL)).sign(PAYER_KEY)
    with chain.moves({(PAYER, "path"): -FEE, (FEE_MANAGER, "path"): FEE}):
        chain.reverts(atomic, "InsufficientBalance")
    to_token = chain.transaction(path.transfer(to=ALPHA, amount=1)).sign(PAYER_KEY)
    chain.reverts(to_token, "InvalidRecipient")
    calls = [path.transfer(to=PAYEE, amount=1)] * 33
    chain.rejects(chain.transaction(*calls, gas_limit=200_000).sign(PAYER_KEY), "Too many calls")


def nonces(chain):
    call = path.transfer(to=PAYEE, amount=1)
    nonce = chain.nonce(PAYER)
    first = chain.transaction(call, nonce_key=0, nonce=nonce).sign(PAYER_KEY)
    chain.mine(first, ["Transfer"])
    same("account nonce", chain.nonce(PAYER), nonce + 1)
    chain.rejects(first, "nonce too low")
    chain.rejects(chain.transaction(call, nonce_key=0, nonce=nonce + 2).sign(PAYER_KEY), "nonce too high")
    for number in (0, 1):
        keyed = chain.transaction(call, nonce_key=7, nonce=number).sign(PAYER_KEY)
        chain.mine(keyed, ["NonceIncremented", "Transfer"])
        same("keyed nonce", Nonce.get_nonce(chain.w3, account=PAYER, nonce_key=7), number + 1)
    chain.rejects(keyed, "nonce too low")
    same("other keys", Nonce.get_nonce(chain.w3, account=PAYER, nonce_key=8), 0)
    same("account nonce after keyed ones", chain.nonce(PAYER), nonce + 1)


def windows(chain):
    call = path.transfer(to=PAYEE, amount=1)
    signed = chain.transaction(call).sign(PAYER_KEY)
    chain.mine(signed, ["Transfer"])
    chain.rejects(signed, "ExpiringNonceReplay")
    for members, text in (
        (dict(valid_before=60), "too far in the future"),
        (dict(valid_before=3), "too close to current time"),
        (dict(valid_before=-1), "transaction expired"),
        (dict(valid_before=25, valid_after=20), "not valid yet"),
    ):
        # Times are from now on, and now goes on.
        members = {name: chain.now() + seconds for name, seconds in members.items()}
        chain.rejects(chain.transaction(call, **members).sign(PAYER_KEY), text)
    for members, text in (
        (dict(nonce=1), "nonce == 0"), (dict(valid_before=None), "requires valid_before"),
    ):
        chain.rejects(chain.transaction(call, **members).sign(PAYER_KEY), text)
    old = chain.transaction(call).sign(PAYER_KEY)
    chain.rpc("evm_increaseTime", 60)
    chain.rejects(old, "transaction expired")
    chain.mine(chain.transaction(call).sign(PAYER_KEY), ["Transfer"])


def forms(chain):
    call = path.transfer(to=PAYEE, amount=1)
    for members, text in (
        (dict(chain_id=1), "invalid chain ID"),
        (dict(max_fee_per_gas=19_999_999_999), "gas price is less than basefee"),
        (dict(gas_limit=49_999), "exceeds the gas limit (49999)"),
        (dict(gas_limit=30_000_001), "is greater than the cap (30000000)"),
    ):
        chain.rejects(chain.transaction(call, **members).sign(PAYER_KEY), text)
    valued = Call.create(to=PATH, value=1, data=call.data)
    chain.rejects(chain.transaction(valued).sign(PAYER_KEY), "value transfer in Tempo Transaction not allowed")
    chain.refuses("failed to decode", "eth_sendRawTransaction", "0x76c0")
    rich = chain.transaction(
        call, max_priority_fee_per_gas=2_000_000_000,
        access_list=(AccessListItem.create(address=PATH, storage_keys=(bytes(32),)),)).sign(PAYER_KEY)
    receipt = chain.mine(rich, ["Transfer"], fee=1_100)
    same("price with a tip", receipt["effectiveGasPrice"], hex(22_000_000_000))
    unsigned = dict(
        chainId=chain.chain_id, gas=100_000, maxFeePerGas=24_000_000_000, nonceKey=EXPIRING, nonce=0,
        validBefore=chain.now() + 20, validAfter=77, calls=[{"to": PATH, "value": 0, "data": call.data}])
    chain.mine(TempoTransaction.from_dict(unsigned).sign(PAYER_KEY), ["Transfer"])


def fee_tokens(chain):
    call = path.transfer(to=PAYEE, amount=5)
    with chain.moves({
        (PAYER, "path"): -5, (PAYEE, "path"): 5, (PAYER, "alpha"): -FEE, (FEE_MANAGER, "alpha"): FEE,
    }):
        signed = chain.transaction(call, fee_token=ALPHA).sign(PAYER_KEY)
        chain.mine(signed, ["Transfer"], fee_token=ALPHA)
    # Without a choice, the token that is paid with.
    with chain.moves({(PAYER, "beta"): -5 - FEE, (PAYEE, "beta"): 5, (FEE_MANAGER, "beta"): FEE}):
        signed = chain.transaction(beta.transfer(to=PAYEE, amount=5)).sign(PAYER_KEY)
        chain.mine(signed, ["Transfer"], fee_token=BETA)
    nobody = "0x20C0000000000000000000000000000000000099"
    error = chain.rejects(chain.transaction(call, fee_token=nobody).sign(PAYER_KEY), "fee token")
    same("named", error.data["name"], "FeeTokenNotTip20Error")
    poor = "0x" + "05" * 32
    chain.rejects(chain.transaction(call).sign(poor), "insufficient funds")


def ethereum(chain):
    call = path.transfer(to=PAYEE, amount=7)
    common = dict(
        chainId=chain.chain_id, gas=60_000, to=to_checksum_address(bytes(call.to)),
        data="0x" + call.data.hex(), value=0)
    for fees, type in (
        (dict(maxFeePerGas=24_000_000_000, maxPriorityFeePerGas=0, type=2), "0x2"),
        (dict(gasPrice=20_000_000_000), "0x0"),
    ):
        nonce = chain.nonce(PAYER)
        signed = Account.from_key(PAYER_KEY).sign_transaction({**common, **fees, "nonce": nonce})
        with chain.moves({
            (PAYER, "path"): -7 - FEE, (PAYEE, "path"): 7, (FEE_MANAGER, "path"): FEE,
        }):
            receipt = chain.mine(bytes(signed.raw_transaction), ["Transfer"])
        same("type", receipt["type"], type)
        same("nonce", chain.nonce(PAYER), nonce + 1)
        mixed = chain.transaction(call, nonce_key=0, nonce=nonce + 1).sign(PAYER_KEY)
        chain.mine(mixed, ["Transfer"])


def faucet(chain):
    fresh = Account.from_key("0x" + "05" * 32)
    for hash in chain.rpc("tempo_fundAddress", fresh.address):
        same("faucet", chain.w3.eth.wait_for_transaction_receipt(hash, timeout=20)["status"], 1)
    for token in (path, alpha, beta):
        same("funded", token.balance_of(chain.w3, account=fresh.address), INITIAL)
    signed = chain.transaction(path.transfer(to=PAYEE, amount=1)).sign("0x" + "05" * 32)
    chain.mine(signed, ["Transfer"], sender=fresh.address)


def simulations(chain):
    def simulate(*calls):
        request = [{"from": PAYER, "calls": [{"to": PATH, "data": "0x" + call.data.hex()} for call in calls[:-1]],
                    "to": PATH, "data": "0x" + calls[-1].data.hex()}]
        answer = chain.rpc("tempo_simulateV1", {"blockStateCalls": [{"calls": request}]}, "latest")
        return answer["blocks"][0]["calls"][0]

    with chain.moves({}):
        good = simulate(path.transfer(to=PAYEE, amount=1), path.transfer(to=PAYEE, amount=2))
        same("status", good["status"], "0x1")
        same("logs", len(good["logs"]), 2)
        bad = simulate(path.transfer(to=PAYEE, amount=1), path.transfer(to=PAYEE, amount=INITIAL))
        same("status", (bad["status"], bad["error"]["code"]), ("0x0", 3))


CHECKS = [
    reads, unsponsored, answered_with_the_receipt, batches, nonces, windows, forms, fee_tokens, ethereum,
    faucet, simulations,
]
