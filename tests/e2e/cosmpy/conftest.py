"""The devnet under test, and wallets with coins on it, for cosmpy over REST and over gRPC."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cosmpy.aerial.client import LedgerClient
from cosmpy.aerial.client.bank import create_bank_send_msg
from cosmpy.aerial.client.utils import prepare_and_broadcast_basic_transaction
from cosmpy.aerial.config import NetworkConfig
from cosmpy.aerial.tx import Transaction
from cosmpy.aerial.wallet import LocalWallet


@dataclass(frozen=True)
class Devnet:
    """What devnet.json says."""

    chain_id: str
    denom: str
    prefix: str
    gas_price: float
    rest: str
    grpc: str
    nodes: int
    mnemonics: dict[str, str]

    def new_wallet(self) -> LocalWallet:
        """A wallet with a new key."""
        return LocalWallet.generate(prefix=self.prefix)

    def wallet_of(self, name: str) -> LocalWallet:
        """The wallet of one of the funded accounts."""
        return LocalWallet.from_mnemonic(self.mnemonics[name], prefix=self.prefix)


@pytest.fixture(scope="session")
def devnet() -> Devnet:
    said = json.loads(Path(os.environ["DEVNET"]).read_text(encoding="utf-8"))
    price = re.fullmatch(r"([0-9.]+)([a-z]+)", said["gas_price"])
    assert price and price[2] == said["denom"], said["gas_price"]
    return Devnet(
        chain_id=said["chain_id"],
        denom=said["denom"],
        prefix=said["bech32_prefix"],
        gas_price=float(price[1]),
        rest=f"rest+{said['rest']}",
        grpc=f"grpc+http://{said['grpc'].removeprefix('http://')}",
        nodes=len(said["nodes"]),
        mnemonics={account["name"]: account["mnemonic"] for account in said["accounts"]},
    )


@pytest.fixture(scope="session", params=["rest", "grpc"])
def ledger(request: pytest.FixtureRequest, devnet: Devnet) -> LedgerClient:
    """An unmodified client, once over REST and once over gRPC."""
    config = NetworkConfig(
        chain_id=devnet.chain_id,
        fee_minimum_gas_price=devnet.gas_price,
        fee_denomination=devnet.denom,
        staking_denomination=devnet.denom,
        url=getattr(devnet, request.param),
    )
    return LedgerClient(config, query_interval_secs=0.2, query_timeout_secs=30)


@pytest.fixture
def funded(devnet: Devnet, ledger: LedgerClient) -> Callable[[int], LocalWallet]:
    """Makes a new wallet with so many base units."""

    def make(amount: int) -> LocalWallet:
        wallet, faucet = devnet.new_wallet(), devnet.wallet_of("faucet")
        ledger.send_tokens(wallet.address(), amount, devnet.denom, faucet).wait_to_complete()
        return wallet

    return make


@pytest.fixture
def broadcast(ledger: LedgerClient, devnet: Devnet) -> Callable:
    """Sends base units in a transaction whose parts can be chosen."""

    def send(sender: LocalWallet, to, amount: int, *, account=None, fee=None, memo=None, timeout_height=None):
        tx = Transaction()
        tx.add_message(create_bank_send_msg(sender.address(), to, amount, devnet.denom))
        return prepare_and_broadcast_basic_transaction(ledger, tx, sender, account, fee, memo, timeout_height)

    return send
