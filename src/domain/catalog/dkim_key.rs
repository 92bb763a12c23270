//! The DKIM keys of the organisation's domains: made in pairs, one of them signing, its private part sealed.
//!
//! Rotation never breaks a letter that is out: a new pair waits until its records are published, then signs, and the
//! pair before it is retired but keeps its records in DNS until its letters are old.

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::dkim_key;
use crate::email_address::EmailAddress;
use crate::error::{Error, Result};
use crate::mail::dkim::{self, Algorithm, NewKey, Signer, SigningKey};
use crate::token::Keys;

word_enum! {
    /// Where a key is in its life.
    #[schema(as = DkimKeyState)]
    pub enum State {
        /// Made, and not used before somebody says so.
        Waiting = "waiting",
        /// Signs every letter from its domain.
        Signing = "signing",
        /// Signs no more. Its record stays in DNS until the last letters it signed were checked.
        Retired = "retired",
    }
}

/// A key without its private part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimKey {
    /// Row number.
    pub id: i64,
    /// The domain that it signs for, and the domains below it.
    pub domain: String,
    /// Its name among the keys of the domain.
    pub selector: String,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// What the `p=` of its DNS record says, before base64.
    pub public_key: Vec<u8>,
    /// Where it is in its life.
    pub state: State,
    /// When it was made.
    pub created_at: Moment,
    /// When its state last changed.
    pub changed_at: Moment,
}

type Row = (i64, String, String, String, Vec<u8>, State, Moment, Moment);

const COLUMNS: (
    dkim_key::id,
    dkim_key::domain,
    dkim_key::selector,
    dkim_key::algorithm,
    dkim_key::public_key,
    dkim_key::state,
    dkim_key::created_at,
    dkim_key::changed_at,
) = (
    dkim_key::id,
    dkim_key::domain,
    dkim_key::selector,
    dkim_key::algorithm,
    dkim_key::public_key,
    dkim_key::state,
    dkim_key::created_at,
    dkim_key::changed_at,
);

impl DkimKey {
    fn of(row: Row) -> Result<Self> {
        let (id, domain, selector, algorithm, public_key, state, created_at, changed_at) = row;
        let algorithm = known(&algorithm)?;
        Ok(Self { id, domain, selector, algorithm, public_key, state, created_at, changed_at })
    }

    /// Where its DNS record belongs, without a dot at the end.
    pub fn record_name(&self) -> String {
        dkim::record_name(&self.domain, &self.selector)
    }

    /// What its DNS record says.
    pub fn record_text(&self) -> String {
        dkim::record_text(self.algorithm, &self.public_key)
    }

    /// What both selectors of its pair begin with.
    pub fn pair(&self) -> &str {
        pair_of(&self.selector, self.algorithm)
    }
}

fn known(algorithm: &str) -> Result<Algorithm> {
    Algorithm::parse(algorithm).ok_or_else(|| Error::internal("a DKIM key has an unknown algorithm"))
}

/// One fresh key of each algorithm, for [`store`]. Made before the transaction, because RSA takes its time.
#[derive(Debug, Clone)]
pub struct NewPair([NewKey; 2]);

impl NewPair {
    /// Makes the keys: part of a second, now and then more.
    ///
    /// # Errors
    /// If the system has no randomness to give.
    pub fn generate() -> Result<Self> {
        Ok(Self([NewKey::generate(Algorithm::RsaSha256)?, NewKey::generate(Algorithm::Ed25519Sha256)?]))
    }
}

/// The selector of a key of the pair of this name; each key needs one of its own (RFC 8463, section 3).
fn selector_of(name: &str, algorithm: Algorithm) -> String {
    format!("{name}-{}", algorithm.key_type())
}

/// The name of the pair that a key of this selector belongs to; the selector itself if no pair is named so.
pub fn pair_of(selector: &str, algorithm: Algorithm) -> &str {
    let name = selector.strip_suffix(algorithm.key_type()).and_then(|name| name.strip_suffix('-'));
    name.unwrap_or(selector)
}

/// A domain in the form in which addresses have it.
///
/// # Errors
/// [`Error::Invalid`] if no address can end with it.
pub fn domain_name(text: &str) -> Result<String> {
    let text = text.trim().trim_end_matches('.');
    match EmailAddress::parse(&format!("postmaster@{text}")) {
        Ok(address) if !text.contains('@') => Ok(address.domain().to_owned()),
        _ => Err(Error::invalid(
            "",
            "Enter the domain that stands behind the @ of the sender, like example.com",
        )),
    }
}

