//! Writing a campaign: saving, replacing and deleting drafts.

use diesel::prelude::*;
use serde::Deserialize;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::{campaign, campaign_subject, link};
use crate::domain::campaign::compose::{Format, LetterTemplate, compose};
use crate::domain::campaign::{Campaign, State, archive, content, get, link as links, state};
use crate::domain::catalog::{Channel, Topic, brand, topic};
use crate::error::{Error, Problem, Result};
use crate::i18n::Lang;
use crate::id::{PublicId, Slug};
use crate::line::is_line;

/// A campaign as an author writes it.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftForm {
    /// The brand that speaks.
    pub brand: Slug,
    /// What the marketers call it; recipients never see it.
    pub name: String,
    /// The one communication topic.
    pub topic: Slug,
    /// Subjects: it goes to those who chose at least one of them. None means whatever they chose.
    #[serde(default)]
    pub subjects: Vec<Slug>,
    /// The subject line. May merge {{ first_name|default("reader") }}, last_name, company, country,
    /// attributes.NAME and brand.name; what can be missing needs a default.
    pub subject: String,
    /// What the letter says, written in `format`, with the same merge fields. Its styles are written into the elements;
    /// links and the ending of the letter are added.
    pub html: String,
    /// What it is written in: `html`, `markdown` or `mjml`.
    #[serde(default)]
    pub format: Format,
    /// The template around it, for Markdown and for a piece of HTML; `plain` for Markdown without one.
    #[serde(default)]
    pub template: Option<LetterTemplate>,
    /// The text part; made from the HTML if left out.
    #[serde(default)]
    pub text: Option<String>,
    /// The language in which it is written, which its fixed lines speak too: `en-GB`, `cy`, `de` or `fr`; the brand's
    /// if left out.
    #[serde(default)]
    pub language: Option<String>,
    /// Whether it is published in the brand's archive once it is sent, without anything about anybody. Never for a
    /// sensitive topic.
    #[serde(default)]
    pub archive: bool,
}

/// Saves a new draft.
///
/// # Errors
/// [`Error::Invalid`] with everything that is wrong.
pub fn create(conn: &mut DbConnection, form: &DraftForm, now: Moment) -> Result<Campaign> {
    let checked = check(conn, form)?;
    let id = diesel::insert_into(campaign::table)
        .values((
            campaign::public_id.eq(PublicId::new()),
            campaign::brand_id.eq(checked.brand),
            campaign::name.eq(form.name.trim()),
            campaign::channel.eq(Channel::Email),
            campaign::topic_id.eq(checked.topic),
            campaign::state.eq(State::Draft),
            campaign::subject.eq(&form.subject),
            campaign::html.eq(&checked.html),
            campaign::format.eq(form.format),
            campaign::template.eq(form.template),
            campaign::source.eq(Some(&form.html).filter(|source| **source != checked.html)),
            campaign::text.eq(&form.text),
            campaign::language.eq(&checked.language),
            campaign::archive.eq(form.archive),
            campaign::plan_cursor.eq(0),
            campaign::created_at.eq(now),
            campaign::changed_at.eq(now),
        ))
        .returning(campaign::id)
        .get_result(conn)?;
    attach(conn, id, &checked)?;
    finish(conn, id)
}

/// Replaces a draft.
///
/// # Errors
/// As [`create`]; [`Error::NotFound`]; [`Error::Conflict`] if it is no draft any more.
pub fn replace(conn: &mut DbConnection, id: PublicId, form: &DraftForm, now: Moment) -> Result<Campaign> {
    let existing = editable(conn, id)?;
    let checked = check(conn, form)?;
    diesel::update(campaign::table.find(existing.id))
        .set((
            campaign::brand_id.eq(checked.brand),
            campaign::name.eq(form.name.trim()),
            campaign::topic_id.eq(checked.topic),
            campaign::subject.eq(&form.subject),
            campaign::html.eq(&checked.html),
            campaign::format.eq(form.format),
            campaign::template.eq(form.template),
            campaign::source.eq(Some(&form.html).filter(|source| **source != checked.html)),
            campaign::text.eq(&form.text),
            campaign::language.eq(&checked.language),
            campaign::archive.eq(form.archive),
            campaign::changed_at.eq(now),
        ))
        .execute(conn)?;
    attach(conn, existing.id, &checked)?;
    finish(conn, existing.id)
}

