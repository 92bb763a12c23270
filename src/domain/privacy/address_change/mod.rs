//! Change of address: typed on the page of a person's data, done by the button behind a link that is mailed to the new
//! address. So whoever does it has shown that both are theirs.
//!
//! The form only leaves a row; a job looks at whose address it is, so neither the answer nor its time tells (SEC-05). An
//! address that somebody has already is never merged: its owner is told how they can get there themselves. With the
//! person go their consents, with the button as evidence, and what forbids to write to them: nobody gets rid of a
//! suppression by another address, and none of the new address is lifted.

mod press;

use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::clock::{DAY, HOUR, Moment};
use crate::db::DbConnection;
use crate::db::schema::address_change as change;
use crate::domain::audience::{Subscriber, subscriber};
use crate::domain::catalog::Channel;
use crate::domain::consent::suppression::{self, Reason};
use crate::domain::consent::{lock, suppression::Suppression};
use crate::domain::intake::request;
use crate::domain::outbox::{self, About, Kind};
use crate::email_address::EmailAddress;
use crate::error::{Error, Problem, Result};
use crate::i18n::{Lang, Message};
use crate::token::Keys;

pub use press::{Looked, Standing, look, press, wording};

/// For how many hours the link to a new address works.
pub const VALID_HOURS: u32 = 24;

const VALID: Duration = HOUR.saturating_mul(VALID_HOURS);

/// A person can ask for so many changes in a day; and one address is mailed about one wish in a day only once.
const CHANGES_MAX: i64 = 3;

/// The old address is kept for its notice, which is tried for as long.
pub(super) const OLD_KEPT: Duration = outbox::GIVE_UP_AFTER;

word_enum! {
    /// What became of a wish.
    #[schema(as = AddressChangeState)]
    pub enum State {
        /// Nobody has looked at it yet.
        Asked = "asked",
        /// The link was mailed, or nothing was because it must not be.
        Mailed = "mailed",
        /// A later wish took its place, or the person is gone.
        Void = "void",
        /// The button was pressed.
        Done = "done",
    }
}

/// A wish as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = change)]
pub struct AddressChange {
    /// Row number.
    pub id: i64,
    /// The person.
    pub subscriber_id: i64,
    /// The brand on whose page it was typed.
    pub brand_id: i64,
    /// What became of it.
    pub state: State,
    /// The new address, until it is used or the link is too old.
    pub new_email: Option<EmailAddress>,
    /// The old address, once it is replaced and until its notice has left.
    pub old_email: Option<EmailAddress>,
    /// The language in which it was typed.
    pub language: Option<String>,
    /// When it was typed.
    pub asked_at: Moment,
    /// Until when the link works.
    pub expires_at: Moment,
    /// When the button was pressed.
    pub done_at: Option<Moment>,
    /// The keyed hash of the new address, once the link was mailed there and for as long as it works.
    pub mailed_hash: Option<Vec<u8>>,
}

impl AddressChange {
    /// The language in which it was typed, where we speak it.
    pub fn lang(&self) -> Option<Lang> {
        self.language.as_deref().and_then(Lang::read)
    }

    /// Whether its link can work again for a later wish: the same person's, and given up only for another one.
    fn is_open_again_for(&self, later: &Self) -> bool {
        self.subscriber_id == later.subscriber_id && self.state == State::Void
    }
}

/// Leaves the wish, whoever has the address; the same one again within a day, or too many, leave nothing.
///
/// # Errors
/// [`Error::NotFound`] if the person was erased.
pub fn leave(
    conn: &mut DbConnection,
    (brand, person): (i64, i64),
    new: &EmailAddress,
    lang: Lang,
    now: Moment,
) -> Result<()> {
    lock(conn, person)?;
    if subscriber::get(conn, person)?.erased_at.is_some() {
        return Err(Error::NotFound("subscriber"));
    }
    let recent: Vec<AddressChange> = change::table
        .filter(change::subscriber_id.eq(person).and(change::asked_at.gt(now.minus(DAY))))
        .select(AddressChange::as_select())
        .load(conn)?;
    let same = |row: &AddressChange| {
        row.new_email.as_ref() == Some(new) && matches!(row.state, State::Asked | State::Mailed)
    };
    if recent.iter().any(same) || recent.len() as i64 >= CHANGES_MAX {
        return Ok(());
    }
    // Of two links only the newer one works: the older address may have been a slip of the pen.
    void(conn, person)?;
    diesel::insert_into(change::table)
        .values((
            change::subscriber_id.eq(person),
            change::brand_id.eq(brand),
            change::state.eq(State::Asked),
            change::new_email.eq(Some(new)),
            change::language.eq(Some(lang.tag())),
            change::asked_at.eq(now),
            change::expires_at.eq(now.plus(VALID)),
        ))
        .execute(conn)?;
    Ok(())
}

