"""pytempo, web3.py and pympp, unmodified, against `mpp devnet`. The argument is the path of the `mpp` program."""

import contextlib
import json
import subprocess
import sys

import channels
import charges
import contracts
import keys
import market
import payments
import sponsors
import support


@contextlib.contextmanager
def devnet(program, *options):
    """A chain on a free port."""
    process = subprocess.Popen(
        [program, "devnet", "--port", "0", "--gas", "flat", *options], stdout=subprocess.PIPE, text=True)
    try:
        ready = next((json.loads(line) for line in process.stdout if line.startswith("{")), {})
        support.same("first event", ready.get("event"), "ready")
        chain = support.Chain(ready["url"], ready["chainId"])
        chain.program = program
        yield chain
    finally:
        process.terminate()
        process.wait(timeout=20)
    support.same("exit code", process.returncode, 0)


def run(chain, parts):
    for part in parts:
        for check in part.CHECKS:
            before = support.passed
            # Each check finds the chain as it was.
            snapshot = chain.rpc("evm_snapshot")
            check(chain)
            support.same("snapshot taken back", chain.rpc("evm_revert", snapshot), True)
            print(f"  {part.__name__}.{check.__name__}: {support.passed - before}", flush=True)


def main():
    program = sys.argv[1]
    with devnet(program) as chain:
        run(chain, [payments, sponsors, keys, contracts, channels])
    # pympp signs for a minute, which the chain's rules allow from T11 on.
    with devnet(program, "--expiry-window", "300") as chain:
        run(chain, [charges, market])
    print(f"{support.passed} passed, 0 failed")


main()
