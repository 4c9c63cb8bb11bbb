use super::*;

/// The rates tried for a system that holds up to `knee`.
fn tried(first: f64, knee: f64) -> (Vec<f64>, Option<f64>) {
    let mut search = Search::new(first);
    let mut rates = Vec::new();
    while let Some(rate) = search.next() {
        rates.push(rate);
        search.tell(rate <= knee);
    }
    (rates, search.knee())
}

#[test]
fn a_search_doubles_and_then_closes_in() {
    let (rates, knee) = tried(1_000.0, 11_500.0);
    assert_eq!(rates[..5], [1_000.0, 2_000.0, 4_000.0, 8_000.0, 16_000.0]);
    let knee = knee.unwrap();
    assert!((11_500.0 / CLOSE..=11_500.0).contains(&knee), "{knee} after {rates:?}");
    assert!(rates.len() as u32 <= MAX_STEPS);
}

#[test]
fn a_search_that_begins_too_high_goes_down() {
    let (rates, knee) = tried(1_000.0, 300.0);
    assert_eq!(rates[..3], [1_000.0, 500.0, 250.0]);
    assert!(knee.is_some_and(|knee| (300.0 / CLOSE..=300.0).contains(&knee)));
}

#[test]
fn a_search_ends_when_nothing_or_everything_holds() {
    let (rates, knee) = tried(1_000.0, 0.0);
    assert_eq!(knee, None);
    assert!(rates.iter().all(|rate| *rate >= LOWEST));
    let (rates, knee) = tried(1_000.0, f64::INFINITY);
    assert_eq!(rates.len() as u32, MAX_STEPS);
    assert_eq!(knee, rates.last().copied());
}
