//! A campaign's report: what became of every planned person, and what was counted of those who allow it.
//!
//! Every sum is made of rows, so that the parts always equal the whole. Opens and clicks come from the campaign's
//! counters, never from counting hits, and are set against the letters that could be measured and no others (O-10).

use diesel::dsl::{count, count_star};
use diesel::prelude::*;
use serde::Serialize;

use crate::db::DbConnection;
use crate::db::schema::{delivery, hit_count, ledger, tally};
use crate::domain::consent::ledger::Decision;
use crate::domain::consent::permission::Kind;
use crate::domain::delivery::{State, breaker};
use crate::error::Result;

/// What became of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Report {
    /// Everyone who was considered: the sum of `sent`, `skipped`, `failed`, `uncertain` and `waiting`.
    pub audience: i64,
    /// Letters that the mail relay took over.
    pub sent: i64,
    /// People who were not written to, by the reason.
    pub skipped: Reasons,
    /// Letters that the mail relay refused for good, by its reply.
    pub failed: Reasons,
    /// Letters whose connection broke after the last octet: perhaps sent, never sent twice.
    pub uncertain: i64,
    /// Letters that have not left yet.
    pub waiting: Waiting,
    /// Letters that came back after the mail relay had taken them, by the class: `bad_address`, `soft` (a full mailbox),
    /// `policy` (the sender is not wanted there) or `other`. They stay among those sent.
    pub bounced: Reasons,
    /// Letters that somebody reported as abuse.
    pub complaints: i64,
    /// People who ended or withdrew something by this campaign's letter: with a link, a mail or a complaint.
    pub unsubscribed: i64,
    /// What to look into: too many complaints (0.10 % of the letters or more) or bad addresses (5 %).
    pub alert: Option<String>,
    /// Opens of those who allow it.
    pub opens: Measured,
    /// Clicks of those who allow it.
    pub clicks: Measured,
    /// What was counted without any person in the brand's anonymous mode; in no other figure.
    pub anonymous: Anonymous,
    /// How to read the opens.
    pub note: &'static str,
}

/// People by the reason for what became of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct Reasons {
    /// All of them: the sum of `reasons`.
    pub total: i64,
    /// Each reason with its people, the most frequent first.
    pub reasons: Vec<Reason>,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ReportReason)]
pub struct Reason {
    /// The reason as one word, or the relay's reply.
    pub reason: String,
    /// How many people it applies to.
    pub people: i64,
}

/// Letters that have not left yet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct Waiting {
    /// All of them: the sum of the other three.
    pub total: i64,
    /// Planned and not tried yet.
    pub planned: i64,
    /// Put off by the mail relay and to be tried again.
    pub deferred: i64,
    /// Being handed over at this moment.
    pub claimed: i64,
}

/// Opens or clicks of those who allow it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct Measured {
    /// Letters that were delivered, as far as known, with permission to measure this. The only base for a rate.
    pub measurable: i64,
    /// People of whom at least one request was recorded that nothing speaks against; never more than `measurable` once all letters have left.
    pub people: i64,
    /// Recorded requests of every class, repeated ones included, ten minutes after they came.
    pub hits: i64,
    /// The base in words.
    pub coverage: String,
}

/// What was counted without any person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct Anonymous {
    /// Requests of the shared pixel.
    pub opens: i64,
    /// Requests of shared links.
    pub clicks: i64,
}

const NOTE: &str = "A recorded open is a request for a picture, often by a program and not by a person; no recorded \
                    open is not evidence that a letter was not read.";

