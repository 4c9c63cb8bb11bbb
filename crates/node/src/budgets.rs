//! What a node may use of memory, objects and tasks, and an alarm when it uses more.
//!
//! Every collection, queue and connection has a bound of its own that is kept at all times. A budget is for their sum:
//! exceeding it changes nothing but [`Metrics::exceeded`] and the log.

mod allocator;
mod config;
mod memory;
#[cfg(test)]
mod tests;

pub use config::{BudgetConfig, BudgetError};

use memory::Memory;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};
use std::{convert::Infallible, time::Duration};

/// Time between two looks. One takes some 0.1 ms.
const INTERVAL: Duration = Duration::from_secs(5);

/// Items that the node holds of one kind, and how to count them without visiting them.
pub(crate) struct Objects {
    pub(crate) kind: &'static str,
    pub(crate) count: Box<dyn Fn() -> usize + Send>,
}

/// Something that has a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Budget {
    Heap,
    Objects,
    Tasks,
}

/// The sums that are held to the budgets. What the system does not tell is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Used {
    heap_bytes: Option<u64>,
    objects: u64,
    tasks: u64,
}

/// Looks at what the node uses.
pub(crate) struct Budgets {
    config: BudgetConfig,
    objects: Vec<Objects>,
    metrics: Metrics,
    /// Those that are exceeded.
    exceeded: Vec<Budget>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BudgetLabel {
    budget: &'static str,
}

#[derive(Clone, Debug, Default)]
struct Metrics {
    allocated: Gauge,
    heap: Gauge,
    resident: Gauge,
    peak: Gauge,
    tasks: Gauge,
    objects: Family<KindLabel, Gauge>,
    limit: Family<BudgetLabel, Gauge>,
    exceeded: Family<BudgetLabel, Gauge>,
}

impl Budgets {
    /// Registers what it finds, under `virtengine_`.
    pub(crate) fn register(registry: &mut Registry, config: BudgetConfig, objects: Vec<Objects>) -> Self {
        let metrics = Metrics::default();
        let registry = registry.sub_registry_with_prefix("virtengine");
        registry.register(
            "memory_allocated_bytes",
            "Memory that is allocated and not freed",
            metrics.allocated.clone(),
        );
        registry.register(
            "memory_heap_bytes",
            "Memory that holds data of the process, not of a file",
            metrics.heap.clone(),
        );
        registry.register("memory_resident_bytes", "Memory that the process takes", metrics.resident.clone());
        registry.register("memory_peak_bytes", "The most memory that it took", metrics.peak.clone());
        registry.register("tasks_alive", "Tasks of the runtime that have not ended", metrics.tasks.clone());
        registry.register("objects", "Items that the node holds, by kind", metrics.objects.clone());
        registry.register("budget", "What the node may use", metrics.limit.clone());
        registry.register("budget_exceeded", "Whether it uses more", metrics.exceeded.clone());
        for budget in Budget::ALL {
            metrics.limit.get_or_create(&budget.label()).set(signed(budget.limit(&config)));
            metrics.exceeded.get_or_create(&budget.label()).set(0);
        }
        Self { config, objects, metrics, exceeded: Vec::new() }
    }

    /// Looks every few seconds until it is dropped. Called on the runtime whose tasks are counted.
    pub(crate) async fn watch(mut self) -> Infallible {
        let runtime = tokio::runtime::Handle::current();
        let mut look = tokio::time::interval(INTERVAL);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            let used = self.look(Memory::read(), runtime.metrics().num_alive_tasks());
            self.judge(used);
        }
    }

    /// Notes what is used.
    fn look(&self, memory: Option<Memory>, tasks: usize) -> Used {
        let metrics = &self.metrics;
        if let Some(allocated) = allocator::allocated_bytes() {
            metrics.allocated.set(signed(allocated));
        }
        if let Some(memory) = memory {
            metrics.heap.set(signed(memory.heap_bytes));
            metrics.resident.set(signed(memory.resident_bytes));
            metrics.peak.set(signed(memory.peak_bytes));
        }
        metrics.tasks.set(signed(tasks as u64));
        let count = |of: &Objects| {
            let count = (of.count)() as u64;
            metrics.objects.get_or_create(&KindLabel { kind: of.kind }).set(signed(count));
            count
        };
        let objects = self.objects.iter().map(count).sum();
        Used { heap_bytes: memory.map(|memory| memory.heap_bytes), objects, tasks: tasks as u64 }
    }

    /// Says which budgets are exceeded and which no longer are, each once.
    fn judge(&mut self, used: Used) {
        for budget in Budget::ALL {
            let Some(found) = budget.of(&used) else { continue };
            let limit = budget.limit(&self.config);
            let was = self.exceeded.contains(&budget);
            // An alarm ends a twentieth below the budget, so that one at the edge does not come and go.
            let is = found > if was { limit - limit / 20 } else { limit };
            if is == was {
                continue;
            }
            let name = budget.name();
            if is {
                tracing::warn!(budget = name, used = found, limit, "the node uses more than its budget");
                self.exceeded.push(budget);
            } else {
                tracing::info!(budget = name, used = found, limit, "the node is within its budget again");
                self.exceeded.retain(|other| *other != budget);
            }
            self.metrics.exceeded.get_or_create(&budget.label()).set(i64::from(is));
        }
    }
}

impl Budget {
    const ALL: [Self; 3] = [Self::Heap, Self::Objects, Self::Tasks];

    const fn name(self) -> &'static str {
        match self {
            Self::Heap => "heap",
            Self::Objects => "objects",
            Self::Tasks => "tasks",
        }
    }

    const fn label(self) -> BudgetLabel {
        BudgetLabel { budget: self.name() }
    }

    const fn limit(self, config: &BudgetConfig) -> u64 {
        match self {
            Self::Heap => config.heap_bytes,
            Self::Objects => config.objects,
            Self::Tasks => config.tasks,
        }
    }

    const fn of(self, used: &Used) -> Option<u64> {
        match self {
            Self::Heap => used.heap_bytes,
            Self::Objects => Some(used.objects),
            Self::Tasks => Some(used.tasks),
        }
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
