//! Opt-ins: the present answer for one person, topic and channel. No row means never asked.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::clock::{HOUR, Moment};
use crate::db::schema::{ledger as entries, opt_in};
use crate::db::{DbConnection, among};
use crate::domain::audience::source;
use crate::domain::catalog::{Channel, Topic, brand};
use crate::domain::consent::ledger::{self, Decision, Matter, Statement};
use crate::error::{Error, Result};

word_enum! {
    /// The present answer, where there is one.
    #[schema(as = OptInState)]
    pub enum State {
        /// Asked for; the address is not confirmed yet.
        Pending = "pending",
        /// Agreed.
        Granted = "granted",
        /// Ended.
        Withdrawn = "withdrawn",
    }
}

word_enum! {
    /// The lawful basis of an opt-in.
    pub enum Basis {
        /// Consent (GDPR Art. 6(1)(a)).
        Consent = "consent",
        /// The soft opt-in of existing customers (PECR reg. 22(3)); never for a third party's data (L-07).
        SoftOptIn = "soft_opt_in",
    }
}

/// An opt-in as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = opt_in)]
pub struct OptIn {
    /// The person.
    pub subscriber_id: i64,
    /// The topic.
    pub topic_id: i64,
    /// The channel.
    pub channel: Channel,
    /// The topic's brand.
    pub brand_id: i64,
    /// The present answer.
    pub state: State,
    /// Its lawful basis.
    pub basis: Basis,
    /// Since when it is the answer.
    pub changed_at: Moment,
    /// Until when it holds.
    pub expires_at: Option<Moment>,
    /// The ledger entry behind it.
    pub ledger_id: i64,
    /// The source that it came with; none if it is the person's own act on a form or page.
    pub source_id: Option<i64>,
    /// When it came in from that source, which for a file is later than the consent in it.
    pub obtained_at: Option<Moment>,
}

/// Why an agreement no longer holds although nobody ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lapse {
    /// It was given until a moment that has passed.
    Expired,
    /// The brand has to ask again for what was agreed to before a moment.
    NeedsRefresh,
}

/// Whether what was agreed to at `since`, perhaps only `until` a moment, has lapsed by now. `refresh_before` is the
/// brand's: consents given before it have to be asked for again, once it has come.
pub fn lapse(
    since: Moment,
    until: Option<Moment>,
    refresh_before: Option<Moment>,
    now: Moment,
) -> Option<Lapse> {
    if until.is_some_and(|until| now >= until) {
        return Some(Lapse::Expired);
    }
    refresh_before.is_some_and(|before| since < before && now >= before).then_some(Lapse::NeedsRefresh)
}

impl OptIn {
    /// Whether it is granted and has not lapsed.
    pub fn holds(&self, refresh_before: Option<Moment>, now: Moment) -> bool {
        self.state == State::Granted && lapse(self.changed_at, self.expires_at, refresh_before, now).is_none()
    }
}

/// What to set an opt-in to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Waiting for the confirmation of the address.
    Pending,
    /// Agreed, on this basis, perhaps only until a moment.
    Granted(Basis, Option<Moment>),
    /// Ended.
    Withdrawn,
}

