//! The report as a page: which numbers stand where, and how long the bars are.

use super::anonymous::anonymous;
use crate::clock::Moment;
use crate::domain::campaign::{Campaign, State};
use crate::domain::tracking::report::count::HOURS;
use crate::domain::tracking::report::detail::{Breakdown, PreviousMeasured};
use crate::domain::tracking::report::words::{cell, class_name, grouped, short};
use crate::domain::tracking::report::{Cell, Hour, Measured, Rate, Reasons, Report};
use crate::web::page::{
    Bar, Bars, Chart, Column, Columns, Fact, Mark, ReportPage, ReportSection, ReportTable,
};

/// The length in per cent of a bar whose count is not shown.
const VAGUE: f64 = 3.0;

/// The most signs of a label in a chart; tables have all of it.
const LABEL_MAX: usize = 30;

/// The page of a campaign's report.
pub fn page(campaign: &Campaign, report: &Report) -> ReportPage {
    let began = report.began_at.map_or_else(
        || "No letter has left yet.".to_owned(),
        |at| format!("The first letter left on {}.", at.to_day()),
    );
    let state = match campaign.state {
        State::Draft | State::Scheduled => "It has not begun.",
        State::Planning | State::Sending => "It is being sent.",
        State::Paused => "It is paused.",
        State::Cancelled => "It was cancelled.",
        State::Sent => "Everybody has an outcome.",
    };
    let mut sections = vec![
        funnel(report),
        reasons(
            "skipped",
            "Not written to, and why",
            "The first reason that applies to each person.",
            &report.skipped,
        ),
        reasons("failed", "Refused by the mail relay", "", &report.failed),
        reasons("bounced", "Came back later", "The mail relay had taken these letters.", &report.bounced),
        reasons(
            "unsubscribe-reasons",
            "Why people unsubscribed",
            "As far as they said so when they were asked; the question may be left open.",
            &report.unsubscribe_reasons,
        ),
        measured("opens", "Opens", "opened", report, &report.opens),
        measured("clicks", "Clicks", "clicked", report, &report.clicks),
        links(report),
        hours(report),
        breakdown(
            "domains",
            "By recipient domain",
            "Domains with few letters stand together.",
            report.domains.as_deref(),
        ),
        breakdown(
            "topics",
            "By subject",
            "The subjects that people agree to now; whoever agrees to two is counted in both.",
            report.topics.as_deref(),
        ),
        previous(report),
        anonymous(report),
    ];
    sections.retain(|section| section.tables.iter().any(|table| !table.rows.is_empty()));
    ReportPage {
        campaign: campaign.name.clone(),
        lead: format!("{began} {state}"),
        alert: report.alert.clone().unwrap_or_default(),
        facts: facts(report),
        sections,
        note: format!("{} Hatched bars stand for such counts.", report.note),
        ..ReportPage::default()
    }
}

fn facts(report: &Report) -> Vec<Fact> {
    let rate = |measured: &Measured| match measured.rate {
        Some(rate) => format!("{:.1} %", rate.share * 100.0),
        None => format!("{} people", short(measured.people)),
    };
    vec![
        Fact::new("Letters sent", short(report.sent)),
        Fact::new("Opens of those we may measure", rate(&report.opens)),
        Fact::new("Clicks of those we may measure", rate(&report.clicks)),
        Fact::new("Unsubscribed by this mail", short(report.unsubscribed)),
        Fact::new("Complaints", short(report.complaints)),
    ]
}

fn funnel(report: &Report) -> ReportSection {
    let rows = [
        ("Audience", report.audience),
        ("Allowed", report.allowed),
        ("Skipped", report.skipped.total),
        ("Sent", report.sent),
        ("Failed", report.failed.total),
        ("Uncertain, never sent twice", report.uncertain),
        ("Waiting", report.waiting.total),
        ("Came back", report.bounced.total),
        ("Complaints", report.complaints),
        ("Unsubscribed by this mail", report.unsubscribed),
    ];
    let whole = report.audience.exact().unwrap_or_default();
    ReportSection {
        charts: vec![bars("funnel", "What became of everyone", whole, &rows)],
        tables: vec![table("What became of everyone", &["What", "People"], counts(&rows))],
        ..section("funnel", "What became of everyone", "", true)
    }
}