fn void(conn: &mut DbConnection, person: i64) -> Result<()> {
    let open = change::state.eq_any([State::Asked, State::Mailed]);
    diesel::update(change::table.filter(change::subscriber_id.eq(person).and(open)))
        .set((change::state.eq(State::Void), change::new_email.eq(None::<EmailAddress>)))
        .execute(conn)?;
    Ok(())
}

/// Row numbers of the wishes that nobody has looked at yet, at most `limit`.
///
/// # Errors
/// Of the database.
pub fn waiting(conn: &mut DbConnection, after: i64, limit: i64) -> Result<Vec<i64>> {
    // The state is written out where a partial index is to be used.
    let asked = change::table.filter(sql::<Bool>("state = 'asked'").and(change::id.gt(after)));
    Ok(asked.order(change::id).limit(limit).select(change::id).load(conn)?)
}

/// Looks at whose address it is, and writes the mail to it. Returns whether there was anything to do.
///
/// # Errors
/// Of the database; the wish is kept then.
pub fn work(conn: &mut DbConnection, keys: &Keys, id: i64, now: Moment) -> Result<bool> {
    let wish = get(conn, id)?;
    lock(conn, wish.subscriber_id)?;
    let wish = get(conn, id)?;
    let (State::Asked, Some(new)) = (wish.state, &wish.new_email) else { return Ok(false) };
    match subscriber::find_by_email(conn, new)? {
        _ if is_barred(conn, keys, new)? => {}
        // Their own address, or its owner is told how to get there; nothing of it is done for them.
        Some(owner) if owner.id != wish.subscriber_id => {
            request::mail_link(conn, Kind::AddressTaken, wish.brand_id, owner.id, now)?;
        }
        Some(_) => {}
        None => match mailed_lately(conn, &new.keyed_hash(keys), now)? {
            None => mail(conn, keys, &wish, new, now)?,
            Some(earlier) if earlier.is_open_again_for(&wish) => {
                return reopen(conn, &earlier, &wish).map(|()| true);
            }
            Some(_) => {}
        },
    }
    diesel::update(change::table.find(id)).set(change::state.eq(State::Mailed)).execute(conn)?;
    Ok(true)
}

/// Mails the link to the new address, and remembers for a day that this one was mailed.
fn mail(
    conn: &mut DbConnection,
    keys: &Keys,
    wish: &AddressChange,
    new: &EmailAddress,
    now: Moment,
) -> Result<()> {
    let to = (wish.brand_id, wish.subscriber_id);
    outbox::enqueue(conn, Kind::AddressChange, to, About::AddressChange(wish.id), now)?;
    let mailed = change::mailed_hash.eq(Some(new.keyed_hash(keys)));
    diesel::update(change::table.find(wish.id)).set(mailed).execute(conn)?;
    Ok(())
}

/// Whoever comes back to an address that they asked for before another has its link already: that one works again, and the
/// later wish is none.
fn reopen(conn: &mut DbConnection, earlier: &AddressChange, wish: &AddressChange) -> Result<()> {
    let again = (change::state.eq(State::Mailed), change::new_email.eq(wish.new_email.as_ref()));
    diesel::update(change::table.find(earlier.id)).set(again).execute(conn)?;
    let none = (change::state.eq(State::Void), change::new_email.eq(None::<EmailAddress>));
    diesel::update(change::table.find(wish.id)).set(none).execute(conn)?;
    Ok(())
}

/// A child's address, and one whose owner complained, get nothing of ours.
fn is_barred(conn: &mut DbConnection, keys: &Keys, new: &EmailAddress) -> Result<bool> {
    let found = suppressions(conn, keys, new)?;
    Ok(found.iter().any(|found| matches!(found.reason, Reason::Under13 | Reason::Complaint)))
}

