"""The channel reserve, which pytempo has no helpers for: calldata, ids and vouchers made here, with the tools of the
Python world, so that nothing is shared with what is tested."""

import attrs
from eth_abi import encode
from eth_account import Account
from eth_utils import keccak
from pytempo import Call, as_address
from support import (
    FEE, FEE_MANAGER, PATH, PAYEE, PAYEE_KEY, PAYER, PAYER_KEY, RESERVE, SPONSOR, SPONSOR_KEY, same,
)

ZERO = "0x" + "00" * 20
DESCRIPTOR = "(address,address,address,address,bytes32,address,bytes32)"


def call(name, types, *values):
    return Call.create(to=RESERVE, data=keccak(text=f"{name}({','.join(types)})")[:4] + encode(types, values))


def opening(deposit, salt):
    return call("open", ["address", "address", "address", "uint96", "bytes32", "address"],
                PAYEE, ZERO, PATH, deposit, salt, ZERO)


class Channel:
    """What an open transaction of the payer makes, as the draft says it is named."""

    def __init__(self, chain, signed, salt):
        self.chain = chain
        context = keccak(signed.encode_for_signing() + bytes.fromhex(PAYER[2:]))
        self.descriptor = (PAYER, PAYEE, ZERO, PATH, salt, ZERO, context)
        self.id = keccak(encode(
            ["address", "address", "address", "address", "bytes32", "address", "bytes32", "address", "uint256"],
            [*self.descriptor, RESERVE, chain.chain_id]))

    def voucher(self, amount):
        signed = Account.from_key(PAYER_KEY).sign_typed_data(
            {"name": "TIP20 Channel Reserve", "version": "1", "chainId": self.chain.chain_id,
             "verifyingContract": RESERVE},
            {"Voucher": [{"name": "channelId", "type": "bytes32"}, {"name": "cumulativeAmount", "type": "uint96"}]},
            {"channelId": self.id, "cumulativeAmount": amount})
        return bytes(signed.signature)

    def call(self, name, types=(), *values):
        return call(name, [DESCRIPTOR, *types], self.descriptor, *values)

    def state(self):
        """Settled, deposit, when a close was asked for."""
        data = keccak(text="getChannelState(bytes32)")[:4] + self.id
        words = bytes.fromhex(self.chain.rpc("eth_call", {"to": RESERVE, "data": "0x" + data.hex()}, "latest")[2:])
        return tuple(int.from_bytes(words[start:start + 32], "big") for start in (0, 32, 64))

    def opened(self, receipt):
        log = next(log for log in receipt["logs"] if log["address"] == RESERVE.lower())
        same("channel id", log["topics"][1], "0x" + self.id.hex())
        same("context", log["data"][2 + 4 * 64:2 + 5 * 64], self.descriptor[6].hex())


def session(chain):
    salt = b"\x09" * 32
    signed = chain.transaction(opening(10_000_000, salt)).sign(PAYER_KEY)
    channel = Channel(chain, signed, salt)
    with chain.moves({
        (PAYER, "path"): -10_000_000 - FEE, (RESERVE, "path"): 10_000_000, (FEE_MANAGER, "path"): FEE,
    }):
        channel.opened(chain.mine(signed, ["Transfer", "ChannelOpened"]))
    same("opened", channel.state(), (0, 10_000_000, 0))

    def settle(amount, key=PAYEE_KEY, signature=None):
        voucher = signature or channel.voucher(amount)
        return chain.transaction(channel.call("settle", ["uint96", "bytes"], amount, voucher)).sign(key)

    with chain.moves({
        (PAYEE, "path"): 2_500_000 - FEE, (RESERVE, "path"): -2_500_000, (FEE_MANAGER, "path"): FEE,
    }):
        chain.mine(settle(2_500_000), ["Transfer", "Settled"], sender=PAYEE)
    chain.reverts(settle(2_500_000), "AmountNotIncreasing", sender=PAYEE)
    chain.reverts(settle(10_000_001), "AmountExceedsDeposit", sender=PAYEE)
    chain.reverts(settle(3_000_000, signature=channel.voucher(2_999_999)), "InvalidSignature", sender=PAYEE)
    chain.reverts(settle(3_000_000, key=PAYER_KEY), "NotPayeeOrOperator")

    top_up = chain.transaction(channel.call("topUp", ["uint96"], 5_000_000)).sign(PAYER_KEY)
    chain.mine(top_up, ["Transfer", "TopUp"])
    same("topped up", channel.state(), (2_500_000, 15_000_000, 0))

    close = chain.transaction(channel.call(
        "close", ["uint96", "uint96", "bytes"], 4_000_000, 3_000_000, channel.voucher(4_000_000))).sign(PAYEE_KEY)
    with chain.moves({
        (PAYEE, "path"): 500_000 - FEE, (PAYER, "path"): 12_000_000, (RESERVE, "path"): -12_500_000,
        (FEE_MANAGER, "path"): FEE,
    }):
        chain.mine(close, ["Transfer", "Transfer", "ChannelClosed"], sender=PAYEE)
    same("closed", channel.state(), (0, 0, 0))
    chain.reverts(settle(5_000_000), "ChannelNotFound", sender=PAYEE)


def forced_close(chain):
    salt = b"\x0a" * 32
    signed = chain.transaction(opening(1_000_000, salt), awaiting_fee_payer=True).sign(PAYER_KEY)
    channel = Channel(chain, signed, salt)
    final = attrs.evolve(signed, fee_token=as_address(PATH)).sign(SPONSOR_KEY, for_fee_payer=True)
    with chain.moves({
        (PAYER, "path"): -1_000_000, (RESERVE, "path"): 1_000_000, (SPONSOR, "path"): -FEE,
        (FEE_MANAGER, "path"): FEE,
    }):
        channel.opened(chain.mine(final, ["Transfer", "ChannelOpened"], fee_payer=SPONSOR))

    def by_payer(name):
        return chain.transaction(channel.call(name)).sign(PAYER_KEY)

    chain.reverts(by_payer("withdraw"), "CloseNotReady")
    chain.mine(by_payer("requestClose"), ["CloseRequested"])
    chain.reverts(by_payer("withdraw"), "CloseNotReady")
    chain.rpc("evm_increaseTime", 900)
    with chain.moves({
        (PAYER, "path"): 1_000_000 - FEE, (RESERVE, "path"): -1_000_000, (FEE_MANAGER, "path"): FEE,
    }):
        chain.mine(by_payer("withdraw"), ["Transfer", "ChannelClosed"])
    same("withdrawn", channel.state(), (0, 0, 0))


CHECKS = [session, forced_close]
