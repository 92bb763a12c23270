//! Suppressions: "never this address". Kept as a keyed hash, so that it survives erasure (L-34); no import undoes it.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use crate::clock::Moment;
use crate::db::schema::{subscriber, suppression, suppression_exception as exception};
use crate::db::{DbConnection, among};
use crate::domain::audience::Subscriber;
use crate::domain::audience::phone::normal_phone;
use crate::domain::catalog::Channel;
use crate::email_address::EmailAddress;
use crate::error::{Error, Result};
use crate::id::PublicId;
use crate::secret::hex;
use crate::token::Keys;

word_enum! {
    /// Why an address must not be used.
    #[schema(as = SuppressionReason)]
    pub enum Reason {
        /// The person objected to direct marketing (GDPR Art. 21).
        Objection = "objection",
        /// The person reported a letter as abuse.
        Complaint = "complaint",
        /// The address does not exist.
        HardBounce = "hard_bounce",
        /// The person's data was erased at their request.
        Erasure = "erasure",
        /// The person is a child (L-14).
        Under13 = "under_13",
    }
}

/// A suppression as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = suppression)]
pub struct Suppression {
    /// Row number.
    pub id: i64,
    /// Its identity outside.
    pub public_id: PublicId,
    /// Keyed hash of the address.
    pub address_hash: Vec<u8>,
    /// Which kind of address.
    pub channel: Channel,
    /// For one brand only; otherwise for all, but for [`exceptions`].
    pub brand_id: Option<i64>,
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub created_at: Moment,
}

/// The keyed hash of an address as a person or a file writes it.
///
/// # Errors
/// [`Error::Invalid`] if it is no such address.
pub fn hash(keys: &Keys, channel: Channel, address: &str) -> Result<Vec<u8>> {
    let refuse = |detail: &str| Error::invalid("address", detail);
    let normal = match channel {
        Channel::Email => {
            EmailAddress::parse(address).map_err(|problem| refuse(&problem.detail))?.as_str().to_owned()
        }
        Channel::Phone => normal_phone(address)
            .ok_or_else(|| refuse("Enter a phone number in international form, such as +44 118 496 0000"))?,
        Channel::Post => {
            let words = address.to_lowercase();
            let words: Vec<&str> =
                words.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
            if words.is_empty() {
                return Err(refuse("Enter the postal address"));
            }
            words.join(" ")
        }
    };
    Ok(keys.address_hash(channel.as_str(), &normal))
}

/// The keyed hash of where a person is reached in this way; none where that is nowhere, or cannot be an address: then
/// nothing is sent to it, and it cannot come back as one.
pub fn hash_of(keys: &Keys, person: &Subscriber, channel: Channel) -> Option<Vec<u8>> {
    hash(keys, channel, person.address_by(channel)?).ok()
}