/// The report of a campaign.
///
/// Measurable are letters that carried a pixel, or links of their own, and were sent or may have been (`uncertain`).
/// Whoever withdraws afterwards stays in that base and in the counters, which hold no person; their hits are gone.
///
/// # Errors
/// Of the database.
pub fn report(conn: &mut DbConnection, campaign: i64) -> Result<Report> {
    let mut report = deliveries(conn, campaign)?;
    report.unsubscribed = unsubscribed(conn, campaign)?;
    report.alert = breaker::tally(conn, campaign)?.alert();
    let tallies: Vec<(Kind, i64)> =
        tally::table.filter(tally::campaign_id.eq(campaign)).select((tally::kind, tally::hits)).load(conn)?;
    for (kind, hits) in tallies {
        match kind {
            Kind::Opens => report.anonymous.opens = hits,
            Kind::Clicks => report.anonymous.clicks = hits,
            Kind::Profiling => {}
        }
    }
    let counts: Vec<(Kind, i64, i64)> = hit_count::table
        .filter(hit_count::campaign_id.eq(campaign).and(hit_count::link_id.eq(0)))
        .select((hit_count::kind, hit_count::hits, hit_count::people))
        .load(conn)?;
    for (kind, hits, people) in counts {
        let measured = if kind == Kind::Opens { &mut report.opens } else { &mut report.clicks };
        measured.hits += hits;
        measured.people += people;
    }
    let delivered = report.sent + report.uncertain;
    report.opens.coverage = coverage("opens", report.opens.measurable, delivered);
    report.clicks.coverage = coverage("clicks", report.clicks.measurable, delivered);
    Ok(report)
}

fn coverage(what: &str, measurable: i64, delivered: i64) -> String {
    format!("We may measure {what} of {measurable} of {delivered} delivered letters")
}

type Row = (State, Option<String>, i32, bool, bool, Option<String>, i64, i64);

fn deliveries(conn: &mut DbConnection, campaign: i64) -> Result<Report> {
    let columns = (
        delivery::state,
        delivery::reason,
        delivery::attempts,
        delivery::tracks_opens,
        delivery::tracks_clicks,
        delivery::bounce,
    );
    let rows: Vec<Row> = delivery::table
        .filter(delivery::campaign_id.eq(campaign))
        .group_by(columns)
        .select((
            delivery::state,
            delivery::reason,
            delivery::attempts,
            delivery::tracks_opens,
            delivery::tracks_clicks,
            delivery::bounce,
            count(delivery::complained_at),
            count_star(),
        ))
        .load(conn)?;
    let mut report = Report {
        audience: 0,
        sent: 0,
        skipped: Reasons::default(),
        failed: Reasons::default(),
        uncertain: 0,
        waiting: Waiting::default(),
        bounced: Reasons::default(),
        complaints: 0,
        unsubscribed: 0,
        alert: None,
        opens: Measured::default(),
        clicks: Measured::default(),
        anonymous: Anonymous::default(),
        note: NOTE,
    };
    for (state, reason, attempts, tracks_opens, tracks_clicks, bounce, complaints, people) in rows {
        report.audience += people;
        report.complaints += complaints;
        // What the relay refused at once is among those that failed.
        if bounce.is_some() && state != State::Failed {
            report.bounced.add(bounce, people);
        }
        match state {
            State::Sent => report.sent += people,
            State::Uncertain => report.uncertain += people,
            State::Skipped => report.skipped.add(reason, people),
            State::Failed => report.failed.add(reason, people),
            State::Claimed => report.waiting.claimed += people,
            State::Planned if attempts > 0 => report.waiting.deferred += people,
            State::Planned => report.waiting.planned += people,
        }
        if matches!(state, State::Sent | State::Uncertain) {
            report.opens.measurable += if tracks_opens { people } else { 0 };
            report.clicks.measurable += if tracks_clicks { people } else { 0 };
        }
    }
    let waiting = &mut report.waiting;
    waiting.total = waiting.planned + waiting.deferred + waiting.claimed;
    report.skipped.sort();
    report.failed.sort();
    report.bounced.sort();
    Ok(report)
}

impl Reasons {
    fn add(&mut self, reason: Option<String>, people: i64) {
        let reason = reason.unwrap_or_else(|| "unknown".to_owned());
        self.total += people;
        match self.reasons.iter_mut().find(|known| known.reason == reason) {
            Some(known) => known.people += people,
            None => self.reasons.push(Reason { reason, people }),
        }
    }

    fn sort(&mut self) {
        self.reasons.sort_by(|a, b| b.people.cmp(&a.people).then_with(|| a.reason.cmp(&b.reason)));
    }
}

/// How many people ended something by this campaign's letter. A withdrawn tracking permission ends no mail (T-08).
fn unsubscribed(conn: &mut DbConnection, campaign: i64) -> Result<i64> {
    Ok(ledger::table
        .filter(ledger::campaign_id.eq(campaign))
        .filter(ledger::decision.eq(Decision::Withdrawn))
        .filter(ledger::permission.is_null())
        .select(count(ledger::subscriber_id).aggregate_distinct())
        .get_result(conn)?)
}
