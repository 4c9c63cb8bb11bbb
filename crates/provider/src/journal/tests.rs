use super::*;
use crate::{
    allocation::Allocation,
    position::{Freed, Reservation},
};
use proptest::prelude::*;
use virtengine_types::{
    Amount, Height,
    market::{BidId, OrderId},
};

const PROVIDER: Address = Address([1; 20]);

fn open(home: &Path) -> Result<(Journal, Position), JournalError> {
    Journal::open(home, "test-1", PROVIDER)
}

fn reserved(order: u64) -> Change {
    let allocation = Allocation { cpu_milli: order + 1, ..Allocation::default() };
    let reservation =
        Reservation { allocation, price: Amount(5), since: Height(1), expires_at: Height(9), bid: None };
    Change::Reserved { order: OrderId(order), reservation }
}

/// Batches of changes as a daemon makes them.
fn batches(count: u64) -> Vec<Vec<Change>> {
    (0..count)
        .map(|at| match at % 3 {
            0 => vec![reserved(at), Change::Read { subscription: "own".into(), sequence: at }],
            1 => vec![Change::BidPlaced { order: OrderId(at - 1), bid: BidId(at) }, reserved(at)],
            _ => vec![Change::Freed { order: OrderId(at - 2), why: Freed::Lost }],
        })
        .collect()
}

/// Writes the batches; the position after each, and the file's length then.
fn write(home: &Path, batches: &[Vec<Change>]) -> Vec<(Position, u64)> {
    let (mut journal, mut position) = open(home).unwrap();
    let mut steps = vec![(position.clone(), journal.bytes)];
    for batch in batches {
        batch.iter().for_each(|change| position.apply(change));
        journal.append(batch, &position).unwrap();
        steps.push((position.clone(), journal.bytes));
    }
    steps
}

#[test]
fn a_full_disk_is_named_with_what_to_do() {
    let error = failed("write", Path::new("/srv/p"), io::ErrorKind::StorageFull.into()).to_string();
    assert!(error.starts_with("failed to write /srv/p: ") && error.contains("free some room"), "{error}");
    let error = failed("read", Path::new("/srv/p"), io::ErrorKind::UnexpectedEof.into()).to_string();
    assert!(!error.contains("free some room"), "{error}");
}

#[test]
fn a_position_is_what_it_was_when_opened_again() {
    let home = tempfile::tempdir().unwrap();
    let steps = write(home.path(), &batches(20));
    let (mut journal, mut position) = open(home.path()).unwrap();
    assert_eq!(position, steps.last().unwrap().0);
    position.apply(&reserved(99));
    journal.append(&[reserved(99)], &position).unwrap();
    drop(journal);
    assert_eq!(open(home.path()).unwrap().1, position);
}

#[test]
fn a_cursor_that_was_forgotten_is_not_there_when_opened_again() {
    let home = tempfile::tempdir().unwrap();
    let read = |sequence| Change::Read { subscription: "own".into(), sequence };
    let forgotten = Change::Forgotten { subscription: "own".into() };
    write(home.path(), &[vec![read(u64::MAX - 1)], vec![forgotten.clone(), read(7)]]);
    assert_eq!(open(home.path()).unwrap().1.cursors, [("own".to_owned(), 7)].into());
    write(home.path(), &[vec![forgotten]]);
    assert!(open(home.path()).unwrap().1.cursors.is_empty());
}

#[test]
fn every_prefix_of_the_file_is_the_position_of_its_whole_batches() {
    let home = tempfile::tempdir().unwrap();
    let steps = write(home.path(), &batches(7));
    let content = fs::read(home.path().join(FILE)).unwrap();
    for length in usize::try_from(steps[0].1).unwrap()..=content.len() {
        fs::write(home.path().join(FILE), &content[..length]).unwrap();
        let (journal, position) = open(home.path()).unwrap();
        let whole = steps.iter().rfind(|(_, bytes)| *bytes <= length as u64).unwrap();
        assert_eq!((&position, journal.bytes), (&whole.0, whole.1), "cut at {length}");
    }
}

