"""Transactions that must be refused, as cosmpy sees it."""

import pytest
from cosmpy.aerial.exceptions import BroadcastError, InsufficientFeesError, OutOfGasError
from cosmpy.aerial.tx import TxFee
from cosmpy.aerial.types import Account

GAS = 200_000


@pytest.fixture
def wallet(funded):
    return funded(1_000_000)


def test_a_fee_that_is_too_low_names_what_is_required(wallet, broadcast, devnet):
    with pytest.raises(InsufficientFeesError) as refused:
        broadcast(wallet, wallet.address(), 1, fee=TxFee(f"1{devnet.denom}", GAS))
    assert refused.value.minimum_required_fee == f"{int(GAS * devnet.gas_price)}{devnet.denom}"


def test_too_little_gas_is_out_of_gas_before_the_block(wallet, broadcast):
    with pytest.raises(OutOfGasError) as refused:
        broadcast(wallet, wallet.address(), 1, fee=TxFee(gas_limit=1_000))
    assert refused.value.gas_wanted == 1_000
    assert refused.value.gas_used > 1_000


def test_too_little_gas_is_out_of_gas_in_the_block(wallet, broadcast, ledger):
    used = broadcast(wallet, wallet.address(), 1).wait_to_complete().response.gas_used
    short = int(used * 0.8)
    with pytest.raises(OutOfGasError) as refused:
        broadcast(wallet, wallet.address(), 1, fee=TxFee(gas_limit=short)).wait_to_complete()
    assert refused.value.gas_wanted == short
    assert refused.value.gas_used > short
    assert ledger.query_account(wallet.address()).sequence == 2


def test_more_coins_than_there_are(wallet, broadcast, devnet, ledger):
    other = devnet.new_wallet().address()
    with pytest.raises(BroadcastError, match="insufficient funds"):
        broadcast(wallet, other, 5_000_000, fee=TxFee(gas_limit=GAS)).wait_to_complete()
    assert ledger.query_bank_balance(other) == 0
    with pytest.raises(Exception, match="insufficient funds"):
        broadcast(wallet, other, 5_000_000)


def test_a_wrong_sequence(wallet, broadcast, ledger):
    account = ledger.query_account(wallet.address())
    ahead = Account(address=account.address, number=account.number, sequence=account.sequence + 3)
    with pytest.raises(BroadcastError, match="account sequence mismatch, expected 0, got 3"):
        broadcast(wallet, wallet.address(), 1, account=ahead, fee=TxFee(gas_limit=GAS))


def test_a_wrong_account_number(wallet, broadcast, ledger):
    account = ledger.query_account(wallet.address())
    wrong = Account(address=account.address, number=account.number + 1_000, sequence=account.sequence)
    with pytest.raises(BroadcastError, match="signature verification failed"):
        broadcast(wallet, wallet.address(), 1, account=wrong, fee=TxFee(gas_limit=GAS))


def test_a_memo_that_is_too_long(wallet, broadcast):
    with pytest.raises(BroadcastError, match="memo"):
        broadcast(wallet, wallet.address(), 1, memo="m" * 257, fee=TxFee(gas_limit=GAS))


def test_a_timeout_height_that_is_over(wallet, broadcast):
    with pytest.raises(BroadcastError, match="timeout height"):
        broadcast(wallet, wallet.address(), 1, timeout_height=1, fee=TxFee(gas_limit=GAS))


def test_a_recipient_of_another_chain(wallet, broadcast):
    with pytest.raises(BroadcastError, match="address"):
        broadcast(wallet, "fetch1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnnjnc7q", 1, fee=TxFee(gas_limit=GAS))


def test_an_account_that_does_not_exist(devnet, broadcast):
    stranger = devnet.new_wallet()
    account = Account(address=stranger.address(), number=0, sequence=0)
    with pytest.raises(BroadcastError, match="does not exist|unknown address"):
        broadcast(stranger, stranger.address(), 1, account=account, fee=TxFee(gas_limit=GAS))
