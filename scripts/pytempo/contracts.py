"""The exchange, fee tokens, roles, permits and the signature verifier, through pytempo's own helpers."""

from eth_account import Account
from eth_utils import keccak
from pytempo.contracts.dex import StablecoinDEX
from pytempo.contracts.fee_manager import FeeManager
from pytempo.contracts.signature_verifier import SignatureVerifier
from pytempo.keychain import KeychainSignature
from support import (
    ALPHA, BETA, DEX, FEE, FEE_MANAGER, ISSUER, ISSUER_KEY, PATH, PAYEE, PAYER, PAYER_KEY, STRANGER,
    STRANGER_KEY, alpha, path, same,
)


def swaps(chain):
    out = StablecoinDEX.swap_exact_amount_out(
        token_in=ALPHA, token_out=PATH, amount_out=1_000_000, max_amount_in=1_010_000)
    payment = chain.transaction(
        alpha.approve(spender=DEX, amount=1_010_000), out, path.transfer(to=PAYEE, amount=1_000_000),
        fee_token=ALPHA).sign(PAYER_KEY)
    with chain.moves({
        (PAYER, "alpha"): -1_000_000 - FEE, (DEX, "alpha"): 1_000_000, (DEX, "path"): -1_000_000,
        (PAYEE, "path"): 1_000_000, (FEE_MANAGER, "alpha"): FEE,
    }):
        chain.mine(payment, ["Approval", "Transfer", "Transfer", "Transfer"], fee_token=ALPHA)
    chain.rpc("devnet_setDexRate", ALPHA, PATH, 102, 100)
    chain.reverts(chain.transaction(out, fee_token=PATH).sign(PAYER_KEY), "MaxInputExceeded")
    back = StablecoinDEX.swap_exact_amount_in(
        token_in=ALPHA, token_out=PATH, amount_in=102, min_amount_out=100)
    with chain.moves({
        (PAYER, "alpha"): -102, (DEX, "alpha"): 102, (PAYER, "path"): 100 - FEE, (DEX, "path"): -100,
        (FEE_MANAGER, "path"): FEE,
    }):
        chain.mine(chain.transaction(back, fee_token=PATH).sign(PAYER_KEY), ["Transfer", "Transfer"])
    greedy = StablecoinDEX.swap_exact_amount_in(
        token_in=ALPHA, token_out=PATH, amount_in=102, min_amount_out=101)
    chain.reverts(chain.transaction(greedy, fee_token=PATH).sign(PAYER_KEY), "InsufficientOutput")


def fee_manager(chain):
    choose = chain.transaction(FeeManager.set_user_token(token=BETA), fee_token=PATH).sign(PAYER_KEY)
    chain.mine(choose, ["UserTokenSet"])
    plain = chain.transaction(path.approve(spender=STRANGER, amount=1)).sign(PAYER_KEY)
    chain.mine(plain, ["Approval"], fee_token=BETA)
    wrong = chain.transaction(FeeManager.set_user_token(token=PAYEE), fee_token=PATH).sign(PAYER_KEY)
    chain.reverts(wrong, "InvalidToken")
    add = FeeManager.mint(user_token=ALPHA, validator_token=PATH, amount=500, to=STRANGER)
    with chain.moves({(PAYER, "path"): -500 - FEE, (FEE_MANAGER, "path"): 500 + FEE}):
        chain.mine(chain.transaction(add, fee_token=PATH).sign(PAYER_KEY), ["Transfer", "Mint"])


