//! The queries behind the looks. Only row numbers, moments and our own words are put into their text.
//!
//! Answers are read along their primary key and grouped before they meet the people, which both databases do at the
//! speed of a scan. PostgreSQL then joins everything at once. SQLite goes along the grouped answers and finds each
//! person beside the last one, where a join would first write all answers down; people without an answer come by a
//! query of their own, if there are any. What nobody has is not looked up for everybody.

use super::{
    ADDRESS, CAPPED, CLICKS, EXPIRED, GRANTED, GRANTED_ELSEWHERE, INFORMED, KNOWN, LATE, OPENS, PAUSED,
    PENDING, RESTRICTED, SOURCE, STALE, SUBJECT, SUPPRESSED, Stretch, WITHDRAWN,
};
use crate::clock::Moment;
use crate::db::Kind as Database;
use crate::domain::consent::brand_choice::{AtMost, counted_letters};
use crate::domain::consent::gate::{ART14_WITHIN, CampaignFacts};
use crate::domain::consent::opt_in::State;
use crate::domain::consent::permission::{Kind, State as PermissionState};
use crate::domain::consent::suppression::Reason;

/// What is asked about a stretch of people.
pub(super) struct Asked<'a> {
    pub(super) campaign: &'a CampaignFacts,
    pub(super) stretch: Stretch,
    pub(super) now: Moment,
    /// Whether what people allow to be recorded is asked for.
    pub(super) permissions: bool,
    /// Whether the suppressions of an address are all read once, or looked up for each person: for a million people
    /// PostgreSQL would rather do the one, for a few thousand the other.
    pub(super) suppressions_at_once: bool,
    pub(super) there_are: ThereAre,
}

/// What any of the people can have, so that it has to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ThereAre {
    /// Choices about the brand.
    pub(super) choices: bool,
    /// Suppressions that hold for the brand.
    pub(super) suppressions: bool,
}

/// Queries for rows of `id` and `looks`, which together have each person of a stretch once.
pub(super) struct People {
    /// Everybody, or those with an answer to the brand.
    pub(super) first: String,
    /// Those without, where the first has only the others.
    pub(super) rest: Option<String>,
}

/// What stands for something about a person: the mark, and the table that has to be joined for it.
struct Side {
    marks: String,
    join: String,
}

