//! The exact counts behind a report, in a handful of queries: what became of the letters, from one pass over the
//! campaign's deliveries, and what came back, from counters. Nothing here leaves the server; [`super::Report`] does.

use std::collections::{BTreeMap, HashMap};

use diesel::dsl::{count, count_star, min};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::clock::{HOUR, Moment};
use crate::db::DbConnection;
use crate::db::schema::{delivery, ledger};
use crate::domain::campaign::link::{self, Link};
use crate::domain::consent::ledger::Decision;
use crate::domain::consent::permission::Kind;
use crate::domain::consent::unsubscribe_reason::{self, Reason};
use crate::domain::delivery::State;
use crate::domain::tracking::class::Class;
use crate::error::Result;

/// How many hours of a campaign are shown one by one.
pub const HOURS: usize = 48;

/// What became of a campaign, exactly.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Letters that the mail relay took over.
    pub sent: i64,
    /// Letters that perhaps were.
    pub uncertain: i64,
    /// People who were not written to, by the reason, the most frequent first.
    pub skipped: Vec<(String, i64)>,
    /// Letters that the mail relay refused for good, by its reply.
    pub failed: Vec<(String, i64)>,
    /// Letters not tried yet.
    pub planned: i64,
    /// Letters put off.
    pub deferred: i64,
    /// Letters being handed over.
    pub claimed: i64,
    /// Letters that came back, by the class; they stay among those sent.
    pub bounced: Vec<(String, i64)>,
    /// Letters that were reported as abuse.
    pub complaints: i64,
    /// People who ended something by this letter.
    pub unsubscribed: i64,
    /// Why they did, as far as they said: each reason in the order of the question.
    pub gave: Vec<(String, i64)>,
    /// When the first letter left.
    pub began_at: Option<Moment>,
    /// What came back of pixels.
    pub opens: Came,
    /// What came back of links.
    pub clicks: Came,
    /// Each link in its order, with the people who followed it and their requests.
    pub links: Vec<(Link, i64, i64)>,
}

/// What came back of one kind, exactly.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Came {
    /// Letters with permission that were sent or may have been.
    pub measurable: i64,
    /// People with at least one request that a person plausibly made.
    pub people: i64,
    /// Requests by their class, those without any left out.
    pub classes: BTreeMap<Class, i64>,
    /// People by the hour of their first such request, counted from [`Counts::began_at`]. Empty before that.
    pub hours: Vec<i64>,
}

impl Counts {
    /// Letters that were delivered, as far as known.
    pub fn delivered(&self) -> i64 {
        self.sent + self.uncertain
    }

    /// Everyone who was considered.
    pub fn audience(&self) -> i64 {
        self.delivered() + total(&self.skipped) + total(&self.failed) + self.waiting()
    }

    /// Letters that have not left yet.
    pub fn waiting(&self) -> i64 {
        self.planned + self.deferred + self.claimed
    }
}

/// The sum of counts by a word.
pub(in crate::domain::tracking) fn total(by_word: &[(String, i64)]) -> i64 {
    by_word.iter().map(|(_, people)| people).sum()
}

/// Counts what became of a campaign.
///
/// # Errors
/// Of the database.
pub fn count_all(conn: &mut DbConnection, campaign: i64) -> Result<Counts> {
    let mut counts = deliveries(conn, campaign)?;
    counts.unsubscribed = unsubscribed(conn, campaign)?;
    counts.gave = gave(conn, campaign)?;
    classes(conn, campaign, &mut counts)?;
    if let Some(began_at) = counts.began_at {
        hours(conn, campaign, began_at, &mut counts)?;
    }
    counts.links = links(conn, campaign)?;
    Ok(counts)
}

type Row = (State, Option<String>, i32, bool, bool, Option<String>, Option<Moment>, i64, i64);

fn deliveries(conn: &mut DbConnection, campaign: i64) -> Result<Counts> {
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
            min(delivery::finished_at),
            count(delivery::complained_at),
            count_star(),
        ))
        .load(conn)?;
    let mut counts = Counts::default();
    for (state, reason, attempts, tracks_opens, tracks_clicks, bounce, first_at, complaints, people) in rows {
        counts.complaints += complaints;
        // What the relay refused at once is among those that failed.
        if let Some(bounce) = bounce.filter(|_| state != State::Failed) {
            add(&mut counts.bounced, bounce, people);
        }
        let reason = reason.unwrap_or_else(|| "unknown".to_owned());
        match state {
            State::Sent => counts.sent += people,
            State::Uncertain => counts.uncertain += people,
            State::Skipped => add(&mut counts.skipped, reason, people),
            State::Failed => add(&mut counts.failed, reason, people),
            State::Claimed => counts.claimed += people,
            State::Planned if attempts > 0 => counts.deferred += people,
            State::Planned => counts.planned += people,
        }
        if matches!(state, State::Sent | State::Uncertain) {
            counts.opens.measurable += if tracks_opens { people } else { 0 };
            counts.clicks.measurable += if tracks_clicks { people } else { 0 };
            counts.began_at = counts.began_at.into_iter().chain(first_at).min();
        }
    }
    for by_word in [&mut counts.skipped, &mut counts.failed, &mut counts.bounced] {
        by_word.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    }
    Ok(counts)
}

