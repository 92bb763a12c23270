//! Subscribers: people. Only the address is needed; the rest is optional and has a purpose.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::subscriber;
use crate::domain::audience::phone::normal_phone;
use crate::domain::catalog::Channel;
use crate::email_address::EmailAddress;
use crate::error::{Error, Problem, Result};
use crate::i18n::{Lang, Message, country};
use crate::id::PublicId;
use crate::line::is_line;
use crate::token::Keys;

/// A person as stored. After erasure only the row numbers and dates are left.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = subscriber)]
pub struct Subscriber {
    /// Row number.
    pub id: i64,
    /// Their identity outside.
    pub public_id: PublicId,
    /// Their address; none after erasure.
    pub email: Option<EmailAddress>,
    /// For calls, in international form.
    pub phone: Option<String>,
    /// For letters.
    pub postal_address: Option<String>,
    /// For a salutation.
    pub first_name: Option<String>,
    /// For a salutation.
    pub last_name: Option<String>,
    /// Whom they work for.
    pub company: Option<String>,
    /// Where they are: two letters of ISO 3166-1.
    pub country: Option<String>,
    /// The language they read: a tag of BCP 47.
    pub locale: Option<String>,
    /// Further fields for merging, as JSON text.
    pub attributes: String,
    /// Where the data came from.
    pub source_id: i64,
    /// When they were first recorded.
    pub created_at: Moment,
    /// When a marketing letter last told them of a supplier for the first time (L-31).
    pub informed_at: Option<Moment>,
    /// Since when processing is restricted (GDPR Art. 18).
    pub restricted_at: Option<Moment>,
    /// When they were erased.
    pub erased_at: Option<Moment>,
}

impl Subscriber {
    /// The further fields for merging.
    pub fn attributes(&self) -> BTreeMap<String, String> {
        attributes(&self.attributes)
    }

    /// The language they read, where it is known and we speak it.
    pub fn lang(&self) -> Option<Lang> {
        self.locale.as_deref().and_then(Lang::read)
    }

    /// Their email address with most of it hidden (SEC-04); empty if there is none.
    pub fn masked_email(&self) -> String {
        self.email.as_ref().map(EmailAddress::masked).unwrap_or_default()
    }

    /// Where they can be reached in this way.
    pub fn address_by(&self, channel: Channel) -> Option<&str> {
        match channel {
            Channel::Email => self.email.as_ref().map(EmailAddress::as_str),
            Channel::Phone => self.phone.as_deref(),
            Channel::Post => self.postal_address.as_deref(),
        }
    }

    /// What is kept besides the address.
    pub fn profile(&self) -> Profile {
        Profile {
            phone: self.phone.clone(),
            postal_address: self.postal_address.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            company: self.company.clone(),
            country: self.country.clone(),
            locale: self.locale.clone(),
            attributes: self.attributes(),
        }
    }
}

/// The further fields for merging, from their JSON text as it is stored.
pub fn attributes(json: &str) -> BTreeMap<String, String> {
    // Written by `Profile::check`; what is not a flat map of texts counts as none.
    serde_json::from_str(json).unwrap_or_default()
}

/// What is kept of a person besides the address; every field is optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Profile {
    /// For calls, in international form: +44 118 496 0000.
    pub phone: Option<String>,
    /// For letters.
    pub postal_address: Option<String>,
    /// For a salutation.
    pub first_name: Option<String>,
    /// For a salutation.
    pub last_name: Option<String>,
    /// Whom they work for.
    pub company: Option<String>,
    /// Two letters of ISO 3166-1; a name in one of our languages is read as them.
    pub country: Option<String>,
    /// A language tag of BCP 47.
    pub locale: Option<String>,
    /// Further fields for merging: a flat map of texts.
    pub attributes: BTreeMap<String, String>,
}