/// The wish about which an address was mailed within a day, whatever became of it: nobody's inbox is flooded by forms.
fn mailed_lately(conn: &mut DbConnection, hash: &[u8], now: Moment) -> Result<Option<AddressChange>> {
    let mailed = change::mailed_hash.eq(Some(hash)).and(change::mailed_hash.is_not_null());
    Ok(change::table
        .filter(mailed.and(change::asked_at.gt(now.minus(DAY))))
        .order(change::id.desc())
        .select(AddressChange::as_select())
        .first(conn)
        .optional()?)
}

fn suppressions(conn: &mut DbConnection, keys: &Keys, address: &EmailAddress) -> Result<Vec<Suppression>> {
    suppression::of_address(conn, &address.keyed_hash(keys), Channel::Email)
}

/// The wish of this row number.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(conn: &mut DbConnection, id: i64) -> Result<AddressChange> {
    let found = change::table.find(id).select(AddressChange::as_select()).first(conn).optional()?;
    found.ok_or(Error::NotFound("address change"))
}

/// The wishes of a person, oldest first.
///
/// # Errors
/// Of the database.
pub fn of_person(conn: &mut DbConnection, person: i64) -> Result<Vec<AddressChange>> {
    let all = change::table.filter(change::subscriber_id.eq(person)).order(change::id);
    Ok(all.select(AddressChange::as_select()).load(conn)?)
}

/// When a person last began to use another address; a link that was mailed to the one before shows them nothing.
///
/// # Errors
/// Of the database.
pub fn last_done(conn: &mut DbConnection, person: i64) -> Result<Option<Moment>> {
    let last: Option<Option<Moment>> = change::table
        .filter(change::subscriber_id.eq(person).and(change::state.eq(State::Done)))
        .order(change::id.desc())
        .select(change::done_at)
        .first(conn)
        .optional()?;
    Ok(last.flatten())
}

/// Forgets addresses that are of no use any more: of links that are too old, and of notices that have left.
///
/// # Errors
/// Of the database.
pub fn forget(conn: &mut DbConnection, now: Moment) -> Result<()> {
    let wished = change::new_email.is_not_null().or(change::mailed_hash.is_not_null());
    let late = change::table.filter(change::expires_at.lt(now).and(wished));
    let nothing = (change::new_email.eq(None::<EmailAddress>), change::mailed_hash.eq(None::<Vec<u8>>));
    diesel::update(late).set(nothing).execute(conn)?;
    let told =
        change::table.filter(change::expires_at.lt(now.minus(OLD_KEPT)).and(change::old_email.is_not_null()));
    diesel::update(told).set(change::old_email.eq(None::<EmailAddress>)).execute(conn)?;
    Ok(())
}

/// Whether [`forget`] would find anything.
///
/// # Errors
/// Of the database.
pub fn any_to_forget(conn: &mut DbConnection, now: Moment) -> Result<bool> {
    let wished = change::new_email.is_not_null().or(change::mailed_hash.is_not_null());
    let late = change::expires_at.lt(now).and(wished);
    let told = change::expires_at.lt(now.minus(OLD_KEPT)).and(change::old_email.is_not_null());
    Ok(diesel::select(diesel::dsl::exists(change::table.filter(late.or(told)))).get_result(conn)?)
}

/// Empties the wishes of a person, for their erasure. That an address was mailed today stays known for the day, as a hash.
///
/// # Errors
/// Of the database.
pub fn forget_person(conn: &mut DbConnection, person: i64) -> Result<()> {
    let nobody = None::<EmailAddress>;
    diesel::update(change::table.filter(change::subscriber_id.eq(person)))
        .set((
            change::state.eq(State::Void),
            change::new_email.eq(nobody.clone()),
            change::old_email.eq(nobody),
        ))
        .execute(conn)?;
    Ok(())
}

/// Checks what was typed as the new address.
///
/// # Errors
/// What is wrong with it, as a problem of the field `new_email`.
pub fn read(typed: &str, person: &Subscriber) -> Result<EmailAddress, Problem> {
    let new =
        EmailAddress::parse(typed).map_err(|problem| Problem { field: "new_email".to_owned(), ..problem })?;
    if person.email.as_ref() == Some(&new) {
        return Err(Problem::said("new_email", Message::new("problem-address-same")));
    }
    Ok(new)
}
