//! What a draft of a named form has to obey before it is kept: every problem at once, each with its place.

use super::{Asked, Field, NamedFormDraft, Offered, Written};
use crate::clock::Moment;
use crate::domain::catalog::topic::{Kind, Topic};
use crate::error::{Error, Problem, Result};
use crate::id::Slug;
use crate::line::is_line;

/// A form may stand inside of so many sites.
const ORIGINS_MAX: usize = 20;

impl NamedFormDraft {
    pub(super) fn check(mut self, topics: &[Topic], now: Moment) -> Result<Written> {
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
