//! The charts of a run: over time, against load, over size.

use super::{
    chart::{Chart, Ink, Scale},
    figure::Figure,
    scaling::Fit,
};
use crate::{
    format::{plain, quantity},
    result::{Held, HeldPoint, LatencyByLoad, LoadPoint, OverTime, Series, TimePoint},
    statistics::Estimate,
};

/// Most points of a line: more than a phone has columns for would only make the page large.
const MAX_LINE: usize = 240;

/// Most charts over size of what does not degrade.
const SCALING: usize = 6;

/// Shortest latency that an axis of powers shows: a nanosecond, as 0 has no place on it.
const LEAST_MS: f64 = 1e-6;

/// The charts of a run: of its series in their order, then of what was fitted.
pub(super) fn figures(series: &[Series], fits: &[Fit<'_>]) -> Vec<Figure> {
    let drawn = series.iter().flat_map(|series| match series {
        Series::OverTime(series) => over_time(series),
        Series::LatencyByLoad(series) => by_load(series),
        Series::Held(series) => held(series),
        Series::Percentiles(_) | Series::Scaling(_) | Series::Stages(_) | Series::Repetitions(_) => {
            Vec::new()
        }
    });
    // What keeps its cost at every size is said in the table; only the first few are shown too.
    let shown = fits.iter().enumerate().filter(|(place, fit)| *place < SCALING || fit.shortfall().is_some());
    drawn.chain(shown.filter_map(|(_, fit)| fit.figure())).collect()
}

fn over_time(series: &OverTime) -> Vec<Figure> {
    if series.points.is_empty() {
        return Vec::new();
    }
    let line = |keep, of: fn(&TimePoint) -> Option<f64>| {
        let points = series.points.iter().filter_map(|point| Some((point.at_seconds, of(point)?)));
        thin(&points.collect::<Vec<_>>(), keep)
    };
    let mut rates = vec![
        (Ink::Second, line(Keep::Mean, |point| Some(point.offered_per_second))),
        (Ink::First, line(Keep::Mean, |point| Some(point.committed_per_second))),
    ];
    let mut key = vec![(Ink::First, "committed".to_string()), (Ink::Second, "offered".to_string())];
    if series.points.iter().any(|point| point.errors_per_second > 0.0) {
        rates.push((Ink::Mark, line(Keep::Mean, |point| Some(point.errors_per_second))));
        key.push((Ink::Mark, "failed".to_string()));
    }
    let mut figures = vec![Figure {
        chart: chart(format!("Throughput over time, {}", series.name), "seconds", Scale::Linear, rates),
        unit: "per second".into(),
        key,
        note: None,
    }];
    let latencies = vec![
        (Ink::First, line(Keep::Max, |point| point.p50_ms)),
        (Ink::Second, line(Keep::Max, |point| point.p99_ms)),
    ];
    if latencies.iter().any(|(_, line)| !line.is_empty()) {
        figures.push(Figure {
            chart: chart(format!("Latency over time, {}", series.name), "seconds", Scale::Linear, latencies),
            unit: "ms".into(),
            key: vec![(Ink::First, "p50".into()), (Ink::Second, "p99".into())],
            note: None,
        });
    }
    figures
}

fn by_load(series: &LatencyByLoad) -> Vec<Figure> {
    if series.points.is_empty() {
        return Vec::new();
    }
    let line = |of: fn(&LoadPoint) -> f64| {
        series.points.iter().map(|point| (point.offered_per_second, of(point))).collect::<Vec<_>>()
    };
    let latency = |of: fn(&LoadPoint) -> f64| {
        line(of).into_iter().filter(|(_, latency)| *latency >= LEAST_MS).collect::<Vec<_>>()
    };
    let latencies = vec![
        (Ink::First, latency(|point| point.p50_ms)),
        (Ink::Third, latency(|point| point.p95_ms)),
        (Ink::Second, latency(|point| point.p99_ms)),
    ];
    let mut latency =
        chart(format!("Latency against load, {}", series.name), "offered per second", Scale::Log, latencies);
    let rates = vec![
        (Ink::Second, line(|point| point.offered_per_second)),
        (Ink::First, line(|point| point.committed_per_second)),
    ];
    let mut rate = chart(
        format!("Committed against offered, {}", series.name),
        "offered per second",
        Scale::Linear,
        rates,
    );
    for chart in [&mut latency, &mut rate] {
        chart.dots = chart.lines.clone();
        chart.marks.extend(series.knee_per_second);
    }
    rate.dots.retain(|(ink, _)| *ink == Ink::First);
    let mark = series.knee_per_second.map(|_| (Ink::Mark, "knee".to_string()));
    let names = |names: &[(Ink, &str)]| {
        names.iter().map(|(ink, name)| (*ink, (*name).to_string())).chain(mark.clone()).collect::<Vec<_>>()
    };
    vec![
        Figure {
            chart: latency,
            unit: "ms".into(),
            key: names(&[(Ink::First, "p50"), (Ink::Third, "p95"), (Ink::Second, "p99")]),
            note: Some(knee(series)),
        },
        Figure {
            chart: rate,
            unit: "per second".into(),
            key: names(&[(Ink::First, "committed"), (Ink::Second, "as offered")]),
            note: None,
        },
    ]
}

/// Memory and tasks of a node while the run went on.
fn held(series: &Held) -> Vec<Figure> {
    let one = |what: &str, unit: &'static str, points: &[HeldPoint], growth: Option<Estimate>| {
        let line: Vec<_> = points.iter().map(|point| (point.at_seconds, point.value)).collect();
        let title = format!("{what} over time, {}", series.name);
        (!line.is_empty()).then(|| Figure {
            chart: chart(title, "seconds", Scale::Linear, vec![(Ink::First, thin(&line, Keep::Max))]),
            unit: unit.into(),
            key: vec![(Ink::First, what.to_lowercase())],
            note: Some(growth.map_or_else(
                || "The run was too short to tell growth.".into(),
                |growth| grown(growth, unit),
            )),
        })
    };
    let memory = one("Memory", "bytes", &series.memory, series.memory_per_minute);
    let tasks = one("Tasks", "tasks", &series.tasks, series.tasks_per_minute);
    memory.into_iter().chain(tasks).collect()
}

