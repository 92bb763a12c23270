//! Acts: what a person did on a page in one go. Each keeps how their answers about the brand stood before and after, so
//! that the page can say what changed and what did not, give a receipt, and undo it.

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::{act, brand_choice_entry, ledger as entries};
use crate::domain::catalog::{Brand, Channel, brand, topic};
use crate::domain::consent::lock;
use crate::domain::consent::permission::{Change, Kind as PermissionKind, State as PermissionState};
use crate::domain::preferences::named::Named;
use crate::domain::preferences::standing::standing;
use crate::domain::preferences::{Changes, Choice};
use crate::error::{Error, Result};
use crate::id::PublicId;
use crate::token::PreferencesLink;

pub use crate::domain::preferences::standing::{Against, Running, Standing};

word_enum! {
    /// What was done.
    #[schema(as = ActKind)]
    pub enum Kind {
        /// The choices were saved.
        Saved = "saved",
        /// Everything was stopped.
        Stopped = "stopped",
        /// The brand was asked to pause.
        Paused = "paused",
        /// A pause was ended.
        Resumed = "resumed",
        /// All marketing email was stopped, by the link of a letter.
        Unsubscribed = "unsubscribed",
        /// An earlier act was undone.
        Undone = "undone",
    }
}

/// An act as it is stored.
#[derive(Debug, Clone)]
pub struct Act {
    /// Row number.
    pub id: i64,
    /// Its identity outside: the number of the receipt.
    pub public_id: PublicId,
    /// The person.
    pub subscriber: i64,
    /// The brand.
    pub brand: i64,
    /// In which campaign's letter the link was.
    pub campaign: Option<i64>,
    /// What was done.
    pub kind: Kind,
    /// When.
    pub at: Moment,
    /// How things stood before.
    pub before: Standing,
    /// How they stood after.
    pub after: Standing,
    /// The row numbers of the ledger between which its entries are: above the first, up to the second.
    pub ledger: (i64, i64),
    /// The same of the choices about the brand.
    pub choices: (i64, i64),
    /// The act that it undid.
    pub undoes: Option<i64>,
    /// Whether a reason was counted for it.
    pub gave_reason: bool,
    /// What its receipt names, as it was called then; none for an old act.
    pub named: Option<Named>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = act)]
struct Row {
    id: i64,
    public_id: PublicId,
    subscriber_id: i64,
    brand_id: i64,
    campaign_id: Option<i64>,
    kind: Kind,
    at: Moment,
    before: String,
    after: String,
    ledger_after: i64,
    ledger_until: i64,
    choices_after: i64,
    choices_until: i64,
    undoes: Option<i64>,
    gave_reason: bool,
    named: Option<String>,
}

fn read(row: Row) -> Result<Act> {
    Ok(Act {
        id: row.id,
        public_id: row.public_id,
        subscriber: row.subscriber_id,
        brand: row.brand_id,
        campaign: row.campaign_id,
        kind: row.kind,
        at: row.at,
        before: serde_json::from_str(&row.before)?,
        after: serde_json::from_str(&row.after)?,
        ledger: (row.ledger_after, row.ledger_until),
        choices: (row.choices_after, row.choices_until),
        undoes: row.undoes,
        gave_reason: row.gave_reason,
        named: row.named.as_deref().map(serde_json::from_str).transpose()?,
    })
}

/// Does something for a person, and keeps it as one act if it changed anything.
///
/// # Errors
/// Of `work`; [`Error::NotFound`] if the person was erased.
pub(super) fn perform<T>(
    conn: &mut DbConnection,
    link: PreferencesLink,
    (kind, undoes): (Kind, Option<i64>),
    now: Moment,
    work: impl FnOnce(&mut DbConnection) -> Result<T>,
) -> Result<(T, Option<Act>)> {
    lock(conn, link.subscriber)?;
    let before = standing(conn, link, now)?;
    let from = marks(conn, link)?;
    let outcome = work(conn)?;
    let after = standing(conn, link, now)?;
    let until = marks(conn, link)?;
    if from == until && before.locale == after.locale {
        return Ok((outcome, None));
    }
    let public_id = PublicId::new();
    let named = Named::of(conn, link, &after, (from.0, until.0))?;
    let id: i64 = diesel::insert_into(act::table)
        .values((
            act::public_id.eq(public_id),
            act::subscriber_id.eq(link.subscriber),
            act::brand_id.eq(link.brand),
            act::campaign_id.eq((link.campaign != 0).then_some(link.campaign)),
            act::kind.eq(kind),
            act::at.eq(now),
            act::before.eq(serde_json::to_string(&before)?),
            act::after.eq(serde_json::to_string(&after)?),
            act::ledger_after.eq(from.0),
            act::ledger_until.eq(until.0),
            act::choices_after.eq(from.1),
            act::choices_until.eq(until.1),
            act::undoes.eq(undoes),
            act::gave_reason.eq(false),
            act::named.eq(serde_json::to_string(&named)?),
        ))
        .returning(act::id)
        .get_result(conn)?;
    Ok((outcome, Some(get(conn, id)?)))
}

