use super::*;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

const CONFIG: BudgetConfig = BudgetConfig { heap_bytes: 1_000, objects: 100, tasks: 10 };

fn text(registry: &Registry) -> String {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, registry).unwrap();
    text
}

fn used(heap_bytes: u64, objects: u64, tasks: u64) -> Used {
    Used { heap_bytes: Some(heap_bytes), objects, tasks }
}

#[test]
fn accepts_the_seeds_budgets_and_rejects_budgets_of_nothing() {
    let config = BudgetConfig::default();
    assert_eq!((config.heap_bytes, config.objects, config.tasks), (4_000_000_000, 10_000_000, 100_000));
    config.validate().unwrap();
    for (setting, config) in [
        ("heap_bytes", BudgetConfig { heap_bytes: 0, ..CONFIG }),
        ("objects", BudgetConfig { objects: 0, ..CONFIG }),
        ("tasks", BudgetConfig { tasks: 0, ..CONFIG }),
    ] {
        assert_eq!(config.validate(), Err(BudgetError::Zero { setting }));
    }
}

#[test]
fn an_alarm_begins_above_the_budget_and_ends_well_below_it() {
    let mut registry = Registry::default();
    let mut budgets = Budgets::register(&mut registry, CONFIG, Vec::new());
    let mut alarms = |used: Used| {
        budgets.judge(used);
        let is = |budget: Budget| budgets.metrics.exceeded.get_or_create(&budget.label()).get() == 1;
        let alarms = Budget::ALL.map(is);
        assert_eq!(alarms, Budget::ALL.map(|budget| budgets.exceeded.contains(&budget)));
        alarms
    };
    assert_eq!(alarms(used(1_000, 100, 10)), [false; 3]);
    assert_eq!(alarms(used(1_001, 100, 10)), [true, false, false]);
    assert_eq!(alarms(used(951, 101, 11)), [true; 3]);
    // Where nobody knows, nothing changes.
    assert_eq!(alarms(Used { heap_bytes: None, objects: 95, tasks: 11 }), [true, false, true]);
    assert_eq!(alarms(used(950, 96, 10)), [false; 3]);
    assert_eq!(alarms(used(1_000, 100, 10)), [false; 3]);
}

#[test]
fn what_is_used_is_shown_with_its_budget() {
    let mut registry = Registry::default();
    let pending = Arc::new(AtomicUsize::new(7));
    let counted = pending.clone();
    let objects = vec![
        Objects { kind: "mempool_txs", count: Box::new(move || counted.load(Ordering::Relaxed)) },
        Objects { kind: "list_rows", count: Box::new(|| 90) },
    ];
    let mut budgets = Budgets::register(&mut registry, CONFIG, objects);
    let memory = Memory { heap_bytes: 500, resident_bytes: 600, peak_bytes: 700 };
    assert_eq!(budgets.look(Some(memory), 3), used(500, 97, 3));
    pending.store(11, Ordering::Relaxed);
    let found = budgets.look(Some(memory), 4);
    budgets.judge(found);
    let text = text(&registry);
    for line in [
        "virtengine_memory_heap_bytes 500",
        "virtengine_memory_resident_bytes 600",
        "virtengine_memory_peak_bytes 700",
        "virtengine_tasks_alive 4",
        "virtengine_objects{kind=\"mempool_txs\"} 11",
        "virtengine_objects{kind=\"list_rows\"} 90",
        "virtengine_budget{budget=\"heap\"} 1000",
        "virtengine_budget{budget=\"objects\"} 100",
        "virtengine_budget_exceeded{budget=\"objects\"} 1",
        "virtengine_budget_exceeded{budget=\"tasks\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}

#[test]
fn memory_is_read_from_the_systems_account() {
    let status =
        "Name:\tvirtengine\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\nRssAnon:\t     512 kB\nRssFile:\t 512 kB\n";
    let memory = Memory { heap_bytes: 512 << 10, resident_bytes: 1 << 20, peak_bytes: 2 << 20 };
    assert_eq!(Memory::parse(status), Some(memory));
    assert_eq!(Memory::parse("Name:\tvirtengine\nVmRSS:\t1 kB\n"), None);
    if cfg!(target_os = "linux") {
        let found = Memory::read().unwrap();
        assert!(found.heap_bytes > 0 && found.heap_bytes <= found.resident_bytes, "{found:?}");
        assert!(found.resident_bytes <= found.peak_bytes, "{found:?}");
    }
}

#[test]
fn the_watch_counts_its_runtimes_tasks_and_ends_when_it_is_dropped() {
    let mut registry = Registry::default();
    let looked = Arc::new(AtomicUsize::new(0));
    let counted = looked.clone();
    let count = Box::new(move || counted.fetch_add(1, Ordering::Relaxed));
    let budgets = Budgets::register(&mut registry, CONFIG, vec![Objects { kind: "looks", count }]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let waiting: Vec<_> = (0..20).map(|_| tokio::spawn(std::future::pending::<()>())).collect();
        let ended = tokio::time::timeout(Duration::from_millis(1), budgets.watch()).await;
        assert!(ended.is_err());
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
    });
    assert_eq!(looked.load(Ordering::Relaxed), 1);
    let text = text(&registry);
    assert!(text.contains("virtengine_tasks_alive 20\n"), "{text}");
    assert!(text.contains("virtengine_budget_exceeded{budget=\"tasks\"} 1\n"), "{text}");
}
