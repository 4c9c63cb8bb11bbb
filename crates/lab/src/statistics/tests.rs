use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use std::time::Duration;

use super::*;

/// A standard normal deviate, by Box and Muller.
fn normal(rng: &mut StdRng) -> f64 {
    let (a, b): (f64, f64) = (rng.random_range(f64::MIN_POSITIVE..1.0), rng.random_range(0.0..1.0));
    (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}

/// Each size three times, with noise of a standard deviation as a part of the value.
fn measured(sizes: &[f64], noise: f64, seed: u64, truth: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let mut rng = StdRng::seed_from_u64(seed);
    sizes
        .iter()
        .flat_map(|size| [*size; 3])
        .map(|size| (size, truth(size) * (noise * normal(&mut rng)).exp()))
        .collect()
}

const SIZES: [f64; 6] = [1e3, 3e3, 1e4, 1e5, 3e5, 1e6];
const CLIENTS: [f64; 7] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

fn usl_truth(lambda: f64, sigma: f64, kappa: f64) -> impl Fn(f64) -> f64 {
    move |n| lambda * n / (1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0))
}

#[test]
fn percentiles_are_within_a_thousandth() {
    let mut all = Latencies::new();
    let mut other = Latencies::new();
    for microseconds in 1..=100_000_u64 {
        let half = if microseconds % 2 == 0 { &mut all } else { &mut other };
        half.record(Duration::from_micros(microseconds));
    }
    all.merge(&other);
    assert_eq!(all.count(), 100_000);
    let percentiles = all.percentiles("submit to final").unwrap();
    for (found, exact) in [
        (percentiles.mean_ms, 50.0),
        (percentiles.p50_ms, 50.0),
        (percentiles.p90_ms, 90.0),
        (percentiles.p95_ms, 95.0),
        (percentiles.p99_ms, 99.0),
        (percentiles.p999_ms, 99.9),
        (percentiles.max_ms, 100.0),
    ] {
        assert!((found / exact - 1.0).abs() < 1.1e-3, "{found} {exact}");
    }
    assert_eq!(all.quantile_ms(0.5), Some(percentiles.p50_ms));
    assert_eq!(Latencies::new().quantile_ms(0.5), None);
}

#[test]
fn extreme_latencies_are_counted() {
    let mut latencies = Latencies::default();
    latencies.record(Duration::ZERO);
    latencies.record(Duration::MAX);
    let percentiles = latencies.percentiles("x").unwrap();
    assert_eq!(percentiles.count, 2);
    assert!(percentiles.max_ms >= 86_400_000.0 && percentiles.p50_ms == 0.0, "{percentiles:?}");
}

#[test]
fn equal_latencies_have_no_mean_above_the_largest() {
    for microseconds in [1, 2_047, 2_049, 999_999, 123_456_789] {
        let mut latencies = Latencies::new();
        (0..3).for_each(|_| latencies.record(Duration::from_micros(microseconds)));
        let percentiles = latencies.percentiles("x").unwrap();
        assert!(percentiles.mean_ms <= percentiles.max_ms, "{percentiles:?}");
    }
}

#[test]
fn rejects_percentiles_of_nothing() {
    let error = Latencies::new().percentiles("x").unwrap_err();
    assert_eq!(error, StatisticsError::TooFew { what: "a distribution", found: 0, needed: 1 });
}

#[test]
fn a_summary_has_the_textbook_figures() {
    let summary = Summary::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
    assert_eq!((summary.count, summary.mean, summary.median, summary.mad), (8, 5.0, 4.5, 0.5));
    assert!((summary.deviation - 2.138_09).abs() < 1e-5, "{summary:?}");
    // t of 0.975 with 7 degrees is 2.364624.
    let expected = 2.364_624 * 2.138_09 / 8.0_f64.sqrt();
    assert!((summary.half_width.unwrap() - expected).abs() < 1e-5, "{summary:?}");
    assert_eq!(Summary::of(&[3.0]).unwrap().half_width, None);
    assert_eq!(Summary::of(&[0.0, 0.0]).unwrap().half_width, Some(0.0));
    assert!(Summary::of(&[f64::MAX, f64::MAX]).unwrap().mean.is_finite());
}

