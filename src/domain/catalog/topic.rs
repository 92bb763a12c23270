//! Topics: what one can opt in to, and on which channels.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::db::DbConnection;
use crate::db::schema::topic;
use crate::domain::catalog::Channel;
use crate::error::{Error, Problem, Result, if_there};
use crate::i18n::Lang;
use crate::id::Slug;
use crate::line::is_line;

word_enum! {
    /// The two kinds of topics; a campaign is about exactly one communication and any number of subjects.
    #[schema(as = TopicKind)]
    pub enum Kind {
        /// A type of message: newsletter, webinars.
        Communication = "communication",
        /// What a message is about: social care, transport.
        Subject = "subject",
    }
}

/// A topic as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = topic)]
pub struct Topic {
    /// Row number.
    pub id: i64,
    /// The brand it belongs to.
    pub brand_id: i64,
    /// Its word in forms, imports and the API; one per brand.
    pub slug: Slug,
    /// Communication or subject.
    pub kind: Kind,
    /// What people read.
    pub name: String,
    /// One line on what it brings.
    pub description: String,
    /// Whether an interest in it can reveal something intimate (L-15): never in a URL, label, webhook or score.
    pub sensitive: bool,
    /// Whether it can come by email.
    pub offers_email: bool,
    /// Whether it can come by phone.
    pub offers_phone: bool,
    /// Whether it can come by post.
    pub offers_post: bool,
    /// Its place in lists; smaller first.
    pub position: i32,
    /// How often it comes, in words; may be empty.
    pub frequency_note: String,
    /// An example of it, to be read before one agrees.
    pub example_url: Option<String>,
}

impl Topic {
    /// Whether it can come this way.
    pub fn offers(&self, channel: Channel) -> bool {
        match channel {
            Channel::Email => self.offers_email,
            Channel::Phone => self.offers_phone,
            Channel::Post => self.offers_post,
        }
    }

    /// The ways it can come.
    pub fn channels(&self) -> Vec<Channel> {
        Channel::ALL.iter().copied().filter(|channel| self.offers(*channel)).collect()
    }

    /// What stands beside its boxes on a page in `lang`, exactly (L-02): its name, and on the next line what it brings,
    /// how often it comes and, if so, that it is sensitive.
    pub fn words(&self, lang: Lang) -> String {
        let note = if self.sensitive { lang.say("sensitive-note").to_string() } else { String::new() };
        let said = |parts: &[&str], between| {
            parts.iter().copied().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(between)
        };
        let about = said(&[&self.description, &self.frequency_note, &note], " ");
        said(&[&self.name, &about], "\n")
    }
}

/// A topic as it is written.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicForm {
    /// Its word in forms, imports and the API; never changed afterwards.
    pub slug: Slug,
    /// Communication or subject.
    pub kind: Kind,
    /// What people read.
    pub name: String,
    /// One line on what it brings.
    #[serde(default)]
    pub description: String,
    /// Whether an interest in it can reveal something intimate.
    #[serde(default)]
    pub sensitive: bool,
    /// The channels it is offered on; at least one.
    pub channels: Vec<Channel>,
    /// Its place in lists; smaller first.
    #[serde(default)]
    pub position: i32,
    /// How often it comes, in words: "about two a month".
    #[serde(default)]
    pub frequency_note: String,
    /// An example of it, to be read before one agrees: an address with https.
    #[serde(default)]
    pub example_url: Option<String>,
}

