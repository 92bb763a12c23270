//! Brands: the named entities that people deal with. Consent to one is not consent to another.

use diesel::prelude::*;
use serde::Deserialize;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::{brand, logo};
use crate::domain::catalog::look::{self, Scheme};
use crate::domain::catalog::{host, notice};
use crate::email_address::EmailAddress;
use crate::error::{Error, Problem, Problems, Result, if_there};
use crate::i18n::Lang;
use crate::id::Slug;
use crate::line::is_line;

/// A brand as it is stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = brand)]
pub struct Brand {
    /// Row number.
    pub id: i64,
    /// The brand's word in URLs.
    pub slug: Slug,
    /// What people call it.
    pub name: String,
    /// The company behind it (L-09).
    pub legal_name: String,
    /// That company's registered address (L-09).
    pub registered_address: String,
    /// Where people can write about their data.
    pub contact_email: EmailAddress,
    /// Sender of marketing mail.
    pub marketing_from: EmailAddress,
    /// Sender of service mail; another one than of marketing mail (P-06).
    pub service_from: EmailAddress,
    /// Where answers to marketing mail go.
    pub reply_to: Option<EmailAddress>,
    /// The public address of the brand's pages, without a slash at its end.
    pub base_url: String,
    /// The privacy policy.
    pub policy_url: String,
    /// The version of it that is in force.
    pub policy_version: String,
    /// The sentence a person agrees to on the brand's forms.
    pub consent_wording: String,
    /// Consents given before this moment have to be asked for again.
    pub refresh_consents_before: Option<Moment>,
    /// Whether people without permission share one counter per campaign; off by default.
    pub anonymous_tracking: bool,
    /// When it was last changed.
    pub changed_at: Moment,
    /// The domain at which this server receives mail for the brand: bounces and unsubscribes (B-01, M-09).
    pub incoming_domain: Option<String>,
    /// The one relay that carries the brand's marketing mail; all of them by their weights if none.
    pub relay: Option<String>,
    /// The colour of links and buttons on light pages: `#rrggbb`.
    pub accent: Option<String>,
    /// The colour of links and buttons on dark pages: `#rrggbb`.
    pub accent_dark: Option<String>,
    /// The language in which the brand writes: a tag of BCP 47.
    pub language: Option<String>,
}

impl Brand {
    /// The language that the brand's pages and service mails speak where nothing else is known.
    pub fn lang(&self) -> Lang {
        self.language.as_deref().and_then(Lang::read).unwrap_or_default()
    }

    /// The host of its pages, with the port where it is not the scheme's own.
    pub fn host(&self) -> Option<String> {
        let url = url::Url::parse(&self.base_url).ok()?;
        let host = url.host_str()?;
        Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    }

    /// What its colours change in the style sheet; empty where it has none.
    pub fn style(&self) -> String {
        look::style(self.accent.as_deref(), self.accent_dark.as_deref())
    }
}

/// A brand as it is written: all of it.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BrandForm {
    /// The brand's word in URLs; never changed afterwards.
    pub slug: Slug,
    /// What people call it.
    pub name: String,
    /// The company behind it.
    pub legal_name: String,
    /// That company's registered address.
    pub registered_address: String,
    /// Where people can write about their data.
    pub contact_email: String,
    /// Sender of marketing mail.
    pub marketing_from: String,
    /// Sender of service mail; must differ from the one of marketing mail.
    pub service_from: String,
    /// Where answers to marketing mail go.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// The public address of the brand's pages: https, or http on this machine.
    pub base_url: String,
    /// Hosts that are this brand's alone, as in `news.brand.example`, without a port; the one of `base_url` among them.
    /// Pages of other brands are not found there. Without any, the brand is found at every host that no other has for
    /// itself.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// The privacy policy. Where the brand keeps its notice here, it is the address of that, whatever is written.
    pub policy_url: String,
    /// The version of it that is in force.
    pub policy_version: String,
    /// The sentence a person agrees to; a plain one if left out.
    #[serde(default)]
    pub consent_wording: Option<String>,
    /// Consents given before this moment have to be asked for again, also those that wait to be confirmed.
    #[serde(default)]
    pub refresh_consents_before: Option<Moment>,
    /// Count, without any person, opens and clicks of those who gave no permission.
    #[serde(default)]
    pub anonymous_tracking: bool,
    /// The domain at which this server receives the brand's bounces and unsubscribes by mail, as in
    /// `in.brand.example`. Its MX record leads here. Without one, bounces go to the sender's own mailbox.
    #[serde(default)]
    pub incoming_domain: Option<String>,
    /// The name of the one relay that carries the brand's marketing mail; all of them by their weights if left out.
    #[serde(default)]
    pub relay: Option<String>,
    /// The colour of links and buttons on light pages, as in `#0b5c5c`; with too little contrast it is refused with
    /// one that has enough.
    #[serde(default)]
    pub accent: Option<String>,
    /// The same on dark pages, as in `#7fcfc4`.
    #[serde(default)]
    pub accent_dark: Option<String>,
    /// The language in which the brand writes; its pages and service mails speak it where a person's is not known:
    /// `en-GB`, `cy`, `de` or `fr`.
    #[serde(default)]
    pub language: Option<String>,
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = brand, treat_none_as_null = true, treat_none_as_default_value = false)]
struct BrandRow {
    slug: Slug,
    name: String,
    legal_name: String,
    registered_address: String,
    contact_email: EmailAddress,
    marketing_from: EmailAddress,
    service_from: EmailAddress,
    reply_to: Option<EmailAddress>,
    base_url: String,
    policy_url: String,
    policy_version: String,
    consent_wording: String,
    refresh_consents_before: Option<Moment>,
    anonymous_tracking: bool,
    changed_at: Moment,
    incoming_domain: Option<String>,
    relay: Option<String>,
    accent: Option<String>,
    accent_dark: Option<String>,
    language: Option<String>,
}

