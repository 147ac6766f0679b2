"""Access keys: brought along in a transaction or added by a call, limited, scoped, replaced, revoked."""

import attrs
from pytempo import (
    CallScope, KeyAuthorization, KeyRestrictions, SelectorRule, SignatureType, TokenLimit, as_address,
)
from pytempo.contracts.account_keychain import AccountKeychain
from support import (
    ALPHA, BETA, FEE, FEE_MANAGER, PATH, PAYEE, PAYER, PAYER_KEY, RPCError, SPONSOR, SPONSOR_KEY, STRANGER,
    STRANGER_KEY, address, alpha, fails, path, same,
)

KEY_SECRET = "0x" + "03" * 32
KEY = address(KEY_SECRET)
OTHER_SECRET = "0x" + "04" * 32
OTHER = address(OTHER_SECRET)
ZERO = "0x" + "00" * 20
FOREVER = 2**64 - 1
UNKNOWN_FUNCTION = "0xaa4bc69a"  # the selector of UnknownFunctionSelector(bytes4)


def authorization(chain, key_id=KEY, signer=PAYER_KEY, **members):
    base = dict(
        key_id=key_id, chain_id=chain.chain_id, expiry=chain.now() + 3_600,
        limits=(TokenLimit(token=PATH, limit=10_000),))
    return KeyAuthorization(**{**base, **members}).sign(signer)


def by_key(chain, *calls, secret=KEY_SECRET, **members):
    """Signed by an access key of the payer, who pays the fee itself."""
    return chain.transaction(*calls, gas_limit=50_000, **members).sign_access_key(secret, PAYER)


def by_root(chain, *calls, **members):
    return chain.transaction(*calls, **members).sign(PAYER_KEY)


def left(chain, token=PATH, key=KEY):
    answer = AccountKeychain.get_remaining_limit_with_period(
        chain.w3, account_address=PAYER, key_id=key, token_address=token)
    return answer["remaining"], answer["period_end"]


def brought_along(chain):
    grant = authorization(chain)
    same("signer", grant.recover_signer(), PAYER)
    call = path.transfer(to=PAYEE, amount=100)
    estimate = chain.transaction(call).to_estimate_gas_request(PAYER, key_id=KEY, key_authorization=grant)
    same("estimate", chain.rpc("eth_estimateGas", estimate, "latest"), hex(50_000))
    with chain.moves({
        (PAYER, "path"): -100 - FEE, (PAYEE, "path"): 100, (FEE_MANAGER, "path"): FEE,
    }):
        receipt = chain.mine(
            by_key(chain, call, key_authorization=grant),
            ["KeyAuthorized", "AccessKeySpend", "AccessKeySpend", "Transfer"])
    shown = chain.rpc("eth_getTransactionByHash", receipt["transactionHash"])
    same("shown key", shown["keyAuthorization"]["keyId"], KEY.lower())
    same("what is left", left(chain), (10_000 - 100 - FEE, 0))
    known = AccountKeychain.get_key(chain.w3, account_address=PAYER, key_id=KEY)
    same("key", (known["key_id"], known["signature_type"], known["enforce_limits"], known["is_revoked"]),
         (KEY, 0, True, False))
    chain.rejects(by_key(chain, call, key_authorization=grant), "KeyAlreadyExists")
    with chain.moves({(PAYER, "path"): -FEE, (FEE_MANAGER, "path"): FEE}):
        chain.reverts(by_key(chain, path.transfer(to=PAYEE, amount=9_000)), "SpendingLimitExceeded",
                      logs=["AccessKeySpend"])
    same("fees count", left(chain), (10_000 - 100 - 2 * FEE, 0))
    chain.reverts(by_key(chain, alpha.transfer(to=PAYEE, amount=1), fee_token=PATH), "SpendingLimitExceeded",
                  logs=["AccessKeySpend"])
    chain.rejects(by_key(chain, alpha.transfer(to=PAYEE, amount=1), fee_token=ALPHA), "SpendingLimitExceeded")
    chain.reverts(by_key(chain, AccountKeychain.revoke_key(key_id=KEY)), "UnauthorizedCaller",
                  logs=["AccessKeySpend"])


def bad_authorizations(chain):
    call = path.transfer(to=PAYEE, amount=1)
    for grant, text in (
        (authorization(chain, chain_id=1), "chain_id mismatch: expected 1337, got 1"),
        (authorization(chain, chain_id=0), "chain_id mismatch: expected 1337, got 0"),
        (authorization(chain, signer=STRANGER_KEY), "must be signed by root account"),
        (authorization(chain, expiry=chain.now() - 1), "KeyAuthorization expired"),
        (authorization(chain, limits=(TokenLimit(token=PATH, limit=1),)), "SpendingLimitExceeded"),
        (authorization(chain, limits=()), "SpendingLimitExceeded"),
        (authorization(chain, account=STRANGER), "must be signed by root account"),
        (authorization(chain, key_type=SignatureType.P256), "SignatureTypeMismatch"),
    ):
        chain.rejects(by_key(chain, call, key_authorization=grant), text)
    chain.rejects(by_key(chain, call), "KeyNotFound")
    fine = authorization(chain, account=PAYER, limits=None, expiry=None)
    chain.mine(by_key(chain, call, key_authorization=fine), ["KeyAuthorized", "Transfer"])
    same("expiry", AccountKeychain.get_key(chain.w3, account_address=PAYER, key_id=KEY)["expiry"], FOREVER)
    chain.rejects(by_key(chain, call, key_authorization=authorization(chain, key_id=OTHER)),
                  "access keys cannot authorize other keys")


