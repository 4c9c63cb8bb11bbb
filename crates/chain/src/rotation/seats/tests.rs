use super::*;

const SEED: [u8; 32] = [9; 32];
const DRAWS: u32 = 10_000;
/// The number 1 as a probability.
const ONE: u128 = 1_000_000_000_000;

fn operator(number: usize) -> Address {
    let mut bytes = [0; 20];
    bytes[12..].copy_from_slice(&(number as u64).to_be_bytes());
    Address(bytes)
}

fn stakes(tokens: &[u128]) -> Stakes {
    Stakes::new(tokens.iter().enumerate().map(|(place, &tokens)| (operator(place), Amount(tokens)))).unwrap()
}

#[test]
fn all_get_a_seat_if_there_are_no_more_than_seats() {
    for (candidates, seats) in [(0, 4), (1, 4), (3, 4), (4, 4)] {
        let mut drawn = stakes(&vec![7; candidates]).draw(&SEED, 1, seats);
        drawn.sort_unstable();
        assert_eq!(drawn, (0..candidates).collect::<Vec<_>>());
    }
    assert!(stakes(&[7; 9]).draw(&SEED, 1, 0).is_empty());
}

#[test]
fn nobody_has_two_seats_however_much_it_staked() {
    let mut tokens = vec![1; 1_000];
    tokens[500] = u128::MAX - 2_000;
    let stakes = stakes(&tokens);
    for epoch in 0..50 {
        let mut drawn = stakes.draw(&SEED, epoch, 64);
        assert_eq!(drawn[0], 500);
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), 64);
    }
}

#[test]
fn fewer_seats_are_the_first_of_more() {
    let stakes = stakes(&(1..=300).collect::<Vec<_>>());
    let more = stakes.draw(&SEED, 8, 100);
    assert_eq!(stakes.draw(&SEED, 8, 64), more[..64]);
    assert_ne!(stakes.draw(&SEED, 9, 100), more);
    assert_ne!(stakes.draw(&[8; 32], 8, 100), more);
}

#[test]
fn the_draw_of_a_seed_is_fixed() {
    let small: Vec<_> = (1..=20).collect();
    assert_eq!(stakes(&small).draw(&SEED, 4, 8), [5, 16, 14, 9, 17, 13, 11, 12]);
    let large: Vec<_> = (1..=20).map(|tokens| tokens << 64).collect();
    assert_eq!(stakes(&large).draw(&SEED, 4, 8), [19, 14, 16, 9, 12, 18, 5, 7]);
}

#[test]
fn rejects_candidates_out_of_order_without_tokens_or_with_too_many() {
    let (first, second) = (operator(1), operator(2));
    let made = |candidates: [(Address, u128); 2]| {
        Stakes::new(candidates.map(|(operator, tokens)| (operator, Amount(tokens))))
    };
    for previous in [first, second] {
        let refused = RotationError::Order { previous, operator: first };
        assert_eq!(made([(previous, 1), (first, 1)]), Err(refused));
    }
    assert_eq!(made([(first, 1), (second, 0)]), Err(RotationError::NoTokens { operator: second }));
    let refused = RotationError::Overflow { sum: u128::MAX, operator: second, tokens: 1 };
    assert_eq!(made([(first, u128::MAX), (second, 1)]), Err(refused));
}

/// How likely each has one of the seats, as a part of [`ONE`]: over all ways to draw them.
fn inclusion(tokens: &[u128], seats: usize) -> Vec<u128> {
    fn draw(tokens: &[u128], seats: usize, likely: u128, seated: &mut Vec<usize>, sums: &mut [u128]) {
        if seated.len() == seats {
            return;
        }
        let free: Vec<_> = (0..tokens.len()).filter(|place| !seated.contains(place)).collect();
        let left: u128 = free.iter().map(|&place| tokens[place]).sum();
        for place in free {
            let likely = likely * tokens[place] / left;
            sums[place] += likely;
            seated.push(place);
            draw(tokens, seats, likely, seated, sums);
            seated.pop();
        }
    }
    let mut sums = vec![0; tokens.len()];
    draw(tokens, seats, ONE, &mut Vec::new(), &mut sums);
    sums
}

fn frequencies(candidates: usize, draw: impl Fn(u64) -> Vec<usize>) -> Vec<u128> {
    let mut counts = vec![0; candidates];
    for epoch in 0..u64::from(DRAWS) {
        for place in draw(epoch) {
            counts[place] += 1;
        }
    }
    counts
}

/// Whether all frequencies are at most four standard deviations from what is likely.
fn as_likely(counts: &[u128], likely: &[u128]) -> bool {
    let draws = u128::from(DRAWS);
    counts.iter().zip(likely).all(|(count, likely)| {
        let off = (count * ONE).abs_diff(draws * likely);
        off * off <= 16 * draws * likely * (ONE - likely)
    })
}

#[test]
fn seats_are_as_frequent_as_all_ways_to_draw_them_say() {
    let tokens = [1, 2, 3, 4, 10, 20];
    let likely = inclusion(&tokens, 3);
    assert!((3 * ONE).abs_diff(likely.iter().sum()) < 1_000, "three seats are given");
    let made = stakes(&tokens);
    assert!(as_likely(&frequencies(6, |epoch| made.draw(&SEED, epoch, 3)), &likely));
    // Whoever follows one that is drawn again gets its seat.
    let next_in_line = |epoch| {
        let mut random = Random::new(SEATS, &SEED, epoch);
        let mut seated = Vec::new();
        while seated.len() < 3 {
            let mut place = made.holder(random.below(40), &BTreeMap::new());
            while seated.contains(&place) {
                place = (place + 1) % 6;
            }
            seated.push(place);
        }
        seated
    };
    assert!(!as_likely(&frequencies(6, next_in_line), &likely));
}

/// By chi-square over the first of 64 seats of 1,000 candidates in 20 groups: for 19 degrees of freedom it is above 43.8
/// once in a thousand.
#[test]
fn the_first_seat_is_as_frequent_as_stake() {
    let tokens: Vec<u128> = (0..1_000).map(|place| 1 + (place * 7_919) % 1_009).collect();
    let sum: u128 = tokens.iter().sum();
    let group = |place: usize| place / 50;
    let made = stakes(&tokens);
    let chi_square = |draw: &dyn Fn(u64) -> usize| {
        let counts = frequencies(20, |epoch| vec![group(draw(epoch))]);
        let of_group = |number: usize| tokens[number * 50..(number + 1) * 50].iter().sum::<u128>();
        let term = |(number, count): (usize, &u128)| {
            let expected = u128::from(DRAWS) * of_group(number);
            1_000 * (count * sum).abs_diff(expected).pow(2) / (expected * sum)
        };
        counts.iter().enumerate().map(term).sum::<u128>()
    };
    assert!(chi_square(&|epoch| made.draw(&SEED, epoch, 64)[0]) <= 43_800);
    let biased = stakes(&(0..1_000).map(|place| tokens[place] + (place as u128) / 4).collect::<Vec<_>>());
    assert!(chi_square(&|epoch| biased.draw(&SEED, epoch, 64)[0]) > 43_800);
}