/// Sets one opt-in and writes the ledger entry. Returns whether anything was written: the same answer again
/// and asking for what is granted change nothing and write nothing; asking again after another screen does. What has
/// lapsed is granted or asked for anew, and a grant on another basis or until another moment is another answer.
///
/// A person's own grant takes the place of one that came with a source, never the other way round. Whoever asks for
/// what a supplier's file has granted is asked to confirm it, and the grant stays as it is until they do.
///
/// # Errors
/// Of the database.
pub fn set(
    conn: &mut DbConnection,
    statement: &Statement<'_>,
    topic: i64,
    channel: Channel,
    answer: Answer,
) -> Result<bool> {
    let present = find(conn, statement.subscriber, topic, channel)?;
    let (state, decision, basis, expires_at) = match answer {
        Answer::Pending => (State::Pending, Decision::Requested, Basis::Consent, None),
        Answer::Granted(basis, until) => (State::Granted, Decision::Granted, basis, until),
        Answer::Withdrawn => {
            let basis = present.as_ref().map_or(Basis::Consent, |opt_in| opt_in.basis);
            (State::Withdrawn, Decision::Withdrawn, basis, None)
        }
    };
    // Whether what was granted or asked for before counts still.
    let counting = match present.as_ref() {
        Some(before) if before.state != State::Withdrawn => {
            let refresh_before = brand::get(conn, statement.brand)?.refresh_consents_before;
            lapse(before.changed_at, before.expires_at, refresh_before, statement.at).is_none()
        }
        _ => false,
    };
    let holding = counting && present.as_ref().is_some_and(|before| before.state == State::Granted);
    if let Some(before) = &present
        && is_known(conn, statement, (before, counting), answer)?
    {
        return Ok(false);
    }
    let entry = ledger::record(conn, statement, Matter::Topic(topic, channel), decision, Some(basis))?;
    if holding && state == State::Pending {
        return Ok(true);
    }
    let row = (
        opt_in::subscriber_id.eq(statement.subscriber),
        opt_in::topic_id.eq(topic),
        opt_in::channel.eq(channel),
        opt_in::brand_id.eq(statement.brand),
        opt_in::state.eq(state),
        opt_in::basis.eq(basis),
        opt_in::changed_at.eq(statement.at),
        opt_in::expires_at.eq(expires_at),
        opt_in::ledger_id.eq(entry),
        opt_in::source_id.eq(statement.source),
        opt_in::obtained_at.eq(statement.source.map(|_| statement.at)),
    );
    on_backend!(conn, |c| diesel::insert_into(opt_in::table)
        .values(row)
        .on_conflict((opt_in::subscriber_id, opt_in::topic_id, opt_in::channel))
        .do_update()
        .set((
            opt_in::state.eq(excluded(opt_in::state)),
            opt_in::basis.eq(excluded(opt_in::basis)),
            opt_in::changed_at.eq(excluded(opt_in::changed_at)),
            opt_in::expires_at.eq(excluded(opt_in::expires_at)),
            opt_in::ledger_id.eq(excluded(opt_in::ledger_id)),
            opt_in::source_id.eq(excluded(opt_in::source_id)),
            opt_in::obtained_at.eq(excluded(opt_in::obtained_at)),
        ))
        .execute(c))?;
    Ok(true)
}

/// Whether an answer says nothing that the one before, which may still be counting, did not.
fn is_known(
    conn: &mut DbConnection,
    statement: &Statement<'_>,
    (before, counting): (&OptIn, bool),
    answer: Answer,
) -> Result<bool> {
    let holding = counting && before.state == State::Granted;
    Ok(match answer {
        Answer::Pending if before.state == State::Pending => counting && !asks_anew(conn, statement, before)?,
        Answer::Pending => holding && !asks_for_a_suppliers(conn, statement, before)?,
        Answer::Granted(basis, until) => {
            let becomes_own_act = statement.source.is_none() && before.source_id.is_some();
            holding && before.basis == basis && before.expires_at == until && !becomes_own_act
        }
        Answer::Withdrawn => before.state == State::Withdrawn,
    })
}

/// When a person last ended this at a brand: the topic, all that comes by the channel, or everything.
///
/// # Errors
/// Of the database.
pub fn last_end(
    conn: &mut DbConnection,
    (person, brand): (i64, i64),
    (topic, channel): (i64, Channel),
) -> Result<Option<Moment>> {
    Ok(entries::table
        .filter(entries::subscriber_id.eq(person).and(entries::brand_id.eq(brand)))
        .filter(entries::decision.eq(Decision::Withdrawn).and(entries::permission.is_null()))
        .filter(entries::topic_id.is_null().or(entries::topic_id.eq(topic)))
        .filter(entries::channel.is_null().or(entries::channel.eq(channel)))
        .order(entries::at.desc())
        .select(entries::at)
        .first(conn)
        .optional()?)
}

