"""Staking with cosmpy: validators, delegations, and the summary of an account."""

import pytest
from cosmpy.aerial.client.staking import ValidatorStatus
from cosmpy.aerial.exceptions import BroadcastError
from cosmpy.aerial.tx import TxFee


def test_validators_are_listed(ledger, devnet):
    validators = ledger.query_validators()
    assert len(validators) == devnet.nodes
    for validator in validators:
        assert validator.status == ValidatorStatus.BONDED
        assert validator.tokens > 0
        assert validator.moniker
        assert str(validator.address).startswith(f"{devnet.prefix}valoper1")


def test_an_account_without_stake_has_an_empty_summary(ledger, devnet):
    summary = ledger.query_staking_summary(devnet.new_wallet().address())
    assert (summary.total_staked, summary.total_rewards, summary.total_unbonding) == (0, 0, 0)


def test_coins_are_delegated_redelegated_and_undelegated(ledger, funded):
    wallet = funded(10_000_000)
    source, destination = (validator.address for validator in ledger.query_validators()[:2])
    ledger.delegate_tokens(source, 3_000_000, wallet).wait_to_complete()
    summary = ledger.query_staking_summary(wallet.address())
    assert summary.total_staked == 3_000_000
    assert [str(position.validator) for position in summary.current_positions] == [str(source)]

    moved = ledger.redelegate_tokens(source, destination, 1_000_000, wallet).wait_to_complete()
    assert moved.response.events["redelegate"]["destination_validator"] == str(destination)
    # Two delegations are read in pages of one.
    summary = ledger.query_staking_summary(wallet.address())
    stakes = {str(position.validator): position.amount for position in summary.current_positions}
    assert stakes == {str(source): 2_000_000, str(destination): 1_000_000}

    ledger.undelegate_tokens(source, 500_000, wallet).wait_to_complete()
    summary = ledger.query_staking_summary(wallet.address())
    assert summary.total_staked == 2_500_000
    assert summary.total_unbonding == 500_000
    assert [str(position.validator) for position in summary.unbonding_positions] == [str(source)]


def test_more_than_is_delegated_is_not_undelegated(ledger, funded):
    wallet = funded(5_000_000)
    validator = ledger.query_validators()[0].address
    ledger.delegate_tokens(validator, 1_000, wallet).wait_to_complete()
    with pytest.raises(BroadcastError):
        ledger.undelegate_tokens(validator, 1_001, wallet, fee=TxFee(gas_limit=300_000)).wait_to_complete()
    assert ledger.query_staking_summary(wallet.address()).total_staked == 1_000


def test_rewards_are_claimed(ledger, devnet, funded):
    wallet = funded(50_000_000_000)
    validator = ledger.query_validators()[0].address
    ledger.delegate_tokens(validator, 40_000_000_000, wallet).wait_to_complete()
    # The fee of this transfer is for all who are bonded.
    ledger.send_tokens(devnet.new_wallet().address(), 1, devnet.denom, wallet).wait_to_complete()
    assert ledger.query_staking_summary(wallet.address()).total_rewards > 0
    claimed = ledger.claim_rewards(validator, wallet).wait_to_complete()
    told = claimed.response.events["withdraw_rewards"]
    assert told["validator"] == str(validator)
    assert told["delegator"] == str(wallet.address())
    assert int(told["amount"].removesuffix(devnet.denom)) > 0
    assert ledger.query_staking_summary(wallet.address()).total_staked == 40_000_000_000