#[test]
fn the_interval_of_a_mean_holds_it_as_often_as_it_says() {
    let held = (0..1_000_u64)
        .filter(|seed| {
            let values: Vec<_> =
                measured(&[1.0, 1.0], 0.05, *seed, |_| 100.0).iter().map(|point| point.1).collect();
            let summary = Summary::of(&values).unwrap();
            (summary.mean - 100.0).abs() <= summary.half_width.unwrap()
        })
        .count();
    assert!((930..=970).contains(&held), "{held} of 1,000");
}

#[test]
fn a_change_is_told_from_noise() {
    let truths = [(100.0, false), (140.0, true)];
    for (after, differs) in truths {
        let claimed = (0..200_u64)
            .filter(|seed| {
                let values = |truth: f64, seed| {
                    measured(&[1.0, 1.0], 0.05, seed, |_| truth)
                        .iter()
                        .map(|point| point.1)
                        .collect::<Vec<_>>()
                };
                let change = Change::between(&values(100.0, *seed), &values(after, seed + 1_000)).unwrap();
                change.is_beyond_noise()
            })
            .count();
        let expected = if differs { 195..=200 } else { 0..=20 };
        assert!(expected.contains(&claimed), "{after}: {claimed} of 200");
    }
}

#[test]
fn any_difference_of_repetitions_without_scatter_is_beyond_noise() {
    let change = Change::between(&[5.0, 5.0], &[5.5, 5.5]).unwrap();
    assert_eq!((change.difference, change.noise, change.is_beyond_noise()), (0.5, 0.0, true));
    assert!(!Change::between(&[5.0, 5.0], &[5.0, 5.0]).unwrap().is_beyond_noise());
}

#[test]
fn rejects_repetitions_that_say_nothing() {
    assert!(matches!(Summary::of(&[]), Err(StatisticsError::TooFew { found: 0, .. })));
    assert!(matches!(
        Summary::of(&[1.0, f64::NAN]),
        Err(StatisticsError::NotFinite { index: 1, found }) if found.is_nan()
    ));
    assert_eq!(
        Change::between(&[1.0], &[1.0, 2.0]),
        Err(StatisticsError::TooFew { what: "noise", found: 1, needed: 2 })
    );
    assert!(matches!(
        Change::between(&[1.0, 1.0], &[f64::INFINITY, 2.0]),
        Err(StatisticsError::NotFinite { .. })
    ));
}

#[test]
fn a_power_law_is_found_in_noise() {
    for (scale, exponent) in [(2.0, 0.0), (0.5, 0.31), (3.0, 1.0), (0.01, 2.0)] {
        let points = measured(&SIZES, 0.05, 1, |size| scale * size.powf(exponent));
        let law = PowerLaw::fit(&points).unwrap();
        assert!((law.exponent.value - exponent).abs() < 0.03, "{exponent}: {law:?}");
        assert!(law.exponent.low < law.exponent.value && law.exponent.value < law.exponent.high);
        assert!(
            (law.at(1e6).value / law.at(1e3).value / 1_000_f64.powf(exponent) - 1.0).abs() < 0.2,
            "{law:?}"
        );
        let at = law.at(1e4);
        assert!(at.low < at.value && at.value < at.high);
        assert!((at.value / (scale * 1e4_f64.powf(exponent)) - 1.0).abs() < 0.1, "{at:?}");
        assert!(exponent == 0.0 || law.r_squared > 0.99, "{law:?}");
        assert_eq!(law.sizes, 6);
    }
}

#[test]
fn the_interval_of_an_exponent_holds_it_as_often_as_it_says() {
    let held = (0..1_000_u64)
        .filter(|seed| {
            let law = PowerLaw::fit(&measured(&SIZES, 0.2, *seed, |size| size.powf(0.5))).unwrap();
            law.exponent.low <= 0.5 && 0.5 <= law.exponent.high
        })
        .count();
    assert!((925..=975).contains(&held), "{held} of 1,000");
}

