//! Where validators are, and how far apart.

use std::time::Duration;

/// The regions, in the order of [`ROUND_TRIPS_MS`].
pub const REGIONS: [&str; 10] = [
    "Dallas",
    "Toronto",
    "Washington DC",
    "Frankfurt",
    "London",
    "Madrid",
    "Osaka",
    "Sydney",
    "Tokyo",
    "Sao Paulo",
];

/// Average round trips between regions, in milliseconds; within a region those between its zones.
///
/// Source: IBM Cloud, VPC, "Network latency", 17 August to 15 September 2024, as published in `ibm-cloud-docs/vpc`
/// (`network-latency.md`), the row's direction; 2 ms between zones as there.
const ROUND_TRIPS_MS: [[u16; 10]; 10] = [
    [2, 34, 31, 123, 113, 117, 150, 185, 143, 145],
    [34, 2, 19, 92, 82, 109, 169, 215, 161, 130],
    [31, 19, 2, 91, 76, 88, 173, 214, 166, 118],
    [123, 92, 91, 2, 13, 29, 232, 250, 228, 197],
    [113, 82, 76, 13, 2, 27, 244, 261, 242, 187],
    [117, 109, 88, 29, 27, 2, 259, 275, 256, 207],
    [150, 169, 173, 232, 244, 259, 2, 122, 9, 292],
    [185, 215, 214, 250, 261, 275, 122, 2, 115, 327],
    [143, 161, 166, 228, 242, 256, 9, 115, 2, 284],
    [145, 130, 118, 197, 187, 207, 292, 327, 284, 2],
];

/// From one region to another, one way: half of the round trip.
#[must_use]
pub fn one_way(from: usize, to: usize) -> Duration {
    let row = ROUND_TRIPS_MS[from % REGIONS.len()];
    Duration::from_micros(u64::from(row[to % REGIONS.len()]) * 500)
}

/// The region of a validator: they take turns.
#[must_use]
pub fn region(validator: usize) -> usize {
    validator % REGIONS.len()
}

/// The least time from a proposal to finality by the distances alone, of each leader and each validator: the proposal
/// goes out, a quorum's votes for it come in, and a quorum's votes that they did.
#[must_use]
pub fn propagation(validators: usize) -> Vec<Duration> {
    let quorum = validators - (validators.max(1) - 1) / 3;
    let distance =
        |from: usize, to: usize| if from == to { Duration::ZERO } else { one_way(region(from), region(to)) };
    // When each validator has votes of a quorum, which were sent at `sent`.
    let gathered = |sent: &[Duration]| -> Vec<Duration> {
        let at = |to: usize| {
            let mut arrivals: Vec<Duration> =
                sent.iter().enumerate().map(|(from, sent)| *sent + distance(from, to)).collect();
            arrivals.sort_unstable();
            arrivals.get(quorum - 1).copied().unwrap_or_default()
        };
        (0..sent.len()).map(at).collect()
    };
    let of_leader = |leader: usize| {
        let proposed: Vec<Duration> = (0..validators).map(|to| distance(leader, to)).collect();
        gathered(&gathered(&proposed))
    };
    (0..validators).flat_map(of_leader).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_about_the_same_both_ways() {
        for (from, name) in REGIONS.iter().enumerate() {
            for (to, other) in REGIONS.iter().enumerate() {
                let (there, back) = (one_way(from, to), one_way(to, from));
                assert!(there.abs_diff(back) <= Duration::from_millis(2), "{name} {other}");
                assert_eq!(from == to, there == Duration::from_millis(1), "{name}");
            }
        }
        assert_eq!(one_way(7, 9), Duration::from_micros(163_500));
    }

    #[test]
    fn finality_takes_three_times_the_distance_of_equals() {
        // Four validators in four regions: three are a quorum, so the farthest is not waited for.
        let all = propagation(4);
        assert_eq!(all.len(), 16);
        // Toronto leads, and Dallas, Toronto and Washington agree: 17, 15.5 and 9.5 ms apart.
        assert!(all[4..7].iter().all(|time| *time <= Duration::from_micros(3 * 17_000)), "{all:?}");
        // Frankfurt is 46 ms from Toronto, and hears of finality that much later.
        assert!(all[7] > all[5] + Duration::from_millis(20), "{all:?}");
    }
}
