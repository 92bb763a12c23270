//! The finished letter: its two links can be seen (P-09), and it is not cut off before them (P-10), whoever gets it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::clock::Moment;
use crate::domain::audience::Subscriber;
use crate::domain::campaign::content::{BrandValues, Content, PersonValues, Rendered, Urls};
use crate::domain::campaign::preflight::{Finding, Letter, Level};
use crate::domain::catalog::Brand;
use crate::domain::consent::gate::SupplierFacts;
use crate::error::Error;
use crate::i18n::Lang;
use crate::id::PublicId;
use crate::mail::letter::{HTML_OCTETS_MAX, SUBJECT_CHARS_MAX};
use crate::mail::visible::{self, Seen};

/// As long as a field of a profile may be, in characters.
const NAME_MAX: usize = 100;
const COMPANY_MAX: usize = 200;
const ATTRIBUTE_MAX: usize = 500;
/// As long as the name and the policy's address of a supplier are taken to be.
const SUPPLIER_MAX: usize = 200;
/// From so many percent of the limit on it is worth a word.
const NEARLY: usize = 90;

pub(super) fn check(brand: &Brand, letter: &Letter, findings: &mut Vec<Finding>) {
    if !letter.offered {
        let detail = "The communication topic is not offered by email; offer it or choose another";
        findings.push(Finding::blocking("topic_not_by_email", "the topic's channels", detail));
    }
    let content = match Content::prepare(&letter.campaign, brand, &letter.links) {
        Ok(content) => content,
        Err(error) => return findings.push(broken(&error)),
    };
    let urls = Urls::longest(brand, &letter.links);
    let longest = longest(letter);
    let supplier = SupplierFacts {
        name: long(SUPPLIER_MAX),
        policy_url: Some(format!("https://{}", "x".repeat(SUPPLIER_MAX))),
        licence_from: None,
        licence_until: None,
    };
    let render = |person, supplier| {
        let values = Arc::new(BrandValues::of(brand));
        content.render(&PersonValues::new(values, person, supplier, urls.clone()).merge())
    };
    let (somebody, nobody) = (render(Some(&longest), Some(&supplier)), render(None, None));
    let mut known: Vec<Finding> = Vec::new();
    for (rendered, whose, too_large) in [
        (nobody, "of whom nothing is known", Level::Blocking),
        // Nobody may be like that; whoever is would not get the letter.
        (somebody, "whose every field is full", Level::Warning),
    ] {
        let mut new = Vec::new();
        match rendered {
            Ok(rendered) => {
                check_links(&rendered, &urls, letter.campaign.lang(brand), &mut new);
                check_size(&rendered, whose, too_large, &mut new);
            }
            Err(error) => new.push(broken(&error)),
        }
        // What both letters show is said once.
        new.retain(|finding| known.iter().all(|other| other.code != finding.code));
        known.extend(new);
    }
    findings.append(&mut known);
    check_styles(letter, findings);
}

fn broken(error: &Error) -> Finding {
    Finding::blocking("letter_broken", "RFC 5322", error.to_string())
}

/// So many letters of a script that takes three octets for each.
fn long(characters: usize) -> String {
    "\u{5b57}".repeat(characters)
}

/// Somebody whose every field is as long as it may be.
fn longest(letter: &Letter) -> Subscriber {
    let campaign = &letter.campaign;
    let sources = [Some(&campaign.subject), Some(&campaign.html), campaign.text.as_ref()];
    let attributes: BTreeMap<&str, String> = sources
        .into_iter()
        .flatten()
        .flat_map(|source| source.split("attributes.").skip(1))
        .map(|rest| {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            (&rest[..end], long(ATTRIBUTE_MAX))
        })
        .collect();
    Subscriber {
        id: 0,
        public_id: PublicId(uuid::Uuid::nil()),
        email: None,
        phone: None,
        postal_address: None,
        first_name: Some(long(NAME_MAX)),
        last_name: Some(long(NAME_MAX)),
        company: Some(long(COMPANY_MAX)),
        country: Some(String::from("GB")),
        locale: None,
        attributes: serde_json::to_string(&attributes).unwrap_or_default(),
        source_id: 0,
        created_at: Moment::from_micros(0),
        informed_at: None,
        restricted_at: None,
        erased_at: None,
    }
}

/// Looks for both links under the words that the letter's fixed lines have for them in `lang`.
fn check_links(rendered: &Rendered, urls: &Urls, lang: Lang, findings: &mut Vec<Finding>) {
    let words = ["letter-unsubscribe", "letter-preferences"].map(|id| lang.say(id).to_string());
    let [unsubscribe, preferences] = words.each_ref().map(String::as_str);
    let wanted = [(urls.unsubscribe.as_str(), unsubscribe), (urls.preferences.as_str(), preferences)];
    for ((address, words), seen) in wanted.into_iter().zip(visible::links(&rendered.html, wanted)) {
        match seen {
            Seen::Shown => {}
            Seen::Missing => {
                let detail = format!(
                    "The link {words} is not in the finished HTML. See that nothing of yours is left open at its end"
                );
                findings.push(Finding::blocking("link_missing", "UK GDPR, article 7(3)", detail));
            }
            Seen::Hidden => {
                let detail = format!(
                    "The link {words} stands inside something that is not shown. See that every element of yours with \
                     display:none, visibility:hidden or hidden is closed before the end"
                );
                findings.push(Finding::blocking("link_hidden", "UK GDPR, article 7(3)", detail));
            }
        }
        let line = format!("{} {address}", lang.say("labelled").with("label", words));
        if !rendered.text.lines().any(|other| other.trim() == line) {
            let detail = format!("The link {words} is not on a line of its own in the finished text");
            findings.push(Finding::blocking("link_missing_in_text", "UK GDPR, article 7(3)", detail));
        }
    }
}

fn check_size(rendered: &Rendered, whose: &str, too_large: Level, findings: &mut Vec<Finding>) {
    let octets = rendered.html.len();
    let about = |most: &str| {
        format!(
            "The finished HTML for somebody {whose} has {octets} octets, {most} {HTML_OCTETS_MAX}: beyond that Gmail \
             cuts a letter, and the link Unsubscribe with it. Make it shorter"
        )
    };
    if octets > HTML_OCTETS_MAX {
        let finding = Finding::blocking("too_large", "Gmail clips a letter at 102 KB", about("more than"));
        findings.push(Finding { level: too_large, ..finding });
    } else if octets > HTML_OCTETS_MAX / 100 * NEARLY {
        findings.push(Finding::warning(
            "nearly_too_large",
            "Gmail clips a letter at 102 KB",
            about("nearly"),
        ));
    }
    if rendered.subject.chars().count() > SUBJECT_CHARS_MAX {
        let detail = format!(
            "With the longest values the subject has more than {SUBJECT_CHARS_MAX} characters; those people would not \
             get the letter. Merge fewer fields into it"
        );
        findings.push(Finding::warning("subject_too_long", "RFC 5322, section 2.1.1", detail));
    }
}

fn check_styles(letter: &Letter, findings: &mut Vec<Finding>) {
    if let Some(selector) = visible::hiding_rule(&letter.campaign.html) {
        let selector: String = selector.chars().take(100).collect();
        let detail = format!(
            "A rule of the style sheet may hide the links Unsubscribe and Preferences: {selector}. Give what you want \
             to hide a class of its own"
        );
        findings.push(Finding::warning("link_may_be_hidden", "UK GDPR, article 7(3)", detail));
    }
}