/// With which addresses a brand writes.
struct Senders {
    contact: EmailAddress,
    marketing: EmailAddress,
    service: EmailAddress,
    reply_to: Option<EmailAddress>,
}

impl BrandForm {
    fn check(self, now: Moment) -> Result<BrandRow> {
        let mut problems = Problems::default();
        let mut line = |field: &str, value: &str| {
            let value = value.trim().to_owned();
            let fits = !value.is_empty() && is_line(&value, 500);
            problems.rule(fits, field, "Enter one line of 1 to 500 characters");
            value
        };
        let name = line("name", &self.name);
        let legal_name = line("legal_name", &self.legal_name);
        let registered_address = line("registered_address", &self.registered_address);
        let policy_version = line("policy_version", &self.policy_version);
        let base_url = line("base_url", &self.base_url).trim_end_matches('/').to_owned();
        let policy_url = line("policy_url", &self.policy_url);
        let wording = self.consent_wording.clone().unwrap_or_else(|| usual_wording(&name));
        let consent_wording = line("consent_wording", &wording);
        let senders = self.check_senders(&mut problems);
        problems.keep(check_base_url(&base_url));
        problems.rule(is_web_url(&policy_url), "policy_url", "Enter a full http or https address");
        let incoming_domain =
            self.incoming_domain.as_deref().and_then(|text| problems.keep(domain_name(text)));
        let relay = self.relay.as_deref().is_none_or(|name| Slug::parse(name).is_ok());
        problems.rule(relay, "relay", "Enter the name of a relay, as it is in the settings");
        let (accent, accent_dark) = self.check_colours(&mut problems);
        let language = self.language.as_deref().map(Lang::read);
        let is_spoken = language != Some(None);
        problems.rule(is_spoken, "language", format!("Enter one of {}", Lang::choices()));
        let Some(senders) = senders.filter(|_| problems.is_empty()) else { return Err(problems.into()) };
        Ok(BrandRow {
            slug: self.slug,
            name,
            legal_name,
            registered_address,
            contact_email: senders.contact,
            marketing_from: senders.marketing,
            service_from: senders.service,
            reply_to: senders.reply_to,
            base_url,
            policy_url,
            policy_version,
            consent_wording,
            refresh_consents_before: self.refresh_consents_before,
            anonymous_tracking: self.anonymous_tracking,
            changed_at: now,
            incoming_domain,
            relay: self.relay,
            accent,
            accent_dark,
            language: language.flatten().map(|lang| lang.tag().to_owned()),
        })
    }

    /// The addresses, and that marketing does not come from the one of service mail.
    fn check_senders(&self, problems: &mut Problems) -> Option<Senders> {
        let mut address = |field: &str, text: &str| {
            problems.keep(EmailAddress::parse(text).map_err(|problem| Problem::new(field, problem.detail)))
        };
        let contact = address("contact_email", &self.contact_email);
        let marketing = address("marketing_from", &self.marketing_from);
        let service = address("service_from", &self.service_from);
        let reply_to = self.reply_to.as_deref().and_then(|text| address("reply_to", text));
        problems.rule(
            marketing.is_none() || marketing != service,
            "service_from",
            "Service mail needs another sender address than marketing mail (Google's sender rules)",
        );
        Some(Senders { contact: contact?, marketing: marketing?, service: service?, reply_to })
    }

    /// The colours of links and buttons, on light pages and on dark ones.
    fn check_colours(&self, problems: &mut Problems) -> (Option<String>, Option<String>) {
        let mut colour = |field: &str, text: Option<&str>, scheme| {
            text.and_then(|text| problems.keep(look::check(field, text, scheme)))
        };
        (
            colour("accent", self.accent.as_deref(), Scheme::Light),
            colour("accent_dark", self.accent_dark.as_deref(), Scheme::Dark),
        )
    }
}

