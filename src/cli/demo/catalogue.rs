//! The demo's catalogue: a brand that serves the public sector, and a second one, to which consent does not cross.

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::catalog::brand::{self, BrandForm};
use crate::domain::catalog::sign_up_form::{self, Asked, Field, NamedFormDraft, Offered};
use crate::domain::catalog::topic::{self, Kind, TopicForm};
use crate::domain::catalog::{Brand, Channel};
use crate::error::{Error, Result};
use crate::id::Slug;

/// The slug of the first brand.
pub const CIVIC: &str = "civic";

/// The slug of the second brand.
pub const HARBOUR: &str = "harbour";

const EMAIL: &[Channel] = &[Channel::Email];
const EMAIL_POST: &[Channel] = &[Channel::Email, Channel::Post];
const ALL: &[Channel] = &[Channel::Email, Channel::Phone, Channel::Post];

/// Slug, name, description, channels.
type Row = (&'static str, &'static str, &'static str, &'static [Channel]);

const COMMUNICATIONS: [Row; 8] = [
    ("product-updates", "Product Updates", "New features, and how to use them.", EMAIL),
    ("newsletter", "Newsletter", "What happened this month, in ten minutes of reading.", EMAIL_POST),
    ("whitepapers", "Whitepapers and Intelligence", "Our research, when it is published.", EMAIL_POST),
    ("events", "Exhibitions and Events", "Where to meet us, some weeks ahead.", ALL),
    ("webinars", "Videos, Podcasts and Webinars", "Invitations to live sessions, and the recordings.", EMAIL),
    ("offers", "Promotional Offers", "Discounts and trials.", ALL),
    ("company-updates", "Company Updates", "What is new at our company.", EMAIL),
    ("group-news", "News from Our Group", "What our sister companies do.", EMAIL),
];

const SUBJECTS: [Row; 10] = [
    ("public-sector", "Public Sector and Government", "Policy and practice in public bodies.", ALL),
    ("grants", "Grants and Funding", "Open calls and how to apply.", ALL),
    ("electoral", "Electoral Management", "Running elections and registers.", ALL),
    ("compliance", "Compliance", "Duties, and how others meet them.", ALL),
    ("engineering", "Engineering Information Management", "Drawings, assets and their records.", ALL),
    ("facilities", "Facilities Management", "Buildings and those who use them.", ALL),
    ("hospitals", "Hospital Management", "Beds, wards and rotas.", ALL),
    ("sexual-health", "Sexual Health", "Clinics, guidance and research.", ALL),
    ("social-care", "Social Care", "Care for children and adults.", ALL),
    ("transport", "Transport", "Roads, rail and buses.", ALL),
];

/// The slug of the first brand's named sign-up form.
pub const EVENTS: &str = "events";

/// Makes the first brand with its eighteen topics and a named sign-up form. `base_url` is where its pages are.
///
/// # Errors
/// [`Error::Conflict`] if there is a brand of that slug.
pub fn civic(conn: &mut DbConnection, base_url: &str, now: Moment) -> Result<Brand> {
    let form = brand_form(CIVIC, "Civic Notes", "Civic Notes Publishing Ltd", base_url)?;
    let brand = brand::create(conn, form, now)?;
    let communications = COMMUNICATIONS.iter().map(|row| (Kind::Communication, row));
    let subjects = SUBJECTS.iter().map(|row| (Kind::Subject, row));
    add_topics(conn, &brand, communications.chain(subjects))?;
    let topics = topic::of_brand(conn, brand.id)?;
    sign_up_form::create(conn, brand.id, &topics, events_form()?, now)?;
    Ok(brand)
}

/// A form about events alone, for a page of the brand's own site.
fn events_form() -> Result<NamedFormDraft> {
    let offered = |(topic, channels): (&str, &[Channel])| -> Result<Offered> {
        Ok(Offered { topic: slug(topic)?, channels: channels.to_vec() })
    };
    let asked =
        |field, purpose: Option<&str>| Asked { field, required: false, purpose: purpose.map(String::from) };
    let topics = [("events", ALL), ("webinars", EMAIL), ("public-sector", EMAIL), ("transport", EMAIL)];
    Ok(NamedFormDraft {
        slug: slug(EVENTS)?,
        heading: String::from("Come to our events"),
        intro: String::from("Invitations to exhibitions and webinars, some weeks ahead."),
        topics: topics.into_iter().map(offered).collect::<Result<_>>()?,
        fields: vec![
            Asked { required: true, ..asked(Field::FirstName, Some("For your badge.")) },
            asked(Field::Company, Some("For your badge, if you want it there.")),
            asked(Field::Phone, Some("So that we can tell you when a hall or an hour changes.")),
            asked(Field::PostalAddress, None),
        ],
        origins: vec![String::from("https://www.civic.example.com")],
    })
}

/// Makes the second brand, which has a newsletter and one subject, both of the same slugs as the first brand's.
///
/// # Errors
/// [`Error::Conflict`] if there is a brand of that slug.
pub fn harbour(conn: &mut DbConnection, base_url: &str, now: Moment) -> Result<Brand> {
    let form = brand_form(HARBOUR, "Harbour Weekly", "Harbour Weekly Ltd", base_url)?;
    let brand = brand::create(conn, form, now)?;
    let rows = [(Kind::Communication, &COMMUNICATIONS[1]), (Kind::Subject, &SUBJECTS[9])];
    add_topics(conn, &brand, rows)?;
    Ok(brand)
}

fn brand_form(slug: &str, name: &str, legal_name: &str, base_url: &str) -> Result<BrandForm> {
    let domain = format!("{slug}.example.com");
    Ok(BrandForm {
        slug: self::slug(slug)?,
        name: name.to_owned(),
        legal_name: legal_name.to_owned(),
        registered_address: String::from("1 Example Street, Exampleton EX1 1EX, United Kingdom"),
        contact_email: format!("privacy@{domain}"),
        marketing_from: format!("hello@news.{domain}"),
        service_from: format!("service@{domain}"),
        reply_to: Some(format!("answers@{domain}")),
        base_url: base_url.to_owned(),
        policy_url: format!("https://{domain}/privacy"),
        hosts: Vec::new(),
        policy_version: String::from("2026-05"),
        consent_wording: None,
        refresh_consents_before: None,
        anonymous_tracking: false,
        incoming_domain: None,
        relay: None,
        accent: None,
        accent_dark: None,
        language: None,
    })
}

fn add_topics<'a>(
    conn: &mut DbConnection,
    brand: &Brand,
    rows: impl IntoIterator<Item = (Kind, &'a Row)>,
) -> Result<()> {
    for (position, (kind, (slug, name, description, channels))) in (1..).zip(rows) {
        let form = TopicForm {
            slug: self::slug(slug)?,
            kind,
            name: (*name).to_owned(),
            description: (*description).to_owned(),
            sensitive: *slug == "sexual-health",
            channels: channels.to_vec(),
            position,
            frequency_note: frequency(slug).to_owned(),
            example_url: None,
        };
        topic::create(conn, brand.id, &form)?;
    }
    Ok(())
}

/// How often a topic comes, in words.
fn frequency(slug: &str) -> &'static str {
    match slug {
        "newsletter" => "About one a month.",
        "product-updates" => "About four a year.",
        "webinars" => "About two a month.",
        _ => "",
    }
}

fn slug(text: &str) -> Result<Slug> {
    Slug::parse(text).map_err(|problem| Error::Invalid(vec![problem]))
}
