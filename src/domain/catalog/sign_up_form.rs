//! Named sign-up forms: besides its own form, which offers everything, a brand can have forms that offer some of it,
//! ask for less, say why, and may stand inside of other sites.

use diesel::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::sign_up_form;
use crate::domain::catalog::Channel;
use crate::domain::catalog::topic::{Kind, Topic};
use crate::error::{Error, Problem, Result, if_there};
use crate::id::Slug;
use crate::line::is_line;

/// A form may stand inside of so many sites.
const ORIGINS_MAX: usize = 20;

word_enum! {
    /// What a form can ask for besides the address.
    #[schema(as = SignUpField)]
    pub enum Field {
        /// The first name.
        FirstName = "first_name",
        /// The last name.
        LastName = "last_name",
        /// The company.
        Company = "company",
        /// The country.
        Country = "country",
        /// The telephone number; of those who tick Phone.
        Phone = "phone",
        /// The postal address; of those who tick Post.
        PostalAddress = "postal_address",
    }
}

impl Field {
    /// The one channel that needs it; none for what any person may be asked.
    pub fn channel(self) -> Option<Channel> {
        match self {
            Self::Phone => Some(Channel::Phone),
            Self::PostalAddress => Some(Channel::Post),
            Self::FirstName | Self::LastName | Self::Company | Self::Country => None,
        }
    }
}

/// A topic that a form offers, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OfferedTopic)]
pub struct Offered {
    /// The topic's slug.
    pub topic: Slug,
    /// The channels on which the form offers it; at least one of the topic's own.
    pub channels: Vec<Channel>,
}

/// A field that a form asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AskedField)]
pub struct Asked {
    /// Which one.
    pub field: Field,
    /// Whether nobody can sign up without it. Left out for `phone` and `postal_address`, which are needed of those who
    /// tick the channel and of nobody else.
    #[serde(default)]
    pub required: bool,
    /// What it is for, in one line beside the field; a plain line of ours if left out.
    #[serde(default)]
    pub purpose: Option<String>,
}

/// A named form as it is stored.
#[derive(Debug, Clone)]
pub struct NamedForm {
    /// Row number.
    pub id: i64,
    /// Its word in URLs; one per brand.
    pub slug: Slug,
    /// The heading of its page.
    pub heading: String,
    /// One line below the heading; may be empty.
    pub intro: String,
    /// What it offers.
    pub topics: Vec<Offered>,
    /// What it asks for besides the address.
    pub fields: Vec<Asked>,
    /// The sites that may show it inside of theirs, each as `https://www.example.org`.
    pub origins: Vec<String>,
    /// When it was last changed.
    pub changed_at: Moment,
}

impl NamedForm {
    /// What the form asks about a field; none if it does not ask for it.
    pub fn asks(&self, field: Field) -> Option<&Asked> {
        self.fields.iter().find(|asked| asked.field == field)
    }

    /// Of the brand's topics those that the form offers, each on the channels that both offer. What a topic no longer
    /// offers is gone from the form too.
    pub fn narrow(&self, topics: Vec<Topic>) -> Vec<Topic> {
        let offered = |topic: &Topic| self.topics.iter().find(|offered| offered.topic == topic.slug);
        let narrowed = topics.into_iter().filter_map(|topic| {
            let channels = &offered(&topic)?.channels;
            let keeps = |channel| topic.offers(channel) && channels.contains(&channel);
            let (email, phone, post) = (keeps(Channel::Email), keeps(Channel::Phone), keeps(Channel::Post));
            Some(Topic { offers_email: email, offers_phone: phone, offers_post: post, ..topic })
        });
        narrowed.filter(|topic| !topic.channels().is_empty()).collect()
    }

    /// All that the form says in words of its own, for the evidence: who agrees has read it too (L-02).
    pub fn words(&self) -> String {
        let purposes = self.fields.iter().filter_map(|asked| asked.purpose.as_deref());
        let words = [self.heading.as_str(), &self.intro].into_iter().chain(purposes);
        words.filter(|words| !words.is_empty()).collect::<Vec<_>>().join("\n\n")
    }
}

/// A named form as it is written: all of it.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedFormDraft {
    /// Its word in URLs; never changed afterwards, because copies on other sites carry it.
    pub slug: Slug,
    /// The heading of its page.
    pub heading: String,
    /// One line below the heading.
    #[serde(default)]
    pub intro: String,
    /// What it offers: at least one communication.
    pub topics: Vec<Offered>,
    /// What it asks for besides the address. `phone` and `postal_address` exactly where a topic is offered by phone or
    /// by post.
    #[serde(default)]
    pub fields: Vec<Asked>,
    /// The sites that may show it inside of theirs, in an iframe: each a scheme and a host, as in
    /// `https://www.example.org`. Nobody may if left out.
    #[serde(default)]
    pub origins: Vec<String>,
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = sign_up_form)]
struct Written {
    slug: Slug,
    heading: String,
    intro: String,
    topics: String,
    fields: String,
    origins: String,
    changed_at: Moment,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sign_up_form)]