/// What people agree to where a brand has no words of its own.
fn usual_wording(name: &str) -> String {
    format!(
        "I agree that {name} sends me what I tick, in the way I tick, until I say stop. I can change or end this at any \
         time."
    )
}

/// A domain that can stand behind the `@` of an address, in lower case and as DNS has it.
fn domain_name(text: &str) -> Result<String, Problem> {
    match EmailAddress::parse(&format!("postmaster@{}", text.trim())) {
        Ok(address) if address.domain().contains('.') => Ok(address.domain().to_owned()),
        _ => Err(Problem::new("incoming_domain", "Enter a domain such as in.brand.example")),
    }
}

/// Whether it is a full http or https address.
pub fn is_web_url(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
}

/// One-click unsubscribing needs https (RFC 8058, section 3.1); only a trial on this machine may do without.
fn check_base_url(text: &str) -> Result<(), Problem> {
    let problem = |detail| Err(Problem::new("base_url", detail));
    let Ok(url) = url::Url::parse(text) else {
        return problem("Enter a full address such as https://mail.example.org");
    };
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
        return problem("The address must begin with https:// (http:// only on this machine)");
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return problem("Enter only the scheme and the host, without a path");
    }
    Ok(())
}

/// Creates a brand.
///
/// # Errors
/// [`Error::Invalid`] naming every field that breaks a rule; [`Error::Conflict`] if the slug is taken.
pub fn create(conn: &mut DbConnection, form: BrandForm, now: Moment) -> Result<Brand> {
    let hosts = host::check(&form.hosts, &form.base_url);
    let row = form.check(now)?;
    let hosts = hosts.map_err(|problem| Error::Invalid(vec![problem]))?;
    if if_there(find(conn, row.slug.as_str()))?.is_some() {
        return Err(Error::conflict("There is a brand of this slug already; choose another"));
    }
    let id = diesel::insert_into(brand::table).values(row).returning(brand::id).get_result(conn)?;
    let brand = get(conn, id)?;
    host::replace(conn, &brand, &hosts)?;
    Ok(brand)
}

/// Replaces what is written of a brand; its slug stays.
///
/// # Errors
/// As [`create`], and [`Error::NotFound`].
pub fn replace(conn: &mut DbConnection, slug: &str, form: BrandForm, now: Moment) -> Result<Brand> {
    let existing = find(conn, slug)?;
    if form.slug != existing.slug {
        return Err(Error::invalid("slug", "A brand's slug stays as it is: old links carry it"));
    }
    let hosts = host::check(&form.hosts, &form.base_url);
    let row = form.check(now)?;
    let hosts = hosts.map_err(|problem| Error::Invalid(vec![problem]))?;
    if let Some(version) = notice::in_force(conn, existing.id, now)?
        && version != row.policy_version
    {
        let detail = format!(
            "The brand keeps its notice here, and {version} is in force; add a version there instead"
        );
        return Err(Error::invalid("policy_version", detail));
    }
    let id = diesel::update(brand::table.find(existing.id)).set(row).returning(brand::id).get_result(conn)?;
    let brand = get(conn, id)?;
    host::replace(conn, &brand, &hosts)?;
    notice::bring_into_force(conn, &brand, now)?;
    get(conn, id)
}

/// The brand of this slug.
///
/// # Errors
/// [`Error::NotFound`].
pub fn find(conn: &mut DbConnection, slug: &str) -> Result<Brand> {
    brand::table
        .filter(brand::slug.eq(slug))
        .select(Brand::as_select())
        .first(conn)
        .optional()?
        .ok_or(Error::NotFound("brand"))
}

/// The brand of this row number.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(conn: &mut DbConnection, id: i64) -> Result<Brand> {
    brand::table.find(id).select(Brand::as_select()).first(conn).optional()?.ok_or(Error::NotFound("brand"))
}

/// Brands in the order they were made: those after row number `after`, at most `limit`.
///
/// # Errors
/// Of the database.
pub fn list(conn: &mut DbConnection, after: i64, limit: i64) -> Result<Vec<Brand>> {
    Ok(brand::table
        .filter(brand::id.gt(after))
        .order(brand::id)
        .limit(limit)
        .select(Brand::as_select())
        .load(conn)?)
}

/// Whether the brand has a logo.
///
/// # Errors
/// Of the database.
pub fn has_logo(conn: &mut DbConnection, brand: i64) -> Result<bool> {
    Ok(diesel::select(diesel::dsl::exists(logo::table.find(brand))).get_result(conn)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_live_under_https_or_on_this_machine() {
        for good in ["https://mail.example.org", "http://127.0.0.1:8080", "http://localhost"] {
            assert!(check_base_url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://mail.example.org",
            "https://mail.example.org/news",
            "mail.example.org",
            "ftp://x.test",
            "https://me@x.test",
            "https://x.test/?a",
        ] {
            assert!(check_base_url(bad).is_err(), "{bad}");
        }
    }
}
