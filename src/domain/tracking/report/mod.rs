//! A campaign's report: what became of every planned person, and what was counted of those who allow it.
//!
//! Opens and clicks come from the campaign's counters, never from counting hits, and are set against the letters that
//! could be measured and no others (O-10). [`count`] has the exact numbers, [`guard`] decides what of them is shown.

pub mod anonymous;
pub mod count;
pub mod detail;
pub mod guard;
pub mod rate;
pub mod words;

use serde::Serialize;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::delivery::breaker::{self, Tally};
use crate::domain::tracking::class::Class;
use crate::domain::tracking::report::anonymous::Anonymous;
use crate::domain::tracking::report::count::{Came, Counts, HOURS, hours_so_far, total};
use crate::domain::tracking::report::detail::{Breakdown, Previous};
use crate::domain::tracking::report::guard::{FEWEST, Nobody, part_of, parts_beside, parts_of};
use crate::error::Result;

pub use detail::Include;
pub use guard::Cell;
pub use rate::Rate;

/// What became of a campaign.
///
/// In the parts of a sum, zero is shown as zero where it is about what the server did with letters. What people did is
/// shown from ten people on, and only where ten others did not.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Report {
    /// Everyone who was considered: the sum of `sent`, `skipped`, `failed`, `uncertain` and `waiting`.
    pub audience: Cell,
    /// Everyone but those skipped.
    pub allowed: Cell,
    /// Letters that the mail relay took over.
    pub sent: Cell,
    /// People who were not written to, by the reason.
    pub skipped: Reasons,
    /// Letters that the mail relay refused for good, by its reply.
    pub failed: Reasons,
    /// Letters whose connection broke after the last octet: perhaps sent, never sent twice.
    pub uncertain: Cell,
    /// Letters that have not left yet.
    pub waiting: Waiting,
    /// Letters that were delivered, as far as known: the sum of `sent` and `uncertain`.
    pub delivered: Cell,
    /// Letters that came back after the mail relay had taken them, by the class: `bad_address`, `soft` (a full
    /// mailbox), `policy` (the sender is not wanted there) or `other`. They stay among those sent.
    pub bounced: Reasons,
    /// Letters that somebody reported as abuse.
    pub complaints: Cell,
    /// People who ended or withdrew something by this campaign's letter: with a link, a mail or a complaint.
    pub unsubscribed: Cell,
    /// Why they did, as far as they said when they were asked on the page.
    pub unsubscribe_reasons: Reasons,
    /// What to look into: too many complaints (0.10 % of the letters or more) or bad addresses (5 %).
    pub alert: Option<String>,
    /// When the first letter left.
    pub began_at: Option<Moment>,
    /// Opens of those who allow it.
    pub opens: Measured,
    /// Clicks of those who allow it.
    pub clicks: Measured,
    /// The links in their order.
    pub links: Vec<LinkCount>,
    /// The first 48 hours, as far as they have passed: people by the hour of their first open and of their first click.
    pub hours: Vec<Hour>,
    /// What was counted without any person in the brand's anonymous mode; in no other figure.
    pub anonymous: Anonymous,
    /// By recipient domain; only if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub domains: Option<Vec<Breakdown>>,
    /// By subject that people agreed to; only if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub topics: Option<Vec<Breakdown>>,
    /// The last five campaigns of the same topic before this one, newest first; only if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub previous: Option<Vec<Previous>>,
    /// How to read the opens and the small counts.
    pub note: String,
}

/// People by the reason for what became of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct Reasons {
    /// All of them: the sum of `reasons`.
    pub total: Cell,
    /// Each reason with its people, the most frequent first.
    pub reasons: Vec<Reason>,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ReportReason)]
pub struct Reason {
    /// The reason as one word, or the relay's reply.
    pub reason: String,
    /// The reason in words.
    pub text: String,
    /// How many people it applies to.
    pub people: Cell,
}

/// Letters that have not left yet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct Waiting {
    /// All of them: the sum of the other three.
    pub total: Cell,
    /// Planned and not tried yet.
    pub planned: Cell,
    /// Put off by the mail relay and to be tried again.
    pub deferred: Cell,
    /// Being handed over at this moment.
    pub claimed: Cell,
}

/// Opens or clicks of those who allow it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, utoipa::ToSchema)]
pub struct Measured {
    /// Letters that were delivered, as far as known, with permission to measure this. The only base for a rate.
    pub measurable: Cell,
    /// People of whom at least one request was recorded that a person plausibly made; never more than `measurable`
    /// once all letters have left.
    pub people: Cell,
    /// `people` of `measurable`, with its 95 % interval; none where one of the two is not shown or nobody is
    /// measurable.
    pub rate: Option<Rate>,
    /// The people in words: "40 of 100 measurable".
    pub text: String,
    /// The base in words.
    pub coverage: String,
    /// Recorded requests, repeated ones included, by what made them. Only those of people count as opens or clicks.
    pub classes: Vec<ClassCount>,
}