/// Notes when an answer came in from its source, where that is another moment than that of the answer.
///
/// # Errors
/// Of the database.
pub fn set_obtained(
    conn: &mut DbConnection,
    person: i64,
    topic: i64,
    channel: Channel,
    obtained_at: Moment,
) -> Result<()> {
    diesel::update(opt_in::table.find((person, topic, channel)).filter(opt_in::source_id.is_not_null()))
        .set(opt_in::obtained_at.eq(obtained_at))
        .execute(conn)?;
    Ok(())
}

/// Notes that a letter told these people of a source, for all answers that came from it. To be called with the people
/// held.
///
/// # Errors
/// Of the database.
pub fn set_informed(conn: &mut DbConnection, people: &[i64], source: i64, now: Moment) -> Result<()> {
    diesel::update(opt_in::table)
        .filter(among(opt_in::subscriber_id, people).and(opt_in::source_id.eq(source)))
        .set(opt_in::informed_at.eq(now))
        .execute(conn)?;
    Ok(())
}

/// Whether this asks, for the first time, for what so far only a supplier's word grants.
fn asks_for_a_suppliers(conn: &mut DbConnection, statement: &Statement<'_>, before: &OptIn) -> Result<bool> {
    let (None, Some(from)) = (statement.source, before.source_id) else { return Ok(false) };
    let supplied = source::get(conn, from)?.kind == source::Kind::Supplier;
    Ok(supplied && asked_since(conn, before)?.is_none())
}

/// The ledger entry in which the person asked for what is granted already, if they did since it was.
///
/// # Errors
/// Of the database.
pub fn asked_since(conn: &mut DbConnection, granted: &OptIn) -> Result<Option<i64>> {
    let last: Option<i64> = entries::table
        .filter(entries::subscriber_id.eq(granted.subscriber_id).and(entries::id.gt(granted.ledger_id)))
        .filter(entries::topic_id.eq(granted.topic_id).and(entries::channel.eq(granted.channel)))
        .filter(entries::decision.eq(Decision::Requested))
        .select(diesel::dsl::max(entries::id))
        .first(conn)?;
    Ok(last)
}

/// How far a stop reaches within a brand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All marketing by one channel.
    Channel(Channel),
    /// All marketing by all channels.
    Everything,
}

/// A stop that is said again within so short a time is the same one, as when a mail program tries again (M-05). Said
/// again later it is written down with its date: no file may grant what was agreed to in between.
pub const REPEAT_WITHIN: Duration = HOUR;

/// Ends all opt-ins of the brand within the scope, with one ledger entry that says the scope. Returns how many
/// ended. A repeat ends none, and writes nothing within [`REPEAT_WITHIN`]; a first stop is written down even if nothing
/// was running.
///
/// # Errors
/// Of the database.
pub fn withdraw_all(conn: &mut DbConnection, statement: &Statement<'_>, scope: Scope) -> Result<usize> {
    let (matter, channels) = match &scope {
        Scope::Channel(channel) => (Matter::Brand(*channel), std::slice::from_ref(channel)),
        Scope::Everything => (Matter::WholeBrand, Channel::ALL),
    };
    let running = opt_in::table
        .filter(opt_in::subscriber_id.eq(statement.subscriber))
        .filter(opt_in::brand_id.eq(statement.brand))
        .filter(opt_in::channel.eq_any(channels.to_vec()))
        .filter(opt_in::state.ne(State::Withdrawn));
    let count: i64 = running.clone().count().get_result(conn)?;
    if count == 0 {
        // Nothing runs, and the wish counts all the same: no older file may grant anything behind it.
        if !stopped_just_now(conn, (statement.subscriber, statement.brand), scope, statement.at)? {
            ledger::record(conn, statement, matter, Decision::Withdrawn, None)?;
        }
        return Ok(0);
    }
    let entry = ledger::record(conn, statement, matter, Decision::Withdrawn, None)?;
    Ok(diesel::update(running)
        .set((
            opt_in::state.eq(State::Withdrawn),
            opt_in::changed_at.eq(statement.at),
            opt_in::expires_at.eq(None::<Moment>),
            opt_in::ledger_id.eq(entry),
        ))
        .execute(conn)?)
}

