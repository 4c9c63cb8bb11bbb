//! A chart with the words around it.

use maud::{Markup, PreEscaped, html};

use super::{ReportError, chart::Chart, chart::Ink};

/// A chart, its title and key, and a sentence on what it shows.
pub(super) struct Figure {
    pub(super) chart: Chart,
    /// What is measured on the y axis.
    pub(super) unit: String,
    /// Names of the colours.
    pub(super) key: Vec<(Ink, String)>,
    /// What the reader should see in it.
    pub(super) note: Option<String>,
}

impl Figure {
    /// The element of the page.
    ///
    /// # Errors
    /// - `Draw` - the chart library refused
    pub(super) fn render(&self) -> Result<Markup, ReportError> {
        let svg = self.chart.svg()?;
        Ok(html! {
            figure {
                figcaption {
                    h4 { (self.chart.title) " " span.unit { (self.unit) } }
                    ul.key {
                        @for (ink, name) in &self.key {
                            li { span.swatch.(class(*ink)) {} (name) }
                        }
                    }
                }
                // The chart's own texts are numbers and fixed words.
                div.chart role="img" aria-label=(self.chart.title) { (PreEscaped(svg)) }
                @if let Some(note) = &self.note { p.note { (note) } }
            }
        })
    }
}

fn class(ink: Ink) -> &'static str {
    match ink {
        Ink::First => "first",
        Ink::Second => "second",
        Ink::Third => "third",
        Ink::Axis | Ink::Grid => "axis",
        Ink::Mark => "mark",
    }
}
