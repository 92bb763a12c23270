//! What a person chose about a brand as a whole: a pause until a moment, and how often it may write to them at most.
//!
//! Neither is consent: nothing is granted or ended by it, so it has an append-only record of its own beside the ledger,
//! with the same evidence. The gate obeys both; service mail knows neither.

use std::collections::HashMap;
use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::upsert::excluded;

use crate::clock::{DAY, Moment};
use crate::db::schema::{brand, brand_choice, brand_choice_entry, evidence};
use crate::db::{DbConnection, among};
use crate::domain::consent::gate::CampaignFacts;
use crate::domain::consent::ledger::{Method, Statement};
use crate::error::{Error, Result};

word_enum! {
    /// How often a brand may write to a person at most, on each channel.
    pub enum AtMost {
        /// Whenever there is something that they agreed to.
        Each = "each",
        /// Once a week.
        Weekly = "weekly",
        /// Once a month.
        Monthly = "monthly",
    }
}

impl AtMost {
    /// How long after one letter of the brand the next may be claimed; none where each may come.
    ///
    /// It rolls with the letters and not with the calendar, so that Sunday and Monday are no two weeks. It is half a
    /// day short of seven days, and of the 28 of four weeks or a February: a newsletter that comes every Monday, or on
    /// every first of the month, comes a little earlier one time, and nobody may lose every second one for that.
    pub const fn spacing(self) -> Option<Duration> {
        match self {
            Self::Each => None,
            Self::Weekly => Some(Duration::from_secs(7 * DAY.as_secs() - DAY.as_secs() / 2)),
            Self::Monthly => Some(Duration::from_secs(28 * DAY.as_secs() - DAY.as_secs() / 2)),
        }
    }
}

/// A pause can be no longer: whoever wants more wants to stop, and a pause must not turn into that unnoticed.
pub const PAUSE_MAX: Duration = DAY.saturating_mul(366);

/// The choice itself. By default each letter may come, now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrandChoice {
    /// Until when nothing is sent; it ends by itself.
    pub paused_until: Option<Moment>,
    /// How often at most.
    pub at_most: AtMost,
}

impl Default for BrandChoice {
    fn default() -> Self {
        Self { paused_until: None, at_most: AtMost::Each }
    }
}

impl BrandChoice {
    /// The moment until which nothing is sent, if it is still to come.
    pub fn pause(&self, now: Moment) -> Option<Moment> {
        self.paused_until.filter(|until| now < *until)
    }

    /// The pause that is new in it.
    pub fn pause_set(&self, before: &Self) -> Option<Moment> {
        self.paused_until.filter(|_| self.paused_until != before.paused_until)
    }

    /// Whether it lets something through that `before` holds back.
    pub fn allows_more_than(&self, before: &Self, now: Moment) -> bool {
        self.pause(now) < before.pause(now) || self.at_most.spacing() < before.at_most.spacing()
    }
}

/// A choice as stored.
#[derive(Debug, Clone, Copy, Queryable)]
pub struct Kept {
    /// The brand.
    pub brand: i64,
    /// What was chosen.
    pub choice: BrandChoice,
    /// Since when it holds.
    pub changed_at: Moment,
}

/// Sets a person's choice and writes the entry behind it. Returns whether anything changed: the same choice again
/// writes nothing, and a pause that is over is none.
///
/// The caller holds the person ([`super::lock`]).
///
/// # Errors
/// [`Error::Invalid`] for a pause that is over already, or longer than [`PAUSE_MAX`]. Of the database.
pub fn set(conn: &mut DbConnection, statement: &Statement<'_>, choice: BrandChoice) -> Result<bool> {
    let before = find(conn, statement.subscriber, statement.brand)?;
    let now = statement.at;
    if before.pause(now) == choice.pause(now) && before.at_most == choice.at_most {
        return Ok(false);
    }
    if let Some(why) = pause_fault(choice.pause_set(&before), now) {
        return Err(Error::invalid("paused_until", why));
    }
    let entry: i64 = diesel::insert_into(brand_choice_entry::table)
        .values((
            brand_choice_entry::subscriber_id.eq(statement.subscriber),
            brand_choice_entry::brand_id.eq(statement.brand),
            brand_choice_entry::evidence_id.eq(statement.evidence),
            brand_choice_entry::paused_until.eq(choice.paused_until),
            brand_choice_entry::at_most.eq(choice.at_most),
            brand_choice_entry::method.eq(statement.method),
            brand_choice_entry::actor.eq(statement.actor),
            brand_choice_entry::campaign_id.eq(statement.campaign),
            brand_choice_entry::at.eq(now),
        ))
        .returning(brand_choice_entry::id)
        .get_result(conn)?;
    let row = (
        brand_choice::subscriber_id.eq(statement.subscriber),
        brand_choice::brand_id.eq(statement.brand),
        brand_choice::paused_until.eq(choice.paused_until),
        brand_choice::at_most.eq(choice.at_most),
        brand_choice::changed_at.eq(now),
        brand_choice::entry_id.eq(entry),
    );
    on_backend!(conn, |c| diesel::insert_into(brand_choice::table)
        .values(row)
        .on_conflict((brand_choice::subscriber_id, brand_choice::brand_id))
        .do_update()
        .set((
            brand_choice::paused_until.eq(excluded(brand_choice::paused_until)),
            brand_choice::at_most.eq(excluded(brand_choice::at_most)),
            brand_choice::changed_at.eq(excluded(brand_choice::changed_at)),
            brand_choice::entry_id.eq(excluded(brand_choice::entry_id)),
        ))
        .execute(c))?;
    Ok(true)
}