/// The last entries about the person and the brand: of the ledger, and of the choices about the brand.
pub(super) fn marks(conn: &mut DbConnection, link: PreferencesLink) -> Result<(i64, i64)> {
    let ledger: Option<i64> = entries::table
        .filter(entries::subscriber_id.eq(link.subscriber).and(entries::brand_id.eq(link.brand)))
        .select(diesel::dsl::max(entries::id))
        .first(conn)?;
    let choices: Option<i64> = brand_choice_entry::table
        .filter(brand_choice_entry::subscriber_id.eq(link.subscriber))
        .filter(brand_choice_entry::brand_id.eq(link.brand))
        .select(diesel::dsl::max(brand_choice_entry::id))
        .first(conn)?;
    Ok((ledger.unwrap_or(0), choices.unwrap_or(0)))
}

impl Act {
    /// Whom and what it is about.
    pub fn link(&self) -> PreferencesLink {
        PreferencesLink {
            brand: self.brand,
            subscriber: self.subscriber,
            campaign: self.campaign.unwrap_or(0),
        }
    }

    /// Whether nothing was said about the person and the brand since.
    ///
    /// # Errors
    /// Of the database.
    pub fn is_last_word(&self, conn: &mut DbConnection) -> Result<bool> {
        Ok(marks(conn, self.link())? == self.until())
    }

    /// Up to where its entries are: of the ledger, and of the choices about the brand.
    pub(super) fn until(&self) -> (i64, i64) {
        (self.ledger.1, self.choices.1)
    }
}

/// The act of this row number.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(conn: &mut DbConnection, id: i64) -> Result<Act> {
    let row: Option<Row> = act::table.find(id).select(Row::as_select()).first(conn).optional()?;
    read(row.ok_or(Error::NotFound("act"))?)
}

/// The last act of a person about a brand, if it came after a moment.
///
/// # Errors
/// Of the database.
pub fn last_since(conn: &mut DbConnection, link: PreferencesLink, after: Moment) -> Result<Option<Act>> {
    let row: Option<Row> = act::table
        .filter(act::subscriber_id.eq(link.subscriber).and(act::brand_id.eq(link.brand)))
        .filter(act::at.ge(after))
        .order(act::id.desc())
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(read).transpose()
}

/// What the person did about the brand after an act, oldest first.
///
/// # Errors
/// Of the database.
pub(super) fn later(conn: &mut DbConnection, act: &Act) -> Result<Vec<Act>> {
    let rows: Vec<Row> = act::table
        .filter(act::subscriber_id.eq(act.subscriber).and(act::brand_id.eq(act.brand)))
        .filter(act::id.gt(act.id))
        .order(act::id)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(read).collect()
}

/// Everything that a person did, oldest first.
///
/// # Errors
/// Of the database.
pub fn of_person(conn: &mut DbConnection, person: i64) -> Result<Vec<Act>> {
    let all = act::table.filter(act::subscriber_id.eq(person)).order(act::id);
    let rows: Vec<Row> = all.select(Row::as_select()).load(conn)?;
    rows.into_iter().map(read).collect()
}

/// The act that undid this one, if one did.
///
/// # Errors
/// Of the database.
pub fn undone_by(conn: &mut DbConnection, id: i64) -> Result<Option<i64>> {
    Ok(act::table.filter(act::undoes.eq(id)).select(act::id).first(conn).optional()?)
}

/// Notes that a reason was counted for an act. Returns whether none was before.
pub(super) fn note_reason(conn: &mut DbConnection, id: i64) -> Result<bool> {
    let fresh = act::table.find(id).filter(act::gave_reason.eq(false));
    Ok(diesel::update(fresh).set(act::gave_reason.eq(true)).execute(conn)? == 1)
}

/// What an act changed, and what it left as it was, in the order of the page.
///
/// # Errors
/// Of the database.
pub fn changes(conn: &mut DbConnection, act: &Act) -> Result<Changes> {
    let mut changes = Changes::default();
    for topic in topic::of_brand(conn, act.brand)? {
        for channel in Channel::ALL.iter().copied() {
            let was = act.before.grants(topic.id, channel);
            let list = match (was, act.after.grants(topic.id, channel)) {
                (false, true) => &mut changes.granted,
                (true, false) => &mut changes.withdrawn,
                (true, true) => &mut changes.continues,
                (false, false) => continue,
            };
            list.push(Choice { topic: topic.name.clone(), kind: topic.kind, channel });
        }
    }
    for kind in PermissionKind::ALL.iter().copied() {
        let change = match (act.before.permission(kind), act.after.permission(kind)) {
            (before, after) if before == after => continue,
            (Some(PermissionState::Granted), _) => Change::Withdrawn,
            (_, Some(PermissionState::Granted)) => Change::Granted,
            _ => Change::Refused,
        };
        changes.permissions.push((kind, change));
    }
    Ok(changes)
}

/// The brand of an act, with the words in force now.
///
/// # Errors
/// [`Error::NotFound`].
pub fn brand_of(conn: &mut DbConnection, act: &Act) -> Result<Brand> {
    brand::get(conn, act.brand)
}

/// Deletes the acts of a person, for their erasure.
///
/// # Errors
/// Of the database.
pub fn forget(conn: &mut DbConnection, person: i64) -> Result<()> {
    diesel::update(act::table.filter(act::subscriber_id.eq(person)))
        .set(act::undoes.eq(None::<i64>))
        .execute(conn)?;
    diesel::delete(act::table.filter(act::subscriber_id.eq(person))).execute(conn)?;
    Ok(())
}
