use super::*;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn poisson_arrivals_have_the_rate_and_exponential_gaps() {
    let times = schedule(Arrivals::Poisson, 500.0, MINUTE, 7);
    let expected = 500.0 * 60.0;
    // Five standard deviations of a Poisson count.
    assert!((times.len() as f64 - expected).abs() < 5.0 * expected.sqrt(), "{}", times.len());
    assert!(times.is_sorted() && times.last().is_some_and(|last| *last < MINUTE));
    let gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
    // The deviation of exponential gaps equals their mean.
    assert!((variance.sqrt() / mean - 1.0).abs() < 0.05, "{} of {mean}", variance.sqrt());
}

#[test]
fn uniform_arrivals_have_equal_gaps() {
    let times = schedule(Arrivals::Uniform, 50.0, Duration::from_secs(2), 1);
    assert_eq!(times.len(), 100);
    assert_eq!(times[25], Duration::from_millis(500));
}

#[test]
fn a_seed_gives_the_same_arrivals_and_another_seed_others() {
    let of = |seed| schedule(Arrivals::Poisson, 100.0, Duration::from_secs(5), seed);
    assert_eq!(of(3), of(3));
    assert_ne!(of(3), of(4));
}

#[test]
fn a_rate_of_zero_has_no_arrivals() {
    assert!(schedule(Arrivals::Poisson, 0.0, MINUTE, 1).is_empty());
    assert!(schedule(Arrivals::Uniform, 0.0, MINUTE, 1).is_empty());
}