/// Requests of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ClassCount {
    /// What made them.
    pub class: Class,
    /// The class in words.
    pub text: String,
    /// The requests.
    pub hits: Cell,
}

/// What people did with one link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LinkCount {
    /// Its place in the letter, from 1.
    pub position: i32,
    /// Where it leads.
    pub url: String,
    /// People who followed it.
    pub people: Cell,
    /// Their requests, repeated ones included.
    pub hits: Cell,
}

/// One hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Hour {
    /// When it began.
    pub at: Moment,
    /// People whose first open was in it.
    pub opens: Cell,
    /// People whose first click was in it.
    pub clicks: Cell,
}

/// The report of a campaign, with the details that were asked for.
///
/// Measurable are letters that carried a pixel, or links of their own, and were sent or may have been (`uncertain`).
/// Whoever withdraws afterwards stays in that base and in the counters, which hold no person; their hits are gone.
///
/// # Errors
/// Of the database.
pub fn report(conn: &mut DbConnection, campaign: i64, include: Include, now: Moment) -> Result<Report> {
    let counts = count::count_all(conn, campaign)?;
    let mut report = Report::of(&counts, &breaker::tally(conn, campaign)?, now);
    report.anonymous = anonymous::load(conn, campaign, &counts, now)?;
    if include.domains {
        report.domains = Some(detail::domains(conn, campaign, report.bounced.total)?);
    }
    if include.topics {
        report.topics = Some(detail::topics(conn, campaign)?);
    }
    if include.previous {
        report.previous = Some(detail::previous(conn, campaign, now)?);
    }
    Ok(report)
}

impl Report {
    /// What may be shown of the counts.
    fn of(counts: &Counts, tally: &Tally, now: Moment) -> Self {
        let (skipped, failed) = (total(&counts.skipped), total(&counts.failed));
        let audience = Cell::of(counts.audience());
        let outcomes =
            [counts.sent, skipped, failed, counts.uncertain, counts.waiting()].map(|part| (part, None));
        let outcomes = parts_of(audience, &outcomes, Nobody::Shown);
        let delivered = match (outcomes[0], outcomes[3]) {
            (Cell::Exact(sent), Cell::Exact(uncertain)) => Cell::Exact(sent + uncertain),
            (Cell::Exact(sent), _) => Cell::Over(sent),
            _ => Cell::Hidden,
        };
        let of_delivered = |part| part_of(part, counts.delivered(), delivered, Nobody::Shown);
        let waiting = [counts.planned, counts.deferred, counts.claimed].map(|part| (part, None));
        let waiting = parts_of(outcomes[4], &waiting, Nobody::Shown);
        let bounced = of_delivered(total(&counts.bounced));
        let unsubscribed = of_delivered(counts.unsubscribed);
        let opens = Measured::of(&counts.opens, "opens", counts.delivered(), delivered);
        let clicks = Measured::of(&counts.clicks, "clicks", counts.delivered(), delivered);
        Self {
            audience,
            allowed: match (audience, outcomes[1]) {
                (Cell::Exact(all), Cell::Exact(skipped)) => Cell::Exact(all - skipped),
                (Cell::Exact(all), Cell::Under) => Cell::Over(all - FEWEST),
                _ => Cell::Hidden,
            },
            sent: outcomes[0],
            skipped: Reasons::of(&counts.skipped, outcomes[1], words::skipped),
            failed: Reasons::of(&counts.failed, outcomes[2], words::failed),
            uncertain: outcomes[3],
            waiting: Waiting {
                total: outcomes[4],
                planned: waiting[0],
                deferred: waiting[1],
                claimed: waiting[2],
            },
            delivered,
            bounced: Reasons::of(&counts.bounced, bounced, words::bounced),
            complaints: of_delivered(counts.complaints),
            unsubscribed,
            unsubscribe_reasons: Reasons::given(&counts.gave, counts.unsubscribed, unsubscribed),
            alert: alert(tally),
            began_at: counts.began_at,
            links: links(counts, clicks.people),
            hours: hours(counts, [opens.people, clicks.people], now),
            opens,
            clicks,
            anonymous: Anonymous::NOTHING,
            domains: None,
            topics: None,
            previous: None,
            note: format!("{} {}", words::NOTE, words::SMALL),
        }
    }
}

