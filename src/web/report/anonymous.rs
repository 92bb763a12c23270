//! What the anonymous mode counted, on the report's page: exact, because nobody is behind it, unless it is of few letters.

use super::page::{bare, bars, columns, hour_in_words, section, table};
use crate::domain::tracking::report::anonymous::{Anonymous, AnonymousHour};
use crate::domain::tracking::report::words::{grouped, short};
use crate::domain::tracking::report::{Cell, Report};
use crate::web::page::ReportSection;

const NOTE: &str =
    "Requests of the picture and the links that all without permission share; in no other figure.";

/// What is said where a sum is not shown.
const FEW: &str = "Fewer than ten letters went without permission, so what these people did is not shown.";

/// The section; without rows if nothing was counted.
pub(super) fn anonymous(report: &Report) -> ReportSection {
    let Anonymous { opens, clicks, links, hours } = &report.anonymous;
    let sums = [("Opens", *opens), ("Clicks", *clicks)];
    let is_hidden = sums.iter().any(|(_, sum)| sum.exact().is_none());
    let note = if is_hidden { format!("{NOTE} {FEW}") } else { NOTE.to_owned() };
    let empty = section("anonymous", "Anonymous mode", &note, true);
    if sums.iter().all(|(_, sum)| *sum == Cell::Exact(0)) {
        return empty;
    }
    let labels: Vec<String> =
        links.iter().map(|link| format!("{}  {}", link.position, bare(&link.url))).collect();
    let by_link: Vec<(&str, Cell)> =
        labels.iter().map(String::as_str).zip(links.iter().map(|link| Cell::Exact(link.clicks))).collect();
    let most = links.iter().map(|link| link.clicks).max().unwrap_or_default();
    let numbers =
        links.iter().map(|link| vec![format!("{}. {}", link.position, link.url), grouped(link.clicks)]);
    let by_hour =
        hours.iter().map(|hour| vec![hour_in_words(hour.at), short(hour.opens), short(hour.clicks)]);
    let by = |of: fn(&AnonymousHour) -> Cell| hours.iter().map(of).collect::<Vec<_>>();
    let nothing = "Nothing in any hour.";
    let mut charts = Vec::new();
    if !links.is_empty() {
        charts.push(bars("anonymous-links", "Clicks by link", most, &by_link));
    }
    if opens.exact().is_some() {
        charts.push(columns("anonymous-opens", "Opens by hour", &by(|hour| hour.opens), nothing));
    }
    if clicks.exact().is_some() {
        charts.push(columns("anonymous-clicks", "Clicks by hour", &by(|hour| hour.clicks), nothing));
    }
    let sums = sums.map(|(name, hits)| vec![name.to_owned(), short(hits)]);
    let tables = [
        table("Counted without any person", &["What", "Requests"], sums.into()),
        table("Links, without any person", &["Link", "Requests"], numbers.collect()),
        table("By hour (UTC), without any person", &["Hour", "Opens", "Clicks"], by_hour.collect()),
    ];
    ReportSection {
        charts,
        tables: tables.into_iter().filter(|table| !table.rows.is_empty()).collect(),
        ..empty
    }
}