fn reasons(id: &str, title: &str, note: &str, reasons: &Reasons) -> ReportSection {
    let rows = reasons.reasons.iter().map(|reason| vec![reason.text.clone(), short(reason.people)]);
    ReportSection {
        tables: vec![table(title, &["Reason", "People"], rows.collect())],
        ..section(id, title, note, false)
    }
}

fn measured(id: &str, title: &str, did: &str, report: &Report, measured: &Measured) -> ReportSection {
    let label = format!("Plausibly {did} by a person");
    let rows = [
        ("Delivered", report.delivered),
        ("We may measure", measured.measurable),
        (label.as_str(), measured.people),
    ];
    let whole = report.delivered.exact().or(report.sent.exact()).unwrap_or_default();
    let classes: Vec<_> =
        measured.classes.iter().map(|class| (class_name(class.class), class.hits)).collect();
    let most = classes.iter().filter_map(|(_, hits)| hits.exact()).max().unwrap_or_default();
    let mut charts = vec![bars(&format!("{id}-base"), &format!("{title}, and of how many"), whole, &rows)];
    charts.extend(measured.rate.map(|rate| rate_chart(id, title, measured, rate)));
    charts.push(bars(&format!("{id}-classes"), &format!("{title}: what made the requests"), most, &classes));
    let mut numbers = counts(&rows);
    numbers.push(vec!["Rate, with its 95 % interval".to_owned(), in_words(measured.rate)]);
    let classes = measured.classes.iter().map(|class| vec![class.text.clone(), short(class.hits)]);
    ReportSection {
        charts,
        tables: vec![
            table(title, &["What", "People"], numbers),
            table(
                &format!("{title}: what made the requests"),
                &["What made them", "Requests"],
                classes.collect(),
            ),
        ],
        ..section(id, title, &format!("{}. {}.", measured.coverage, upper_first(&measured.text)), true)
    }
}

/// The rate on a scale from 0 to 100 %, with its interval.
fn rate_chart(id: &str, title: &str, measured: &Measured, rate: Rate) -> Chart {
    Chart::Bars(Bars {
        id: format!("{id}-rate"),
        title: format!("{title} among those we may measure"),
        description: format!("{}, the 95 % interval in brackets; on a scale from 0 to 100 %.", measured.text),
        bars: vec![Bar {
            label: "Rate".to_owned(),
            value: rate.in_words(),
            length: percent(rate.share),
            vague: false,
            interval: Some((percent(rate.low), percent(rate.high))),
        }],
    })
}

fn links(report: &Report) -> ReportSection {
    let labels: Vec<String> =
        report.links.iter().map(|link| format!("{}  {}", link.position, bare(&link.url))).collect();
    let rows: Vec<(&str, Cell)> =
        labels.iter().map(String::as_str).zip(report.links.iter().map(|link| link.people)).collect();
    let most = rows.iter().filter_map(|(_, people)| people.exact()).max().unwrap_or_default();
    let numbers = report
        .links
        .iter()
        .map(|link| vec![format!("{}. {}", link.position, link.url), short(link.people), short(link.hits)]);
    ReportSection {
        charts: vec![bars("links", "People by link", most, &rows)],
        tables: vec![table("Links in their order", &["Link", "People", "Requests"], numbers.collect())],
        ..section("links", "Links", "People who plausibly clicked, by the link's place in the letter.", true)
    }
}

fn hours(report: &Report) -> ReportSection {
    let rows =
        report.hours.iter().map(|hour| vec![hour_in_words(hour.at), short(hour.opens), short(hour.clicks)]);
    let cells = |of: fn(&Hour) -> Cell| report.hours.iter().map(of).collect::<Vec<_>>();
    let few = "Fewer than 10 people in every hour, or hidden.";
    ReportSection {
        charts: vec![
            columns("opens-hours", "First opens by hour", &cells(|hour| hour.opens), few),
            columns("clicks-hours", "First clicks by hour", &cells(|hour| hour.clicks), few),
        ],
        tables: vec![table("By hour (UTC)", &["Hour", "Opens", "Clicks"], rows.collect())],
        ..section(
            "hours",
            "The first 48 hours",
            "People by the hour of their first open and first click.",
            true,
        )
    }
}

