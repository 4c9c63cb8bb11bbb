//! The validators' keys and their genesis.

use crate::load::CHAIN;
use commonware_cryptography::{Signer as _, ed25519};
use virtengine_chain::genesis::{GenesisAccount, GenesisValidator};
use virtengine_consensus::{
    Committee, Digest, Identity,
    genesis::{Genesis, Rows},
};
use virtengine_types::{Address, Amount, Coin, Timestamp, params::Params};

/// What each account owns at the start, in uve.
const FUNDS: Amount = Amount(1_000_000_000);

/// A validator's keys.
pub(crate) struct Seat {
    pub(crate) identity: Identity,
    pub(crate) key: ed25519::PrivateKey,
}

/// So many validators, in the order of the committee.
pub(crate) fn seats(count: usize, seed: u64) -> Vec<Seat> {
    let seat = |index: u64| {
        let drawn = (seed << 16) | index;
        let key = ed25519::PrivateKey::from_seed(drawn);
        Seat { identity: key.public_key(), key }
    };
    let mut seats: Vec<Seat> = (0..count as u64).map(seat).collect();
    seats.sort_by(|left, right| left.identity.cmp(&right.identity));
    seats
}

/// Their genesis, with these accounts.
pub(crate) fn genesis(seats: &[Seat], accounts: &[Address]) -> Result<Genesis, String> {
    let members: Vec<Identity> = seats.iter().map(|seat| seat.identity.clone()).collect();
    let committee = Committee::new(&members).map_err(|error| error.to_string())?;
    let operator = *accounts.first().ok_or("no accounts")?;
    // The state needs a validator; who votes is the committee's matter.
    let bls = virtengine_crypto::bls::SecretKey::decode(&[7; 32]).map_err(|error| format!("{error:?}"))?;
    let validator = GenesisValidator {
        operator,
        moniker: "simulated".to_owned(),
        consensus_key: [9; 32],
        bls_key: bls.public_key().to_bytes(),
        proof_of_possession: bls.prove_possession(&operator, CHAIN).to_bytes(),
        tokens: Amount(1_000_000),
    };
    let account = |address: &Address| GenesisAccount { address: *address, coins: vec![Coin::base(FUNDS)] };
    let mut state = virtengine_chain::Genesis {
        chain_id: CHAIN.to_owned(),
        genesis_time_ms: Timestamp(0),
        params: Params::default(),
        committee: None,
        accounts: accounts.iter().map(account).collect(),
        validators: vec![validator],
    };
    state.sort();
    let (batches, _) = state.batches().map_err(|error| error.to_string())?;
    let (hash, rows) = (Digest::from([1; 32]), Rows::in_memory(batches));
    Ok(Genesis { chain_id: CHAIN.to_owned(), time_ms: 0, hash, rows, committee })
}