/// Why a pause until then cannot be chosen now, if it cannot.
pub fn pause_fault(until: Option<Moment>, now: Moment) -> Option<&'static str> {
    match until? {
        until if until <= now => Some("Choose a day in the future"),
        until if until > now.plus(PAUSE_MAX) => {
            Some("Choose a day within a year; to get nothing more, stop everything")
        }
        _ => None,
    }
}

/// The choice of one person about one brand.
///
/// # Errors
/// Of the database.
pub fn find(conn: &mut DbConnection, person: i64, brand: i64) -> Result<BrandChoice> {
    let found: Option<(Option<Moment>, AtMost)> = brand_choice::table
        .find((person, brand))
        .select((brand_choice::paused_until, brand_choice::at_most))
        .first(conn)
        .optional()?;
    Ok(found
        .map_or_else(BrandChoice::default, |(paused_until, at_most)| BrandChoice { paused_until, at_most }))
}

/// All choices of one person, by brand.
///
/// # Errors
/// Of the database.
pub fn of_subscriber(conn: &mut DbConnection, person: i64) -> Result<Vec<Kept>> {
    let rows: Vec<(i64, Option<Moment>, AtMost, Moment)> = brand_choice::table
        .filter(brand_choice::subscriber_id.eq(person))
        .order(brand_choice::brand_id)
        .select((
            brand_choice::brand_id,
            brand_choice::paused_until,
            brand_choice::at_most,
            brand_choice::changed_at,
        ))
        .load(conn)?;
    let kept = |(brand, paused_until, at_most, changed_at)| Kept {
        brand,
        choice: BrandChoice { paused_until, at_most },
        changed_at,
    };
    Ok(rows.into_iter().map(kept).collect())
}

/// One entry as it is read.
#[derive(Debug, Clone, Queryable)]
pub struct Entry {
    /// The brand's word.
    pub brand: String,
    /// The pause that holds from then on.
    pub paused_until: Option<Moment>,
    /// How often at most from then on.
    pub at_most: AtMost,
    /// How.
    pub method: Method,
    /// By whom.
    pub actor: String,
    /// When.
    pub at: Moment,
    /// The form that was shown.
    pub form: String,
    /// The wording that was shown, exactly.
    pub wording: String,
    /// SHA-256 of that wording.
    pub wording_sha256: Vec<u8>,
    /// What else was on the screen, as JSON.
    pub shown: String,
    /// The version of the privacy policy in force.
    pub policy_version: String,
    /// The language of the screen; none where nobody said.
    pub language: Option<String>,
}

/// A person's entries in the order they were written.
///
/// # Errors
/// Of the database.
pub fn entries(conn: &mut DbConnection, person: i64) -> Result<Vec<Entry>> {
    Ok(all_entries().filter(brand_choice_entry::subscriber_id.eq(person)).load(conn)?)
}

/// A person's entries about a brand above a row number and up to another.
///
/// # Errors
/// Of the database.
pub fn of_range(
    conn: &mut DbConnection,
    person: i64,
    brand: i64,
    (after, until): (i64, i64),
) -> Result<Vec<Entry>> {
    let of_person = brand_choice_entry::subscriber_id.eq(person).and(brand_choice_entry::brand_id.eq(brand));
    let between = brand_choice_entry::id.gt(after).and(brand_choice_entry::id.le(until));
    Ok(all_entries().filter(of_person).filter(between).load(conn)?)
}

