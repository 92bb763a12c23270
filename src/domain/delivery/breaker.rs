//! The breaker (P-08): counts what became of a campaign's letters, and pauses it before complaints or bad addresses
//! ruin the sender's name with the mailbox providers.
//!
//! The counters are kept in the transaction of what they count. Ratios are compared as whole numbers, so a threshold is
//! reached exactly.

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::outcome_tally;
use crate::domain::campaign::{State, state};
use crate::error::Result;

/// The breaker pauses nothing before so many letters; a ratio of fewer says little.
const LETTERS_MIN: i64 = 100;

/// Complaints in 10,000 letters that are worth a warning: 0.10 % (P-04).
const ALERT_COMPLAINTS: i64 = 10;

/// Complaints in 10,000 letters that pause the campaign: 0.30 % (P-04).
const PAUSE_COMPLAINTS: i64 = 30;

/// Refusals for policy that do not speak of the sender, since a person last looked, that pause the campaign if they are
/// also [`PAUSE_POLICIES`]. Fewer are the filter of one receiver or a closed list here and there (B-04).
const POLICIES_MIN: i64 = 5;

/// Refusals for policy in 10,000 letters that pause the campaign: 1 %.
const PAUSE_POLICIES: i64 = 100;

/// Bad addresses in 10,000 letters that pause the campaign: 5 %.
const PAUSE_BAD_ADDRESSES: i64 = 500;

/// What became of a campaign's letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Queryable, Selectable)]
#[diesel(table_name = outcome_tally)]
pub struct Tally {
    /// Letters that the relay took.
    pub sent: i64,
    /// Addresses that do not exist, whether the relay said so at once or a bounce did.
    pub bad_addresses: i64,
    /// Letters that were reported as abuse.
    pub complaints: i64,
    /// Letters that the relay refused at once, for their address or for policy: they are not among those sent.
    pub refused: i64,
    /// The bad addresses when a person last let the campaign go on.
    pub seen_bad_addresses: i64,
    /// The complaints when a person last let the campaign go on.
    pub seen_complaints: i64,
    /// Letters that receiving servers refused for policy.
    pub policies: i64,
    /// Of these, the ones that were refused for the sender's authentication or standing, as every letter would be.
    pub standings: i64,
    /// The refusals for policy when a person last let the campaign go on.
    pub seen_policies: i64,
    /// Those for the sender when a person last let the campaign go on.
    pub seen_standings: i64,
}

/// What is added to the counters.
#[derive(Debug, Clone, Copy, Default)]
pub struct Added {
    /// Letters that the relay took.
    pub sent: i64,
    /// Bad addresses.
    pub bad_addresses: i64,
    /// Letters that the relay refused at once.
    pub refused: i64,
    /// Complaints.
    pub complaints: i64,
    /// Refusals for policy.
    pub policies: i64,
    /// Of these, the ones that speak of the sender.
    pub standings: i64,
}

impl Tally {
    /// Why the campaign has to pause, in words for people; nothing while all is well or a person has seen it.
    pub fn fault(&self) -> Option<String> {
        let handed_over = self.sent + self.refused;
        if self.sent >= LETTERS_MIN
            && self.complaints > self.seen_complaints
            && reaches(self.complaints, self.sent, PAUSE_COMPLAINTS)
        {
            return Some(format!("Too many complaints: {}", share(self.complaints, self.sent)));
        }
        if handed_over >= LETTERS_MIN
            && self.bad_addresses > self.seen_bad_addresses
            && reaches(self.bad_addresses, handed_over, PAUSE_BAD_ADDRESSES)
        {
            return Some(format!("Too many bad addresses: {}", share(self.bad_addresses, handed_over)));
        }
        let standings = self.standings - self.seen_standings;
        // What one of them says of the sender is so for every letter (B-04).
        if standings > 0 {
            return Some(format!(
                "Receiving servers refused the sender: {standings} of {handed_over} letters"
            ));
        }
        if self.policies - self.seen_policies >= POLICIES_MIN
            && reaches(self.policies, handed_over, PAUSE_POLICIES)
        {
            return Some(format!("Too many refusals for policy: {}", share(self.policies, handed_over)));
        }
        None
    }

    /// What a marketer should know of the complaints and bad addresses, seen or not; nothing while all is well.
    pub fn alert(&self) -> Option<String> {
        let handed_over = self.sent + self.refused;
        let mut found = Vec::new();
        if reaches(self.complaints, self.sent, ALERT_COMPLAINTS) {
            found.push(format!(
                "Complaints: {}. Mailbox providers want less than 0.10 % and refuse mail at 0.30 %.",
                share(self.complaints, self.sent)
            ));
        }
        if handed_over >= LETTERS_MIN && reaches(self.bad_addresses, handed_over, PAUSE_BAD_ADDRESSES) {
            found.push(format!(
                "Bad addresses: {}. Look where they came from.",
                share(self.bad_addresses, handed_over)
            ));
        }
        (!found.is_empty()).then(|| found.join(" "))
    }
}

/// Whether there are at least `threshold` of them in 10,000.
fn reaches(count: i64, of: i64, threshold: i64) -> bool {
    count > 0 && count.saturating_mul(10_000) >= of.saturating_mul(threshold)
}

/// `3 of 1000 letters (0.30 %)`, rounded down so that it never says more than there is.
fn share(count: i64, of: i64) -> String {
    let hundredths = count.saturating_mul(10_000) / of.max(1);
    format!("{count} of {of} letters ({}.{:02} %)", hundredths / 100, hundredths % 100)
}

/// The counters of a campaign.
///
/// # Errors
/// Of the database.
pub fn tally(conn: &mut DbConnection, campaign: i64) -> Result<Tally> {
    Ok(outcome_tally::table
        .find(campaign)
        .select(Tally::as_select())
        .first(conn)
        .optional()?
        .unwrap_or_default())
}

