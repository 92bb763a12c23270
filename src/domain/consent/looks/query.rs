//! The query behind the looks. Only row numbers, moments and our own words are put into its text.
//!
//! Answers and permissions are read along their primary keys and grouped before they meet the people, which both
//! databases do at the speed of a scan; a look-up for each person takes several times as long.

use std::fmt::Write as _;

use super::{
    ADDRESS, CAPPED, CLICKS, EXPIRED, GRANTED, GRANTED_ELSEWHERE, INFORMED, KNOWN, LATE, OPENS, PAUSED,
    PENDING, RESTRICTED, SOURCE, STALE, SUBJECT, SUPPRESSED, Stretch, WITHDRAWN,
};
use crate::clock::Moment;
use crate::domain::consent::brand_choice::{AtMost, counted_letters};
use crate::domain::consent::gate::{ART14_WITHIN, CampaignFacts};
use crate::domain::consent::opt_in::State;
use crate::domain::consent::permission::{Kind, State as PermissionState};
use crate::domain::consent::suppression::Reason;

/// How the suppressions of an address are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Suppressions {
    /// For each person by the index.
    LookedUp,
    /// All of them at once.
    Joined,
}

/// Rows of `id` and `looks`, one for each person of a stretch.
pub(super) fn people(
    campaign: &CampaignFacts,
    stretch: Stretch,
    now: Moment,
    suppressions: Suppressions,
    permissions: bool,
) -> String {
    let Stretch { after, to } = stretch;
    let (mut marks, mut joins) = (String::new(), String::new());
    let mut join = |mark: String, table: String| {
        // Writing to a String cannot fail.
        let _ = write!(marks, " + COALESCE({mark}, 0)");
        joins.push_str(&table);
    };
    join(
        format!("o.marks + CASE WHEN s.informed_at >= o.obtained_at THEN {INFORMED} ELSE 0 END"),
        format!(" LEFT JOIN ({}) o ON o.subscriber_id = s.id", answers(campaign, stretch, now)),
    );
    join(
        "c.marks".into(),
        format!(" LEFT JOIN ({}) c ON c.subscriber_id = s.id", choices(campaign, stretch, now)),
    );
    if permissions {
        let grouped = permissions_of(campaign.brand, stretch);
        join("p.marks".into(), format!(" LEFT JOIN ({grouped}) p ON p.subscriber_id = s.id"));
    }
    let (reasons, suppressed) = (reasons(), suppressed(campaign));
    match suppressions {
        Suppressions::LookedUp => {
            join(
                format!("(SELECT {reasons} FROM {suppressed} AND x.address_hash = s.email_hash)"),
                String::new(),
            );
        }
        Suppressions::Joined => join(
            "x.marks".into(),
            format!(
                " LEFT JOIN (SELECT x.address_hash, {reasons} AS marks FROM {suppressed} GROUP BY x.address_hash) x \
                 ON x.address_hash = s.email_hash"
            ),
        ),
    }
    format!(
        "SELECT s.id AS id, CAST(CASE WHEN s.email IS NULL THEN 0 ELSE {ADDRESS} END \
         + CASE WHEN s.restricted_at IS NULL THEN 0 ELSE {RESTRICTED} END{marks} AS BIGINT) AS looks \
         FROM subscriber s{joins} WHERE s.id > {after} AND s.id <= {to} AND s.erased_at IS NULL"
    )
}

