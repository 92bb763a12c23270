//! Outbox: a service mail written in the transaction of its reason, and handed over later by a job.
//!
//! It keeps only row numbers, nothing personal: the letter is written when it is sent. Nothing is lost: what waits
//! is claimed under a lease, and a claim whose answer never came becomes uncertain and is not sent again.

pub mod letter;

use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::clock::{DAY, Moment};
use crate::db::DbConnection;
use crate::db::schema::outbox;
use crate::error::Result;
use crate::mail::transport::{Blame, Outcome, Stage};

word_enum! {
    /// What a service mail is for.
    pub enum Kind {
        /// Asks to confirm opt-ins.
        Confirmation = "confirmation",
        /// Brings the link to the preference page.
        PreferencesLink = "preferences_link",
        /// Brings a fresh link to the data we hold.
        DataLink = "data_link",
        /// Brings to a new address the link with which it takes the old one's place.
        AddressChange = "address_change",
        /// Tells the old address that another one took its place.
        AddressChanged = "address_changed",
        /// Tells the owner of an address that somebody wants to use it, and how they can.
        AddressTaken = "address_taken",
    }
}

word_enum! {
    /// What became of a service mail.
    pub enum State {
        /// To be sent when it is due.
        Waiting = "waiting",
        /// A sender has it in hand.
        Claimed = "claimed",
        /// The mail server took it.
        Sent = "sent",
        /// It will never be sent.
        Failed = "failed",
        /// It may have been sent; it is not sent again.
        Uncertain = "uncertain",
    }
}

/// How long a mail is tried before it is given up.
pub const GIVE_UP_AFTER: Duration = DAY.saturating_mul(5);

/// For how many hours the link to a person's data works, from the moment it is sent (SEC-04).
pub const DATA_LINK_HOURS: u32 = 24;

/// How long to wait when the mail server could not be reached, which says nothing about this mail.
const UNREACHABLE_WAIT: Duration = Duration::from_secs(60);

/// A service mail in hand.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = outbox)]
pub struct Mail {
    /// Row number.
    pub id: i64,
    /// The brand that writes.
    pub brand_id: i64,
    /// The person it goes to.
    pub subscriber_id: i64,
    /// What it is for.
    pub kind: Kind,
    /// What is to be confirmed.
    pub confirmation_id: Option<i64>,
    /// How often it was tried, this time included.
    pub attempts: i32,
    /// From when on it is to be sent.
    pub created_at: Moment,
    /// The change of address that it is about.
    pub address_change_id: Option<i64>,
}

/// What a service mail is about, besides its brand and its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Nothing else.
    Person,
    /// A confirmation: its row number.
    Confirmation(i64),
    /// A change of address, which says where the mail goes: its row number.
    AddressChange(i64),
}

/// Puts a service mail into the outbox, to be sent at `at` or soon after.
///
/// # Errors
/// Of the database.
pub fn enqueue(
    conn: &mut DbConnection,
    kind: Kind,
    (brand, subscriber): (i64, i64),
    about: About,
    at: Moment,
) -> Result<()> {
    let (confirmation, change) = match about {
        About::Person => (None, None),
        About::Confirmation(id) => (Some(id), None),
        About::AddressChange(id) => (None, Some(id)),
    };
    diesel::insert_into(outbox::table)
        .values((
            outbox::brand_id.eq(brand),
            outbox::subscriber_id.eq(subscriber),
            outbox::kind.eq(kind),
            outbox::confirmation_id.eq(confirmation),
            outbox::address_change_id.eq(change),
            outbox::state.eq(State::Waiting),
            outbox::attempts.eq(0),
            outbox::due_at.eq(at),
            outbox::created_at.eq(at),
        ))
        .execute(conn)?;
    Ok(())
}

/// How many mails of this kind this brand has written to this person after `since`, whatever became of them.
///
/// # Errors
/// Of the database.
pub fn count_since(
    conn: &mut DbConnection,
    subscriber: i64,
    brand: i64,
    kind: Kind,
    since: Moment,
) -> Result<i64> {
    Ok(outbox::table
        .filter(outbox::subscriber_id.eq(subscriber).and(outbox::brand_id.eq(brand)))
        .filter(outbox::kind.eq(kind).and(outbox::created_at.gt(since)))
        .count()
        .get_result(conn)?)
}

/// A mail that has left or will leave, as one looks at it before writing another.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Written {
    /// The brand that writes.
    pub brand_id: i64,
    /// What is to be confirmed.
    pub confirmation_id: Option<i64>,
    /// What became of it.
    pub state: State,
    /// When it was last touched, or will be: not before it has left or leaves.
    pub due_at: Moment,
}

