use super::*;

/// Two nodes sampled each second, of which the second grows by a megabyte a minute.
fn samples(seconds: u64) -> Samples {
    let mut samples = Samples::of(vec!["validator0".into(), "validator1".into()]);
    for second in 0..=seconds {
        let used = |bytes| Usage { rss_bytes: bytes, ..Usage::default() };
        samples.memory(
            Duration::from_secs(second),
            &[used(9_000_000), used(5_000_000 + second * 1_000_000 / 60)],
        );
        if second % 5 == 0 {
            samples.tasks(Duration::from_secs(second), &[Some(100.0), None]);
        }
    }
    samples
}

#[test]
fn growth_is_told_of_each_node_if_the_run_is_long_enough() {
    let samples = samples(200);
    assert_eq!(samples.most().collect::<Vec<_>>(), [9_000_000, 8_333_333]);
    let (held, told) = samples.conclude(Duration::from_secs(180));
    assert_eq!(told, TOLD);
    let growths: Vec<f64> = held.iter().filter_map(|held| growth(held.memory_per_minute)).collect();
    assert!(growths[0] == 0.0 && (growths[1] / 1e6 - 1.0).abs() < 1e-3, "{growths:?}");
    assert_eq!((growth(held[0].tasks_per_minute), growth(held[1].tasks_per_minute)), (Some(0.0), None));
}

#[test]
fn a_short_run_says_why_no_growth_is_told() {
    let (held, told) = samples(200).conclude(Duration::from_secs(100));
    assert_eq!(told, "not told: the trend of a run's second half needs at least 60 s, not 50.0 s");
    assert!(held.iter().all(|held| held.memory_per_minute.is_none() && held.memory.len() == 201));
    assert_eq!(
        Samples::of(Vec::new()).conclude(Duration::ZERO).1,
        "not told: the nodes are not the lab's own"
    );
}