#[test]
fn a_torn_tail_of_zeros_or_rubbish_is_dropped() {
    for tail in [vec![0; 100], vec![0xff; 5], (0..200).collect::<Vec<u8>>()] {
        let home = tempfile::tempdir().unwrap();
        let steps = write(home.path(), &batches(4));
        let path = home.path().join(FILE);
        let content = [fs::read(&path).unwrap(), tail].concat();
        fs::write(&path, &content).unwrap();
        assert_eq!(open(home.path()).unwrap().1, steps.last().unwrap().0);
        assert_eq!(fs::metadata(&path).unwrap().len(), steps.last().unwrap().1);
    }
}

#[test]
fn rejects_damage_before_the_end_saying_where() {
    let home = tempfile::tempdir().unwrap();
    let steps = write(home.path(), &batches(6));
    let path = home.path().join(FILE);
    let mut content = fs::read(&path).unwrap();
    let at = usize::try_from(steps[2].1).unwrap() + 15;
    content[at] ^= 1;
    fs::write(&path, &content).unwrap();
    let error = open(home.path()).unwrap_err();
    assert!(matches!(&error, JournalError::Damaged { offset, .. } if *offset == steps[2].1), "{error}");
    assert_eq!(fs::read(&path).unwrap(), content, "a damaged file is left as it is");
}

#[test]
fn rejects_other_files_versions_owners_and_a_second_daemon() {
    let home = tempfile::tempdir().unwrap();
    let (journal, _) = open(home.path()).unwrap();
    assert!(matches!(open(home.path()), Err(JournalError::Locked { .. })));
    drop(journal);
    let other = Journal::open(home.path(), "test-2", PROVIDER);
    assert!(matches!(other, Err(JournalError::Owner { .. })));
    let other = Journal::open(home.path(), "test-1", Address([2; 20]));
    assert!(matches!(other, Err(JournalError::Owner { found: PROVIDER, .. })));
    let path = home.path().join(FILE);
    for (content, found) in [
        (&b""[..], "starts with nothing, as it is empty, expected 564550524f560001"),
        (b"VEPROV\0\x02", "starts with 564550524f560002, expected"),
        (b"{\"version\": 1}", "starts with 7b2276657273696f, expected"),
    ] {
        fs::write(&path, content).unwrap();
        let error = open(home.path()).unwrap_err();
        assert!(matches!(error, JournalError::Magic { .. }), "{content:?}");
        let text = error.to_string();
        assert!(
            text.contains(found) && text.contains("remove it to take the position from the chain"),
            "{text}"
        );
    }
    fs::write(&path, MAGIC).unwrap();
    assert!(matches!(open(home.path()), Err(JournalError::Damaged { offset: 8, .. })));
}

#[test]
fn a_grown_file_is_replaced_by_a_small_one() {
    let home = tempfile::tempdir().unwrap();
    let (mut journal, mut position) = open(home.path()).unwrap();
    let batch: Vec<_> = (0..2_000).map(reserved).collect();
    let freed: Vec<_> =
        (0..2_000).map(|order| Change::Freed { order: OrderId(order), why: Freed::Lost }).collect();
    for batch in [&batch, &freed].into_iter().cycle().take(24) {
        batch.iter().for_each(|change| position.apply(change));
        journal.append(batch, &position).unwrap();
    }
    let bytes = fs::metadata(home.path().join(FILE)).unwrap().len();
    assert!(bytes < 2 * COMPACT_ABOVE, "{bytes}");
    drop(journal);
    assert_eq!(open(home.path()).unwrap().1, position);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(content in prop::collection::vec(any::<u8>(), 0..400), magic in any::<bool>()) {
        let start: &[u8] = if magic { &MAGIC } else { &[] };
        let content = [start, &content].concat();
        if let Ok((position, _, length)) = read(Path::new("x"), &content) {
            prop_assert!(length <= content.len());
            prop_assert_eq!(position.used, Allocation::default());
        }
    }
}