/// The mails of this kind that left to a person after `since`, or that are still to leave, of whatever brand.
///
/// # Errors
/// Of the database.
pub fn written_since(
    conn: &mut DbConnection,
    subscriber: i64,
    kind: Kind,
    since: Moment,
) -> Result<Vec<Written>> {
    Ok(outbox::table
        .filter(outbox::subscriber_id.eq(subscriber).and(outbox::kind.eq(kind)))
        .filter(outbox::due_at.gt(since))
        .order(outbox::id)
        .select((outbox::brand_id, outbox::confirmation_id, outbox::state, outbox::due_at))
        .load(conn)?)
}

/// Takes at most `limit` mails that are due, oldest first. Who has not settled one when its `lease` is over is taken for
/// dead, and the mail becomes uncertain.
///
/// # Errors
/// Of the database.
pub fn claim_due(conn: &mut DbConnection, limit: i64, lease: Duration, now: Moment) -> Result<Vec<Mail>> {
    // The states are written out where a partial index is to be used.
    diesel::update(outbox::table.filter(sql::<Bool>("state = 'claimed'").and(outbox::due_at.le(now))))
        .set(outbox::state.eq(State::Uncertain))
        .execute(conn)?;
    let due = outbox::table
        .filter(sql::<Bool>("state = 'waiting'").and(outbox::due_at.le(now)))
        .order((outbox::due_at, outbox::id))
        .limit(limit)
        .select(outbox::id);
    let ids: Vec<i64> = match conn {
        DbConnection::Sqlite(c) => due.load(c)?,
        DbConnection::Postgres(c) => due.for_update().skip_locked().load(c)?,
    };
    let claimed = outbox::table.filter(outbox::id.eq_any(ids));
    diesel::update(claimed.clone())
        .set((
            outbox::state.eq(State::Claimed),
            outbox::attempts.eq(outbox::attempts + 1),
            outbox::due_at.eq(now.plus(lease)),
        ))
        .execute(conn)?;
    Ok(claimed.order(outbox::id).select(Mail::as_select()).load(conn)?)
}

/// Writes down what became of a claimed mail.
///
/// A refusal that is about us (our sender address, our policy standing: 5.7.x) is tried again like a 4xx: the
/// operator can mend it, and the person waits for the mail.
///
/// # Errors
/// Of the database.
pub fn settle(conn: &mut DbConnection, mail: &Mail, outcome: &Outcome, now: Moment) -> Result<State> {
    let (state, due_at) = match outcome {
        Outcome::Accepted(_) => (State::Sent, now),
        Outcome::Uncertain => (State::Uncertain, now),
        Outcome::Deferred { stage: Stage::Connect, .. } => later(mail, UNREACHABLE_WAIT, now),
        Outcome::Deferred { .. } => later(mail, back_off(mail.attempts), now),
        Outcome::Refused { stage, reply } if matches!(reply.blame(*stage), Blame::Sender | Blame::Policy) => {
            later(mail, back_off(mail.attempts), now)
        }
        Outcome::Refused { .. } => (State::Failed, now),
    };
    put(conn, mail.id, state, due_at)?;
    Ok(state)
}

/// Ends a claimed mail that has no reason any more (confirmed already, expired) or nobody to go to: the person is
/// erased or their data frozen, the address is bad.
///
/// # Errors
/// Of the database.
pub fn drop_moot(conn: &mut DbConnection, mail: &Mail, now: Moment) -> Result<()> {
    put(conn, mail.id, State::Failed, now)
}

/// Whether the refusal says that the address does not exist (B-04), so that it must not be used again.
pub fn address_is_bad(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused { stage, reply } if reply.blame(*stage) == Blame::Address)
}

/// A claim that ran out meanwhile may have been called uncertain; the answer is better knowledge.
fn put(conn: &mut DbConnection, id: i64, state: State, due_at: Moment) -> Result<()> {
    diesel::update(outbox::table.find(id))
        .filter(outbox::state.eq_any([State::Claimed, State::Uncertain]))
        .set((outbox::state.eq(state), outbox::due_at.eq(due_at)))
        .execute(conn)?;
    Ok(())
}

fn later(mail: &Mail, wait: Duration, now: Moment) -> (State, Moment) {
    let next = now.plus(wait);
    if next > mail.created_at.plus(GIVE_UP_AFTER) { (State::Failed, now) } else { (State::Waiting, next) }
}