fn add(by_word: &mut Vec<(String, i64)>, word: String, people: i64) {
    match by_word.iter_mut().find(|(known, _)| *known == word) {
        Some((_, known)) => *known += people,
        None => by_word.push((word, people)),
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

/// How many people gave each reason after this campaign's letter. They are counted without anybody's name.
fn gave(conn: &mut DbConnection, campaign: i64) -> Result<Vec<(String, i64)>> {
    let counted: HashMap<Reason, i64> =
        unsubscribe_reason::of_campaign(conn, campaign)?.into_iter().collect();
    let people = |reason: &Reason| counted.get(reason).copied().unwrap_or_default();
    Ok(Reason::ALL.iter().map(|reason| (reason.to_string(), people(reason))).collect())
}

/// The hours of a campaign that are shown one by one and have begun, by their first moment.
pub(super) fn hours_so_far(began_at: Option<Moment>, now: Moment) -> Vec<Moment> {
    let Some(first) = began_at.map(Moment::start_of_hour) else { return Vec::new() };
    let begun = usize::try_from(now.hours_since(first) + 1).unwrap_or(0).min(HOURS);
    std::iter::successors(Some(first), |at| Some(at.plus(HOUR))).take(begun).collect()
}

#[derive(QueryableByName)]
struct ClassRow {
    #[diesel(sql_type = Text)]
    kind: Kind,
    #[diesel(sql_type = Text)]
    class: Class,
    #[diesel(sql_type = BigInt)]
    hits: i64,
    #[diesel(sql_type = BigInt)]
    people: i64,
}

fn classes(conn: &mut DbConnection, campaign: i64, counts: &mut Counts) -> Result<()> {
    let rows: Vec<ClassRow> = diesel::sql_query(
        "SELECT kind, class, CAST(sum(hits) AS BIGINT) AS hits, CAST(sum(people) AS BIGINT) AS people \
         FROM hit_count WHERE campaign_id = $1 AND link_id = 0 GROUP BY kind, class",
    )
    .bind::<BigInt, _>(campaign)
    .load(conn)?;
    for row in rows {
        let came = match row.kind {
            Kind::Opens => &mut counts.opens,
            Kind::Clicks => &mut counts.clicks,
            Kind::Profiling => continue,
        };
        came.people += row.people;
        came.classes.insert(row.class, row.hits);
    }
    Ok(())
}

#[derive(QueryableByName)]
struct HourRow {
    #[diesel(sql_type = Text)]
    kind: Kind,
    #[diesel(sql_type = BigInt)]
    hour: Moment,
    #[diesel(sql_type = BigInt)]
    people: i64,
}

/// Sorts people into the hours since the first letter left; what the clock of another server puts before it belongs
/// to the first one.
fn hours(conn: &mut DbConnection, campaign: i64, began_at: Moment, counts: &mut Counts) -> Result<()> {
    let first = began_at.start_of_hour();
    let until = first.plus(HOUR * HOURS as u32);
    let rows: Vec<HourRow> = diesel::sql_query(
        "SELECT kind, hour, CAST(sum(people) AS BIGINT) AS people FROM hit_count \
         WHERE campaign_id = $1 AND link_id = 0 AND class = 'human' AND people > 0 AND hour < $2 \
         GROUP BY kind, hour",
    )
    .bind::<BigInt, _>(campaign)
    .bind::<BigInt, _>(until)
    .load(conn)?;
    for came in [&mut counts.opens, &mut counts.clicks] {
        came.hours = vec![0; HOURS];
    }
    for row in rows {
        let hour = usize::try_from(row.hour.hours_since(first)).unwrap_or(0);
        match row.kind {
            Kind::Opens => counts.opens.hours[hour] += row.people,
            Kind::Clicks => counts.clicks.hours[hour] += row.people,
            Kind::Profiling => {}
        }
    }
    Ok(())
}

#[derive(QueryableByName)]
struct LinkRow {
    #[diesel(sql_type = BigInt)]
    link_id: i64,
    #[diesel(sql_type = BigInt)]
    hits: i64,
    #[diesel(sql_type = BigInt)]
    people: i64,
}

/// The links with what people did; what programs did stands in the classes.
fn links(conn: &mut DbConnection, campaign: i64) -> Result<Vec<(Link, i64, i64)>> {
    let rows: Vec<LinkRow> = diesel::sql_query(
        "SELECT link_id, CAST(sum(hits) AS BIGINT) AS hits, CAST(sum(people) AS BIGINT) AS people \
         FROM hit_count WHERE campaign_id = $1 AND kind = 'clicks' AND link_id <> 0 AND class = 'human' \
         GROUP BY link_id",
    )
    .bind::<BigInt, _>(campaign)
    .load(conn)?;
    let by_link: HashMap<i64, LinkRow> = rows.into_iter().map(|row| (row.link_id, row)).collect();
    let links = link::of_campaign(conn, campaign)?.into_iter();
    Ok(links
        .map(|link| {
            let (people, hits) = by_link.get(&link.id).map_or((0, 0), |row| (row.people, row.hits));
            (link, people, hits)
        })
        .collect())
}
