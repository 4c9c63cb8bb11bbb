//! The file of a provider's position.

use crate::{Target, Verdict};
use std::{fs, path::Path};
use tempfile::TempDir;
use virtengine_provider::{
    allocation::Allocation,
    journal::{FILE, Journal},
    position::{Change, Reservation},
};
use virtengine_types::{Address, Amount, Height, market::OrderId};

const CHAIN: &str = "fuzz-1";
const PROVIDER: Address = Address([1; 20]);

/// Files of the journal. What opens is the position that the file then holds.
///
/// # Panics
/// If there is no folder for temporary files.
#[must_use]
pub fn files() -> Target {
    let home = TempDir::new().expect("there is a folder for temporary files");
    Target::new(vec![written(0), written(1), written(6)], move |input| {
        fs::write(home.path().join(FILE), input).expect("the file can be written");
        let opened = open(home.path());
        match &opened {
            Ok((_, position)) => {
                assert_eq!((position.chain_id.as_str(), position.provider), (CHAIN, PROVIDER));
                let kept = fs::read(home.path().join(FILE)).expect("the file can be read");
                assert!(input.starts_with(&kept), "opening takes away a torn end and nothing else");
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        let verdict = Verdict::of(&opened);
        if let Ok((journal, position)) = opened {
            drop(journal);
            let (_, again) = open(home.path()).expect("what opened once opens again");
            assert_eq!(again, position);
        }
        verdict
    })
}

fn open(
    home: &Path,
) -> Result<(Journal, virtengine_provider::position::Position), virtengine_provider::journal::JournalError> {
    Journal::open(home, CHAIN, PROVIDER)
}

/// The file of a provider that made this many reservations.
fn written(batches: u64) -> Vec<u8> {
    let home = TempDir::new().expect("there is a folder for temporary files");
    let (mut journal, mut position) = open(home.path()).expect("an empty folder opens");
    for order in 0..batches {
        let allocation = Allocation { cpu_milli: order + 1, ..Allocation::default() };
        let (price, since, expires_at) = (Amount(5), Height(1), Height(9));
        let reservation = Reservation { allocation, price, since, expires_at, bid: None };
        let change = Change::Reserved { order: OrderId(order), reservation };
        position.apply(&change);
        journal.append(&[change], &position).expect("the file can be written");
    }
    fs::read(home.path().join(FILE)).expect("the file can be read")
}
