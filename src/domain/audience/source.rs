//! Sources: every person's data came from somewhere, and that is kept (GDPR Art. 14(2)(f)).

use diesel::prelude::*;
use serde::Deserialize;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::source;
use crate::domain::catalog::brand::is_web_url;
use crate::error::{Error, Result};
use crate::id::PublicId;
use crate::line::is_line;

word_enum! {
    /// What kind of source it is.
    #[schema(as = SourceKind)]
    pub enum Kind {
        /// A form the person filled in.
        Form = "form",
        /// A file of the organisation's own contacts.
        Import = "import",
        /// A program of the organisation, through the API.
        Api = "api",
        /// A licensed supplier: a third party.
        Supplier = "supplier",
    }
}

/// A source as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = source)]
pub struct Source {
    /// Row number.
    pub id: i64,
    /// Its identity outside.
    pub public_id: PublicId,
    /// What people read; for a supplier this stands in every mail.
    pub name: String,
    /// Form, import, API or supplier.
    pub kind: Kind,
    /// The supplier's transparency policy; without it its people are not written to.
    pub policy_url: Option<String>,
    /// From when the licence holds.
    pub licence_from: Option<Moment>,
    /// Until when the licence holds.
    pub licence_until: Option<Moment>,
    /// When it was first named.
    pub created_at: Moment,
}

/// A source as it is written.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceForm {
    /// What people read; one source per name.
    pub name: String,
    /// Form, import, API or supplier.
    pub kind: Kind,
    /// The supplier's transparency policy.
    #[serde(default)]
    pub policy_url: Option<String>,
    /// From when the licence holds.
    #[serde(default)]
    pub licence_from: Option<Moment>,
    /// Until when the licence holds.
    #[serde(default)]
    pub licence_until: Option<Moment>,
}

/// The source of this name: found, or made as the form says. An existing one is brought up to date.
///
/// # Errors
/// [`Error::Invalid`]; [`Error::Conflict`] if the name stands for a source of another kind.
pub fn ensure(conn: &mut DbConnection, form: &SourceForm, now: Moment) -> Result<Source> {
    let name = form.name.trim();
    if name.is_empty() || !is_line(name, 200) {
        return Err(Error::invalid("source", "Name the source in one line of 1 to 200 characters"));
    }
    if form.policy_url.as_deref().is_some_and(|url| !is_web_url(url)) {
        return Err(Error::invalid("policy_url", "Enter a full http or https address"));
    }
    let existing: Option<Source> =
        source::table.filter(source::name.eq(name)).select(Source::as_select()).first(conn).optional()?;
    let Some(existing) = existing else {
        let id = diesel::insert_into(source::table)
            .values((
                source::public_id.eq(PublicId::new()),
                source::name.eq(name),
                source::kind.eq(form.kind),
                source::policy_url.eq(&form.policy_url),
                source::licence_from.eq(form.licence_from),
                source::licence_until.eq(form.licence_until),
                source::created_at.eq(now),
            ))
            .returning(source::id)
            .get_result(conn)?;
        return get(conn, id);
    };
    if existing.kind != form.kind {
        return Err(Error::conflict(
            "There is a source of this name and of another kind; choose another name",
        ));
    }
    let id = diesel::update(source::table.find(existing.id))
        .set((
            source::policy_url.eq(form.policy_url.as_ref().or(existing.policy_url.as_ref())),
            source::licence_from.eq(form.licence_from.or(existing.licence_from)),
            source::licence_until.eq(form.licence_until.or(existing.licence_until)),
        ))
        .returning(source::id)
        .get_result(conn)?;
    get(conn, id)
}

/// Whether this names a source and says nothing new of a supplier: neither one that is not known nor other terms of one
/// that is, which decide whether its people may be written to.
///
/// # Errors
/// Of the database.
pub fn is_nothing_new(conn: &mut DbConnection, form: &SourceForm) -> Result<bool> {
    if form.kind != Kind::Supplier {
        return Ok(true);
    }
    let known: Option<Source> = source::table
        .filter(source::name.eq(form.name.trim()))
        .select(Source::as_select())
        .first(conn)
        .optional()?;
    Ok(known.is_some_and(|known| {
        (form.policy_url.is_none() || form.policy_url == known.policy_url)
            && (form.licence_from.is_none() || form.licence_from == known.licence_from)
            && (form.licence_until.is_none() || form.licence_until == known.licence_until)
    }))
}

/// The source of this row number.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(conn: &mut DbConnection, id: i64) -> Result<Source> {
    source::table
        .find(id)
        .select(Source::as_select())
        .first(conn)
        .optional()?
        .ok_or(Error::NotFound("source"))
}

/// Sources in the order they were made: those after row number `after`, at most `limit`.
///
/// # Errors
/// Of the database.
pub fn list(conn: &mut DbConnection, after: i64, limit: i64) -> Result<Vec<Source>> {
    Ok(source::table
        .filter(source::id.gt(after))
        .order(source::id)
        .limit(limit)
        .select(Source::as_select())
        .load(conn)?)
}
