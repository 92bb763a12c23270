//! What a campaign says: checked when it is saved, prepared once, and rendered for each person.
//!
//! Outside the author's control every letter ends with [its fixed lines](footer): the links to unsubscribe and
//! to the preferences, the brand's legal identity and, for a supplier's contact, the source (L-09).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::Serialize;

use crate::domain::audience::Subscriber;
use crate::domain::audience::subscriber::attributes;
use crate::domain::campaign::link::Link;
use crate::domain::campaign::{Campaign, footer};
use crate::domain::catalog::Brand;
use crate::domain::consent::gate::SupplierFacts;
use crate::error::{Error, Problem, Result};
use crate::i18n::Lang;
use crate::line::is_line;
use crate::mail::frame::{Common, Frame};
use crate::mail::letter::HTML_OCTETS_MAX;
use crate::mail::link::FoundLink;
use crate::mail::template::{Fields, Kind, Merge, Template, Values};
use crate::mail::{html, text};

const FRAME: &str = include_str!("../../../static/mail/letter_frame.html");
const PIXEL: &str =
    "{% if pixel_url %}<img src=\"{{ pixel_url }}\" width=\"1\" height=\"1\" alt=\"\">{% endif %}";

/// As many characters as the token of a link has, and some.
const TOKEN_MAX: usize = 60;

/// Fields that hold a whole address and may stand alone in an `href`.
const SERVICE_LINKS: &[&str] = &["unsubscribe_url", "preferences_url", "view_url"];

/// What an author may merge.
const AUTHOR: Fields<'_> = Fields {
    always: &[
        "brand.name",
        "brand.legal_name",
        "brand.registered_address",
        "unsubscribe_url",
        "preferences_url",
        "view_url",
    ],
    optional: &["first_name", "last_name", "company", "country", "attributes.*"],
};

/// What a subject may merge. Nobody's own links: whoever sees the subject could follow them.
const SUBJECT: Fields<'_> = Fields {
    always: &["brand.name", "brand.legal_name", "brand.registered_address"],
    optional: AUTHOR.optional,
};

/// What the prepared templates may merge: also what the footer, the links and the pixel need.
const PREPARED: Fields<'_> = Fields {
    always: &[
        "brand.name",
        "brand.legal_name",
        "brand.registered_address",
        "unsubscribe_url",
        "preferences_url",
        "view_url",
        "links.*",
        "source_name",
        "source_policy_url",
    ],
    optional: &["first_name", "last_name", "company", "country", "attributes.*", "pixel_url"],
};

/// A campaign's templates, compiled, with links, footer and pixel in their places.
#[derive(Debug, Clone)]
pub struct Content {
    subject: Template,
    html: Template,
    text: Template,
}

/// What is merged for one person. Further fields are read from their JSON only by a template that names one.
#[derive(Debug)]
pub struct PersonValues {
    brand: Arc<BrandValues>,
    first_name: Option<String>,
    last_name: Option<String>,
    company: Option<String>,
    country: Option<String>,
    attributes_json: String,
    attributes: OnceLock<BTreeMap<String, String>>,
    /// Empty unless the data came from a supplier.
    source_name: String,
    source_policy_url: String,
    urls: Urls,
}

/// What is merged for everybody.
#[derive(Debug)]
pub struct BrandValues {
    name: String,
    legal_name: String,
    registered_address: String,
}

/// The addresses that stand in one person's letter.
#[derive(Debug, Clone)]
pub struct Urls {
    /// Ends all marketing email of the brand.
    pub unsubscribe: String,
    /// Shows and changes choices.
    pub preferences: String,
    /// Shows the letter in the browser.
    pub view: String,
    /// For each link in its order: the tracked address, or the original one.
    pub links: Vec<String>,
    /// The pixel, where the person allows it.
    pub pixel: Option<String>,
}

/// A letter's three texts.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Rendered {
    /// The subject line.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The text part.
    pub text: String,
}