/// A query of one row for each person: its marks, the rest of it up to the condition on the person, and how it is
/// grouped.
type Rows = (String, String, &'static str);

impl<'a> Asked<'a> {
    /// Asks for everything that there can be.
    pub(super) fn of(
        campaign: &'a CampaignFacts,
        stretch: Stretch,
        now: Moment,
        permissions: bool,
        suppressions_at_once: bool,
    ) -> Self {
        let there_are = ThereAre { choices: true, suppressions: true };
        Self { campaign, stretch, now, permissions, suppressions_at_once, there_are }
    }

    /// How many people there are, as one number.
    pub(super) fn everybody(&self) -> String {
        format!("SELECT COUNT(*) FROM subscriber s WHERE {} AND s.erased_at IS NULL", self.among())
    }

    /// Whether there is what [`ThereAre`] says, as two truth values.
    pub(super) fn what_there_is(&self) -> String {
        let Stretch { after, to } = self.stretch;
        let (_, choices, _) = self.choices();
        format!(
            "SELECT EXISTS (SELECT 1 FROM {choices} AND c.subscriber_id > {after} AND c.subscriber_id <= {to}), \
             EXISTS (SELECT 1 FROM {})",
            suppressed(self.campaign)
        )
    }

    fn among(&self) -> String {
        let Stretch { after, to } = self.stretch;
        format!("s.id > {after} AND s.id <= {to}")
    }

    /// The people of the stretch.
    pub(super) fn people(&self, database: Database) -> People {
        let (answers, among) = (self.answers(database), self.among());
        match database {
            Database::Postgres => {
                let from = format!("subscriber s LEFT JOIN ({answers}) o ON o.subscriber_id = s.id");
                let first = self.query(&from, &among, Some("COALESCE(o.marks, 0)"), database);
                People { first, rest: None }
            }
            Database::Sqlite => {
                // A cross join stays in its order.
                let from = format!("({answers}) o CROSS JOIN subscriber s ON s.id = o.subscriber_id");
                let none = format!(
                    "{among} AND NOT EXISTS (SELECT 1 FROM opt_in o WHERE o.subscriber_id = s.id AND o.brand_id = {})",
                    self.campaign.brand
                );
                People {
                    first: self.query(&from, "TRUE", Some("o.marks"), database),
                    rest: Some(self.query("subscriber s", &none, None, database)),
                }
            }
        }
    }

    /// The looks of the people in `from` of whom `condition` is true. `answered` are the marks of their answers.
    fn query(&self, from: &str, condition: &str, answered: Option<&str>, database: Database) -> String {
        let mut marks = format!(
            "CASE WHEN s.email IS NULL THEN 0 ELSE {ADDRESS} END \
             + CASE WHEN s.restricted_at IS NULL THEN 0 ELSE {RESTRICTED} END"
        );
        if let Some(answered) = answered {
            marks.push_str(&format!(" + {answered}"));
        }
        let mut joins = String::new();
        for Side { marks: more, join } in self.sides(database) {
            marks.push_str(&format!(" + COALESCE({more}, 0)"));
            joins.push_str(&join);
        }
        format!(
            "SELECT s.id AS id, CAST({marks} AS BIGINT) AS looks FROM {from}{joins} \
             WHERE {condition} AND s.erased_at IS NULL"
        )
    }

    /// What is known of a person beside their answers.
    fn sides(&self, database: Database) -> Vec<Side> {
        let at_once = database == Database::Postgres;
        let mut sides = Vec::new();
        if self.there_are.choices {
            sides.push(self.side("c", &self.choices(), at_once));
        }
        if self.permissions {
            sides.push(self.side("p", &self.permissions(), at_once));
        }
        if !self.there_are.suppressions {
            return sides;
        }
        let (reasons, suppressed) = (reasons(), suppressed(self.campaign));
        sides.push(if self.suppressions_at_once {
            Side {
                marks: "x.marks".into(),
                join: format!(
                    " LEFT JOIN (SELECT x.address_hash, {reasons} AS marks FROM {suppressed} GROUP BY x.address_hash) x \
                     ON x.address_hash = s.email_hash"
                ),
            }
        } else {
            let marks = format!("(SELECT {reasons} FROM {suppressed} AND x.address_hash = s.email_hash)");
            Side { marks, join: String::new() }
        });
        sides
    }

    /// What a table with people in it says, read at once or looked up for each person.
    fn side(&self, name: &str, (marks, rest, group): &Rows, at_once: bool) -> Side {
        let Stretch { after, to } = self.stretch;
        let person = format!("{name}.subscriber_id");
        if !at_once {
            let marks = format!("(SELECT {marks} FROM {rest} AND {person} = s.id)");
            return Side { marks, join: String::new() };
        }
        let read = format!(
            "SELECT {person}, {marks} AS marks FROM {rest} AND {person} > {after} AND {person} <= {to}{group}"
        );
        Side {
            marks: format!("{name}.marks"),
            join: format!(" LEFT JOIN ({read}) {name} ON {person} = s.id"),
        }
    }

    /// The marks of each person's answers to the brand.
    fn answers(&self, database: Database) -> String {
        let Stretch { after, to } = self.stretch;
        let CampaignFacts { brand, channel, communication, subjects, .. } = self.campaign;
        let (granted, pending) = (State::Granted, State::Pending);
        // One answer to a topic and channel there is, so a sum is the answer; of the others a sum counts how many.
        let all = if database == Database::Postgres { "BIT_OR" } else { "SUM" };
        let mut of_answer = format!(
            "CASE o.state WHEN '{granted}' THEN {GRANTED} WHEN '{pending}' THEN {PENDING} ELSE {WITHDRAWN} END"
        );
        of_answer += &format!(" + CASE WHEN {} THEN {EXPIRED} ELSE 0 END", self.expired());
        if let Some(stale) = self.stale() {
            of_answer += &format!(" + CASE WHEN {stale} THEN {STALE} ELSE 0 END");
        }
        let here = format!("o.topic_id = {communication} AND o.channel = '{channel}'");
        let mut of_others = format!(
            "WHEN o.topic_id = {communication} THEN CASE WHEN o.channel <> '{channel}' AND o.state = '{granted}' \
             THEN {} ELSE 0 END",
            1_i64 << ELSEWHERE_AT
        );
        if !subjects.is_empty() {
            let topics: Vec<String> = subjects.iter().map(i64::to_string).collect();
            of_others += &format!(
                " WHEN o.channel = '{channel}' AND o.state = '{granted}' AND o.topic_id IN ({}) THEN {}",
                topics.join(", "),
                self.subject_field()
            );
        }
        let came_in = "COALESCE(o.obtained_at, o.changed_at)";
        let too_late = self.now.minus(ART14_WITHIN).as_micros();
        let marks = self.marks_of_others();
        format!(
            "SELECT subscriber_id, {KNOWN} + answer{marks} + CASE WHEN obtained_at < {too_late} THEN {LATE} ELSE 0 END \
             + CASE WHEN informed_at >= obtained_at THEN {INFORMED} ELSE 0 END AS marks FROM (SELECT o.subscriber_id, \
             {all}(CASE WHEN {here} THEN {of_answer} + COALESCE(o.source_id, 0) * {SOURCE} ELSE 0 END) AS answer, \
             {all}(CASE {of_others} ELSE 0 END) AS others, \
             MAX(CASE WHEN {here} THEN {came_in} END) AS obtained_at, \
             MAX(CASE WHEN {here} THEN o.informed_at END) AS informed_at FROM opt_in o \
             WHERE o.brand_id = {brand} AND o.subscriber_id > {after} AND o.subscriber_id <= {to} \
             GROUP BY o.subscriber_id) a"
        )
    }

    /// That an answer has run out.
    fn expired(&self) -> String {
        format!("o.expires_at <= {}", self.now.as_micros())
    }

    /// That an answer has to be asked for again; none where none has.
    fn stale(&self) -> Option<String> {
        let before = self.campaign.refresh_consents_before.filter(|before| self.now >= *before)?;
        Some(format!("o.changed_at < {}", before.as_micros()))
    }

    /// The field in which a granted answer to a subject is counted: by whether it is stale, and whether it has run out.
    fn subject_field(&self) -> String {
        let expired = self.expired();
        let field = |place: u32| 1_i64 << (FIELD_BITS * place);
        match self.stale() {
            None => format!("CASE WHEN {expired} THEN {} ELSE {} END", field(2), field(0)),
            Some(stale) => format!(
                "CASE WHEN {expired} THEN CASE WHEN {stale} THEN {} ELSE {} END \
                 ELSE CASE WHEN {stale} THEN {} ELSE {} END END",
                field(3),
                field(2),
                field(1),
                field(0)
            ),
        }
    }

    /// The marks of the fields in which other answers are counted.
    fn marks_of_others(&self) -> String {
        let mark = |at: u32, mark: i64| {
            format!(" + CASE WHEN (others & {}) <> 0 THEN {mark} ELSE 0 END", FIELD_MAX << at)
        };
        let mut marks = mark(ELSEWHERE_AT, GRANTED_ELSEWHERE);
        // None without subjects, no stale one without a refresh.
        let places: &[u32] = match (self.campaign.subjects.is_empty(), self.stale().is_some()) {
            (true, _) => &[],
            (false, false) => &[0, 2],
            (false, true) => &[0, 1, 2, 3],
        };
        for place in places {
            marks += &mark(FIELD_BITS * place, SUBJECT << place);
        }
        marks
    }

    /// What people chose about the brand: marks, and the rest of a query. Only those who chose something are looked at,
    /// and only of those who chose how often, the letters.
    fn choices(&self) -> Rows {
        let letters = counted_letters(self.campaign);
        let capped = AtMost::ALL.iter().filter_map(|at_most| {
            let since = self.now.minus(at_most.spacing()?).as_micros();
            Some(format!(
                "(c.at_most = '{at_most}' AND EXISTS (SELECT 1 FROM {letters} AND d.subscriber_id = c.subscriber_id \
                 AND (d.finished_at IS NULL OR d.finished_at > {since})))"
            ))
        });
        let capped = capped.collect::<Vec<_>>().join(" OR ");
        let marks = format!(
            "CASE WHEN c.paused_until > {} THEN {PAUSED} ELSE 0 END + CASE WHEN {capped} THEN {CAPPED} ELSE 0 END",
            self.now.as_micros()
        );
        (marks, format!("brand_choice c WHERE c.brand_id = {}", self.campaign.brand), "")
    }

    /// What people allow the brand to record: marks, and the rest of a query.
    fn permissions(&self) -> Rows {
        let (opens, clicks, granted) = (Kind::Opens, Kind::Clicks, PermissionState::Granted);
        let mark = |kind, mark| format!("MAX(CASE p.kind WHEN '{kind}' THEN {mark} ELSE 0 END)");
        let rest =
            format!("permission p WHERE p.brand_id = {} AND p.state = '{granted}'", self.campaign.brand);
        (format!("{} + {}", mark(opens, OPENS), mark(clicks, CLICKS)), rest, " GROUP BY p.subscriber_id")
    }
}

/// How many bits the count of a kind of answers has: more than a campaign has subjects. Four such fields and what is
/// granted on other channels, of which there are two, fit into a number of 64 bits with a sign.
const FIELD_BITS: u32 = 15;
const FIELD_MAX: i64 = (1 << FIELD_BITS) - 1;
/// Where what is granted on other channels is counted.
const ELSEWHERE_AT: u32 = 4 * FIELD_BITS;

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