/// Adds to the counters of a campaign, and pauses it where they show that it should not go on.
///
/// # Errors
/// Of the database.
pub fn count(conn: &mut DbConnection, campaign: i64, added: Added, now: Moment) -> Result<()> {
    let row = (
        outcome_tally::campaign_id.eq(campaign),
        outcome_tally::sent.eq(added.sent),
        outcome_tally::bad_addresses.eq(added.bad_addresses),
        outcome_tally::complaints.eq(added.complaints),
        outcome_tally::refused.eq(added.refused),
        outcome_tally::seen_bad_addresses.eq(0_i64),
        outcome_tally::seen_complaints.eq(0_i64),
        outcome_tally::policies.eq(added.policies),
        outcome_tally::standings.eq(added.standings),
    );
    let sums = (
        outcome_tally::sent.eq(outcome_tally::sent + excluded(outcome_tally::sent)),
        outcome_tally::bad_addresses
            .eq(outcome_tally::bad_addresses + excluded(outcome_tally::bad_addresses)),
        outcome_tally::complaints.eq(outcome_tally::complaints + excluded(outcome_tally::complaints)),
        outcome_tally::refused.eq(outcome_tally::refused + excluded(outcome_tally::refused)),
        outcome_tally::policies.eq(outcome_tally::policies + excluded(outcome_tally::policies)),
        outcome_tally::standings.eq(outcome_tally::standings + excluded(outcome_tally::standings)),
    );
    let tally: Tally = on_backend!(conn, |c| prepared!(
        diesel::insert_into(outcome_tally::table)
            .values(row)
            .on_conflict(outcome_tally::campaign_id)
            .do_update()
            .set(sums)
            .returning(Tally::as_returning())
    )
    .get_result(c))?;
    if let Some(reason) = tally.fault() {
        if stop(conn, campaign, &reason, now)? {
            tracing::warn!(campaign, reason, "the breaker paused a campaign");
        }
    } else if added.complaints > 0
        && let Some(alert) = tally.alert()
    {
        tracing::warn!(campaign, alert, "complaints come in");
    }
    Ok(())
}

/// Pauses a campaign that is on its way, and says why. Returns whether it was.
///
/// # Errors
/// Of the database.
pub fn stop(conn: &mut DbConnection, campaign: i64, reason: &str, now: Moment) -> Result<bool> {
    let state = state::hold(conn, campaign)?.state;
    let on_its_way = matches!(state, State::Scheduled | State::Planning | State::Sending);
    if on_its_way {
        state::pause(conn, campaign, Some(reason), now)?;
    }
    Ok(on_its_way)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(sent: i64, complaints: i64) -> Tally {
        Tally { sent, complaints, ..Tally::default() }
    }

    #[test]
    fn complaints_warn_at_a_tenth_and_pause_at_three_tenths_of_a_percent() {
        for (sent, complaints, alerts, pauses) in [
            (1_000, 0, false, false),
            (1_001, 1, false, false),
            (1_000, 1, true, false),
            (1_001, 3, true, false),
            (1_000, 3, true, true),
            (99, 1, true, false),
            (99, 3, true, false),
            (100, 1, true, true),
            (333, 1, true, true),
            (334, 1, true, false),
            (334, 2, true, true),
            (0, 1, true, false),
        ] {
            let tally = tally(sent, complaints);
            assert_eq!((tally.alert().is_some(), tally.fault().is_some()), (alerts, pauses), "{tally:?}");
        }
        assert_eq!(tally(1_000, 3).fault().unwrap(), "Too many complaints: 3 of 1000 letters (0.30 %)");
    }

    #[test]
    fn bad_addresses_pause_at_five_percent_of_what_was_handed_over() {
        let tally = |sent, refused, bad_addresses| Tally { sent, refused, bad_addresses, ..Tally::default() };
        for (found, pauses) in [
            (tally(100, 0, 4), false),
            (tally(100, 0, 5), true),
            (tally(99, 0, 5), false),
            (tally(95, 5, 5), true),
            (tally(0, 99, 99), false),
            (tally(0, 100, 100), true),
        ] {
            assert_eq!(found.fault().is_some(), pauses, "{found:?}");
        }
    }

    #[test]
    fn five_refusals_for_policy_and_one_percent_pause_and_so_does_one_of_the_sender() {
        let tally = |sent, refused, policies, standings| Tally {
            sent,
            refused,
            policies,
            standings,
            ..Tally::default()
        };
        for (found, pauses) in [
            (tally(0, 4, 4, 0), false),
            (tally(0, 5, 5, 0), true),
            (tally(495, 5, 5, 0), true),
            (tally(496, 5, 5, 0), false),
            (tally(1_000_000, 0, 1, 0), false),
            (tally(1_000_000, 0, 1, 1), true),
            (Tally { seen_policies: 1, ..tally(0, 5, 5, 0) }, false),
            (Tally { seen_policies: 3, seen_standings: 3, ..tally(100, 0, 3, 3) }, false),
            (Tally { seen_policies: 3, seen_standings: 3, ..tally(100, 0, 4, 4) }, true),
        ] {
            assert_eq!(found.fault().is_some(), pauses, "{found:?}");
        }
    }

    #[test]
    fn what_a_person_has_seen_pauses_nothing_until_it_grows() {
        let seen = Tally { seen_complaints: 3, ..tally(1_000, 3) };
        assert_eq!(seen.fault(), None);
        assert!(seen.alert().is_some());
        assert!(Tally { complaints: 4, ..seen }.fault().is_some());
        assert_eq!(Tally { complaints: 4, sent: 2_000, ..seen }.fault(), None, "the share has fallen");
    }
}