/// Keeps a pair for a domain. It waits for [`activate`]: a signature whose record is not there yet is worse than none.
/// `name` is what its selectors begin with; the day if none.
///
/// # Errors
/// [`Error::Invalid`] for a domain or a name that DNS could not have, [`Error::Conflict`] if the name is taken.
pub fn store(
    conn: &mut DbConnection,
    keys: &Keys,
    domain: &str,
    name: Option<&str>,
    pair: &NewPair,
    now: Moment,
) -> Result<Vec<DkimKey>> {
    let domain = domain_name(domain)?;
    let present = of_domain(conn, &domain)?;
    let taken = |name: &str| {
        present.iter().any(|key| Algorithm::ALL.iter().any(|a| key.selector == selector_of(name, *a)))
    };
    let name = match name {
        Some(name) => checked_name(name)?,
        None => free_name(now, taken),
    };
    if taken(&name) {
        let detail = format!("There are keys of the selector {name} for {domain} already; choose another");
        return Err(Error::conflict(detail));
    }
    for key in &pair.0 {
        let selector = selector_of(&name, key.algorithm);
        diesel::insert_into(dkim_key::table)
            .values((
                dkim_key::domain.eq(&domain),
                dkim_key::algorithm.eq(key.algorithm.as_str()),
                dkim_key::sealed.eq(keys.seal_private(&place(&domain, &selector), &key.private)?),
                dkim_key::public_key.eq(&key.public),
                dkim_key::selector.eq(selector),
                dkim_key::state.eq(State::Waiting),
                dkim_key::created_at.eq(now),
                dkim_key::changed_at.eq(now),
            ))
            .execute(conn)?;
    }
    named(conn, &domain, &name)
}

/// What a sealed key is bound to.
fn place(domain: &str, selector: &str) -> String {
    format!("dkim:{selector}:{domain}")
}

/// One label of DNS that leaves room for the kind of key.
fn checked_name(name: &str) -> Result<String> {
    let name = name.to_ascii_lowercase();
    let fits = (1..=50).contains(&name.len())
        && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
        // It would look like one key of another pair.
        && !Algorithm::ALL.iter().any(|algorithm| name.ends_with(&selector_of("", *algorithm)));
    if fits {
        return Ok(name);
    }
    let detail =
        "At most 50 letters, digits and hyphens, no hyphen at an end, and not the kind of key at its end";
    Err(Error::invalid("selector", detail))
}

/// `m20261122`, or with a number behind it where that is taken.
fn free_name(now: Moment, taken: impl Fn(&str) -> bool) -> String {
    let day: String = now.to_string().chars().filter(char::is_ascii_digit).take(8).collect();
    let first = format!("m{day}");
    let others = (2..).map(|number| format!("{first}-{number}"));
    std::iter::once(first.clone()).chain(others).find(|name| !taken(name)).unwrap_or(first)
}

/// All keys, by their domains and in the order they were made.
///
/// # Errors
/// Of the database.
pub fn list(conn: &mut DbConnection) -> Result<Vec<DkimKey>> {
    let rows: Vec<Row> =
        dkim_key::table.order((dkim_key::domain, dkim_key::id)).select(COLUMNS).load(conn)?;
    rows.into_iter().map(DkimKey::of).collect()
}

fn of_domain(conn: &mut DbConnection, domain: &str) -> Result<Vec<DkimKey>> {
    let rows: Vec<Row> =
        dkim_key::table.filter(dkim_key::domain.eq(domain)).order(dkim_key::id).select(COLUMNS).load(conn)?;
    rows.into_iter().map(DkimKey::of).collect()
}

/// The keys of a selector, or of the name that a pair's selectors begin with.
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub fn named(conn: &mut DbConnection, domain: &str, name: &str) -> Result<Vec<DkimKey>> {
    let domain = domain_name(domain)?;
    let name = name.to_ascii_lowercase();
    let is_meant = |key: &DkimKey| key.selector == name || key.selector == selector_of(&name, key.algorithm);
    let found: Vec<DkimKey> = of_domain(conn, &domain)?.into_iter().filter(is_meant).collect();
    if found.is_empty() { Err(Error::NotFound("DKIM key")) } else { Ok(found) }
}