impl Reasons {
    fn of(by_word: &[(String, i64)], total: Cell, in_words: fn(&str) -> String) -> Self {
        Self::as_shown(by_word, total, Nobody::Shown, in_words)
    }

    /// What people said of themselves: that nobody gave a reason is as little shown as that few did.
    fn given(by_word: &[(String, i64)], unsubscribed: i64, shown_unsubscribed: Cell) -> Self {
        let total = part_of(total(by_word), unsubscribed, shown_unsubscribed, Nobody::Small);
        Self::as_shown(by_word, total, Nobody::Small, words::gave)
    }

    fn as_shown(
        by_word: &[(String, i64)],
        total: Cell,
        nobody: Nobody,
        in_words: fn(&str) -> String,
    ) -> Self {
        let parts: Vec<_> = by_word.iter().map(|(_, people)| (*people, None)).collect();
        let cells = parts_of(total, &parts, nobody);
        let reasons = by_word.iter().zip(cells).map(|((reason, _), people)| Reason {
            reason: reason.clone(),
            text: in_words(reason),
            people,
        });
        Self { total, reasons: reasons.collect() }
    }
}

impl Measured {
    fn of(came: &Came, what: &str, delivered: i64, shown_delivered: Cell) -> Self {
        let measurable = part_of(came.measurable, delivered, shown_delivered, Nobody::Shown);
        let people = part_of(came.people, came.measurable, measurable, Nobody::Small);
        let rate = rate(people, measurable);
        let base = words::base(measurable);
        let mut text = format!("{} of {base} measurable", words::cell(people));
        if let Some(rate) = rate {
            text = format!("{text}: {}", rate.in_words());
        }
        let classes = Class::ALL.iter().map(|class| {
            let hits = came.classes.get(class).copied().unwrap_or_default();
            // Many requests of a few people are still about a few people; of programs nobody knows whose they are.
            let is_of_few = !words::is_machine(*class) && people == Cell::Under;
            let hits = if is_of_few || hits < FEWEST { Cell::Under } else { Cell::Exact(hits) };
            ClassCount { class: *class, text: words::class(*class).to_owned(), hits }
        });
        Self {
            measurable,
            people,
            rate,
            text,
            coverage: format!(
                "We may measure {what} of {base} of {} delivered letters",
                words::base(shown_delivered)
            ),
            classes: classes.collect(),
        }
    }
}

/// The rate of two cells that are both shown.
fn rate(people: Cell, measurable: Cell) -> Option<Rate> {
    Rate::of(people.exact()?, measurable.exact()?)
}

/// The breaker's warning; without its numbers where they are small.
fn alert(tally: &Tally) -> Option<String> {
    let is_small = |count: i64| (1..FEWEST).contains(&count);
    tally.alert().map(|alert| {
        if is_small(tally.complaints) || is_small(tally.bad_addresses) {
            "Mailbox providers accept fewer complaints (0.10 % of the letters) and bad addresses (5 %). Look where \
             these people came from."
                .to_owned()
        } else {
            alert
        }
    })
}

fn links(counts: &Counts, clickers: Cell) -> Vec<LinkCount> {
    let shown = counts.links.iter().map(|(link, people, hits)| {
        // Everybody who clicked clicked the only link, and nothing else is to be known of it.
        let is_everybody = *people == counts.clicks.people;
        let cell = if is_everybody && *people >= FEWEST {
            clickers
        } else {
            part_of(*people, counts.clicks.people, clickers, Nobody::Small)
        };
        LinkCount {
            position: link.position + 1,
            url: link.url.clone(),
            people: cell,
            hits: if *people < FEWEST { Cell::Under } else { Cell::Exact(*hits) },
        }
    });
    shown.collect()
}

/// The hours up to now. What is later than the last of them is a part of the sum too, and is not shown.
fn hours(counts: &Counts, sums: [Cell; 2], now: Moment) -> Vec<Hour> {
    let starts = hours_so_far(counts.began_at, now);
    let Some(first) = starts.first() else { return Vec::new() };
    let is_over = now.hours_since(*first) >= HOURS as i64;
    let cells = |came: &Came, sum: Cell| {
        let later = is_over.then(|| came.people - came.hours.iter().sum::<i64>());
        let parts: Vec<_> = came.hours.iter().take(starts.len()).map(|people| (*people, None)).collect();
        parts_beside(sum, later, &parts, Nobody::Small)
    };
    let (opens, clicks) = (cells(&counts.opens, sums[0]), cells(&counts.clicks, sums[1]));
    let rows = starts.into_iter().zip(opens.into_iter().zip(clicks));
    rows.map(|(at, (opens, clicks))| Hour { at, opens, clicks }).collect()
}