fn grown(Estimate { low, value, high }: Estimate, unit: &str) -> String {
    let of = |number: f64| {
        if number < 0.0 { format!("−{}", quantity(-number, unit)) } else { quantity(number, unit) }
    };
    let said = if low > 0.0 { "It grows" } else { "No growth is told from noise" };
    format!("{said}: {} a minute in the second half ({} to {}).", of(value), of(low), of(high))
}

fn knee(series: &LatencyByLoad) -> String {
    let bound =
        series.bound_by.as_ref().map(|stage| format!(" Beyond it the limit is {stage}.")).unwrap_or_default();
    match series.knee_per_second {
        Some(knee) => format!("The knee is at {} per second.{bound}", plain(knee)),
        None => format!("No offered rate held.{bound}"),
    }
}

fn chart(title: String, x_label: &'static str, y: Scale, lines: Vec<(Ink, Vec<(f64, f64)>)>) -> Chart {
    Chart {
        title,
        x_label,
        x: Scale::Linear,
        y,
        bands: Vec::new(),
        lines,
        dots: Vec::new(),
        marks: Vec::new(),
    }
}

/// What stands for several points that fall into one.
#[derive(Clone, Copy)]
enum Keep {
    /// As for rates.
    Mean,
    /// As for latencies, whose peaks are what one looks for.
    Max,
}

/// At most [`MAX_LINE`] points.
fn thin(points: &[(f64, f64)], keep: Keep) -> Vec<(f64, f64)> {
    let step = points.len().div_ceil(MAX_LINE).max(1);
    points
        .chunks(step)
        .filter_map(|chunk| {
            let values = chunk.iter().map(|point| point.1);
            let value = match keep {
                Keep::Mean => values.map(|value| value / chunk.len() as f64).sum(),
                Keep::Max => values.fold(f64::NEG_INFINITY, f64::max),
            };
            Some((chunk.first()?.0, value))
        })
        .collect()
}
