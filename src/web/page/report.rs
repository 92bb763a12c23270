//! A campaign's report for reading: charts drawn as SVG in the template, each with the table of what it shows.
//!
//! Charts stretch: what is across is in per cent, what is down in pixels, so that letters keep their size on a phone.

use askama::Template;

use super::form::Fact;

/// A campaign's report for reading.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "pages/report.html")]
pub struct ReportPage {
    /// The campaign's name.
    pub campaign: String,
    /// What and when, in a sentence.
    pub lead: String,
    /// What to look into; may be empty.
    pub alert: String,
    /// The most important numbers.
    pub facts: Vec<Fact>,
    /// One part after the other.
    pub sections: Vec<ReportSection>,
    /// How to read all of it.
    pub note: String,
    /// The style sheet, for a file that stands alone; empty for a page, which links it.
    pub css: &'static str,
}

/// A part of a report.
#[derive(Debug, Clone, Default)]
pub struct ReportSection {
    /// A word that no other section has; ids are made of it.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// How to read it; may be empty.
    pub note: String,
    /// The charts.
    pub charts: Vec<Chart>,
    /// What they show, in numbers.
    pub tables: Vec<ReportTable>,
    /// Whether the tables open on demand; they stand open where no chart says the same.
    pub folded: bool,
}

/// One chart.
#[derive(Debug, Clone)]
pub enum Chart {
    /// Bars from the left, one below the other, each under its label.
    Bars(Bars),
    /// Columns side by side.
    Columns(Columns),
}

/// Bars one below the other.
#[derive(Debug, Clone, Default)]
pub struct Bars {
    /// A word that no other chart has.
    pub id: String,
    /// What is shown.
    pub title: String,
    /// What is to be seen, for those who do not see it.
    pub description: String,
    /// From top to bottom.
    pub bars: Vec<Bar>,
}

/// One bar.
#[derive(Debug, Clone, Default)]
pub struct Bar {
    /// What it stands for.
    pub label: String,
    /// Its value in words.
    pub value: String,
    /// Its length, in per cent of the width.
    pub length: f64,
    /// Whether its length is no more than a hint, because the count is not shown.
    pub vague: bool,
    /// Where the value plausibly lies, in per cent of the width.
    pub interval: Option<(f64, f64)>,
}

/// Columns side by side.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    /// A word that no other chart has.
    pub id: String,
    /// What is shown.
    pub title: String,
    /// What is to be seen, for those who do not see it.
    pub description: String,
    /// The value at the top of the scale.
    pub top: String,
    /// From left to right.
    pub columns: Vec<Column>,
    /// Words below some of the columns.
    pub marks: Vec<Mark>,
}

/// One column.
#[derive(Debug, Clone, Default)]
pub struct Column {
    /// Its left edge, in per cent of the width.
    pub left: f64,
    /// Its width, in per cent.
    pub width: f64,
    /// Its height, in pixels of [`Columns::HEIGHT`].
    pub height: f64,
    /// Whether its height is no more than a hint.
    pub vague: bool,
}

/// A word below the columns.
#[derive(Debug, Clone, Default)]
pub struct Mark {
    /// Where it stands, in per cent of the width.
    pub left: f64,
    /// The word.
    pub text: String,
    /// Which of its ends stands there: `start`, `middle` or `end`.
    pub anchor: &'static str,
}

/// Numbers under one caption.
#[derive(Debug, Clone, Default)]
pub struct ReportTable {
    /// What is counted.
    pub caption: String,
    /// The heads of all columns.
    pub heads: Vec<String>,
    /// The rows; the first cell says what each is about.
    pub rows: Vec<Vec<String>>,
}

impl Bars {
    /// Pixels from one bar to the next.
    const STEP: usize = 46;

    /// The height in pixels.
    fn height(&self) -> usize {
        self.bars.len() * Self::STEP
    }

    /// The upper edge of a row in pixels.
    fn top(index: &usize) -> usize {
        index * Self::STEP
    }
}

impl Columns {
    /// The height of the tallest column in pixels.
    pub const HEIGHT: f64 = 140.0;

    /// The upper edge of a column, in pixels.
    fn top_of(column: &Column) -> f64 {
        20.0 + Self::HEIGHT - column.height
    }
}