/// Lets the keys of a selector or pair sign from the next letter on; those that signed with the same algorithms for
/// the domain are retired. A retired key can be taken back.
///
/// # Errors
/// [`Error::NotFound`].
pub fn activate(conn: &mut DbConnection, domain: &str, name: &str, now: Moment) -> Result<Vec<DkimKey>> {
    for key in named(conn, domain, name)? {
        let before = dkim_key::table.filter(
            dkim_key::domain
                .eq(&key.domain)
                .and(dkim_key::algorithm.eq(key.algorithm.as_str()))
                .and(dkim_key::state.eq(State::Signing))
                .and(dkim_key::id.ne(key.id)),
        );
        diesel::update(before)
            .set((dkim_key::state.eq(State::Retired), dkim_key::changed_at.eq(now)))
            .execute(conn)?;
        set_state(conn, &key, State::Signing, now)?;
    }
    named(conn, domain, name)
}

/// Lets the keys of a selector or pair sign no more, from the next letter on.
///
/// # Errors
/// [`Error::NotFound`].
pub fn retire(conn: &mut DbConnection, domain: &str, name: &str, now: Moment) -> Result<Vec<DkimKey>> {
    for key in named(conn, domain, name)? {
        set_state(conn, &key, State::Retired, now)?;
    }
    named(conn, domain, name)
}

fn set_state(conn: &mut DbConnection, key: &DkimKey, state: State, now: Moment) -> Result<()> {
    if key.state != state {
        diesel::update(dkim_key::table.find(key.id))
            .set((dkim_key::state.eq(state), dkim_key::changed_at.eq(now)))
            .execute(conn)?;
    }
    Ok(())
}

/// The keys that sign letters from this domain: those of the domain itself or, if it has none, of the nearest one
/// above it, which is aligned as well (D-04). Preflight compares them with DNS.
///
/// # Errors
/// Of the database.
pub fn signing_for(conn: &mut DbConnection, from_domain: &str) -> Result<Vec<DkimKey>> {
    nearest(conn, from_domain, State::Signing)
}

/// The keys that would sign letters from this domain and wait for [`activate`].
///
/// # Errors
/// Of the database.
pub fn waiting_for(conn: &mut DbConnection, from_domain: &str) -> Result<Vec<DkimKey>> {
    nearest(conn, from_domain, State::Waiting)
}

fn nearest(conn: &mut DbConnection, from_domain: &str, state: State) -> Result<Vec<DkimKey>> {
    let rows: Vec<Row> = dkim_key::table
        .filter(dkim_key::domain.eq_any(above(from_domain)).and(dkim_key::state.eq(state)))
        .order(dkim_key::id)
        .select(COLUMNS)
        .load(conn)?;
    let mut found: Vec<DkimKey> = rows.into_iter().map(DkimKey::of).collect::<Result<_>>()?;
    let nearest = found.iter().map(|key| key.domain.len()).max().unwrap_or_default();
    found.retain(|key| key.domain.len() == nearest);
    found.sort_by_key(|key| key.algorithm);
    Ok(found)
}

/// The domain and all above it that have a dot.
fn above(domain: &str) -> Vec<&str> {
    let parents = domain.match_indices('.').map(|(at, _)| &domain[at + 1..]);
    std::iter::once(domain).chain(parents).filter(|domain| domain.contains('.')).collect()
}

/// The signer of letters from this domain, if a key signs for it.
///
/// # Errors
/// [`Error::Conflict`] if a key was sealed with a secret that is no longer there.
pub fn signer_for(conn: &mut DbConnection, keys: &Keys, from_domain: &str) -> Result<Option<Signer>> {
    let mut signing = Vec::new();
    let found = signing_for(conn, from_domain)?;
    for key in &found {
        let sealed: Vec<u8> = dkim_key::table.find(key.id).select(dkim_key::sealed).first(conn)?;
        let private =
            keys.open_private(&place(&key.domain, &key.selector), &sealed).ok_or_else(|| foreign(key))?;
        signing.push(SigningKey::read(key.algorithm, &key.selector, &private)?);
    }
    Ok(found.first().map(|key| Signer::new(&key.domain, signing)))
}

fn foreign(key: &DkimKey) -> Error {
    Error::conflict(format!(
        "The DKIM key {} of {} was sealed with a secret that is not in MANNERLY_SECRET any more: put that secret \
         back behind the first one, or make another pair with `mannerly dkim create {}`, publish its records, and \
         `mannerly dkim use` it",
        key.selector, key.domain, key.domain
    ))
}