/// Deletes a draft; what was sent stays for good.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] if it is no draft any more.
pub fn delete(conn: &mut DbConnection, id: PublicId) -> Result<()> {
    let existing = editable(conn, id)?;
    diesel::delete(link::table.filter(link::campaign_id.eq(existing.id))).execute(conn)?;
    diesel::delete(campaign_subject::table.filter(campaign_subject::campaign_id.eq(existing.id)))
        .execute(conn)?;
    diesel::delete(campaign::table.find(existing.id)).execute(conn)?;
    Ok(())
}

fn editable(conn: &mut DbConnection, id: PublicId) -> Result<Campaign> {
    let existing = crate::domain::campaign::find(conn, id)?;
    let existing = state::hold(conn, existing.id)?;
    if existing.state == State::Draft {
        Ok(existing)
    } else {
        Err(Error::conflict(format!("Only a draft can be changed; this one is {}", existing.state)))
    }
}

struct Checked {
    brand: i64,
    topic: i64,
    subjects: Vec<i64>,
    urls: Vec<String>,
    html: String,
    language: Option<String>,
}

fn check(conn: &mut DbConnection, form: &DraftForm) -> Result<Checked> {
    let mut problems = Vec::new();
    if form.name.trim().is_empty() || !is_line(&form.name, 200) {
        problems.push(Problem::new("name", "Enter one line of 1 to 200 characters"));
    }
    let brand = brand::find(conn, form.brand.as_str())
        .map_err(|error| not_found_is(error, "brand", "There is no brand of this slug"))?;
    // What cannot be read as what it is said to be is not looked into any further.
    let language = form.language.as_deref().map(Lang::read);
    if language == Some(None) {
        problems.push(Problem::new("language", format!("Enter one of {}", Lang::choices())));
    }
    let language = language.flatten();
    let lang = language.unwrap_or_else(|| brand.lang());
    let html = compose(&form.html, form.format, form.template, &brand, lang).map_err(|problem| {
        Error::invalid(if problem.field.is_empty() { "html" } else { &problem.field }, &problem.detail)
    })?;
    let urls = content::check(&form.subject, &html, form.text.as_deref()).unwrap_or_else(|error| {
        if let Error::Invalid(found) = error {
            problems.extend(found);
        }
        Vec::new()
    });
    let topics = topic::of_brand(conn, brand.id)?;
    let find = |slug: &Slug, kind| topics.iter().find(|t| t.slug == *slug && t.kind == kind).map(|t| t.id);
    let communication = find(&form.topic, topic::Kind::Communication);
    if communication.is_none() {
        problems.push(Problem::new("topic", "The brand has no communication topic of this slug"));
    }
    let subjects: Vec<i64> =
        form.subjects.iter().filter_map(|slug| find(slug, topic::Kind::Subject)).collect();
    if subjects.len() != form.subjects.len() {
        problems.push(Problem::new("subjects", "The brand has no subject of one of these slugs"));
    }
    let named = |topic: &&Topic| communication == Some(topic.id) || subjects.contains(&topic.id);
    if form.archive && topics.iter().filter(named).any(|topic| topic.sensitive) {
        problems.push(Problem::new("archive", archive::SENSITIVE));
    }
    let language = language.map(|lang| lang.tag().to_owned());
    match communication {
        Some(topic) if problems.is_empty() => {
            Ok(Checked { brand: brand.id, topic, subjects, urls, html, language })
        }
        _ => Err(Error::Invalid(problems)),
    }
}

fn not_found_is(error: Error, field: &str, detail: &str) -> Error {
    if matches!(error, Error::NotFound(_)) { Error::invalid(field, detail) } else { error }
}

fn attach(conn: &mut DbConnection, id: i64, checked: &Checked) -> Result<()> {
    links::replace(conn, id, &checked.urls)?;
    diesel::delete(campaign_subject::table.filter(campaign_subject::campaign_id.eq(id))).execute(conn)?;
    let mut subjects = checked.subjects.clone();
    subjects.sort_unstable();
    subjects.dedup();
    for subject in subjects {
        diesel::insert_into(campaign_subject::table)
            .values((campaign_subject::campaign_id.eq(id), campaign_subject::topic_id.eq(subject)))
            .execute(conn)?;
    }
    Ok(())
}

/// Sees that the saved draft could be sent, so that nothing is found out only when it is due.
fn finish(conn: &mut DbConnection, id: i64) -> Result<Campaign> {
    let campaign = get(conn, id)?;
    let brand = brand::get(conn, campaign.brand_id)?;
    let links = links::of_campaign(conn, id)?;
    content::Content::prepare(&campaign, &brand, &links)?;
    Ok(campaign)
}
