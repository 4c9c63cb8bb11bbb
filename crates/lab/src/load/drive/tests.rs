use super::{
    super::{
        TxResult,
        submit::{Answer, Fault},
    },
    *,
};
use virtengine_client::Refusal;

fn ledger() -> Ledger {
    Ledger::new(&load())
}

fn load() -> Drive {
    Drive {
        schedule: Vec::new(),
        duration: Duration::from_secs(10),
        window: Duration::from_secs(2)..Duration::from_secs(10),
        drain: Duration::from_secs(5),
        way: Way::Single,
        connections: 1,
        batch: 1,
        max_outstanding: 10,
        with_results: false,
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn send(ledger: &mut Ledger, hash: u8, due: f64) -> u64 {
    ledger.arrived(seconds(due), seconds(due));
    ledger.sent([hash; 32], 3, u64::from(hash), seconds(due))
}

fn refused(hash: u8, id: u64) -> Answer {
    let refusal = Refusal { codespace: "sdk".into(), code: 20, log: "mempool is full".into() };
    Answer { hash: [hash; 32], id, outcome: Err(Fault::Refused(refusal)) }
}

#[test]
fn latency_counts_from_the_schedule_and_only_in_the_window() {
    let mut ledger = ledger();
    send(&mut ledger, 1, 1.0);
    send(&mut ledger, 2, 4.0);
    let sent = ledger.included(&[1; 32], None, seconds(3.0));
    assert_eq!(sent, Some(Sent { account: 3, sequence: 1 }));
    ledger.included(&[2; 32], None, seconds(4.25));
    assert_eq!(ledger.included(&[9; 32], None, seconds(4.25)), None);
    let outcome = ledger.conclude(seconds(12.0), 0.1);
    // The first arrived in the warm-up, but became final in the window.
    assert_eq!((outcome.committed, outcome.committed_in_window, outcome.latencies.count()), (2, 2, 1));
    assert!((outcome.latencies.quantile_ms(0.5).unwrap() - 250.0).abs() < 1.0);
    assert_eq!(outcome.errors.total(), 0);
}

#[test]
fn what_is_not_answered_is_outstanding_even_if_it_is_final() {
    let mut ledger = ledger();
    let id = send(&mut ledger, 1, 3.0);
    ledger.included(&[1; 32], None, seconds(3.5));
    assert!(!ledger.is_settled() && ledger.outstanding() == 1);
    assert_eq!(ledger.answered(&Answer { hash: [1; 32], id, outcome: Ok(()) }, seconds(3.6)), None);
    assert!(ledger.is_settled());
}

#[test]
fn a_refusal_is_an_error_once() {
    let mut ledger = ledger();
    let id = send(&mut ledger, 1, 3.0);
    let not_taken = ledger.answered(&refused(1, id), seconds(3.1)).unwrap();
    assert_eq!((not_taken.account, not_taken.sequence, not_taken.refusal.unwrap().code), (3, 1, 20));
    let again = send(&mut ledger, 1, 4.0);
    assert_eq!(ledger.answered(&refused(1, id), seconds(4.1)), None, "the first attempt no longer matters");
    ledger.answered(&Answer { hash: [1; 32], id: again, outcome: Ok(()) }, seconds(4.1));
    ledger.included(&[1; 32], None, seconds(4.2));
    let outcome = ledger.conclude(seconds(10.0), 0.1);
    assert_eq!((outcome.offered, outcome.committed, outcome.errors.total()), (2, 1, 1));
}

#[test]
fn a_transaction_that_fails_in_its_block_is_not_committed() {
    let mut ledger = ledger();
    send(&mut ledger, 1, 3.0);
    let result = TxResult { code: 5, codespace: "market".into(), ..TxResult::default() };
    assert!(ledger.included(&[1; 32], Some(&result), seconds(3.5)).is_some());
    let outcome = ledger.conclude(seconds(10.0), 0.1);
    assert_eq!(
        (outcome.committed, outcome.errors.failures()[0].reason.as_str()),
        (0, "failed in its block with market 5")
    );
}

#[test]
fn what_never_becomes_final_is_an_error() {
    let mut ledger = ledger();
    send(&mut ledger, 1, 3.0);
    let outcome = ledger.conclude(seconds(15.0), 0.1);
    assert_eq!(outcome.errors.failures()[0].reason, "not final 5 s after the load");
    assert_eq!(outcome.over_time.points.iter().map(|point| point.errors_per_second).sum::<f64>(), 1.0);
}

struct Endless(u64);

impl Work for Endless {
    fn arrive(&mut self) -> Result<Signed, &'static str> {
        self.0 += 1;
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&self.0.to_be_bytes());
        Ok(Signed { account: 0, sequence: self.0, bytes: vec![1].into(), hash })
    }

    fn refused(&mut self, _: u32, _: u64, _: Option<&Refusal>) {}

    fn included(&mut self, _: u32, _: u64, _: Option<&TxResult>) -> Vec<Signed> {
        Vec::new()
    }

    fn fingerprint(&self) -> Option<Hash> {
        None
    }
}

/// Accepts connections and answers nothing.
async fn silent() -> (tokio::net::TcpListener, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

#[tokio::test]
async fn arrivals_above_the_bound_are_errors_of_the_generator() {
    let (_listener, rpc) = silent().await;
    let endpoint = Endpoint { grpc: rpc.clone(), metrics: None, rpc };
    let (answers, _answered) = mpsc::unbounded_channel();
    let lanes = Lanes::open(Way::Single, &[endpoint], 1, 1, &answers).await.unwrap();
    let drive = Drive { max_outstanding: 3, ..load() };
    let mut run = Run {
        start: Instant::now(),
        drive: &drive,
        lanes,
        work: &mut Endless(0),
        ledger: Ledger::new(&drive),
    };
    (0..10).for_each(|_| run.arrive(Duration::ZERO));
    assert_eq!(run.ledger.outstanding(), 3);
    let outcome = run.ledger.conclude(seconds(1.0), 0.0);
    let failures = outcome.errors.failures();
    assert_eq!(failures[0].count, 7);
    assert!(failures[0].reason.contains("generator: 3 outstanding"), "{}", failures[0].reason);
}
