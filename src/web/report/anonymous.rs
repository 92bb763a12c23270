//! What the anonymous mode counted, on the report's page: exact, because nobody is behind it.

use super::page::{bare, bars, columns, hour_in_words, section, table};
use crate::domain::tracking::report::anonymous::Anonymous;
use crate::domain::tracking::report::words::grouped;
use crate::domain::tracking::report::{Cell, Report};
use crate::web::page::ReportSection;

/// The section; without rows if nothing was counted.
pub(super) fn anonymous(report: &Report) -> ReportSection {
    let Anonymous { opens, clicks, links, hours } = &report.anonymous;
    let empty = section(
        "anonymous",
        "Anonymous mode",
        "Requests of the picture and the links that all without permission share; in no other figure.",
        true,
    );
    if *opens == 0 && *clicks == 0 {
        return empty;
    }
    let sums = [("Opens", *opens), ("Clicks", *clicks)];
    let sums = sums.map(|(name, hits)| vec![name.to_owned(), grouped(hits)]);
    let labels: Vec<String> =
        links.iter().map(|link| format!("{}  {}", link.position, bare(&link.url))).collect();
    let by_link: Vec<(&str, Cell)> =
        labels.iter().map(String::as_str).zip(links.iter().map(|link| Cell::Exact(link.clicks))).collect();
    let most = links.iter().map(|link| link.clicks).max().unwrap_or_default();
    let numbers =
        links.iter().map(|link| vec![format!("{}. {}", link.position, link.url), grouped(link.clicks)]);
    let by_hour =
        hours.iter().map(|hour| vec![hour_in_words(hour.at), grouped(hour.opens), grouped(hour.clicks)]);
    let exact = |of: fn(&_) -> i64| hours.iter().map(|hour| Cell::Exact(of(hour))).collect::<Vec<_>>();
    let nothing = "Nothing in any hour.";
    let mut charts = vec![
        columns("anonymous-opens", "Opens by hour", &exact(|hour| hour.opens), nothing),
        columns("anonymous-clicks", "Clicks by hour", &exact(|hour| hour.clicks), nothing),
    ];
    if !links.is_empty() {
        charts.insert(0, bars("anonymous-links", "Clicks by link", most, &by_link));
    }
    ReportSection {
        charts,
        tables: vec![
            table("Counted without any person", &["What", "Requests"], sums.into()),
            table("Links, without any person", &["Link", "Requests"], numbers.collect()),
            table("By hour (UTC), without any person", &["Hour", "Opens", "Clicks"], by_hour.collect()),
        ],
        ..empty
    }
}
