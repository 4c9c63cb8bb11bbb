//! What nodes held while a load went on, and whether it grew.

#[cfg(test)]
mod tests;

use super::measure::Measured;
use crate::{
    network::{Metrics, Usage},
    result::{Held, HeldPoint, MAX_POINTS, Metric},
    statistics::{Estimate, StatisticsError, trend_of_second_half},
};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Time between two looks at the nodes' tasks, which they count themselves as often.
const LOOK: Duration = Duration::from_secs(5);
/// Said of a run that was long enough to tell growth.
const TOLD: &str = "told";

/// Samples of each node.
pub(super) struct Samples(Vec<Held>);

impl Samples {
    /// None yet, of nodes with these names.
    pub(super) fn of(names: Vec<String>) -> Self {
        let none = |name| Held {
            name,
            memory: Vec::new(),
            tasks: Vec::new(),
            memory_per_minute: None,
            tasks_per_minute: None,
        };
        Self(names.into_iter().map(none).collect())
    }

    pub(super) fn memory(&mut self, at: Duration, usage: &[Usage]) {
        for (held, used) in self.0.iter_mut().zip(usage) {
            push(&mut held.memory, at, used.rss_bytes as f64);
        }
    }

    pub(super) fn tasks(&mut self, at: Duration, tasks: &[Option<f64>]) {
        for (held, tasks) in self.0.iter_mut().zip(tasks) {
            if let Some(tasks) = tasks {
                push(&mut held.tasks, at, *tasks);
            }
        }
    }

    /// The most memory of each.
    pub(super) fn most(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|held| held.memory.iter().map(|point| point.value as u64).max().unwrap_or(0))
    }

    /// The samples with what they grew by until the load ended, as what follows is no load; and [`TOLD`] if that is
    /// known of every node's memory, else why not.
    pub(super) fn conclude(mut self, end: Duration) -> (Vec<Held>, String) {
        let mut told = match self.0.is_empty() {
            true => "not told: the nodes are not the lab's own".to_owned(),
            false => TOLD.to_owned(),
        };
        for held in &mut self.0 {
            match trend(&held.memory, end) {
                Ok(trend) => held.memory_per_minute = Some(trend),
                Err(error) => told = format!("not told: {error}"),
            }
            held.tasks_per_minute = trend(&held.tasks, end).ok();
        }
        (self.0, told)
    }
}

fn push(points: &mut Vec<HeldPoint>, at: Duration, value: f64) {
    if points.len() < MAX_POINTS {
        points.push(HeldPoint { at_seconds: at.as_secs_f64(), value });
    }
}

fn trend(points: &[HeldPoint], end: Duration) -> Result<Estimate, StatisticsError> {
    let inside = points.iter().filter(|point| point.at_seconds <= end.as_secs_f64());
    trend_of_second_half(&inside.map(|point| (point.at_seconds, point.value)).collect::<Vec<_>>())
}

/// The growth, 0 where none is told from noise.
fn growth(slope: Option<Estimate>) -> Option<f64> {
    slope.as_ref().map(Estimate::surely_above_zero)
}

/// Tells the tasks of each node every few seconds, with the time since the call. A node that does not answer has ended,
/// which is found elsewhere.
pub(super) async fn sample_tasks(
    urls: Vec<String>,
    counts: mpsc::UnboundedSender<(Duration, Vec<Option<f64>>)>,
) {
    let start = Instant::now();
    loop {
        let mut tasks = Vec::with_capacity(urls.len());
        for url in &urls {
            let metrics = Metrics::scrape(url).await.ok();
            tasks.push(metrics.and_then(|metrics| metrics.get("virtengine_tasks_alive")));
        }
        if counts.send((start.elapsed(), tasks)).is_err() {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

impl Measured {
    /// The node whose memory grew most, or of which least is known.
    pub(super) fn most_grown(&self) -> Option<&Held> {
        let key = |held: &&Held| growth(held.memory_per_minute).unwrap_or(f64::INFINITY);
        self.held.iter().max_by(|a, b| key(a).total_cmp(&key(b)))
    }

    /// The most growth of any node; none where any is not told.
    pub(super) fn growths(&self) -> Vec<Metric> {
        let most = |of: fn(&Held) -> Option<Estimate>| {
            let all: Option<Vec<f64>> = self.held.iter().map(|held| growth(of(held))).collect();
            all.filter(|all| !all.is_empty()).map(|all| all.into_iter().fold(0.0, f64::max))
        };
        let memory = most(|held| held.memory_per_minute)
            .map(|bytes| Metric::new("rss_growth_bytes_per_minute", bytes, "bytes"));
        let tasks = most(|held| held.tasks_per_minute)
            .map(|tasks| Metric::new("task_growth_per_minute", tasks, "tasks"));
        memory.into_iter().chain(tasks).collect()
    }
}