def authorization_outlives_a_revert(chain):
    failing = by_key(chain, path.transfer(to=PATH, amount=1), key_authorization=authorization(chain))
    chain.reverts(failing, "InvalidRecipient", logs=["KeyAuthorized", "AccessKeySpend"])
    same("key", AccountKeychain.get_key(chain.w3, account_address=PAYER, key_id=KEY)["key_id"], KEY)
    chain.mine(by_key(chain, path.transfer(to=PAYEE, amount=1)), ["AccessKeySpend", "AccessKeySpend", "Transfer"])


def sponsored(chain):
    grant = authorization(chain, limits=(TokenLimit(token=PATH, limit=100),))

    def pay(amount, **members):
        signed = chain.transaction(
            path.transfer(to=PAYEE, amount=amount), awaiting_fee_payer=True, **members,
        ).sign_access_key(KEY_SECRET, PAYER)
        return attrs.evolve(signed, fee_token=as_address(PATH)).sign(SPONSOR_KEY, for_fee_payer=True)

    with chain.moves({
        (PAYER, "path"): -60, (PAYEE, "path"): 60, (SPONSOR, "path"): -FEE, (FEE_MANAGER, "path"): FEE,
    }):
        chain.mine(pay(60, key_authorization=grant), ["KeyAuthorized", "AccessKeySpend", "Transfer"],
                   fee_payer=SPONSOR)
    same("the fee is not the key's", left(chain), (40, 0))
    chain.reverts(pay(41), "SpendingLimitExceeded", fee_payer=SPONSOR)
    chain.mine(pay(40), ["AccessKeySpend", "Transfer"], fee_payer=SPONSOR)


def added_by_a_call(chain):
    now = chain.now()
    restrictions = KeyRestrictions(
        expiry=now + 3_600, limits=[TokenLimit(token=PATH, limit=5_000, period=600)],
        allowed_calls=[CallScope.transfer(target=PATH, recipients=[PAYEE])])
    add = AccountKeychain.authorize_key(
        key_id=KEY, signature_type=SignatureType.SECP256K1, restrictions=restrictions)
    nonce = chain.nonce(PAYER)
    chain.mine(by_root(chain, add, nonce_key=0, nonce=nonce), ["KeyAuthorized"])
    same("nonce", chain.nonce(PAYER), nonce + 1)
    chain.reverts(by_root(chain, add), "KeyAlreadyExists")
    remaining, end = left(chain)
    same("limit", remaining, 5_000)
    same("period", now + 600 <= end <= chain.now() + 600, True)
    chain.mine(by_key(chain, path.transfer(to=PAYEE, amount=2_000)),
               ["AccessKeySpend", "AccessKeySpend", "Transfer"])
    same("left", left(chain), (2_000, end))
    for call in (
        path.transfer(to=STRANGER, amount=1), path.approve(spender=PAYEE, amount=1),
        alpha.transfer(to=PAYEE, amount=1),
    ):
        allowed = restrictions.is_call_allowed(bytes(call.to), call.data)
        same("pytempo's own judgement", allowed, False)
        chain.reverts(by_key(chain, call, fee_token=PATH), "CallNotAllowed", logs=["AccessKeySpend"])
        chain.rpc("evm_setNextBlockTimestamp", end)
        chain.rpc("evm_mine")
        remaining, following = left(chain)
        same("a new period", (remaining, following), (5_000, end + 600))
        end = following
    chain.rpc("evm_increaseTime", 3_600)
    chain.rejects(by_key(chain, path.transfer(to=PAYEE, amount=1)), "KeyExpired")
    same("limit of an expired key", left(chain), (0, 0))


