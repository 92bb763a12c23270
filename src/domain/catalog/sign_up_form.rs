//! Named sign-up forms: besides its own form, which offers everything, a brand can have forms that offer some of it,
//! ask for less, say why, and may stand inside of other sites.

mod check;

use diesel::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::sign_up_form;
use crate::domain::catalog::Channel;
use crate::domain::catalog::topic::Topic;
use crate::error::{Error, Result, if_there};
use crate::id::Slug;

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