def roles(chain):
    same("issuer", path.has_role(chain.w3, role=path.issuer_role(chain.w3), account=ISSUER), True)
    same("no issuer", path.has_role(chain.w3, role=path.issuer_role(chain.w3), account=PAYER), False)
    before = path.total_supply(chain.w3)

    def by_issuer(*calls, key=ISSUER_KEY):
        return chain.transaction(*calls, fee_token=ALPHA).sign(key)

    with chain.moves({
        (PAYEE, "path"): 70, (ISSUER, "path"): -30, (ISSUER, "alpha"): -FEE, (FEE_MANAGER, "alpha"): FEE,
    }):
        chain.mine(
            by_issuer(path.mint_with_memo(to=PAYEE, amount=70, memo=b"\x01" * 32), path.burn(amount=30)),
            ["Transfer", "TransferWithMemo", "Mint", "Transfer", "Burn"], sender=ISSUER, fee_token=ALPHA)
    same("supply", path.total_supply(chain.w3) - before, 40)
    chain.reverts(by_issuer(path.mint(to=PAYEE, amount=1), key=PAYER_KEY), "Unauthorized", fee_token=ALPHA)
    chain.mine(by_issuer(path.pause()), ["PauseStateUpdate"], sender=ISSUER, fee_token=ALPHA)
    same("paused", path.paused(chain.w3), True)
    held = chain.transaction(path.transfer(to=PAYEE, amount=1), fee_token=ALPHA).sign(PAYER_KEY)
    chain.reverts(held, "ContractPaused", fee_token=ALPHA)
    unpaid = chain.transaction(path.transfer(to=PAYEE, amount=1), fee_token=PATH).sign(PAYER_KEY)
    same("named", chain.rejects(unpaid, "is paused").data["name"], "FeeTokenPausedError")
    chain.mine(by_issuer(path.unpause()), ["PauseStateUpdate"], sender=ISSUER, fee_token=ALPHA)
    role = path.pause_role(chain.w3)
    chain.mine(by_issuer(path.grant_role(role=role, account=PAYER)), ["RoleMembershipUpdated"],
               sender=ISSUER, fee_token=ALPHA)
    same("granted", path.has_role(chain.w3, role=role, account=PAYER), True)


def permits(chain):
    deadline = chain.now() + 100
    typed = {
        "domain": {"name": "pathUSD", "version": "1", "chainId": chain.chain_id, "verifyingContract": PATH},
        "types": {"Permit": [
            {"name": name, "type": type} for name, type in (
                ("owner", "address"), ("spender", "address"), ("value", "uint256"), ("nonce", "uint256"),
                ("deadline", "uint256"))]},
        "message": {"owner": PAYER, "spender": STRANGER, "value": 50, "nonce": 0, "deadline": deadline},
    }
    signed = Account.from_key(PAYER_KEY).sign_typed_data(
        typed["domain"], typed["types"], typed["message"])
    permit = path.permit(
        owner=PAYER, spender=STRANGER, value=50, deadline=deadline, v=signed.v,
        r=signed.r.to_bytes(32, "big"), s=signed.s.to_bytes(32, "big"))
    take = path.transfer_from(sender=PAYER, to=PAYEE, amount=50)
    with chain.moves({
        (PAYER, "path"): -50, (PAYEE, "path"): 50, (STRANGER, "path"): -FEE, (FEE_MANAGER, "path"): FEE,
    }):
        chain.mine(chain.transaction(permit, take, fee_token=PATH).sign(STRANGER_KEY),
                   ["Approval", "Transfer"], sender=STRANGER)
    chain.reverts(chain.transaction(permit, fee_token=PATH).sign(STRANGER_KEY), "InvalidSignature",
                  sender=STRANGER)


def verifier(chain):
    digest = keccak(text="message")
    signed = Account.from_key(PAYER_KEY).unsafe_sign_hash(digest)
    signature = signed.r.to_bytes(32, "big") + signed.s.to_bytes(32, "big") + bytes([signed.v])
    same("signer", SignatureVerifier.recover(chain.w3, hash=digest, signature=signature), PAYER)
    same("own", SignatureVerifier.verify(chain.w3, signer=PAYER, hash=digest, signature=signature), True)
    same("other's", SignatureVerifier.verify(chain.w3, signer=PAYEE, hash=digest, signature=signature), False)
    wrapped = KeychainSignature.sign(digest, STRANGER_KEY, PAYER).to_bytes()
    same("no key", SignatureVerifier.verify_keychain(
        chain.w3, account=PAYER, hash=digest, signature=wrapped), False)
    root = KeychainSignature.sign(digest, PAYER_KEY, PAYER).to_bytes()
    same("root", SignatureVerifier.verify_keychain_admin(
        chain.w3, account=PAYER, hash=digest, signature=root), True)


CHECKS = [swaps, fee_manager, roles, permits, verifier]