struct Row {
    id: i64,
    slug: Slug,
    heading: String,
    intro: String,
    topics: String,
    fields: String,
    origins: String,
    changed_at: Moment,
}

impl Row {
    fn read(self) -> Result<NamedForm> {
        fn json<T: DeserializeOwned>(text: &str) -> Result<T> {
            serde_json::from_str(text).map_err(Error::internal)
        }
        Ok(NamedForm {
            id: self.id,
            slug: self.slug,
            heading: self.heading,
            intro: self.intro,
            topics: json(&self.topics)?,
            fields: json(&self.fields)?,
            origins: json(&self.origins)?,
            changed_at: self.changed_at,
        })
    }
}

impl NamedFormDraft {
    fn check(mut self, topics: &[Topic], now: Moment) -> Result<Written> {
        let mut problems = Vec::new();
        let (heading, intro) = (self.heading.trim().to_owned(), self.intro.trim().to_owned());
        if heading.is_empty() || !is_line(&heading, 100) {
            problems.push(Problem::new("heading", "Enter one line of 1 to 100 characters"));
        }
        if !is_line(&intro, 500) {
            problems.push(Problem::new("intro", "Enter one line of at most 500 characters"));
        }
        // A page's address ends up in logs and histories (L-15).
        if topics.iter().any(|topic| topic.sensitive && self.slug.as_str().contains(topic.slug.as_str())) {
            problems
                .push(Problem::new("slug", "The name of a sensitive topic must not be part of an address"));
        }
        check_topics(&self.topics, topics, &mut problems);
        for (index, asked) in self.fields.iter_mut().enumerate() {
            asked.purpose = asked.purpose.take().map(|text| text.trim().to_owned());
            let fits = |text: &String| !text.is_empty() && is_line(text, 200);
            if !asked.purpose.as_ref().is_none_or(fits) {
                let place = format!("fields.{index}.purpose");
                problems.push(Problem::new(place, "Enter one line of 1 to 200 characters, or leave it out"));
            }
        }
        check_fields(&self.fields, &self.topics, &mut problems);
        let origins = check_origins(&self.origins, &mut problems);
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        Ok(Written {
            slug: self.slug,
            heading,
            intro,
            topics: serde_json::to_string(&self.topics)?,
            fields: serde_json::to_string(&self.fields)?,
            origins: serde_json::to_string(&origins)?,
            changed_at: now,
        })
    }
}

fn check_topics(offered: &[Offered], topics: &[Topic], problems: &mut Vec<Problem>) {
    let find = |slug: &Slug| topics.iter().find(|topic| topic.slug == *slug);
    for (index, offer) in offered.iter().enumerate() {
        let mut problem = |detail| problems.push(Problem::new(format!("topics.{index}"), detail));
        match find(&offer.topic) {
            None => problem("The brand has no topic of this slug"),
            Some(_) if offer.channels.is_empty() => problem("Offer it on at least one channel"),
            Some(topic) if !offer.channels.iter().all(|channel| topic.offers(*channel)) => {
                problem("The topic itself is not offered on one of these channels");
            }
            Some(_) if offered[..index].iter().any(|other| other.topic == offer.topic) => {
                problem("The topic is there twice");
            }
            Some(_) => {}
        }
    }
    let communicates = |offer: &Offered| find(&offer.topic).is_some_and(|t| t.kind == Kind::Communication);
    if !offered.iter().any(communicates) {
        problems.push(Problem::new(
            "topics",
            "Offer at least one communication: subjects alone bring no message",
        ));
    }
}

/// What is asked for has a use (GDPR, Art. 5(1)(c)), and no channel is offered that could not be chosen.
fn check_fields(fields: &[Asked], offered: &[Offered], problems: &mut Vec<Problem>) {
    for (index, asked) in fields.iter().enumerate() {
        let mut problem = |detail| problems.push(Problem::new(format!("fields.{index}"), detail));
        if fields[..index].iter().any(|other| other.field == asked.field) {
            problem("The field is there twice");
        }
        let Some(channel) = asked.field.channel() else { continue };
        if !offered.iter().any(|offer| offer.channels.contains(&channel)) {
            problem("No topic of the form is offered on the channel that needs it");
        } else if asked.required {
            problem("It is needed only of those who tick its channel; leave `required` out");
        }
    }
    for field in [Field::Phone, Field::PostalAddress] {
        let is_offered =
            |offer: &Offered| field.channel().is_some_and(|channel| offer.channels.contains(&channel));
        if offered.iter().any(is_offered) && !fields.iter().any(|asked| asked.field == field) {
            let detail = format!("Ask for `{field}`: a topic is offered on the channel that needs it");
            problems.push(Problem::new("fields", detail));
        }
    }
}

