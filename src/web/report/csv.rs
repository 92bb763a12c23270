//! The report as a CSV file (RFC 4180), one number a row, so that a spreadsheet can filter and pivot it.
//!
//! Names, links and replies come from outside, and a spreadsheet would take some of them for formulas; those get an
//! apostrophe in front, which it shows as text (SEC-09).

use crate::domain::campaign::Campaign;
use crate::domain::tracking::report::detail::Breakdown;
use crate::domain::tracking::report::{Cell, Measured, Rate, Reasons, Report};
use crate::error::{Error, Result};

/// Column heads: which part of the report, which item of it, what is counted, and the number.
const HEADS: [&str; 4] = ["section", "item", "figure", "value"];

type Rows = Vec<[String; 4]>;

/// Writes the report of a campaign.
///
/// # Errors
/// [`Error::Internal`] if the rows cannot be written, which nothing in them can cause.
pub fn write(campaign: &Campaign, report: &Report) -> Result<Vec<u8>> {
    let mut rows = Rows::new();
    let mut add = |section: &str, item: &str, figure: &str, value: String| {
        rows.push([section.to_owned(), item.to_owned(), figure.to_owned(), value]);
    };
    add("campaign", "", "id", campaign.public_id.to_string());
    add("campaign", "", "name", campaign.name.clone());
    add("campaign", "", "state", campaign.state.to_string());
    add("campaign", "", "began_at", report.began_at.map_or_else(String::new, |at| at.to_string()));
    funnel(&mut rows, report);
    measured(&mut rows, "opens", &report.opens);
    measured(&mut rows, "clicks", &report.clicks);
    for link in &report.links {
        let item = format!("{} {}", link.position, link.url);
        push(&mut rows, "link", &item, "people", shown(link.people));
        push(&mut rows, "link", &item, "hits", shown(link.hits));
    }
    for hour in &report.hours {
        push(&mut rows, "hour", &hour.at.to_string(), "opens", shown(hour.opens));
        push(&mut rows, "hour", &hour.at.to_string(), "clicks", shown(hour.clicks));
    }
    push(&mut rows, "anonymous", "", "opens", shown(report.anonymous.opens));
    push(&mut rows, "anonymous", "", "clicks", shown(report.anonymous.clicks));
    for link in &report.anonymous.links {
        let item = format!("{} {}", link.position, link.url);
        push(&mut rows, "anonymous_link", &item, "clicks", link.clicks.to_string());
    }
    for hour in &report.anonymous.hours {
        push(&mut rows, "anonymous_hour", &hour.at.to_string(), "opens", shown(hour.opens));
        push(&mut rows, "anonymous_hour", &hour.at.to_string(), "clicks", shown(hour.clicks));
    }
    breakdown(&mut rows, "domain", report.domains.as_deref());
    breakdown(&mut rows, "topic", report.topics.as_deref());
    previous(&mut rows, report);
    push(&mut rows, "note", "", "", report.note.clone());
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(HEADS).map_err(Error::internal)?;
    for row in &rows {
        writer.write_record(row.iter().map(|field| harmless(field))).map_err(Error::internal)?;
    }
    writer.into_inner().map_err(|error| Error::internal(error.into_error()))
}

fn push(rows: &mut Rows, section: &str, item: &str, figure: &str, value: String) {
    rows.push([section.to_owned(), item.to_owned(), figure.to_owned(), value]);
}

fn funnel(rows: &mut Rows, report: &Report) {
    let waiting = &report.waiting;
    for (figure, cell) in [
        ("audience", report.audience),
        ("allowed", report.allowed),
        ("skipped", report.skipped.total),
        ("sent", report.sent),
        ("failed", report.failed.total),
        ("uncertain", report.uncertain),
        ("waiting", waiting.total),
        ("waiting_planned", waiting.planned),
        ("waiting_deferred", waiting.deferred),
        ("waiting_claimed", waiting.claimed),
        ("delivered", report.delivered),
        ("bounced", report.bounced.total),
        ("complaints", report.complaints),
        ("unsubscribed", report.unsubscribed),
    ] {
        push(rows, "funnel", "", figure, shown(cell));
    }
    let reasons = |rows: &mut Rows, section: &str, reasons: &Reasons| {
        for reason in &reasons.reasons {
            push(rows, section, &reason.text, &reason.reason, shown(reason.people));
        }
    };
    reasons(rows, "skipped", &report.skipped);
    reasons(rows, "failed", &report.failed);
    reasons(rows, "bounced", &report.bounced);
    push(rows, "unsubscribe_reason", "", "total", shown(report.unsubscribe_reasons.total));
    reasons(rows, "unsubscribe_reason", &report.unsubscribe_reasons);
    if let Some(alert) = &report.alert {
        push(rows, "alert", "", "", alert.clone());
    }
}

fn measured(rows: &mut Rows, section: &str, measured: &Measured) {
    push(rows, section, &measured.coverage, "measurable", shown(measured.measurable));
    push(rows, section, &measured.text, "people", shown(measured.people));
    rates(rows, section, "", measured.rate);
    for class in &measured.classes {
        push(rows, section, &class.text, &format!("hits_{}", class.class), shown(class.hits));
    }
}

fn rates(rows: &mut Rows, section: &str, item: &str, rate: Option<Rate>) {
    let Some(rate) = rate else { return };
    for (figure, share) in [("rate", rate.share), ("rate_low", rate.low), ("rate_high", rate.high)] {
        push(rows, section, item, figure, format!("{share:.3}"));
    }
}

fn breakdown(rows: &mut Rows, section: &str, parts: Option<&[Breakdown]>) {
    for part in parts.unwrap_or_default() {
        for (figure, cell) in [
            ("sent", part.sent),
            ("bounced", part.bounced),
            ("opens_measurable", part.opens_measurable),
            ("opened", part.opened),
            ("clicks_measurable", part.clicks_measurable),
            ("clicked", part.clicked),
        ] {
            push(rows, section, &part.name, figure, shown(cell));
        }
    }
}

fn previous(rows: &mut Rows, report: &Report) {
    for earlier in report.previous.as_deref().unwrap_or_default() {
        let item = format!("{} {}", earlier.id, earlier.name);
        for (figure, cell) in [
            ("delivered", earlier.delivered),
            ("bounced", earlier.bounced),
            ("complaints", earlier.complaints),
            ("unsubscribed", earlier.unsubscribed),
            ("opens_measurable", earlier.opens.measurable),
            ("opened", earlier.opens.people),
            ("clicks_measurable", earlier.clicks.measurable),
            ("clicked", earlier.clicks.people),
        ] {
            push(rows, "previous", &item, figure, shown(cell));
        }
    }
}

fn shown(cell: Cell) -> String {
    match cell.exact() {
        Some(count) => count.to_string(),
        None => crate::domain::tracking::report::words::short(cell).replace(',', ""),
    }
}

/// A field that no spreadsheet computes.
fn harmless(field: &str) -> String {
    let is_formula = field.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if is_formula { format!("'{field}") } else { field.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_compute_is_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        for text in ["<10", ">1900", "412", "550 5.1.1", "https://example.com/?a=b"] {
            assert_eq!(harmless(text), text);
        }
    }
}