/// Suppresses an address; doing it again changes nothing, except that one for all brands holds for all of them again.
/// Returns the suppression.
///
/// # Errors
/// Of the database.
pub fn add(
    conn: &mut DbConnection,
    address_hash: &[u8],
    channel: Channel,
    brand: Option<i64>,
    reason: Reason,
    now: Moment,
) -> Result<Suppression> {
    let row = (
        suppression::public_id.eq(PublicId::new()),
        suppression::address_hash.eq(address_hash),
        suppression::channel.eq(channel),
        suppression::brand_id.eq(brand),
        suppression::reason.eq(reason),
        suppression::created_at.eq(now),
    );
    on_backend!(conn, |c| diesel::insert_into(suppression::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    let all = of_address(conn, address_hash, channel)?;
    let found = all
        .into_iter()
        .find(|s| s.brand_id == brand && s.reason == reason)
        .ok_or_else(|| Error::internal("a suppression vanished"))?;
    diesel::delete(exception::table.filter(exception::suppression_id.eq(found.id))).execute(conn)?;
    Ok(found)
}

/// Why a brand must not use the addresses of these people: as [`of_addresses`], with the hashes looked up.
///
/// # Errors
/// Of the database.
pub fn of_people(
    conn: &mut DbConnection,
    people: &[i64],
    channel: Channel,
    brand: i64,
) -> Result<Vec<(Vec<u8>, Reason)>> {
    let excepted = exception::table
        .filter(exception::suppression_id.eq(suppression::id).and(exception::brand_id.eq(brand)));
    let of_address = subscriber::email_hash.eq(suppression::address_hash.nullable());
    let query = subscriber::table
        .inner_join(suppression::table.on(of_address))
        .filter(among(subscriber::id, people))
        .filter(suppression::channel.eq(channel))
        .filter(suppression::brand_id.is_null().or(suppression::brand_id.eq(brand)))
        .filter(diesel::dsl::not(diesel::dsl::exists(excepted)))
        .select((suppression::address_hash, suppression::reason));
    Ok(on_backend!(conn, |c| query.load(c))?)
}

/// Why a brand must not use these addresses: each that is suppressed, once for each reason.
///
/// # Errors
/// Of the database.
pub fn of_addresses(
    conn: &mut DbConnection,
    hashes: Vec<Vec<u8>>,
    channel: Channel,
    brand: i64,
) -> Result<Vec<(Vec<u8>, Reason)>> {
    let excepted = exception::table
        .filter(exception::suppression_id.eq(suppression::id).and(exception::brand_id.eq(brand)));
    let of_brand = suppression::table
        .filter(suppression::channel.eq(channel))
        .filter(suppression::brand_id.is_null().or(suppression::brand_id.eq(brand)))
        .filter(diesel::dsl::not(diesel::dsl::exists(excepted)))
        .select((suppression::address_hash, suppression::reason));
    match conn {
        DbConnection::Sqlite(c) => {
            // A placeholder for each would be a new statement for each number of them.
            let listed = serde_json::to_string(&hashes.iter().map(|hash| hex(hash)).collect::<Vec<_>>())?;
            let among = sql::<Bool>("suppression.address_hash IN (SELECT unhex(value) FROM json_each(")
                .bind::<Text, _>(listed)
                .sql("))");
            Ok(of_brand.filter(among).load(c)?)
        }
        DbConnection::Postgres(c) => Ok(of_brand.filter(suppression::address_hash.eq_any(hashes)).load(c)?),
    }
}

/// The brands for which these suppressions do not hold, because the person opted in to them by their own act since:
/// the row numbers of suppression and brand.
///
/// # Errors
/// Of the database.
pub fn exceptions(conn: &mut DbConnection, suppressions: &[i64]) -> Result<Vec<(i64, i64)>> {
    if suppressions.is_empty() {
        return Ok(Vec::new());
    }
    Ok(exception::table
        .filter(exception::suppression_id.eq_any(suppressions.to_vec()))
        .select((exception::suppression_id, exception::brand_id))
        .load(conn)?)
}

/// Every suppression of an address.
///
/// # Errors
/// Of the database.
pub fn of_address(
    conn: &mut DbConnection,
    address_hash: &[u8],
    channel: Channel,
) -> Result<Vec<Suppression>> {
    Ok(suppression::table
        .filter(suppression::address_hash.eq(address_hash).and(suppression::channel.eq(channel)))
        .order(suppression::id)
        .select(Suppression::as_select())
        .load(conn)?)
}

/// What stands against a brand's use of an email address, for all brands or for this one.
///
/// # Errors
/// Of the database.
pub fn standing(conn: &mut DbConnection, address_hash: &[u8], brand: i64) -> Result<Vec<Suppression>> {
    let excepted = exception::table
        .filter(exception::suppression_id.eq(suppression::id).and(exception::brand_id.eq(brand)));
    Ok(suppression::table
        .filter(suppression::address_hash.eq(address_hash).and(suppression::channel.eq(Channel::Email)))
        .filter(suppression::brand_id.is_null().or(suppression::brand_id.eq(brand)))
        .filter(diesel::dsl::not(diesel::dsl::exists(excepted)))
        .order(suppression::id)
        .select(Suppression::as_select())
        .load(conn)?)
}

/// Sees that an email address may be recorded by somebody else than its owner.
///
/// # Errors
/// [`Error::Conflict`] if it is a child's (L-14), or if its owner was erased (L-34).
pub fn recordable(conn: &mut DbConnection, address_hash: &[u8]) -> Result<()> {
    let reasons: Vec<Reason> =
        of_address(conn, address_hash, Channel::Email)?.into_iter().map(|found| found.reason).collect();
    if reasons.contains(&Reason::Under13) {
        return Err(Error::conflict(
            "The address is a child's and must not be recorded (suppressed as under_13); leave it out",
        ));
    }
    if reasons.contains(&Reason::Erasure) {
        return Err(Error::conflict(
            "The person of this address was erased (suppressed as erasure) and comes back only by what they do themselves: \
             let them sign up on a form of a brand, or leave it out",
        ));
    }
    Ok(())
}

/// Takes a suppression back, because it was a mistake. A person's own wish is undone only by a person.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] for a child's address.
pub fn remove(conn: &mut DbConnection, id: PublicId) -> Result<()> {
    let found: Option<Suppression> = suppression::table
        .filter(suppression::public_id.eq(id))
        .select(Suppression::as_select())
        .first(conn)
        .optional()?;
    let found = found.ok_or(Error::NotFound("suppression"))?;
    if found.reason == Reason::Under13 {
        return Err(Error::conflict("The suppression of a child's address is never taken back"));
    }
    delete(conn, found.id)
}

fn delete(conn: &mut DbConnection, id: i64) -> Result<()> {
    diesel::delete(exception::table.filter(exception::suppression_id.eq(id))).execute(conn)?;
    diesel::delete(suppression::table.find(id)).execute(conn)?;
    Ok(())
}

/// Lifts what a person's own double opt-in to a brand can lift of an email address: their objection, their erasure,
/// and a bounce that the pressed link disproves. A complaint and a child's address stay (L-14).
///
/// It is lifted for this brand only: a suppression for all brands stays, with an exception, and so holds for every
/// brand that is made later too.
///
/// # Errors
/// Of the database.
pub fn lift_by_own_act(conn: &mut DbConnection, address_hash: &[u8], brand: i64, now: Moment) -> Result<()> {
    for found in of_address(conn, address_hash, Channel::Email)? {
        let liftable = matches!(found.reason, Reason::Objection | Reason::Erasure | Reason::HardBounce);
        if !liftable || found.brand_id.is_some_and(|of| of != brand) {
            continue;
        }
        // An address that works, works for all brands.
        if found.brand_id.is_some() || found.reason == Reason::HardBounce {
            delete(conn, found.id)?;
            continue;
        }
        except(conn, found.id, brand, now)?;
    }
    Ok(())
}

/// Lets a suppression for all brands not hold for one.
///
/// # Errors
/// Of the database.
pub fn except(conn: &mut DbConnection, suppression: i64, brand: i64, now: Moment) -> Result<()> {
    let row = (
        exception::suppression_id.eq(suppression),
        exception::brand_id.eq(brand),
        exception::created_at.eq(now),
    );
    on_backend!(conn, |c| diesel::insert_into(exception::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// Undoes for a brand what [`lift_by_own_act`] did to the suppression of an email address with this scope and reason,
/// which counts from when it was made first.
///
/// # Errors
/// Of the database.
pub fn reinstate(
    conn: &mut DbConnection,
    address_hash: &[u8],
    brand: i64,
    (scope, reason, since): (Option<i64>, Reason, Moment),
) -> Result<()> {
    let all = of_address(conn, address_hash, Channel::Email)?;
    match all.into_iter().find(|found| found.brand_id == scope && found.reason == reason) {
        Some(found) => {
            diesel::delete(exception::table.find((found.id, brand))).execute(conn)?;
        }
        None => {
            add(conn, address_hash, Channel::Email, scope, reason, since)?;
        }
    }
    Ok(())
}

/// Suppressions in the order they were made: those after row number `after`, at most `limit`.
///
/// # Errors
/// Of the database.
pub fn list(conn: &mut DbConnection, after: i64, limit: i64) -> Result<Vec<Suppression>> {
    Ok(suppression::table
        .filter(suppression::id.gt(after))
        .order(suppression::id)
        .limit(limit)
        .select(Suppression::as_select())
        .load(conn)?)
}
