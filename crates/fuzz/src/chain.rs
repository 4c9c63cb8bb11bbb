//! Genesis files and rows of tables.

use crate::{
    Target, Verdict,
    memory::{BASE, BORSH, bounded_over},
};
use virtengine_chain::{
    Genesis, bank, distribution, escrow,
    genesis::{GenesisAccount, GenesisError, GenesisValidator, Head, Visit, read},
    market, params, provider, slashing, staking,
};
use virtengine_state::{MAX_VALUE_BYTES, Partition, Record, Table, VERSION};
use virtengine_types::due::{Deadline, Due};

/// Genesis files: what is read piece by piece is written as a file that reads the same, also whole, and gives the same
/// batches of rows.
///
/// # Panics
/// If the example file is none.
#[must_use]
pub fn genesis() -> Target {
    Target::of_text(&[include_str!("../../chain/testdata/genesis.json")], |text| {
        let mut seen = Seen::default();
        // A piece is held once as text and once as what it says.
        if bounded_over(BASE, text.as_bytes(), 64, || read(text.as_bytes(), &mut seen)).is_err() {
            return Verdict::Refused;
        }
        let genesis = seen.0.expect("a file that was read has a head");
        let mut written = Vec::new();
        genesis.write(&mut written).expect("memory takes what is written");
        let again: Genesis = serde_json::from_slice(&written).expect("what was written can be read");
        assert_eq!(again, genesis);
        let mut seen = Seen::default();
        read(written.as_slice(), &mut seen).expect("what was written can be read piece by piece");
        assert_eq!(seen.0.as_ref(), Some(&genesis));
        // Proofs of possession cost milliseconds, so a refused file is not tried twice.
        let rows = genesis.batches();
        if let Ok(rows) = &rows {
            assert_eq!(again.batches().as_ref(), Ok(rows));
        }
        Verdict::of(&rows)
    })
}

/// Keeps what it is shown.
#[derive(Default)]
struct Seen(Option<Genesis>);

impl Visit for Seen {
    fn head(&mut self, head: Head) -> Result<(), GenesisError> {
        let Head { chain_id, genesis_time_ms, params, committee } = head;
        let (validators, accounts) = (Vec::new(), Vec::new());
        self.0 = Some(Genesis { chain_id, genesis_time_ms, params, committee, validators, accounts });
        Ok(())
    }

    fn validator(&mut self, validator: GenesisValidator) -> Result<(), GenesisError> {
        self.0.as_mut().expect("the head comes first").validators.push(validator);
        Ok(())
    }

    fn account(&mut self, account: GenesisAccount) -> Result<(), GenesisError> {
        self.0.as_mut().expect("the head comes first").accounts.push(account);
        Ok(())
    }
}

/// Pages of the time wheel: of the shape of the chain's own table, which it keeps to itself.
const DUE_PAGES: Table<(Deadline, u32), Vec<Due>> = Table::new(Partition::Ledger, 5, "due pages");

/// Rows: the first byte of an input chooses the table, the rest is the row. A row written again reads the same.
#[must_use]
pub fn rows() -> Target {
    let tables = tables();
    let seeds = tables.iter().zip(0u8..).filter_map(|(table, index)| {
        // A row of zeros is a row of most tables, once it has the right length.
        let zeros = |length| [vec![VERSION], vec![0; length]].concat();
        let row = (1..700).map(zeros).find(|row| table(row) == Verdict::Accepted)?;
        Some([vec![index], row].concat())
    });
    Target::new(seeds.collect(), move |input| {
        let Some((chosen, row)) = input.split_first() else { return Verdict::Refused };
        tables[usize::from(*chosen) % tables.len()](row)
    })
}

type Decoder = Box<dyn Fn(&[u8]) -> Verdict>;

fn tables() -> Vec<Decoder> {
    vec![
        decoder(bank::ACCOUNTS),
        decoder(bank::SUPPLY),
        decoder(params::PARAMS),
        decoder(escrow::ESCROW_ACCOUNTS),
        decoder(DUE_PAGES),
        decoder(staking::VALIDATORS),
        decoder(staking::DELEGATIONS),
        decoder(staking::UNBONDINGS),
        decoder(staking::REDELEGATIONS),
        decoder(staking::STAKE_POOL),
        decoder(staking::CONSENSUS_KEYS),
        decoder(staking::BLS_KEYS),
        decoder(staking::INCOMING),
        decoder(distribution::REWARDS),
        decoder(distribution::WITHDRAW_ADDRESSES),
        decoder(slashing::EPOCHS),
        decoder(provider::PROVIDERS),
        decoder(market::ORDERS),
        decoder(market::BIDS),
        decoder(market::ORDER_BIDS),
        decoder(market::LEASES),
        decoder(provider::ATTESTATIONS),
    ]
}

fn decoder<K: Record + 'static, V: Record + 'static>(table: Table<K, V>) -> Decoder {
    Box::new(move |row| {
        let decoded = bounded_over(BASE + BORSH, row, 64, || table.decode(row));
        if let Ok((key, value)) = &decoded
            && row.len() <= MAX_VALUE_BYTES
        {
            let encoded = table.encode(key, value).expect("a row that was read can be written");
            let (key, value) = table.decode(&encoded).expect("a row that was written can be read");
            assert_eq!(table.encode(&key, &value), Ok(encoded), "a row of {}", table.name());
        }
        Verdict::of(&decoded)
    })
}