impl Profile {
    /// Trims every field, turns empty ones into none, and checks them.
    ///
    /// # Errors
    /// Every field that breaks a rule, without its value.
    pub fn check(self) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut line = |field: &str, value: Option<String>, most: usize| {
            let value = value.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())?;
            if !is_line(&value, most) {
                problems.push(Problem::said(field, Message::new("problem-line").with("most", most)));
                return None;
            }
            Some(value)
        };
        let checked = Self {
            phone: line("phone", self.phone, 40),
            postal_address: line(
                "postal_address",
                self.postal_address.map(|a| a.lines().collect::<Vec<_>>().join(", ")),
                500,
            ),
            first_name: line("first_name", self.first_name, 100),
            last_name: line("last_name", self.last_name, 100),
            company: line("company", self.company, 200),
            country: line("country", self.country, 100)
                .map(|text| country::code(&text).map_or_else(|| text.to_ascii_uppercase(), str::to_owned)),
            locale: line("locale", self.locale, 35),
            attributes: self
                .attributes
                .into_iter()
                .filter_map(|(name, value)| {
                    let value = line(&format!("attributes.{name}"), Some(value), 500)?;
                    Some((name, value))
                })
                .collect(),
        };
        if checked
            .country
            .as_deref()
            .is_some_and(|c| c.len() != 2 || !c.bytes().all(|b| b.is_ascii_alphabetic()))
        {
            problems.push(Problem::said("country", Message::new("problem-country")));
        }
        if checked.phone.as_deref().is_some_and(|phone| normal_phone(phone).is_none()) {
            problems.push(Problem::said("phone", Message::new("problem-phone")));
        }
        let names_fit = checked.attributes.keys().all(|name| {
            !name.is_empty()
                && name.len() <= 40
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        });
        if checked.attributes.len() > 50 || !names_fit {
            problems.push(Problem::new(
                "attributes",
                "At most 50 attributes, named with lower-case letters, digits and _",
            ));
        }
        if problems.is_empty() { Ok(checked) } else { Err(problems) }
    }

    /// These fields, and those of `other` where they are empty.
    pub fn or(self, other: Self) -> Self {
        let mut attributes = other.attributes;
        attributes.extend(self.attributes);
        Self {
            phone: self.phone.or(other.phone),
            postal_address: self.postal_address.or(other.postal_address),
            first_name: self.first_name.or(other.first_name),
            last_name: self.last_name.or(other.last_name),
            company: self.company.or(other.company),
            country: self.country.or(other.country),
            locale: self.locale.or(other.locale),
            attributes,
        }
    }
}

/// Records a person; they have agreed to nothing by that.
///
/// # Errors
/// [`Error::Conflict`] if the address is known.
pub fn create(
    conn: &mut DbConnection,
    keys: &Keys,
    email: &EmailAddress,
    profile: &Profile,
    source: i64,
    now: Moment,
) -> Result<Subscriber> {
    if find_by_email(conn, email)?.is_some() {
        return Err(Error::conflict("There is a subscriber of this address already"));
    }
    let id = diesel::insert_into(subscriber::table)
        .values((
            subscriber::public_id.eq(PublicId::new()),
            subscriber::email.eq(email),
            subscriber::email_hash.eq(email.keyed_hash(keys)),
            profile_columns(profile)?,
            subscriber::source_id.eq(source),
            subscriber::created_at.eq(now),
        ))
        .returning(subscriber::id)
        .get_result(conn)?;
    get(conn, id)
}

/// Replaces the optional fields of a person.
///
/// # Errors
/// Of the database.
pub fn set_profile(conn: &mut DbConnection, id: i64, profile: &Profile) -> Result<()> {
    diesel::update(subscriber::table.find(id)).set(profile_columns(profile)?).execute(conn)?;
    Ok(())
}

/// Gives a person another address.
///
/// # Errors
/// Of the database, also if somebody has that address.
pub fn set_email(conn: &mut DbConnection, keys: &Keys, id: i64, email: &EmailAddress) -> Result<()> {
    let address = (subscriber::email.eq(email), subscriber::email_hash.eq(email.keyed_hash(keys)));
    diesel::update(subscriber::table.find(id)).set(address).execute(conn)?;
    Ok(())
}

/// Sets the language that a person reads, a tag of BCP 47, or forgets it.
///
/// # Errors
/// Of the database.
pub fn set_locale(conn: &mut DbConnection, id: i64, locale: Option<&str>) -> Result<()> {
    diesel::update(subscriber::table.find(id)).set(subscriber::locale.eq(locale)).execute(conn)?;
    Ok(())
}

/// Fills the optional fields that are still empty; what a person told us before stays.
///
/// # Errors
/// Of the database.
pub fn fill_profile(conn: &mut DbConnection, person: &Subscriber, new: &Profile) -> Result<()> {
    set_profile(conn, person.id, &person.profile().or(new.clone()))
}

