"""What cosmpy reads and writes: balances, transfers, blocks and gas."""

from datetime import datetime, timedelta, timezone

import pytest
from cosmpy.aerial.client.bank import create_bank_send_msg
from cosmpy.aerial.client.utils import prepare_basic_transaction
from cosmpy.aerial.exceptions import NotFoundError
from cosmpy.aerial.tx import SigningCfg, Transaction, TxFee


def test_the_chain_and_its_node_are_known(ledger, devnet):
    assert ledger.query_chain_id() == devnet.chain_id
    info = ledger.query_node_info()
    assert str(info.cosmos_sdk_version).startswith("0.50")
    assert info.app_name
    assert ledger.query_height() >= 2


def test_blocks_are_read(ledger, devnet):
    latest = ledger.query_latest_block()
    assert latest.chain_id == devnet.chain_id
    assert abs(datetime.now(timezone.utc) - latest.time.replace(tzinfo=timezone.utc)) < timedelta(minutes=2)
    block = ledger.query_block(latest.height)
    assert (block.height, block.chain_id) == (latest.height, devnet.chain_id)
    assert ledger.query_block(1).height == 1


def test_a_block_holds_its_transaction(ledger, devnet, funded):
    wallet = funded(1_000_000)
    sent = ledger.send_tokens(wallet.address(), 1, devnet.denom, wallet).wait_to_complete()
    block = ledger.query_block(sent.response.height)
    assert sent.tx_hash in block.tx_hashes


def test_tokens_are_sent_and_the_fee_is_exact(ledger, devnet, funded):
    wallet, other = funded(1_000_000), devnet.new_wallet()
    sent = ledger.send_tokens(other.address(), 250_000, devnet.denom, wallet, memo="cosmpy").wait_to_complete()
    response = sent.response
    assert response.is_successful()
    assert 0 < response.gas_used <= response.gas_wanted
    assert response.events["transfer"]["recipient"] == str(other.address())
    fee = int(response.events["tx"]["fee"].removesuffix(devnet.denom))
    assert ledger.query_bank_balance(other.address()) == 250_000
    assert ledger.query_bank_balance(wallet.address()) == 750_000 - fee
    [coin] = ledger.query_bank_all_balances(other.address())
    assert (int(coin.amount), coin.denom) == (250_000, devnet.denom)
    account = ledger.query_account(wallet.address())
    assert account.sequence == 1


def test_absent_things_have_no_balance_and_are_not_found(ledger, devnet):
    nobody = devnet.new_wallet().address()
    assert ledger.query_bank_balance(nobody) == 0
    assert ledger.query_bank_balance(nobody, "unothing") == 0
    assert ledger.query_bank_all_balances(nobody) == []
    with pytest.raises(Exception, match="not found"):
        ledger.query_account(nobody)
    with pytest.raises(NotFoundError):
        ledger.query_tx("00" * 32)


def test_a_transaction_is_found_by_its_hash(ledger, devnet, funded):
    wallet = funded(1_000_000)
    sent = ledger.send_tokens(wallet.address(), 5, devnet.denom, wallet, memo="find me").wait_to_complete()
    found = ledger.query_tx(sent.tx_hash)
    assert found.hash == sent.tx_hash
    assert found.height == sent.response.height
    assert found.code == 0
    assert found.timestamp is not None


def test_gas_is_estimated(ledger, devnet, funded):
    wallet, other = funded(1_000_000), devnet.new_wallet()
    tx = Transaction()
    tx.add_message(create_bank_send_msg(wallet.address(), other.address(), 10, devnet.denom))
    account = ledger.query_account(wallet.address())
    tx.seal(SigningCfg.direct(wallet.public_key(), account.sequence), fee=TxFee([], 0))
    tx.sign(wallet.signer(), devnet.chain_id, account.number)
    tx.complete()
    simulated = ledger.simulate_tx(tx)
    gas, fee = ledger.estimate_gas_and_fee_for_tx(tx)
    assert gas >= simulated > 0
    assert fee.endswith(devnet.denom)
    final = prepare_basic_transaction(ledger, tx, wallet, account, fee=TxFee(fee, gas))
    done = ledger.broadcast_tx(final).wait_to_complete()
    assert done.response.gas_wanted == gas
    assert abs(done.response.gas_used - simulated) <= simulated * 0.3


def test_a_block_has_a_gas_limit(ledger):
    limit = ledger.gas_strategy.block_gas_limit()
    assert limit == -1 or limit > 1_000_000


def test_consensus_parameters_are_read(ledger):
    block = ledger.query_consensus_params().params.block
    assert int(block.max_bytes) > 0


def test_several_messages_go_in_one_transaction(ledger, devnet, funded):
    wallet, first, second = funded(1_000_000), devnet.new_wallet(), devnet.new_wallet()
    tx = Transaction()
    tx.add_message(create_bank_send_msg(wallet.address(), first.address(), 11, devnet.denom))
    tx.add_message(create_bank_send_msg(wallet.address(), second.address(), 22, devnet.denom))
    final = prepare_basic_transaction(ledger, tx, wallet)
    ledger.broadcast_tx(final).wait_to_complete()
    assert ledger.query_bank_balance(first.address()) == 11
    assert ledger.query_bank_balance(second.address()) == 22