fn breakdown(id: &str, title: &str, note: &str, parts: Option<&[Breakdown]>) -> ReportSection {
    let parts = parts.unwrap_or_default();
    let rows: Vec<(&str, Cell)> = parts.iter().map(|part| (part.name.as_str(), part.sent)).collect();
    let most = rows.iter().filter_map(|(_, sent)| sent.exact()).max().unwrap_or_default();
    let numbers = parts.iter().map(|part| {
        let of = |people: Cell, base: Cell| format!("{} of {}", short(people), short(base));
        vec![
            part.name.clone(),
            short(part.sent),
            short(part.bounced),
            of(part.opened, part.opens_measurable),
            of(part.clicked, part.clicks_measurable),
        ]
    });
    ReportSection {
        charts: vec![bars(id, &format!("Letters sent, {}", title.to_lowercase()), most, &rows)],
        tables: vec![table(title, &["Which", "Sent", "Came back", "Opened", "Clicked"], numbers.collect())],
        ..section(id, title, note, true)
    }
}

fn previous(report: &Report) -> ReportSection {
    let earlier = report.previous.as_deref().unwrap_or_default();
    let row = |name: String, opens: &PreviousMeasured, clicks: &PreviousMeasured, rest: [Cell; 3]| {
        let mut row = vec![name, short(rest[0])];
        row.extend([in_words(opens.rate), in_words(clicks.rate)]);
        row.extend(rest[1..].iter().map(|cell| short(*cell)));
        row
    };
    let mut rows: Vec<Vec<String>> = earlier
        .iter()
        .map(|campaign| {
            let day = campaign.began_at.map_or_else(String::new, |at| format!(", {}", at.to_day()));
            row(
                format!("{}{day}", campaign.name),
                &campaign.opens,
                &campaign.clicks,
                [campaign.delivered, campaign.complaints, campaign.unsubscribed],
            )
        })
        .collect();
    if !rows.is_empty() {
        let (opens, clicks) = (report.opens.clone().into(), report.clicks.clone().into());
        let rest = [report.delivered, report.complaints, report.unsubscribed];
        rows.insert(0, row("This campaign".to_owned(), &opens, &clicks, rest));
    }
    let rates = std::iter::once(("This campaign", report.opens.rate))
        .chain(earlier.iter().map(|campaign| (campaign.name.as_str(), campaign.opens.rate)));
    let bars = rates.map(|(name, rate)| Bar {
        label: clipped(name),
        value: rate.map_or_else(|| "not shown".to_owned(), |rate| format!("{:.1} %", rate.share * 100.0)),
        length: rate.map_or(0.0, |rate| percent(rate.share)),
        vague: false,
        interval: rate.map(|rate| (percent(rate.low), percent(rate.high))),
    });
    let chart = Bars {
        id: "previous".to_owned(),
        title: "Opens among those we may measure".to_owned(),
        description: "Where two intervals overlap, the difference may be chance.".to_owned(),
        bars: bars.collect(),
    };
    ReportSection {
        charts: vec![Chart::Bars(chart)],
        tables: vec![table(
            "Beside earlier campaigns",
            &["Campaign", "Delivered", "Opens", "Clicks", "Complaints", "Unsubscribed"],
            rows,
        )],
        ..section(
            "previous",
            "Beside the last campaigns of this topic",
            "Rates of those we may measure, with their 95 % intervals. Where two overlap, the difference may be chance.",
            true,
        )
    }
}

pub(super) fn section(id: &str, title: &str, note: &str, folded: bool) -> ReportSection {
    let (id, title, note) = (id.to_owned(), title.to_owned(), note.to_owned());
    ReportSection { id, title, note, folded, ..ReportSection::default() }
}

pub(super) fn table(caption: &str, heads: &[&str], rows: Vec<Vec<String>>) -> ReportTable {
    let heads = heads.iter().map(|head| (*head).to_owned()).collect();
    ReportTable { caption: caption.to_owned(), heads, rows }
}