type ProfileColumns = (
    diesel::dsl::Eq<subscriber::phone, Option<String>>,
    diesel::dsl::Eq<subscriber::postal_address, Option<String>>,
    diesel::dsl::Eq<subscriber::first_name, Option<String>>,
    diesel::dsl::Eq<subscriber::last_name, Option<String>>,
    diesel::dsl::Eq<subscriber::company, Option<String>>,
    diesel::dsl::Eq<subscriber::country, Option<String>>,
    diesel::dsl::Eq<subscriber::locale, Option<String>>,
    diesel::dsl::Eq<subscriber::attributes, String>,
);

fn profile_columns(profile: &Profile) -> Result<ProfileColumns> {
    Ok((
        subscriber::phone.eq(profile.phone.clone()),
        subscriber::postal_address.eq(profile.postal_address.clone()),
        subscriber::first_name.eq(profile.first_name.clone()),
        subscriber::last_name.eq(profile.last_name.clone()),
        subscriber::company.eq(profile.company.clone()),
        subscriber::country.eq(profile.country.clone()),
        subscriber::locale.eq(profile.locale.clone()),
        subscriber::attributes.eq(serde_json::to_string(&profile.attributes)?),
    ))
}

/// The person of this address, if known.
///
/// # Errors
/// Of the database.
pub fn find_by_email(conn: &mut DbConnection, email: &EmailAddress) -> Result<Option<Subscriber>> {
    Ok(subscriber::table
        .filter(subscriber::email.eq(email))
        .select(Subscriber::as_select())
        .first(conn)
        .optional()?)
}

/// The keyed hash of a person's address; none after erasure.
///
/// # Errors
/// Of the database.
pub fn email_hash(conn: &mut DbConnection, id: i64) -> Result<Option<Vec<u8>>> {
    Ok(subscriber::table.find(id).select(subscriber::email_hash).first(conn).optional()?.flatten())
}

/// The person of this public identity, erased or not.
///
/// # Errors
/// [`Error::NotFound`].
pub fn find(conn: &mut DbConnection, id: PublicId) -> Result<Subscriber> {
    subscriber::table
        .filter(subscriber::public_id.eq(id))
        .select(Subscriber::as_select())
        .first(conn)
        .optional()?
        .ok_or(Error::NotFound("subscriber"))
}

/// The person of this row number, erased or not.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(conn: &mut DbConnection, id: i64) -> Result<Subscriber> {
    subscriber::table
        .find(id)
        .select(Subscriber::as_select())
        .first(conn)
        .optional()?
        .ok_or(Error::NotFound("subscriber"))
}

/// People who are not erased, in the order they were recorded: those after row number `after`, at most `limit`.
///
/// # Errors
/// Of the database.
pub fn list(conn: &mut DbConnection, after: i64, limit: i64) -> Result<Vec<Subscriber>> {
    Ok(subscriber::table
        .filter(subscriber::id.gt(after).and(subscriber::erased_at.is_null()))
        .order(subscriber::id)
        .limit(limit)
        .select(Subscriber::as_select())
        .load(conn)?)
}

/// Freezes a person's data (GDPR Art. 18), or lets it move again.
///
/// # Errors
/// Of the database.
pub fn restrict(conn: &mut DbConnection, id: i64, since: Option<Moment>) -> Result<()> {
    diesel::update(subscriber::table.find(id)).set(subscriber::restricted_at.eq(since)).execute(conn)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_trimmed_and_empty_fields_are_none() {
        let profile = Profile {
            first_name: Some("  Ana ".into()),
            company: Some(" ".into()),
            country: Some("England".into()),
            ..Profile::default()
        };
        let checked = profile.check().unwrap();
        assert_eq!(checked.first_name.as_deref(), Some("Ana"));
        assert_eq!(checked.company, None);
        assert_eq!(checked.country.as_deref(), Some("GB"));
    }

    #[test]
    fn a_line_break_in_a_name_is_refused() {
        let profile = Profile { first_name: Some("Ana\r\nBcc: x@example.com".into()), ..Profile::default() };
        assert_eq!(profile.check().unwrap_err()[0].field, "first_name");
    }
}