#[diesel::dsl::auto_type]
fn all_entries() -> _ {
    brand_choice_entry::table
        .inner_join(evidence::table)
        .inner_join(brand::table)
        .order(brand_choice_entry::id)
        .select((
            brand::slug,
            brand_choice_entry::paused_until,
            brand_choice_entry::at_most,
            brand_choice_entry::method,
            brand_choice_entry::actor,
            brand_choice_entry::at,
            evidence::form,
            evidence::wording,
            evidence::wording_sha256,
            evidence::shown,
            evidence::policy_version,
            evidence::language,
        ))
}

/// Deletes what a person chose, for their erasure. The entries stay, as the ledger does.
///
/// # Errors
/// Of the database.
pub fn forget(conn: &mut DbConnection, person: i64) -> Result<()> {
    diesel::delete(brand_choice::table.filter(brand_choice::subscriber_id.eq(person))).execute(conn)?;
    Ok(())
}

/// The letters of other campaigns that count: those that were sent, those that may have arrived, and those in hand. `k`
/// is the campaign, `d` the delivery.
pub(super) fn counted_letters(campaign: &CampaignFacts) -> String {
    let CampaignFacts { campaign, brand, channel, .. } = campaign;
    format!(
        "delivery d JOIN campaign k ON k.id = d.campaign_id WHERE k.brand_id = {brand} \
         AND k.channel = '{channel}' AND k.id <> {campaign} AND d.state IN ('claimed', 'sent', 'uncertain')"
    )
}

/// When the campaign's brand last wrote to these people on its channel, leaving out the campaign itself. What is in
/// hand counts as written `now`.
///
/// Two servers may claim letters of two campaigns for one person at the same time, so this first holds the choices of
/// these people: the second comes after the first, and sees what it took.
///
/// # Errors
/// Of the database.
pub(super) fn last_letters(
    conn: &mut DbConnection,
    campaign: &CampaignFacts,
    people: &[i64],
    now: Moment,
) -> Result<HashMap<i64, Moment>> {
    if people.is_empty() {
        return Ok(HashMap::new());
    }
    if let DbConnection::Postgres(c) = conn {
        brand_choice::table
            .filter(among(brand_choice::subscriber_id, people).and(brand_choice::brand_id.eq(campaign.brand)))
            .order(brand_choice::subscriber_id)
            .select(brand_choice::subscriber_id)
            .for_update()
            .load::<i64>(c)?;
    }
    let listed: Vec<String> = people.iter().map(i64::to_string).collect();
    let text = format!(
        "SELECT d.subscriber_id, MAX(COALESCE(d.finished_at, {})) FROM {} AND d.subscriber_id IN ({}) \
         GROUP BY d.subscriber_id",
        now.as_micros(),
        counted_letters(campaign),
        listed.join(", "),
    );
    let query = sql::<(BigInt, BigInt)>(&text);
    let rows: Vec<(i64, Moment)> = on_backend!(conn, |c| query.load(c))?;
    Ok(rows.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_micros(1_790_000_000_000_000);

    #[test]
    fn a_weekly_or_monthly_letter_that_comes_a_little_early_is_not_lost() {
        let minute = Duration::from_secs(60);
        for (at_most, rhythm) in [(AtMost::Weekly, 7 * DAY), (AtMost::Monthly, 28 * DAY)] {
            assert!(NOW.plus(at_most.spacing().unwrap()) < NOW.plus(rhythm).minus(minute));
            assert!(NOW.plus(at_most.spacing().unwrap()) > NOW.plus(rhythm).minus(DAY));
        }
    }

    #[test]
    fn a_choice_allows_more_when_the_pause_is_shorter_or_letters_may_come_more_often() {
        let until = |days: u32| Some(NOW.plus(days * DAY));
        let choice = |paused_until, at_most| BrandChoice { paused_until, at_most };
        for (after, before, more) in [
            (choice(None, AtMost::Each), choice(until(3), AtMost::Each), true),
            (choice(until(2), AtMost::Each), choice(until(3), AtMost::Each), true),
            (choice(until(4), AtMost::Each), choice(until(3), AtMost::Each), false),
            (choice(None, AtMost::Weekly), choice(None, AtMost::Monthly), true),
            (choice(None, AtMost::Monthly), choice(None, AtMost::Weekly), false),
            (choice(until(0), AtMost::Each), choice(None, AtMost::Each), false),
        ] {
            assert_eq!(after.allows_more_than(&before, NOW), more, "{after:?} after {before:?}");
        }
    }
}