/// Checks what an author wrote and returns its web links, each once, in order.
///
/// # Errors
/// [`Error::Invalid`] with everything that is wrong, each with its line.
pub fn check(subject: &str, html_source: &str, text_source: Option<&str>) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let mut keep = |found: Result<Template, Vec<Problem>>| {
        if let Err(found) = found {
            problems.extend(found);
        }
    };
    let known = Template::parse("subject", subject, Kind::Plain, AUTHOR);
    let has_links = known.is_ok() && Template::parse("subject", subject, Kind::Plain, SUBJECT).is_err();
    keep(known);
    keep(Template::parse("html", html_source, Kind::Html, AUTHOR));
    if let Some(source) = text_source {
        keep(Template::parse("text", source, Kind::Plain, AUTHOR));
    }
    if has_links {
        let detail = format!(
            "Leave {} out of the subject: whoever sees it could follow the recipient's own link",
            SERVICE_LINKS.join(", ")
        );
        problems.push(Problem::new("subject", detail));
    }
    if subject.trim().is_empty() || !is_line(subject, 200) {
        problems.push(Problem::new("subject", "Enter a subject of one line, at most 200 characters"));
    }
    if html_source.trim().is_empty() {
        problems.push(Problem::new("html", "Enter the HTML of the letter"));
    }
    let mut urls = Vec::new();
    let mut collect = |found: Result<Vec<FoundLink>, Vec<Problem>>| match found {
        Ok(links) => {
            for link in links {
                if !urls.contains(&link.url) {
                    urls.push(link.url);
                }
            }
        }
        Err(found) => problems.extend(found),
    };
    collect(html::links(html_source, SERVICE_LINKS));
    if let Some(source) = text_source {
        collect(text::links(source));
    }
    if problems.is_empty() { Ok(urls) } else { Err(Error::Invalid(problems)) }
}

/// A fragment becomes a document with a language, a title and a column that fits a phone; a document stays as
/// its author wrote it.
fn whole_document(html: &str, lang: Lang) -> Cow<'_, str> {
    if html.to_ascii_lowercase().contains("<html") {
        return Cow::Borrowed(html);
    }
    let frame = FRAME.replace("LANG", lang.tag()).replace("DIRECTION", lang.direction());
    Cow::Owned(frame.replacen("CONTENT", html, 1))
}

impl Content {
    /// Compiles a campaign's templates with the footer, the pixel and a slot for each stored link.
    ///
    /// The brand's own policy link is never rewritten (O-16).
    ///
    /// # Errors
    /// [`Error::Invalid`] if the result could not be rendered for everybody or is too large (P-10).
    pub fn prepare(campaign: &Campaign, brand: &Brand, links: &[Link]) -> Result<Self> {
        let slot = |url: &str| {
            let found = links.iter().find(|link| link.url == url && link.url != brand.policy_url)?;
            Some(format!("{{{{ links.l{} }}}}", found.position))
        };
        let plain = match &campaign.text {
            Some(source) => source.clone(),
            None => html::to_text(&campaign.html)?,
        };
        let lang = campaign.lang(brand);
        let document = whole_document(&campaign.html, lang);
        let html_source = html::prepare(&document, slot, &footer::html(lang)?, PIXEL)?;
        let text_source = text::prepare(&plain, slot, &footer::text(lang)?);
        let content = Self {
            subject: Template::parse("subject", &campaign.subject, Kind::Plain, SUBJECT)
                .map_err(Error::Invalid)?,
            html: parse("html", &html_source, Kind::Html)?,
            text: parse("text", &text_source, Kind::Plain)?,
        };
        let sample = Urls::longest(brand, links);
        let values = PersonValues::new(Arc::new(BrandValues::of(brand)), None, None, sample);
        let rendered = content.render(&values.merge())?;
        if rendered.html.len() > HTML_OCTETS_MAX {
            let detail = "The finished HTML is larger than 100 KB: Gmail would cut off the unsubscribe link";
            return Err(Error::invalid("html", detail));
        }
        Ok(content)
    }

    /// The frame of the campaign's letters, to send.
    ///
    /// # Errors
    /// As [`Frame::new`].
    pub fn frame(&self, common: &Common) -> Result<Frame> {
        Frame::new(common, &self.subject, &self.html, &self.text)
    }

    /// The letter of one person as texts, to look at.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a value would break a header or a limit is reached.
    pub fn render(&self, values: &Merge) -> Result<Rendered> {
        Ok(Rendered {
            subject: self.subject.render_line(values)?,
            html: self.html.render(values)?,
            text: self.text.render(values)?,
        })
    }
}

/// The subject line of a campaign as somebody reads it of whom nothing is known.
///
/// # Errors
/// [`Error::Invalid`] if it cannot be rendered, which saving it has ruled out.
pub fn general_subject(campaign: &Campaign, brand: &Brand) -> Result<String> {
    parse("subject", &campaign.subject, Kind::Plain)?
        .render_line(&nobody(brand, Urls::of_preview(brand, &[])))
}

/// The HTML of a campaign for everybody: nothing about anybody, links as its author wrote them, no pixel, and an ending
/// that speaks of no recipient.
///
/// # Errors
/// As [`general_subject`].
pub fn published(campaign: &Campaign, brand: &Brand, urls: Urls) -> Result<String> {
    let lang = campaign.lang(brand);
    let document = whole_document(&campaign.html, lang);
    let source = html::prepare(&document, |_| None, &footer::published(lang)?, "")?;
    parse("html", &source, Kind::Html)?.render(&nobody(brand, urls))
}

