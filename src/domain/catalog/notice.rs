//! Privacy notices that a brand keeps here: versions with the day from which each is in force, in the languages it was
//! written in. What was published stays as it is, because evidence of consent names it (L-02, C-01).
//!
//! The version in force is written into the brand, where everything that shows or records a version finds it.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::{brand as brand_table, notice};
use crate::domain::catalog::{Brand, brand};
use crate::error::{Error, Problem, Result};
use crate::i18n::Lang;
use crate::mail::prose;
use crate::secret::{hex, sha256};

/// A text, in one language.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = notice)]
pub struct Notice {
    /// What the version is called.
    pub version: String,
    /// The language, a tag of BCP 47.
    pub language: String,
    /// From when on the version is in force.
    pub valid_from: Moment,
    /// The text.
    pub markdown: String,
    /// SHA-256 of it.
    pub sha256: Vec<u8>,
}

/// A text without its words, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = Notice)]
pub struct Edition {
    /// What the version is called.
    pub version: String,
    /// The language, a tag of BCP 47.
    pub language: String,
    /// From when on the version is in force.
    pub valid_from: Moment,
    /// SHA-256 of the text, in hexadecimal.
    pub sha256: String,
    /// Where it is read.
    pub url: String,
}

/// A version and the time in which it is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// What the version is called.
    pub version: String,
    /// From when on.
    pub from: Moment,
    /// Until when; open if no other is known.
    pub until: Option<Moment>,
}

/// A text as it is added.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[schema(as = NoticeForm)]
#[serde(deny_unknown_fields)]
pub struct NoticeForm {
    /// What the version is called: letters, digits, dots, hyphens and underscores, at most 50.
    pub version: String,
    /// The language: `en-GB`, `cy`, `de` or `fr`; the brand's if left out.
    #[serde(default)]
    pub language: Option<String>,
    /// From when on it is in force, later than the version before; at once if left out. Another language of a version
    /// begins with it.
    #[serde(default)]
    pub valid_from: Option<Moment>,
    /// The text in Markdown. Markup in it is shown as it is written, and pictures are not shown.
    pub text: String,
}

/// The address at which a brand's notice is read: a version, or the one in force.
pub fn url(brand: &Brand, version: Option<&str>) -> String {
    let current = format!("{}/b/{}/privacy", brand.base_url, brand.slug);
    version.map_or(current.clone(), |version| format!("{current}/{version}"))
}

/// Adds a text. It is never changed afterwards.
///
/// # Errors
/// [`Error::Invalid`] for what breaks a rule; [`Error::Conflict`] if the version is there in this language.
pub fn add(conn: &mut DbConnection, brand: &Brand, form: &NoticeForm, now: Moment) -> Result<Edition> {
    let (language, version) = check(brand, form)?;
    let known = of_brand(conn, brand)?;
    let same: Vec<&Edition> = known.iter().filter(|edition| edition.version == version).collect();
    if same.iter().any(|edition| edition.language == language.tag()) {
        return Err(Error::conflict(
            "This version is there in this language already, and is never changed; add a new one",
        ));
    }
    let valid_from = match (same.first(), form.valid_from) {
        (Some(other), None) => other.valid_from,
        (Some(other), Some(wanted)) if wanted == other.valid_from => wanted,
        (Some(_), Some(_)) => {
            return Err(Error::invalid(
                "valid_from",
                "A version begins at one moment in all its languages; leave this out",
            ));
        }
        (None, wanted) => wanted.unwrap_or(now),
    };
    if same.is_empty() && known.last().is_some_and(|last| last.valid_from >= valid_from) {
        let detail = "A version begins after the one before it: what was in force stays what was in force";
        return Err(Error::invalid("valid_from", detail));
    }
    diesel::insert_into(notice::table)
        .values((
            notice::brand_id.eq(brand.id),
            notice::version.eq(&version),
            notice::language.eq(language.tag()),
            notice::valid_from.eq(valid_from),
            notice::markdown.eq(&form.text),
            notice::sha256.eq(sha256(form.text.as_bytes())),
            notice::created_at.eq(now),
        ))
        .execute(conn)?;
    bring_into_force(conn, brand, now)?;
    let added = of_brand(conn, brand)?.into_iter();
    added
        .filter(|edition| edition.version == version)
        .find(|edition| edition.language == language.tag())
        .ok_or(Error::NotFound("notice"))
}