impl TopicForm {
    fn check(&self) -> Result<()> {
        let mut problems = Vec::new();
        if self.name.trim().is_empty() || !is_line(&self.name, 200) {
            problems.push(Problem::new("name", "Enter one line of 1 to 200 characters"));
        }
        if !is_line(&self.description, 500) {
            problems.push(Problem::new("description", "Enter one line of at most 500 characters"));
        }
        if !is_line(&self.frequency_note, 100) {
            problems.push(Problem::new("frequency_note", "Enter one line of at most 100 characters"));
        }
        if self.example_url.as_deref().is_some_and(|url| !is_web_address(url)) {
            problems.push(Problem::new("example_url", "Enter a whole address that begins with https://"));
        }
        if self.channels.is_empty() {
            problems.push(Problem::new("channels", "Offer at least one of email, phone and post"));
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
    }
}

/// Whether a page may link to it: with TLS, without a user name, and short enough for a line.
fn is_web_address(text: &str) -> bool {
    let plain = |url: &url::Url| url.scheme() == "https" && url.has_host() && url.username().is_empty();
    text.len() <= 500 && url::Url::parse(text).is_ok_and(|url| plain(&url) && url.password().is_none())
}

/// Adds a topic to a brand. Nobody is opted in to it.
///
/// # Errors
/// [`Error::Invalid`]; [`Error::Conflict`] if the brand has a topic of this slug.
pub fn create(conn: &mut DbConnection, brand: i64, form: &TopicForm) -> Result<Topic> {
    form.check()?;
    if if_there(find(conn, brand, form.slug.as_str()))?.is_some() {
        return Err(Error::conflict("The brand has a topic of this slug already; choose another"));
    }
    let id = diesel::insert_into(topic::table)
        .values((
            topic::brand_id.eq(brand),
            topic::slug.eq(&form.slug),
            topic::kind.eq(form.kind),
            topic::name.eq(form.name.trim()),
            topic::description.eq(form.description.trim()),
            topic::sensitive.eq(form.sensitive),
            topic::offers_email.eq(form.channels.contains(&Channel::Email)),
            topic::offers_phone.eq(form.channels.contains(&Channel::Phone)),
            topic::offers_post.eq(form.channels.contains(&Channel::Post)),
            topic::position.eq(form.position),
            topic::frequency_note.eq(form.frequency_note.trim()),
            topic::example_url.eq(form.example_url.as_deref()),
        ))
        .returning(topic::id)
        .get_result(conn)?;
    get(conn, id)
}

/// Replaces what is written of a topic; its slug and kind stay, because consent was given to them. Whether it may become
/// sensitive is for [`opt_in::may_become_sensitive`](crate::domain::consent::opt_in::may_become_sensitive) to say.
///
/// # Errors
/// [`Error::Invalid`], [`Error::NotFound`].
pub fn replace(conn: &mut DbConnection, brand: i64, slug: &str, form: &TopicForm) -> Result<Topic> {
    form.check()?;
    let existing = find(conn, brand, slug)?;
    if form.slug != existing.slug {
        return Err(Error::invalid("slug", "A topic's slug stays as it is: forms and imports name it"));
    }
    if form.kind != existing.kind {
        return Err(Error::invalid("kind", "A topic's kind stays as it is: consent was given to it"));
    }
    let id = diesel::update(topic::table.find(existing.id))
        .set((
            topic::name.eq(form.name.trim()),
            topic::description.eq(form.description.trim()),
            topic::sensitive.eq(form.sensitive),
            topic::offers_email.eq(form.channels.contains(&Channel::Email)),
            topic::offers_phone.eq(form.channels.contains(&Channel::Phone)),
            topic::offers_post.eq(form.channels.contains(&Channel::Post)),
            topic::position.eq(form.position),
            topic::frequency_note.eq(form.frequency_note.trim()),
            topic::example_url.eq(form.example_url.as_deref()),
        ))
        .returning(topic::id)
        .get_result(conn)?;
    get(conn, id)
}

/// The topic of this row number.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(conn: &mut DbConnection, id: i64) -> Result<Topic> {
    topic::table.find(id).select(Topic::as_select()).first(conn).optional()?.ok_or(Error::NotFound("topic"))
}

/// A brand's topic by its slug.
///
/// # Errors
/// [`Error::NotFound`].
pub fn find(conn: &mut DbConnection, brand: i64, slug: &str) -> Result<Topic> {
    topic::table
        .filter(topic::brand_id.eq(brand).and(topic::slug.eq(slug)))
        .select(Topic::as_select())
        .first(conn)
        .optional()?
        .ok_or(Error::NotFound("topic"))
}

/// All topics of a brand: communications first, then subjects, each by position.
///
/// # Errors
/// Of the database.
pub fn of_brand(conn: &mut DbConnection, brand: i64) -> Result<Vec<Topic>> {
    Ok(topic::table
        .filter(topic::brand_id.eq(brand))
        .order((topic::kind, topic::position, topic::id))
        .select(Topic::as_select())
        .load(conn)?)
}