/// The marks of each person's answers to the brand, and when the one to the communication topic came in.
fn answers(campaign: &CampaignFacts, stretch: Stretch, now: Moment) -> String {
    let Stretch { after, to } = stretch;
    let CampaignFacts { brand, channel, communication, .. } = campaign;
    let now_micros = now.as_micros();
    let (granted, pending) = (State::Granted, State::Pending);
    let here = format!("o.topic_id = {communication} AND o.channel = '{channel}'");
    let elsewhere =
        format!("o.topic_id = {communication} AND o.channel <> '{channel}' AND o.state = '{granted}'");
    let expired = format!("o.expires_at <= {now_micros}");
    let came_in = "COALESCE(o.obtained_at, o.changed_at)";
    let too_late = now.minus(ART14_WITHIN).as_micros();
    let refresh = campaign.refresh_consents_before.filter(|before| now >= *before);
    let mark = |condition: &str, mark: i64| format!(" + CASE WHEN {condition} THEN {mark} ELSE 0 END");
    let mut of_answer = format!(
        "CASE o.state WHEN '{granted}' THEN {GRANTED} WHEN '{pending}' THEN {PENDING} ELSE {WITHDRAWN} END"
    );
    of_answer += &mark(&expired, EXPIRED);
    of_answer += &mark(&format!("{came_in} < {too_late}"), LATE);
    let stale = refresh.map(|before| format!("o.changed_at < {}", before.as_micros()));
    if let Some(stale) = &stale {
        of_answer += &mark(stale, STALE);
    }
    let mut marks = format!(
        "MAX(CASE WHEN {here} THEN {of_answer} + COALESCE(o.source_id, 0) * {SOURCE} ELSE 0 END) \
         + MAX(CASE WHEN {elsewhere} THEN {KNOWN} + {GRANTED_ELSEWHERE} ELSE {KNOWN} END)"
    );
    for place in subject_places(campaign, stale.is_some()) {
        let topics: Vec<String> = campaign.subjects.iter().map(i64::to_string).collect();
        let mut condition = format!(
            "o.channel = '{channel}' AND o.state = '{granted}' AND o.topic_id IN ({})",
            topics.join(", ")
        );
        let until =
            if place & 2 == 0 { format!("(o.expires_at IS NULL OR NOT {expired})") } else { expired.clone() };
        condition += &format!(" AND {until}");
        if let Some(stale) = &stale {
            condition += &format!(" AND {}{stale}", if place & 1 == 0 { "NOT " } else { "" });
        }
        marks += &format!(" + MAX(CASE WHEN {condition} THEN {} ELSE 0 END)", SUBJECT << place);
    }
    format!(
        "SELECT o.subscriber_id, {marks} AS marks, MAX(CASE WHEN {here} THEN {came_in} END) AS obtained_at \
         FROM opt_in o WHERE o.brand_id = {brand} AND o.subscriber_id > {after} AND o.subscriber_id <= {to} \
         GROUP BY o.subscriber_id"
    )
}

/// The marks that a granted answer to a subject can have: none without subjects, no stale one without a refresh.
fn subject_places(campaign: &CampaignFacts, refresh: bool) -> &'static [i64] {
    match (campaign.subjects.is_empty(), refresh) {
        (true, _) => &[],
        (false, false) => &[0, 2],
        (false, true) => &[0, 1, 2, 3],
    }
}

/// The marks of what people chose about the brand. Only those who chose something are looked at, and only of those who
/// chose how often, the letters.
fn choices(campaign: &CampaignFacts, stretch: Stretch, now: Moment) -> String {
    let Stretch { after, to } = stretch;
    let brand = campaign.brand;
    let letters = counted_letters(campaign);
    let capped = AtMost::ALL.iter().filter_map(|at_most| {
        let since = now.minus(at_most.spacing()?).as_micros();
        Some(format!(
            "(c.at_most = '{at_most}' AND EXISTS (SELECT 1 FROM {letters} AND d.subscriber_id = c.subscriber_id \
             AND (d.finished_at IS NULL OR d.finished_at > {since})))"
        ))
    });
    let capped = capped.collect::<Vec<_>>().join(" OR ");
    format!(
        "SELECT c.subscriber_id, CASE WHEN c.paused_until > {} THEN {PAUSED} ELSE 0 END \
         + CASE WHEN {capped} THEN {CAPPED} ELSE 0 END AS marks FROM brand_choice c \
         WHERE c.brand_id = {brand} AND c.subscriber_id > {after} AND c.subscriber_id <= {to}",
        now.as_micros()
    )
}

fn permissions_of(brand: i64, stretch: Stretch) -> String {
    let Stretch { after, to } = stretch;
    let (opens, clicks, granted) = (Kind::Opens, Kind::Clicks, PermissionState::Granted);
    format!(
        "SELECT p.subscriber_id, MAX(CASE p.kind WHEN '{opens}' THEN {OPENS} ELSE 0 END) \
         + MAX(CASE p.kind WHEN '{clicks}' THEN {CLICKS} ELSE 0 END) AS marks FROM permission p \
         WHERE p.brand_id = {brand} AND p.state = '{granted}' AND p.subscriber_id > {after} \
         AND p.subscriber_id <= {to} GROUP BY p.subscriber_id"
    )
}

/// One mark for each reason among an address's suppressions.
fn reasons() -> String {
    let marks = Reason::ALL.iter().enumerate().map(|(place, reason)| {
        format!("MAX(CASE x.reason WHEN '{reason}' THEN {} ELSE 0 END)", SUPPRESSED << place)
    });
    marks.collect::<Vec<_>>().join(" + ")
}

/// The suppressions that hold for the campaign's brand, as `suppression::of_addresses` has them.
fn suppressed(campaign: &CampaignFacts) -> String {
    let CampaignFacts { brand, channel, .. } = campaign;
    format!(
        "suppression x WHERE x.channel = '{channel}' AND (x.brand_id IS NULL OR x.brand_id = {brand}) \
         AND NOT EXISTS (SELECT 1 FROM suppression_exception e WHERE e.suppression_id = x.id \
         AND e.brand_id = {brand})"
    )
}