fn counts(rows: &[(&str, Cell)]) -> Vec<Vec<String>> {
    rows.iter().map(|(label, count)| vec![(*label).to_owned(), short(*count)]).collect()
}

/// Bars on a scale from nobody to `whole`.
pub(super) fn bars(id: &str, title: &str, whole: i64, rows: &[(&str, Cell)]) -> Chart {
    let described: Vec<String> =
        rows.iter().map(|(label, count)| format!("{label}: {}", cell(*count))).collect();
    let bars = rows.iter().map(|(label, count)| {
        let (length, vague) = match count {
            Cell::Exact(count) => (percent(share(*count, whole)), false),
            Cell::Over(count) => (percent(share(*count, whole)), true),
            Cell::Under | Cell::Hidden => (VAGUE, true),
        };
        Bar { label: clipped(label), value: short(*count), length, vague, interval: None }
    });
    Chart::Bars(Bars {
        id: format!("{id}-bars"),
        title: title.to_owned(),
        description: format!("{}.", described.join("; ")),
        bars: bars.collect(),
    })
}

/// Columns for 48 hours, of which those to come stay empty; `nothing` is said where no count is shown.
pub(super) fn columns(id: &str, title: &str, hours: &[Cell], nothing: &str) -> Chart {
    let most = hours.iter().filter_map(|hour| hour.exact()).max().unwrap_or_default();
    let step = 100.0 / HOURS as f64;
    let columns = (0..).zip(hours).map(|(index, hour)| {
        let (height, vague) = match hour {
            Cell::Exact(count) => (Columns::HEIGHT * share(*count, most), false),
            Cell::Under | Cell::Over(_) | Cell::Hidden => (5.0, true),
        };
        Column {
            left: rounded(f64::from(index) * step),
            width: rounded(step * 0.8),
            height: rounded(height),
            vague,
        }
    });
    let shown: Vec<String> = (1..)
        .zip(hours)
        .filter_map(|(hour, counted)| counted.exact().filter(|count| *count > 0).map(|count| (hour, count)))
        .map(|(hour, count)| format!("hour {hour}: {}", grouped(count)))
        .collect();
    let is_exact = hours.iter().all(|hour| hour.exact().is_some());
    let description = match (shown.is_empty(), is_exact) {
        (true, _) => nothing.to_owned(),
        (_, true) => format!("{}; nothing in all others.", upper_first(&shown.join(", "))),
        (_, false) => {
            format!("{}; fewer than 10 people, or hidden, in all others.", upper_first(&shown.join(", ")))
        }
    };
    let top = match (most, is_exact) {
        (0, true) => "none".to_owned(),
        (0, false) => "all under 10".to_owned(),
        (most, _) => format!("top: {}", grouped(most)),
    };
    let mark = |left: f64, text: &str, anchor: &'static str| Mark { left, text: text.to_owned(), anchor };
    Chart::Columns(Columns {
        id: format!("{id}-columns"),
        title: title.to_owned(),
        description,
        top,
        columns: columns.collect(),
        marks: vec![mark(0.0, "1st hour", "start"), mark(50.0, "25th", "middle"), mark(100.0, "48th", "end")],
    })
}

/// An hour as the tables have it.
pub(super) fn hour_in_words(at: Moment) -> String {
    at.to_string().replace('T', " ").replace(":00Z", "")
}

fn share(part: i64, whole: i64) -> f64 {
    if whole > 0 { (part as f64 / whole as f64).clamp(0.0, 1.0) } else { 0.0 }
}

fn percent(share: f64) -> f64 {
    rounded(share * 100.0)
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

fn in_words(rate: Option<Rate>) -> String {
    rate.map_or_else(|| "not shown".to_owned(), |rate| rate.in_words())
}

/// A link as short as it can be read.
pub(super) fn bare(url: &str) -> &str {
    let bare = url.split_once("://").map_or(url, |(_, bare)| bare);
    bare.trim_end_matches('/')
}

fn clipped(label: &str) -> String {
    if label.chars().count() <= LABEL_MAX {
        return label.to_owned();
    }
    let kept: String = label.chars().take(LABEL_MAX - 1).collect();
    format!("{}…", kept.trim_end())
}

fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
