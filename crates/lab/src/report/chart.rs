//! A chart as SVG: axes, lines, bands and dots.
//!
//! Each colour is one of [`Ink`]; the page's style replaces each by its attribute, for dark pages and for paper. Texts
//! in a chart are numbers and fixed words only: names from results stand in the page around it.

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

use super::ReportError;
use crate::format::tick;

/// Units of a chart to a pixel of a phone. The library draws at whole units, so more of them make smoother curves.
const UNIT: u32 = 3;
/// Size of a chart. A column of a phone is about 360 pixels wide, so that text keeps its size there.
const SIZE: (u32, u32) = (360 * UNIT, 235 * UNIT);
/// Size of text; the library draws it a fifth smaller.
const TEXT: u32 = 16 * UNIT;

/// Narrowest range of an even axis, as a part of its end.
const NARROW: f64 = 1e-9;
/// Smallest number on an axis of powers.
const LEAST: f64 = 1e-12;

/// The colours of charts, as they are on a light page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// First series.
    First,
    /// Second series.
    Second,
    /// Third series.
    Third,
    /// Axes and their text.
    Axis,
    /// Lines behind the data.
    Grid,
    /// What must be noticed.
    Mark,
}

/// How an axis is divided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// Evenly.
    Linear,
    /// By powers of ten.
    Log,
}

/// What to draw. Coordinates are finite and not negative, and on an axis that is [`Scale::Log`] at least 1e-12.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) title: String,
    pub(super) x_label: &'static str,
    pub(super) x: Scale,
    pub(super) y: Scale,
    /// `x, low, high`.
    pub(super) bands: Vec<(Ink, Vec<(f64, f64, f64)>)>,
    pub(super) lines: Vec<(Ink, Vec<(f64, f64)>)>,
    pub(super) dots: Vec<(Ink, Vec<(f64, f64)>)>,
    /// Places on the x axis that are marked.
    pub(super) marks: Vec<f64>,
}

impl Ink {
    fn color(self) -> RGBColor {
        match self {
            Self::First => RGBColor(0x1d, 0x5f, 0xbf),
            Self::Second => RGBColor(0xb8, 0x4a, 0x12),
            Self::Third => RGBColor(0x1f, 0x7a, 0x55),
            Self::Axis => RGBColor(0x4b, 0x55, 0x63),
            Self::Grid => RGBColor(0xdd, 0xe2, 0xe8),
            Self::Mark => RGBColor(0xa3, 0x18, 0x6f),
        }
    }
}

impl Chart {
    /// The chart as an element of SVG.
    ///
    /// # Errors
    /// - `Draw` - the library refused
    pub(super) fn svg(&self) -> Result<String, ReportError> {
        let (x, y) = (self.x_range(), self.y_range());
        let mut svg = String::new();
        let drawn = match (self.x, self.y) {
            (Scale::Linear, Scale::Linear) => self.draw(&mut svg, x.0..x.1, y.0..y.1),
            (Scale::Linear, Scale::Log) => self.draw(&mut svg, x.0..x.1, (y.0..y.1).log_scale()),
            (Scale::Log, Scale::Linear) => self.draw(&mut svg, (x.0..x.1).log_scale(), y.0..y.1),
            (Scale::Log, Scale::Log) => self.draw(&mut svg, (x.0..x.1).log_scale(), (y.0..y.1).log_scale()),
        };
        drawn.map_err(|cause| ReportError::Draw { title: self.title.clone(), cause })?;
        Ok(svg)
    }

    fn draw<X, Y>(&self, svg: &mut String, x: X, y: Y) -> Result<(), String>
    where
        X: AsRangedCoord<Value = f64>,
        X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
        Y: AsRangedCoord<Value = f64>,
        Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        let (bottom, top) = self.y_range();
        let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin_top(10 * UNIT)
            .margin_right(18 * UNIT)
            .x_label_area_size(42 * UNIT)
            .y_label_area_size(50 * UNIT)
            .build_cartesian_2d(x, y)
            .map_err(|e| e.to_string())?;
        let text = ("sans-serif", TEXT).into_font().color(&Ink::Axis.color());
        chart
            .configure_mesh()
            .max_light_lines(0)
            .set_all_tick_mark_size(5 * UNIT)
            .bold_line_style(Ink::Grid.color().stroke_width(UNIT))
            .axis_style(Ink::Axis.color().stroke_width(UNIT))
            .label_style(text.clone())
            .axis_desc_style(text)
            .x_desc(self.x_label)
            .x_labels(6)
            .y_labels(5)
            .x_label_formatter(&|value| tick(*value))
            .y_label_formatter(&|value| tick(*value))
            .draw()
            .map_err(|e| e.to_string())?;
        for (ink, band) in &self.bands {
            let above = band.iter().map(|&(x, _, high)| (x, high));
            let below = band.iter().rev().map(|&(x, low, _)| (x, low));
            let outline: Vec<_> = above.chain(below).collect();
            let shape = Polygon::new(outline, ink.color().mix(0.18).filled());
            chart.draw_series([shape]).map_err(|e| e.to_string())?;
        }
        for mark in &self.marks {
            let line = PathElement::new(
                vec![(*mark, bottom), (*mark, top)],
                Ink::Mark.color().stroke_width(2 * UNIT),
            );
            chart.draw_series([line]).map_err(|e| e.to_string())?;
        }
        for (ink, line) in &self.lines {
            let line = LineSeries::new(line.iter().copied(), ink.color().stroke_width(2 * UNIT));
            chart.draw_series(line).map_err(|e| e.to_string())?;
        }
        for (ink, dots) in &self.dots {
            let dots = dots.iter().map(|&dot| Circle::new(dot, 3 * UNIT, ink.color().filled()));
            chart.draw_series(dots).map_err(|e| e.to_string())?;
        }
        area.present().map_err(|e| e.to_string())
    }

    fn x_range(&self) -> (f64, f64) {
        let dots = self.dots.iter().chain(&self.lines).flat_map(|(_, points)| points).map(|point| point.0);
        let bands = self.bands.iter().flat_map(|(_, points)| points).map(|point| point.0);
        range(self.x, dots.chain(bands).chain(self.marks.iter().copied()), 0.0)
    }

    /// From 0 on an even axis, as a cut axis makes small changes look large.
    fn y_range(&self) -> (f64, f64) {
        let dots = self.dots.iter().chain(&self.lines).flat_map(|(_, points)| points).map(|point| point.1);
        let bands = self.bands.iter().flat_map(|(_, points)| points).flat_map(|point| [point.1, point.2]);
        range(self.y, dots.chain(bands).chain((self.y == Scale::Linear).then_some(0.0)), 0.06)
    }
}

/// The range of an axis that holds all values, never empty, with `room` of it beyond the largest.
fn range(scale: Scale, values: impl Iterator<Item = f64>, room: f64) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    match scale {
        _ if low > high => (1.0, 10.0),
        // Between numbers that are almost equal there is no room for ticks, and the library searches for them forever.
        Scale::Linear if high - low <= NARROW * high.max(1.0) => (0.0, high.max(0.5) * 2.0),
        Scale::Linear => (low, high + room * (high - low)),
        // Whole powers, as the library puts ticks there only.
        Scale::Log => {
            let decade = |value: f64, round: fn(f64) -> f64| 10f64.powf(round(value.log10()));
            let (low, high) = (low.max(LEAST), high.max(LEAST));
            let (low, high) = (decade(low, f64::floor), decade(high, f64::ceil));
            if low < high { (low, high) } else { (low, low * 10.0) }
        }
    }
}
