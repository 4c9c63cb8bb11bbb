//! Whether a quantity grows while time passes.

use super::{Estimate, StatisticsError, check_finite, t_quantile};

/// What errors call it.
const WHAT: &str = "the trend of a run's second half";
/// Shortest time from which growth is told, in seconds.
const MIN_SECONDS: f64 = 60.0;
/// Parts into which the time is divided. Samples a second apart are alike, and would claim to be sure of what they
/// are not; the means of longer parts are less so.
const PARTS: usize = 12;

/// What a quantity grows by in a minute: its slope over time, by least squares of the means of equal parts. Of the second
/// half of a run, as what grows in the first is mostly being warmed up. Points are seconds and values, in order of time.
///
/// # Errors
/// - `TooShort` - the second half is less than a minute
/// - `TooFew` - a part of it has no point
/// - `NotFinite` - a value is infinite or not a number
pub fn trend_of_second_half(points: &[(f64, f64)]) -> Result<Estimate, StatisticsError> {
    check_finite(points.iter().flat_map(|point| [point.0, point.1]))?;
    let (first, last) = match (points.first(), points.last()) {
        (Some(first), Some(last)) => (first.0, last.0),
        _ => return Err(StatisticsError::TooFew { what: WHAT, found: 0, needed: PARTS }),
    };
    let (middle, half) = ((first + last) / 2.0, (last - first) / 2.0);
    if half < MIN_SECONDS {
        return Err(StatisticsError::TooShort { what: WHAT, found: half, needed: MIN_SECONDS });
    }
    let mut parts = [(0.0, 0.0, 0.0); PARTS];
    for (at, value) in points.iter().filter(|point| point.0 >= middle) {
        let place = (((at - middle) / half * PARTS as f64) as usize).min(PARTS - 1);
        let (count, time, sum) = parts[place];
        parts[place] = (count + 1.0, time + at, sum + value);
    }
    let found = parts.iter().filter(|part| part.0 > 0.0).count();
    if found < PARTS {
        return Err(StatisticsError::TooFew { what: WHAT, found, needed: PARTS });
    }
    let means = parts.map(|(count, time, sum)| (time / count / 60.0, sum / count));
    let mean = |of: fn(&(f64, f64)) -> f64| means.iter().map(of).sum::<f64>() / PARTS as f64;
    let (center, level) = (mean(|part| part.0), mean(|part| part.1));
    let spread: f64 = means.iter().map(|(x, _)| (x - center).powi(2)).sum();
    let slope = means.iter().map(|(x, y)| (x - center) * (y - level)).sum::<f64>() / spread;
    let left: f64 = means.iter().map(|(x, y)| (y - level - slope * (x - center)).powi(2)).sum();
    let degrees = PARTS as f64 - 2.0;
    let reach = t_quantile(degrees) * (left / degrees / spread).sqrt();
    Ok(Estimate { low: slope - reach, value: slope, high: slope + reach })
}