/// Short at first, for greylisting; then in the steps of RFC 5321, section 4.5.4.1.
fn back_off(attempts: i32) -> Duration {
    let minutes = match attempts {
        ..=1 => 5,
        2 => 30,
        3 => 120,
        _ => 240,
    };
    Duration::from_secs(minutes * 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::HOUR;
    use crate::db::{Database, DatabaseUrl, Schema};
    use crate::domain::outbox::Kind::PreferencesLink;
    use crate::mail::transport::Reply;

    const LEASE: Duration = Duration::from_secs(10 * 60);
    const START: Moment = Moment::from_micros(1_800_000_000_000_000);

    /// The outbox names rows of others by number; here they need not exist.
    fn with_outbox(work: impl FnOnce(&mut DbConnection) -> Result<()>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outbox.db").display().to_string();
        let db = Database::open(&DatabaseUrl::Sqlite(path), Schema::Migrate).unwrap();
        db.write_here(|conn| {
            diesel::sql_query("PRAGMA defer_foreign_keys = ON").execute(conn)?;
            work(conn)?;
            diesel::delete(outbox::table).execute(conn)?;
            Ok(())
        })
        .unwrap();
    }

    fn one(conn: &mut DbConnection, now: Moment) -> Mail {
        let mut due = claim_due(conn, 10, LEASE, now).unwrap();
        assert_eq!(due.len(), 1);
        due.remove(0)
    }

    fn deferred(stage: Stage) -> Outcome {
        Outcome::Deferred { stage, reply: Some(Reply::new(451, Some((4, 7, 1)))) }
    }

    #[test]
    fn a_mail_is_claimed_once_and_counted_whatever_becomes_of_it() {
        with_outbox(|conn| {
            enqueue(conn, PreferencesLink, (1, 2), About::Person, START)?;
            let mail = one(conn, START);
            assert_eq!((mail.brand_id, mail.subscriber_id, mail.attempts), (1, 2, 1));
            assert!(claim_due(conn, 10, LEASE, START)?.is_empty());
            let accepted = Outcome::Accepted(Reply::new(250, None));
            assert_eq!(settle(conn, &mail, &accepted, START)?, State::Sent);
            assert!(claim_due(conn, 10, LEASE, START.plus(24 * HOUR))?.is_empty());
            assert_eq!(count_since(conn, 2, 1, PreferencesLink, START.minus(HOUR))?, 1);
            assert_eq!(count_since(conn, 2, 1, PreferencesLink, START)?, 0);
            assert_eq!(count_since(conn, 2, 1, Kind::DataLink, START.minus(HOUR))?, 0);
            let written = written_since(conn, 2, PreferencesLink, START.minus(HOUR))?;
            assert_eq!(written.len(), 1);
            assert_eq!((written[0].state, written[0].due_at), (State::Sent, START));
            assert!(written_since(conn, 2, PreferencesLink, START)?.is_empty());
            Ok(())
        });
    }

    #[test]
    fn a_deferred_mail_is_tried_later_and_later_and_given_up_after_five_days() {
        with_outbox(|conn| {
            enqueue(conn, PreferencesLink, (1, 2), About::Person, START)?;
            let mut now = START;
            for minutes in [5, 30, 120, 240, 240] {
                let mail = one(conn, now);
                assert_eq!(settle(conn, &mail, &deferred(Stage::Recipient), now)?, State::Waiting);
                let wait = Duration::from_secs(minutes * 60);
                assert!(claim_due(conn, 1, LEASE, now.plus(wait).minus(Duration::from_secs(1)))?.is_empty());
                now = now.plus(wait);
            }
            now = START.plus(GIVE_UP_AFTER);
            let mail = one(conn, now);
            assert_eq!(settle(conn, &mail, &deferred(Stage::Recipient), now)?, State::Failed);
            Ok(())
        });
    }

    #[test]
    fn what_is_our_fault_is_tried_again_and_a_plain_refusal_is_final() {
        with_outbox(|conn| {
            for (outcome, expected) in [
                (deferred(Stage::Connect), State::Waiting),
                (Outcome::Refused { stage: Stage::Sender, reply: Reply::new(550, None) }, State::Waiting),
                (
                    Outcome::Refused { stage: Stage::Content, reply: Reply::new(550, Some((5, 7, 1))) },
                    State::Waiting,
                ),
                (
                    Outcome::Refused { stage: Stage::Recipient, reply: Reply::new(550, Some((5, 1, 1))) },
                    State::Failed,
                ),
                (Outcome::Uncertain, State::Uncertain),
            ] {
                diesel::delete(outbox::table).execute(conn)?;
                enqueue(conn, PreferencesLink, (1, 2), About::Person, START)?;
                let mail = one(conn, START);
                assert_eq!(settle(conn, &mail, &outcome, START)?, expected, "{outcome:?}");
                assert_eq!(address_is_bad(&outcome), expected == State::Failed);
            }
            Ok(())
        });
    }

    #[test]
    fn a_claim_without_an_answer_becomes_uncertain_and_is_not_sent_again() {
        with_outbox(|conn| {
            enqueue(conn, PreferencesLink, (1, 2), About::Person, START)?;
            let mail = one(conn, START);
            assert!(claim_due(conn, 10, LEASE, START.plus(LEASE))?.is_empty());
            let state: State = outbox::table.select(outbox::state).first(conn)?;
            assert_eq!(state, State::Uncertain);
            settle(conn, &mail, &Outcome::Accepted(Reply::new(250, None)), START.plus(LEASE))?;
            let state: State = outbox::table.select(outbox::state).first(conn)?;
            assert_eq!(state, State::Sent);
            Ok(())
        });
    }
}