fn check_origins(origins: &[String], problems: &mut Vec<Problem>) -> Vec<String> {
    if origins.len() > ORIGINS_MAX {
        problems.push(Problem::new("origins", format!("Name at most {ORIGINS_MAX} sites")));
    }
    let mut checked = Vec::new();
    for (index, text) in origins.iter().enumerate() {
        match origin(text) {
            Some(origin) if checked.contains(&origin) => {}
            Some(origin) => checked.push(origin),
            None => problems.push(Problem::new(
                format!("origins.{index}"),
                "Enter a scheme and a host, such as https://www.example.org (http:// only on this machine)",
            )),
        }
    }
    checked
}

/// An origin (RFC 6454) as it can stand in a content policy: nothing in it could be read as another source or
/// directive.
fn origin(text: &str) -> Option<String> {
    let url = url::Url::parse(text.trim()).ok()?;
    let host = url.host_str()?;
    let is_plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-' || c == b'.';
    let is_here = matches!(host, "localhost" | "127.0.0.1");
    let fits = host.bytes().all(is_plain)
        && (url.scheme() == "https" || (url.scheme() == "http" && is_here))
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    fits.then(|| url.origin().ascii_serialization())
}

/// Adds a form to a brand.
///
/// # Errors
/// [`Error::Invalid`] naming every field that breaks a rule; [`Error::Conflict`] if the brand has a form of this slug.
pub fn create(
    conn: &mut DbConnection,
    brand: i64,
    topics: &[Topic],
    draft: NamedFormDraft,
    now: Moment,
) -> Result<NamedForm> {
    let row = draft.check(topics, now)?;
    let slug = row.slug.clone();
    if if_there(find(conn, brand, slug.as_str()))?.is_some() {
        return Err(Error::conflict("The brand has a form of this slug already; choose another"));
    }
    diesel::insert_into(sign_up_form::table).values((row, sign_up_form::brand_id.eq(brand))).execute(conn)?;
    find(conn, brand, slug.as_str())
}

/// Replaces what is written of a form; its slug stays.
///
/// # Errors
/// [`Error::Invalid`], [`Error::NotFound`].
pub fn replace(
    conn: &mut DbConnection,
    brand: i64,
    slug: &str,
    topics: &[Topic],
    draft: NamedFormDraft,
    now: Moment,
) -> Result<NamedForm> {
    let existing = find(conn, brand, slug)?;
    if draft.slug != existing.slug {
        return Err(Error::invalid("slug", "A form's slug stays as it is: copies on other sites carry it"));
    }
    let row = draft.check(topics, now)?;
    diesel::update(sign_up_form::table.find(existing.id)).set(row).execute(conn)?;
    find(conn, brand, slug)
}

/// Deletes a form. The evidence of those who signed up by it names it further on.
///
/// # Errors
/// [`Error::NotFound`].
pub fn delete(conn: &mut DbConnection, brand: i64, slug: &str) -> Result<()> {
    let existing = find(conn, brand, slug)?;
    diesel::delete(sign_up_form::table.find(existing.id)).execute(conn)?;
    Ok(())
}

/// A brand's form by its slug.
///
/// # Errors
/// [`Error::NotFound`].
pub fn find(conn: &mut DbConnection, brand: i64, slug: &str) -> Result<NamedForm> {
    let row: Row = sign_up_form::table
        .filter(sign_up_form::brand_id.eq(brand).and(sign_up_form::slug.eq(slug)))
        .select(Row::as_select())
        .first(conn)
        .optional()?
        .ok_or(Error::NotFound("form"))?;
    row.read()
}

/// A brand's forms in the order they were made: those after row number `after`, at most `limit`.
///
/// # Errors
/// Of the database.
pub fn list(conn: &mut DbConnection, brand: i64, after: i64, limit: i64) -> Result<Vec<NamedForm>> {
    let rows: Vec<Row> = sign_up_form::table
        .filter(sign_up_form::brand_id.eq(brand).and(sign_up_form::id.gt(after)))
        .order(sign_up_form::id)
        .limit(limit)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Row::read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_and_a_host_and_nothing_that_a_policy_could_misread() {
        for (text, read) in [
            ("https://www.example.org", "https://www.example.org"),
            (" https://WWW.Example.org:443/ ", "https://www.example.org"),
            ("https://bücher.example:8443", "https://xn--bcher-kva.example:8443"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://127.0.0.1:1", "http://127.0.0.1:1"),
        ] {
            assert_eq!(origin(text).as_deref(), Some(read), "{text}");
        }
        for text in [
            "",
            "www.example.org",
            "http://www.example.org",
            "https://*.example.org",
            "https://*",
            "https://a.example;script-src",
            "https://a.example,b.example",
            "https://a.example 'self'",
            "https://'self'",
            "https://a.example/path",
            "https://a.example/?q",
            "https://me@a.example",
            "https://[::1]",
            "data:text/html,x",
            "null",
        ] {
            assert_eq!(origin(text), None, "{text}");
        }
    }
}