#[test]
fn the_band_of_a_cost_holds_it_as_often_as_it_says() {
    let held = (0..1_000_u64)
        .filter(|seed| {
            let band = PowerLaw::fit(&measured(&SIZES, 0.2, *seed, |size| size.powf(0.5))).unwrap().at(1e6);
            band.low <= 1e3 && 1e3 <= band.high
        })
        .count();
    assert!((925..=975).contains(&held), "{held} of 1,000");
}

#[test]
fn equal_costs_are_constant() {
    let law = PowerLaw::fit(&[(1.0, 3.0), (10.0, 3.0), (100.0, 3.0)]).unwrap();
    assert!(law.exponent.value.abs() < 1e-12 && law.r_squared == 1.0, "{law:?}");
}

#[test]
fn the_scalability_law_is_found_in_noise() {
    for (lambda, sigma, kappa) in
        [(1_000.0, 0.02, 0.0005), (50.0, 0.2, 0.001), (3.0, 0.0, 0.0), (700.0, 0.5, 0.0), (900.0, 0.0, 0.002)]
    {
        let points = measured(&CLIENTS, 0.02, 3, usl_truth(lambda, sigma, kappa));
        let law = Usl::fit(&points, 1).unwrap();
        assert!((law.lambda.value / lambda - 1.0).abs() < 0.05, "{law:?}");
        assert!((law.sigma.value - sigma).abs() < 0.02 + 0.1 * sigma, "{sigma}: {:?}", law.sigma);
        assert!((law.kappa.value - kappa).abs() < 0.0002 + 0.1 * kappa, "{kappa}: {:?}", law.kappa);
        assert!(law.r_squared > 0.98, "{}", law.r_squared);
        if kappa > 0.0 {
            let peak = ((1.0 - sigma) / kappa).sqrt();
            assert!((law.peak().unwrap() / peak - 1.0).abs() < 0.15, "{peak} {:?}", law.peak());
        }
    }
}

#[test]
fn the_intervals_of_the_scalability_law_hold_about_as_often_as_they_say() {
    let (sigma, kappa) = (0.05, 0.002);
    let laws: Vec<_> = (0..60_u64)
        .map(|seed| Usl::fit(&measured(&CLIENTS, 0.05, seed, usl_truth(100.0, sigma, kappa)), seed).unwrap())
        .collect();
    let held = |of: fn(&Usl) -> Estimate, truth: f64| {
        laws.iter().map(of).filter(|e| e.low <= truth && truth <= e.high).count()
    };
    for held in [held(|law| law.sigma, sigma), held(|law| law.kappa, kappa), held(|law| law.at(64.0), 524.0)]
    {
        assert!(held >= 51, "{held} of 60");
    }
}

#[test]
fn throughput_that_never_falls_has_no_peak() {
    let points: Vec<_> = CLIENTS.map(|n| (n, 10.0 * n)).to_vec();
    let law = Usl::fit(&points, 1).unwrap();
    assert_eq!(law.peak(), None);
    assert!(law.sigma.value < 1e-6 && law.r_squared > 0.999_999, "{law:?}");
    // Better than linear is not in the law; the nearest is linear.
    let points: Vec<_> = CLIENTS.map(|n| (n, 10.0 * n.powf(1.2))).to_vec();
    assert_eq!(Usl::fit(&points, 1).unwrap().peak(), None);
}

#[test]
fn one_seed_gives_one_fit() {
    let points = measured(&CLIENTS, 0.05, 3, usl_truth(10.0, 0.1, 0.001));
    assert_eq!(Usl::fit(&points, 9), Usl::fit(&points, 9));
    assert_ne!(Usl::fit(&points, 9), Usl::fit(&points, 10));
    assert_eq!(PowerLaw::fit(&points), PowerLaw::fit(&points));
}

#[test]
fn extreme_values_are_fitted_or_refused() {
    for value in [1e-300, 1e300, f64::MIN_POSITIVE] {
        let points: Vec<_> = CLIENTS.map(|n| (n, value)).to_vec();
        let law = PowerLaw::fit(&points).unwrap();
        assert!(law.exponent.value.abs() < 1e-9, "{value}: {law:?}");
        if let Ok(law) = Usl::fit(&points, 1) {
            assert!(law.sigma.value.is_finite() && law.kappa.value.is_finite(), "{value}: {law:?}");
        }
    }
}