fn check(brand: &Brand, form: &NoticeForm) -> Result<(Lang, String)> {
    let mut problems = Vec::new();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let version = form.version.trim();
    // A dot alone would be a step in a path.
    if !(1..=50).contains(&version.len()) || !version.chars().all(fits) || version.chars().all(|c| c == '.') {
        let detail = "Enter 1 to 50 letters, digits, dots, hyphens and underscores, as in 2026-05";
        problems.push(Problem::new("version", detail));
    }
    let language = form.language.as_deref().map_or(Some(brand.lang()), Lang::read);
    if language.is_none() {
        problems.push(Problem::new("language", format!("Enter one of {}", Lang::choices())));
    }
    if form.text.trim().is_empty() || form.text.contains('\0') {
        problems.push(Problem::new("text", "Enter the text of the notice"));
    }
    if let Err(problem) = prose::to_html(&form.text) {
        problems.push(Problem::new("text", problem.detail));
    }
    match language {
        Some(language) if problems.is_empty() => Ok((language, version.to_owned())),
        _ => Err(Error::Invalid(problems)),
    }
}

/// All texts of a brand, in the order in which their versions come into force.
///
/// # Errors
/// Of the database.
pub fn of_brand(conn: &mut DbConnection, brand: &Brand) -> Result<Vec<Edition>> {
    let rows: Vec<(String, String, Moment, Vec<u8>)> = notice::table
        .filter(notice::brand_id.eq(brand.id))
        .order((notice::valid_from, notice::id))
        .select((notice::version, notice::language, notice::valid_from, notice::sha256))
        .load(conn)?;
    let edition = |(version, language, valid_from, sha256): (String, String, Moment, Vec<u8>)| Edition {
        url: url(brand, Some(&version)),
        sha256: hex(&sha256),
        version,
        language,
        valid_from,
    };
    Ok(rows.into_iter().map(edition).collect())
}

/// The versions of a brand that have come into force by now, each with its time, the oldest first.
pub fn periods(editions: &[Edition], now: Moment) -> Vec<Period> {
    let mut periods: Vec<Period> = Vec::new();
    for edition in editions {
        if edition.valid_from <= now && periods.last().is_none_or(|last| last.version != edition.version) {
            if let Some(last) = periods.last_mut() {
                last.until = Some(edition.valid_from);
            }
            periods.push(Period { version: edition.version.clone(), from: edition.valid_from, until: None });
        }
    }
    periods
}

/// A version in the language of the reader, else in the brand's, else in any.
///
/// # Errors
/// [`Error::NotFound`] if the brand keeps no such version.
pub fn text(conn: &mut DbConnection, brand: &Brand, version: &str, lang: Lang) -> Result<Notice> {
    let mut texts: Vec<Notice> = notice::table
        .filter(notice::brand_id.eq(brand.id).and(notice::version.eq(version)))
        .order(notice::id)
        .select(Notice::as_select())
        .load(conn)?;
    let own = brand.lang();
    texts.sort_by_key(|text| {
        let is = |lang: Lang| text.language == lang.tag();
        (!is(lang), !is(own))
    });
    texts.into_iter().next().ok_or(Error::NotFound("notice"))
}

/// The text in the brand's language of a version that is kept here; nothing if it is kept elsewhere.
///
/// # Errors
/// Of the database.
pub fn kept(conn: &mut DbConnection, brand: &Brand, version: &str) -> Result<Option<Edition>> {
    let mut found: Vec<Edition> =
        of_brand(conn, brand)?.into_iter().filter(|edition| edition.version == version).collect();
    found.sort_by_key(|edition| edition.language != brand.lang().tag());
    Ok(found.into_iter().next())
}

/// The version in force, where the brand keeps its notice here.
///
/// # Errors
/// Of the database.
pub fn in_force(conn: &mut DbConnection, brand: i64, now: Moment) -> Result<Option<String>> {
    Ok(notice::table
        .filter(notice::brand_id.eq(brand).and(notice::valid_from.le(now)))
        .order((notice::valid_from.desc(), notice::id.desc()))
        .select(notice::version)
        .first(conn)
        .optional()?)
}

/// Writes the version in force and its address into the brand, where they are not what stands there. Returns whether
/// anything changed.
///
/// # Errors
/// Of the database.
pub fn bring_into_force(conn: &mut DbConnection, brand: &Brand, now: Moment) -> Result<bool> {
    let Some(version) = in_force(conn, brand.id, now)? else { return Ok(false) };
    let address = url(brand, None);
    if brand.policy_version == version && brand.policy_url == address {
        return Ok(false);
    }
    diesel::update(brand_table::table.find(brand.id))
        .set((
            brand_table::policy_version.eq(version),
            brand_table::policy_url.eq(address),
            brand_table::changed_at.eq(now),
        ))
        .execute(conn)?;
    Ok(true)
}

/// The brands whose version in force is not the one that they name.
///
/// # Errors
/// Of the database.
pub fn due(conn: &mut DbConnection, now: Moment) -> Result<Vec<Brand>> {
    let keeping: Vec<i64> =
        notice::table.filter(notice::valid_from.le(now)).select(notice::brand_id).distinct().load(conn)?;
    let mut due = Vec::new();
    for id in keeping {
        let brand = brand::get(conn, id)?;
        if in_force(conn, id, now)?.is_some_and(|version| version != brand.policy_version) {
            due.push(brand);
        }
    }
    Ok(due)
}