fn parse(name: &str, source: &str, kind: Kind) -> Result<Template> {
    Template::parse(name, source, kind, PREPARED).map_err(Error::Invalid)
}

fn nobody(brand: &Brand, urls: Urls) -> Merge {
    PersonValues::new(Arc::new(BrandValues::of(brand)), None, None, urls).merge()
}

impl Urls {
    /// Nobody's own addresses: whoever has any asks for them. `view` is where the letter is shown.
    pub fn of_everybody(brand: &Brand, view: String) -> Self {
        let own = format!("{}/b/{}/link", brand.base_url, brand.slug);
        Self { unsubscribe: own.clone(), preferences: own, view, links: Vec::new(), pixel: None }
    }

    /// Addresses as long as they get, those of a reader who is tracked: to see how large a letter can become.
    pub fn longest(brand: &Brand, links: &[Link]) -> Self {
        let of = |route: &str| format!("{}/{route}/{}", brand.base_url, "x".repeat(TOKEN_MAX));
        let tracked = of("c");
        let link =
            |link: &Link| if link.url.len() > tracked.len() { link.url.clone() } else { tracked.clone() };
        Self {
            unsubscribe: of("u"),
            preferences: of("p"),
            view: of("v"),
            links: links.iter().map(link).collect(),
            pixel: Some(format!("{}.gif", of("o"))),
        }
    }

    /// Addresses that lead nowhere, for a preview: looking at it must not end or count anything.
    pub fn of_preview(brand: &Brand, links: &[Link]) -> Self {
        Self {
            unsubscribe: format!("{}/u/preview", brand.base_url),
            preferences: format!("{}/p/preview", brand.base_url),
            view: format!("{}/v/preview", brand.base_url),
            links: links.iter().map(|link| link.url.clone()).collect(),
            pixel: None,
        }
    }
}

impl BrandValues {
    /// The values of a brand.
    pub fn of(brand: &Brand) -> Self {
        Self {
            name: brand.name.clone(),
            legal_name: brand.legal_name.clone(),
            registered_address: brand.registered_address.clone(),
        }
    }
}

impl PersonValues {
    /// The values of one person, or of somebody of whom nothing is known.
    pub fn new(
        brand: Arc<BrandValues>,
        person: Option<&Subscriber>,
        supplier: Option<&SupplierFacts>,
        urls: Urls,
    ) -> Self {
        let of = |field: fn(&Subscriber) -> &Option<String>| person.and_then(|person| field(person).clone());
        Self {
            brand,
            first_name: of(|person| &person.first_name),
            last_name: of(|person| &person.last_name),
            company: of(|person| &person.company),
            country: of(|person| &person.country),
            attributes_json: person.map(|person| person.attributes.clone()).unwrap_or_default(),
            attributes: OnceLock::new(),
            source_name: supplier.map(|supplier| supplier.name.clone()).unwrap_or_default(),
            source_policy_url: supplier.and_then(|supplier| supplier.policy_url.clone()).unwrap_or_default(),
            urls,
        }
    }

    /// As the templates take them.
    pub fn merge(self) -> Merge {
        Merge::new(Arc::new(self))
    }
}

impl Values for PersonValues {
    fn field(&self, name: &str) -> Option<&str> {
        match name {
            "first_name" => self.first_name.as_deref(),
            "last_name" => self.last_name.as_deref(),
            "company" => self.company.as_deref(),
            "country" => self.country.as_deref(),
            "unsubscribe_url" => Some(&self.urls.unsubscribe),
            "preferences_url" => Some(&self.urls.preferences),
            "view_url" => Some(&self.urls.view),
            "source_name" => Some(&self.source_name),
            "source_policy_url" => Some(&self.source_policy_url),
            "pixel_url" => self.urls.pixel.as_deref(),
            _ => None,
        }
    }

    fn group(&self, name: &str) -> Option<&'static str> {
        ["brand", "links", "attributes"].into_iter().find(|group| *group == name)
    }

    fn member(&self, group: &str, name: &str) -> Option<&str> {
        match (group, name) {
            ("brand", "name") => Some(&self.brand.name),
            ("brand", "legal_name") => Some(&self.brand.legal_name),
            ("brand", "registered_address") => Some(&self.brand.registered_address),
            ("links", slot) => {
                let position: usize = slot.strip_prefix('l')?.parse().ok()?;
                self.urls.links.get(position).map(String::as_str)
            }
            ("attributes", name) => self
                .attributes
                .get_or_init(|| attributes(&self.attributes_json))
                .get(name)
                .map(String::as_str),
            _ => None,
        }
    }
}