def changed(chain):
    chain.mine(by_root(chain, AccountKeychain.authorize_key(
        key_id=KEY, signature_type=SignatureType.SECP256K1,
        restrictions=KeyRestrictions(expiry=chain.now() + 3_600, limits=()))), ["KeyAuthorized"])
    call = path.transfer(to=PAYEE, amount=1)
    chain.rejects(by_key(chain, call), "SpendingLimitExceeded")
    raised = AccountKeychain.update_spending_limit(key_id=KEY, token=PATH, new_limit=9_000)
    chain.mine(by_root(chain, raised), ["SpendingLimitUpdated"])
    chain.mine(by_key(chain, call), ["AccessKeySpend", "AccessKeySpend", "Transfer"])
    rule = SelectorRule(selector=bytes.fromhex("095ea7b3"))
    scope = CallScope(target=PATH, selector=rule.selector, selector_rules=(rule,))
    chain.mine(by_root(chain, AccountKeychain.set_allowed_calls(key_id=KEY, scopes=[scope])), [])
    chain.reverts(by_key(chain, call), "CallNotAllowed", logs=["AccessKeySpend"])
    chain.mine(by_key(chain, path.approve(spender=STRANGER, amount=10)),
               ["AccessKeySpend", "AccessKeySpend", "Approval"])
    chain.mine(by_root(chain, AccountKeychain.remove_allowed_calls(key_id=KEY, target=PATH)), [])
    chain.reverts(by_key(chain, call), "CallNotAllowed", logs=["AccessKeySpend"])
    chain.mine(by_root(chain, AccountKeychain.revoke_key(key_id=KEY)), ["KeyRevoked"])
    chain.rejects(by_key(chain, call), "KeyAlreadyRevoked")
    known = AccountKeychain.get_key(chain.w3, account_address=PAYER, key_id=KEY)
    same("revoked", (known["is_revoked"], known["key_id"], known["expiry"]), (True, ZERO, 0))
    chain.rejects(by_key(chain, call, key_authorization=authorization(chain)), "KeyAlreadyRevoked")
    chain.reverts(by_root(chain, AccountKeychain.revoke_key(key_id=KEY)), "KeyNotFound")


def witnesses(chain):
    witness = b"\x77" * 32
    chain.mine(by_key(chain, path.transfer(to=PAYEE, amount=1), key_authorization=authorization(
        chain, witness=b"\x66" * 32)),
        ["KeyAuthorizationWitness", "KeyAuthorized", "AccessKeySpend", "AccessKeySpend", "Transfer"])
    burn = AccountKeychain.burn_key_authorization_witness(witness=witness)
    chain.mine(by_root(chain, burn), ["KeyAuthorizationWitnessBurned"])
    same("burned", AccountKeychain.is_key_authorization_witness_burned(
        chain.w3, account_address=PAYER, witness=witness), True)
    voided = authorization(chain, key_id=OTHER, witness=witness)
    chain.rejects(by_key(chain, path.transfer(to=PAYEE, amount=1), secret=OTHER_SECRET,
                         key_authorization=voided), "KeyAuthorizationWitnessAlreadyBurned")


def administrators(chain):
    grant = authorization(chain, expiry=None, limits=None, is_admin=True)
    chain.mine(by_root(chain, path.transfer(to=PAYEE, amount=1), key_authorization=grant),
               ["KeyAuthorized", "AdminKeyAuthorized", "Transfer"])
    same("is admin", AccountKeychain.is_admin_key(chain.w3, account_address=PAYER, key_id=KEY), True)
    add = AccountKeychain.authorize_key(
        key_id=OTHER, signature_type=SignatureType.SECP256K1, restrictions=KeyRestrictions(
            expiry=chain.now() + 100, limits=[TokenLimit(token=BETA, limit=1)]))
    chain.mine(by_key(chain, add), ["KeyAuthorized"])
    same("no admin", AccountKeychain.is_admin_key(chain.w3, account_address=PAYER, key_id=OTHER), False)
    chain.mine(by_key(chain, AccountKeychain.revoke_key(key_id=OTHER)), ["KeyRevoked"])


def older_forms(chain):
    old = AccountKeychain.authorize_key(
        key_id=KEY, signature_type=SignatureType.SECP256K1, legacy=True,
        restrictions=KeyRestrictions(expiry=chain.now() + 100, limits=()))
    chain.reverts(by_root(chain, old), "LegacyAuthorizeKeySelectorChanged")
    fails("the older read", UNKNOWN_FUNCTION, AccountKeychain.get_remaining_limit, chain.w3,
          account_address=PAYER, key_id=KEY, token_address=PATH)
    same("key of a call", AccountKeychain.get_transaction_key(chain.w3), ZERO)


def preflights(chain):
    """A simulation with the key that is going to sign keeps its limits."""
    chain.mine(by_key(chain, path.transfer(to=PAYEE, amount=1), key_authorization=authorization(chain)))
    for amount, data in ((8_000, None), (9_000, "0x8a9e71ea")):
        request = {
            "from": PAYER, "keyId": KEY, "keyType": "secp256k1", "feePayer": SPONSOR,
            "calls": [{"to": PATH, "value": "0x", "data": "0x" + path.transfer(to=PAYEE, amount=amount).data.hex()}],
        }
        try:
            chain.rpc("eth_call", request, "latest")
            same(f"preflight of {amount}", None, data)
        except RPCError as error:
            same(f"preflight of {amount}", (error.code, error.data), (3, data))


CHECKS = [
    brought_along, bad_authorizations, authorization_outlives_a_revert, sponsored, added_by_a_call, changed,
    witnesses, administrators, older_forms, preflights,
]