/// Whether the ledger says already that all of this ended a short while ago, after whatever the person last agreed to
/// or asked for.
///
/// # Errors
/// Of the database.
pub fn stopped_just_now(
    conn: &mut DbConnection,
    (person, brand): (i64, i64),
    scope: Scope,
    now: Moment,
) -> Result<bool> {
    let of_brand = entries::table
        .filter(entries::subscriber_id.eq(person).and(entries::brand_id.eq(brand)))
        .filter(entries::permission.is_null());
    let last_yes: Option<i64> = of_brand
        .filter(entries::decision.eq_any([Decision::Granted, Decision::Requested]))
        .select(diesel::dsl::max(entries::id))
        .first(conn)?;
    let stops: Vec<Option<Channel>> = of_brand
        .filter(entries::topic_id.is_null().and(entries::decision.eq(Decision::Withdrawn)))
        .filter(entries::id.gt(last_yes.unwrap_or(0)).and(entries::at.ge(now.minus(REPEAT_WITHIN))))
        .select(entries::channel)
        .load(conn)?;
    Ok(stops.iter().any(|stopped| match (stopped, scope) {
        (None, _) => true,
        (Some(stopped), Scope::Channel(channel)) => *stopped == channel,
        (Some(_), Scope::Everything) => false,
    }))
}

/// Whether the same is asked for again after another screen was shown.
fn asks_anew(conn: &mut DbConnection, statement: &Statement<'_>, before: &OptIn) -> Result<bool> {
    let shown: i64 = entries::table.find(before.ledger_id).select(entries::evidence_id).first(conn)?;
    Ok(shown != statement.evidence)
}

/// The opt-in of one person, topic and channel, unless never asked.
///
/// # Errors
/// Of the database.
pub fn find(conn: &mut DbConnection, person: i64, topic: i64, channel: Channel) -> Result<Option<OptIn>> {
    Ok(opt_in::table.find((person, topic, channel)).select(OptIn::as_select()).first(conn).optional()?)
}

/// The brands at which, by these opt-ins, something comes in this way or waits to: their row numbers.
pub fn brands_of(opt_ins: &[OptIn], channel: Channel) -> BTreeSet<i64> {
    let running = opt_ins.iter().filter(|found| found.channel == channel && found.state != State::Withdrawn);
    running.map(|found| found.brand_id).collect()
}

/// Whether a topic may become sensitive: only while nobody has agreed to it or is asked to confirm that they do, because
/// they were not told so, and such a topic has a consent of its own (L-15).
///
/// # Errors
/// [`Error::Conflict`], saying what to do instead. Of the database.
pub fn may_become_sensitive(conn: &mut DbConnection, topic: &Topic) -> Result<()> {
    let running = opt_in::state.eq_any([State::Pending, State::Granted]);
    let found: Option<i64> = opt_in::table
        .filter(opt_in::topic_id.eq(topic.id).and(running))
        .select(opt_in::topic_id)
        .first(conn)
        .optional()?;
    if topic.sensitive || found.is_none() {
        return Ok(());
    }
    Err(Error::conflict(
        "People have agreed to this topic without reading that it is sensitive; make a new topic that is, and ask them",
    ))
}

/// All opt-ins of one person.
///
/// # Errors
/// Of the database.
pub fn of_subscriber(conn: &mut DbConnection, person: i64) -> Result<Vec<OptIn>> {
    Ok(opt_in::table.filter(opt_in::subscriber_id.eq(person)).select(OptIn::as_select()).load(conn)?)
}
