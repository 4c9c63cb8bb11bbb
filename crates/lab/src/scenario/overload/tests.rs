use super::{phases::Phases, *};
use crate::load::ByArrival;

/// 10 s of calm, 10 s of overload, 20 s of calm, at a latency for each second.
fn arrivals(latency_ms: impl Fn(u64) -> Option<u64>) -> ByArrival {
    let mut all = ByArrival::default();
    for second in 0..40 {
        let due = Duration::from_secs(second);
        match latency_ms(second) {
            Some(ms) => (0..10).for_each(|_| all.committed(due, Duration::from_millis(ms))),
            None => all.lost(due),
        }
    }
    all
}

fn phases() -> Phases {
    Phases::of(1_000.0, Duration::from_secs(10))
}

#[test]
fn an_overload_lies_between_two_calms() {
    let seconds = Duration::from_secs;
    assert_eq!(phases().steps(), [(500.0, seconds(10)), (3_000.0, seconds(10)), (500.0, seconds(20))]);
    assert_eq!(phases().overload(), seconds(12)..seconds(20));
    let offer = Offer { steps: phases().steps(), window: phases().overload(), per_arrival: 1.0, seed: 1 };
    assert_eq!(offer.rate(), 3_000.0);
    assert_eq!(phases().describe(), "500 tx/s for 10 s, 3000 for 10 s, 500 for 20 s");
    assert_eq!(Phases::of(1.0, Duration::from_secs(60)).overload(), seconds(32)..seconds(80));
}

#[test]
fn recovery_is_the_first_of_some_seconds_that_are_as_before() {
    // The calm's worst second takes 90 ms. After the overload, which refuses, one second is as before by luck.
    let found = arrivals(|second| match second {
        0..5 => Some(900),
        5..9 => Some(50),
        9 => Some(90),
        10..20 => None,
        20 | 22 | 23 => Some(400),
        21 => Some(60),
        24 => Some(90),
        _ => Some(70),
    });
    assert_eq!(phases().recovery(&found), Some(4.0));
    assert_eq!(phases().calm_p99_ms(&found), Some(90.0));
    let at_once = arrivals(|second| if (10..20).contains(&second) { None } else { Some(50) });
    assert_eq!(phases().recovery(&at_once), Some(0.0));
}

#[test]
fn a_network_that_stays_slow_or_refuses_has_not_recovered() {
    assert_eq!(phases().recovery(&arrivals(|second| Some(if second < 10 { 50 } else { 51 }))), None);
    assert_eq!(phases().recovery(&arrivals(|second| (second < 20).then_some(50))), None);
    // Without a calm there is nothing to come back to.
    assert_eq!(phases().recovery(&arrivals(|second| (second > 8).then_some(50))), None);
}

#[test]
fn only_a_full_mempool_is_no_error() {
    let refused = virtengine_types::code::SdkCode::MempoolFull.number();
    assert_eq!(FULL, format!("refused with sdk {refused}"));
}