#[test]
fn rejects_points_without_a_law() {
    let one_size = [(5.0, 1.0), (5.0, 2.0), (5.0, 3.0), (5.0, 4.0)];
    assert_eq!(
        PowerLaw::fit(&one_size),
        Err(StatisticsError::TooFewSizes { what: "a power law", found: 1, needed: 3 })
    );
    assert!(matches!(Usl::fit(&one_size, 1), Err(StatisticsError::TooFewSizes { found: 1, needed: 4, .. })));
    assert!(matches!(PowerLaw::fit(&[]), Err(StatisticsError::TooFewSizes { found: 0, .. })));
    for (bad, error) in [
        ((2.0, 0.0), StatisticsError::NotPositive { index: 1, found: 0.0 }),
        ((2.0, -3.0), StatisticsError::NotPositive { index: 1, found: -3.0 }),
        ((0.0, 1.0), StatisticsError::Size { index: 1, found: 0.0 }),
        ((2.0, f64::INFINITY), StatisticsError::NotFinite { index: 1, found: f64::INFINITY }),
        ((f64::INFINITY, 2.0), StatisticsError::NotFinite { index: 1, found: f64::INFINITY }),
    ] {
        let points = [(1.0, 1.0), bad, (3.0, 1.0), (4.0, 1.0), (5.0, 1.0)];
        assert_eq!(PowerLaw::fit(&points), Err(error.clone()));
        assert_eq!(Usl::fit(&points, 1), Err(error));
    }
    let points = [(1.0, f64::NAN), (2.0, 1.0), (3.0, 1.0), (4.0, 1.0)];
    assert!(matches!(PowerLaw::fit(&points), Err(StatisticsError::NotFinite { index: 0, .. })));
    assert!(matches!(Usl::fit(&points, 1), Err(StatisticsError::NotFinite { index: 0, .. })));
}

/// A quantity each second for `seconds`, with noise that fades over some seconds, as that of memory does.
fn over_time(seconds: u32, seed: u64, truth: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut noise = 0.0;
    (0..=seconds)
        .map(|second| {
            noise = 0.8 * noise + normal(&mut rng);
            (f64::from(second), truth(f64::from(second)) + noise)
        })
        .collect()
}

#[test]
fn a_growth_in_the_second_half_is_told_from_noise() {
    for seed in 0..20 {
        // Warm after 100 of 300 seconds, then 60 a minute.
        let grown = over_time(300, seed, |at| if at < 100.0 { 50.0 * at } else { 5_000.0 + at });
        let trend = trend_of_second_half(&grown).unwrap();
        assert!((trend.surely_above_zero() / 60.0 - 1.0).abs() < 0.1, "{trend:?}");
        assert!(trend.low < 60.0 && 60.0 < trend.high * 1.02, "{trend:?}");
        let falling = trend_of_second_half(&over_time(300, seed, |at| 5_000.0 - at)).unwrap();
        assert!(falling.surely_above_zero() == 0.0 && falling.high < 0.0, "{falling:?}");
    }
    let told = (0..200).filter(|seed| {
        trend_of_second_half(&over_time(300, *seed, |_| 5_000.0)).unwrap().surely_above_zero() > 0.0
    });
    // One in forty is above by chance; the noise that fades makes it some more.
    assert!(told.count() < 20);
}

#[test]
fn rejects_a_trend_of_a_short_run() {
    let error = trend_of_second_half(&over_time(100, 1, |_| 5.0)).unwrap_err();
    assert!(matches!(error, StatisticsError::TooShort { found: 50.0, needed: 60.0, .. }));
    assert_eq!(error.to_string(), "the trend of a run's second half needs at least 60 s, not 50.0 s");
    let gap: Vec<_> =
        over_time(300, 1, |_| 5.0).into_iter().filter(|(at, _)| *at < 200.0 || *at > 290.0).collect();
    assert!(matches!(trend_of_second_half(&gap), Err(StatisticsError::TooFew { needed: 12, .. })));
    assert!(matches!(trend_of_second_half(&[]), Err(StatisticsError::TooFew { found: 0, .. })));
}
