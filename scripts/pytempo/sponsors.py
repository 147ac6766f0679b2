"""Fees that somebody else pays."""

import attrs
import rlp
from pytempo import as_address
from support import (
    ALPHA, FEE, FEE_MANAGER, PATH, PAYEE, PAYER, PAYER_KEY, SPONSOR, SPONSOR_KEY, STRANGER_KEY, path, same,
)

HOSTED = "0xe11d6A43AaAEe32096486114353f251A4eD8da08"


def cosigned(signed, key, token=PATH):
    """The sender's transaction with a fee token and the signature of whoever pays."""
    return attrs.evolve(signed, fee_token=as_address(token)).sign(key, for_fee_payer=True)


def hand_off(signed, form):
    """What a client gives to a sponsor it does not know: pytempo's own preimage with the slot of the form."""
    items = rlp.decode(signed.encode_for_signing()[1:])
    items[11] = bytes(signed.sender_address) if form == 0x78 else b"\x00"
    return bytes([form]) + rlp.encode([*items, signed.sender_signature.to_bytes()])


def own_sponsor(chain):
    for token, name in ((PATH, "path"), (ALPHA, "alpha")):
        signed = chain.transaction(path.transfer(to=PAYEE, amount=5), awaiting_fee_payer=True).sign(PAYER_KEY)
        with chain.moves({
            (PAYER, "path"): -5, (PAYEE, "path"): 5, (SPONSOR, name): -FEE, (FEE_MANAGER, name): FEE,
        }):
            chain.mine(cosigned(signed, SPONSOR_KEY, token), ["Transfer"], fee_payer=SPONSOR, fee_token=token)
        # The same payment with another sponsor is the same payment.
        chain.rejects(cosigned(signed, STRANGER_KEY), "ExpiringNonceReplay")
    failing = chain.transaction(path.transfer(to=PATH, amount=5), awaiting_fee_payer=True).sign(PAYER_KEY)
    with chain.moves({(SPONSOR, "path"): -FEE, (FEE_MANAGER, "path"): FEE}):
        chain.reverts(cosigned(failing, SPONSOR_KEY), "InvalidRecipient", fee_payer=SPONSOR)
    nonce = chain.nonce(PAYER)
    counted = chain.transaction(
        path.transfer(to=PAYEE, amount=5), nonce_key=0, nonce=nonce, awaiting_fee_payer=True).sign(PAYER_KEY)
    chain.mine(cosigned(counted, SPONSOR_KEY), ["Transfer"], fee_payer=SPONSOR)
    same("nonce of the sender", chain.nonce(PAYER), nonce + 1)


def bad_sponsors(chain):
    signed = chain.transaction(path.transfer(to=PAYEE, amount=5), awaiting_fee_payer=True).sign(PAYER_KEY)
    chain.rejects(cosigned(signed, PAYER_KEY), "fee payer cannot resolve to sender")
    chain.rejects(cosigned(signed, "0x" + "05" * 32), "insufficient funds")
    # A token exchanged after the sponsor has signed makes another, penniless sponsor of it.
    changed = attrs.evolve(cosigned(signed, SPONSOR_KEY), fee_token=as_address(ALPHA))
    chain.rejects(changed, "insufficient funds")
    # The hand-off itself is no transaction.
    chain.refuses("failed to decode", "eth_sendRawTransaction", "0x" + hand_off(signed, 0x78).hex())
    chain.refuses("failed to decode", "eth_sendRawTransaction", "0x" + hand_off(signed, 0x76).hex())


def hosted_sponsor(chain):
    for form in (0x78, 0x76):
        signed = chain.transaction(path.transfer(to=PAYEE, amount=5), awaiting_fee_payer=True).sign(PAYER_KEY)
        raw = chain.rpc(
            "eth_signRawTransaction", "0x" + hand_off(signed, form).hex(), provider=chain.sponsor_provider)
        final = bytes.fromhex(raw[2:])
        before, after = rlp.decode(signed.encode_for_signing()[1:]), rlp.decode(final[1:])
        same("what the sender signed", [*after[:10], after[12]], [*before[:10], before[12]])
        same("the sender's signature", after[-1], signed.sender_signature.to_bytes())
        with chain.moves({(PAYER, "path"): -5, (PAYEE, "path"): 5, (FEE_MANAGER, "path"): FEE}):
            chain.mine(final, ["Transfer"], fee_payer=HOSTED)
    signed = chain.transaction(path.transfer(to=PAYEE, amount=5), awaiting_fee_payer=True).sign(PAYER_KEY)
    forged = attrs.evolve(signed, sender_address=as_address(PAYEE))
    chain.refuses("has not signed", "eth_signRawTransaction", "0x" + hand_off(forged, 0x78).hex(),
                  provider=chain.sponsor_provider)


CHECKS = [own_sponsor, bad_sponsors, hosted_sponsor]
