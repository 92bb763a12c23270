//! The author's HTML: checked when it is saved, and made ready once for a campaign.
//!
//! All work is done on the template's source, so that one letter costs only its own fields. The links, the
//! footer and the pixel become template expressions; who gets which is decided above, for each person.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use lol_html::html_content::{ContentType, DocumentEnd, Element, EndTag, TextChunk};
use lol_html::{MemorySettings, Settings, doc_comments, element, end, end_tag, rewrite_str, text};

use crate::error::{Error, Problem, Result};
use crate::mail::link::{self, FoundLink};
use crate::mail::markup::{self, Shield};

/// Room for the parser: a letter is at most 256 kB.
const MEMORY_OCTETS_MAX: usize = 4 * 1024 * 1024;
/// Width of the lines of the text part (RFC 5322, section 2.1.1 asks for at most 78).
const TEXT_WIDTH: usize = 76;

/// Elements that run, frame, post, load or hide; none works in mail.
const REFUSED: &str = "script, noscript, form, input, button, select, textarea, iframe, frame, frameset, object, \
                       embed, applet, base, link, template, plaintext, xmp, svg, math, portal, dialog";
/// Stands at the end of the source while it is checked: whoever does not see it is still inside something.
const SENTINEL: &str = "mannerly-end";

/// Checks the HTML of a template and lists its web links, each URL once, in order.
///
/// `shared_fields` are the fields that may be a whole address, as in `href="{{ unsubscribe_url }}"`; no other
/// template tag may stand in an address, as personal data does not belong there (O-15).
///
/// # Errors
/// Everything that is wrong, each with its line. The problems' field is `html`.
pub fn links(html: &str, shared_fields: &[&str]) -> Result<Vec<FoundLink>, Vec<Problem>> {
    let (shield, text) = Shield::over(html).map_err(|found| vec![Problem::new("html", found.detail)])?;
    let check = Check {
        shield,
        shared_fields,
        source: &text,
        found: RefCell::new(Vec::new()),
        problems: RefCell::new(Vec::new()),
        ended: Cell::new(false),
        style: RefCell::new(String::new()),
    };
    if markup::tag_after_markup(&text) {
        check.refuse(0, "a template tag must not stand directly behind < or &");
    }
    let read = rewrite_str(
        &format!("{text}<{SENTINEL}></{SENTINEL}>"),
        settings()
            .append_element_content_handler(element!("*", |element| {
                check.element(element);
                Ok(())
            }))
            .append_element_content_handler(element!(REFUSED, |element| {
                let at = element.source_location().bytes().start;
                check.refuse(at, &format!("<{}> does not belong in mail", element.tag_name()));
                Ok(())
            }))
            .append_element_content_handler(text!("style", |chunk| {
                check.style(chunk);
                Ok(())
            })),
    );
    if read.is_err() {
        check.refuse(0, "this HTML cannot be read");
    } else if !check.ended.get() {
        check.refuse(text.len(), "the HTML ends inside a comment, a style, a title or a tag");
    }
    let problems = check.problems.into_inner();
    if problems.is_empty() { Ok(check.found.into_inner()) } else { Err(problems) }
}

struct Check<'a> {
    shield: Shield,
    shared_fields: &'a [&'a str],
    source: &'a str,
    found: RefCell<Vec<FoundLink>>,
    problems: RefCell<Vec<Problem>>,
    ended: Cell<bool>,
    style: RefCell<String>,
}

impl Check<'_> {
    fn refuse(&self, at: usize, detail: &str) {
        let line = self.source.bytes().take(at).filter(|octet| *octet == b'\n').count() + 1;
        self.problems.borrow_mut().push(Problem::new("html", format!("Line {line}: {detail}")));
    }

    fn element(&self, element: &Element<'_, '_>) {
        let at = element.source_location().bytes().start;
        let name = element.tag_name();
        if name == SENTINEL {
            self.ended.set(true);
            return;
        }
        if markup::has_tag(&name) {
            self.refuse(at, "a template tag must not stand in the name of an element");
        }
        for attribute in element.attributes() {
            let value = attribute.value();
            let quoted = attribute
                .value_source_location()
                .is_some_and(|place| self.source[..place.bytes().start].ends_with(['"', '\'']));
            if markup::has_tag(&value) && !quoted {
                // A value with a space in it would become an attribute of its own.
                self.refuse(at, "a template tag must stand in text or in the quotes of an attribute");
            } else if let Err(detail) = self.attribute(&name, &attribute.name(), &value) {
                self.refuse(at, &detail);
            }
        }
    }

    fn attribute(&self, element: &str, name: &str, value: &str) -> Result<(), String> {
        if markup::has_tag(name) {
            return Err(String::from("a template tag must stand in text or in the quotes of an attribute"));
        }
        match name {
            "href" if matches!(element, "a" | "area") => self.href(value),
            "href" | "xlink:href" => Err(format!("<{element}> must not have {name}")),
            _ if name.starts_with("on") => Err(format!("scripts do not work in mail: {name}")),
            "srcdoc" | "formaction" | "action" | "ping" | "data" | "manifest" => {
                Err(format!("{name} does not belong in mail"))
            }
            "src" | "srcset" | "background" | "poster" | "cite" | "longdesc" | "usemap" => {
                self.picture(name, value)
            }
            "style" if markup::has_tag(value) && value.to_ascii_lowercase().contains("url(") => {
                Err(String::from("personal data does not belong in an address"))
            }
            "http-equiv" if value.trim().eq_ignore_ascii_case("refresh") => {
                Err(String::from("<meta http-equiv=refresh> does not belong in mail"))
            }
            _ => Ok(()),
        }
    }

    fn href(&self, value: &str) -> Result<(), String> {
        if self.is_shared_field(value) {
            return Ok(());
        }
        if markup::has_tag(value) {
            return Err(String::from(
                "a link is the same for everybody; personal data does not belong in a URL",
            ));
        }
        let url = decoded(value)?;
        let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
        match scheme.as_str() {
            "mailto" | "tel" if !url.chars().any(char::is_control) => Ok(()),
            _ if url.starts_with('#') => Ok(()),
            "http" | "https" | "" => {
                link::add(&mut self.found.borrow_mut(), FoundLink::parse(&url)?);
                Ok(())
            }
            _ => Err(String::from("links lead to https:, http:, mailto:, tel: or #, and nowhere else")),
        }
    }

    fn picture(&self, name: &str, value: &str) -> Result<(), String> {
        if self.is_shared_field(value) {
            return Ok(());
        }
        if markup::has_tag(value) {
            return Err(String::from("personal data does not belong in the address of a picture"));
        }
        let value = decoded(value)?;
        let begins =
            |scheme: &str| value.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
        let known = link::is_web(&value) || begins("cid:") || begins("data:image/") || value.starts_with('#');
        if known { Ok(()) } else { Err(format!("{name} needs a whole address, beginning with https://")) }
    }

    fn is_shared_field(&self, value: &str) -> bool {
        let tag = self.shield.lift(value);
        let tag = tag.trim();
        let inner = tag.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        inner.is_some_and(|inner| self.shared_fields.contains(&inner.trim()))
    }

    fn style(&self, chunk: &TextChunk<'_>) {
        let mut style = self.style.borrow_mut();
        style.push_str(&chunk.as_str().to_ascii_lowercase());
        if chunk.last_in_text_node() {
            let at = chunk.source_location().bytes().start;
            if style.contains("@import") {
                self.refuse(at, "@import loads from elsewhere; write the style here");
            }
            if markup::has_tag(&style) && style.contains("url(") {
                self.refuse(at, "personal data does not belong in an address");
            }
            style.clear();
        }
    }
}

/// Makes the HTML of a campaign ready; the outcome is template source again.
///
/// Each web link for which `link_slot` gives a template expression is replaced by it; the footer and the
/// pixel's slot are put before `</body>`, or at the end. What `link_slot` gives must not hold quotes.
///
/// # Errors
/// [`Error::Invalid`] if the HTML is not one that [`links`] accepts.
pub fn prepare(
    html: &str,
    link_slot: impl Fn(&str) -> Option<String>,
    footer_html: &str,
    pixel_slot: &str,
) -> Result<String> {
    let (shield, source) = Shield::over(html).map_err(|found| Error::invalid("html", found.detail))?;
    let addition = format!("{footer_html}{pixel_slot}");
    let added = Rc::new(Cell::new(false));
    let at_end = Rc::clone(&added);
    let prepared = rewrite_str(
        &source,
        settings()
            .append_element_content_handler(element!("a[href], area[href]", |element| {
                let slot = element
                    .get_attribute("href")
                    .and_then(|value| decoded(&value).ok())
                    .filter(|url| link::is_web(url))
                    .and_then(|url| link_slot(&url));
                match slot {
                    Some(slot) => Ok(element.set_attribute("href", &slot)?),
                    None => Ok(()),
                }
            }))
            .append_element_content_handler(element!("body", |element| {
                let (added, addition) = (Rc::clone(&added), addition.clone());
                element.on_end_tag(end_tag!(move |end: &mut EndTag<'_>| {
                    if !added.replace(true) {
                        end.before(&addition, ContentType::Html);
                    }
                    Ok(())
                }))
            }))
            .append_document_content_handler(end!(|document: &mut DocumentEnd<'_>| {
                if !at_end.replace(true) {
                    document.append(&addition, ContentType::Html);
                }
                Ok(())
            })),
    )
    .map_err(|_| Error::invalid("html", "This HTML cannot be read"))?;
    Ok(shield.lift(&prepared))
}

/// The text of a template's HTML, as template source: its tags are kept, and every link's destination
/// stands behind its text, as in `the report <https://brand.example/report>` (A-04; RFC 3986, appendix C), or
/// in the last lines if it has no place of its own. Anchors within the letter fall away.
///
/// # Errors
/// [`Error::Invalid`] if the HTML cannot be read.
pub fn to_text(html: &str) -> Result<String> {
    let (shield, source) = Shield::over(html).map_err(|found| Error::invalid("html", found.detail))?;
    let shield = RefCell::new(shield);
    let words = RefCell::new(Vec::new());
    // Kept as one short word, so that no line break or escape gets into a destination.
    let keep = |value: Option<String>| {
        let shown = destination(&shield.borrow(), &value?)?;
        let word = shield.borrow_mut().keep(&shown);
        words.borrow_mut().push((shown, word.clone()));
        Some(word)
    };
    let unreadable = || Error::invalid("html", "This HTML cannot be read");
    let simple = rewrite_str(
        &source,
        settings()
            .append_element_content_handler(element!("a", |element| {
                if let Some(word) = keep(element.get_attribute("href")) {
                    element.append(&format!(" &lt;{word}&gt;"), ContentType::Html);
                }
                element.remove_and_keep_content();
                Ok(())
            }))
            .append_element_content_handler(element!("area", |element| {
                keep(element.get_attribute("href"));
                Ok(())
            }))
            .append_element_content_handler(element!("img", |element| {
                let alt = element.get_attribute("alt").unwrap_or_default();
                element.replace(&alt, ContentType::Html);
                Ok(())
            }))
            .append_element_content_handler(element!("hr", |element| {
                element.replace("<p>----------</p>", ContentType::Html);
                Ok(())
            }))
            .append_element_content_handler(element!("head, title, style", |element| {
                element.remove();
                Ok(())
            }))
            .append_document_content_handler(doc_comments!(|comment| {
                comment.remove();
                Ok(())
            })),
    )
    .map_err(|_| unreadable())?;
    let text = html2text::config::plain_no_decorate()
        .raw_mode(true)
        .string_from_read(simple.as_bytes(), TEXT_WIDTH)
        .map_err(|_| unreadable())?;
    let shield = shield.borrow();
    let mut lifted = shield.lift(&without_tags(text.trim()));
    for (shown, _) in words.borrow().iter().filter(|(_, word)| !text.contains(word)) {
        if !lifted.lines().any(|line| line == format!("<{shown}>")) {
            lifted.push_str(&format!("\n<{shown}>"));
        }
    }
    Ok(lifted)
}

/// Where a link leads, as the text part shows it.
fn destination(shield: &Shield, value: &str) -> Option<String> {
    if markup::has_tag(value) {
        return Some(shield.lift(value.trim()));
    }
    decoded(value).ok().filter(|url| !url.is_empty() && !url.starts_with('#'))
}

/// What only looks like a template tag: `{{` that the author had written as character references.
fn without_tags(text: &str) -> String {
    text.replace("{{", "{ {").replace("{{", "{ {").replace("{%", "{ %").replace("{#", "{ #")
}

fn settings<'h, 's>() -> Settings<'h, 's> {
    let memory = MemorySettings::new().with_max_allowed_memory_usage(MEMORY_OCTETS_MAX);
    Settings::new().with_memory_settings(memory)
}

/// An attribute's value with its character references resolved. Only those are taken that an address needs.
fn decoded(value: &str) -> Result<String, String> {
    let mut out = String::with_capacity(value.len());
    let mut rest = value.trim_matches([' ', '\t', '\n', '\r', '\u{c}']);
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let length = after.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '#'));
        let name = &after[..length.unwrap_or(after.len())];
        let ends = after[name.len()..].starts_with(';');
        let letter = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ if name.starts_with('#') => numbered(&name[1..]),
            _ => None,
        };
        match letter {
            Some(letter) if ends => {
                out.push(letter);
                rest = &after[name.len() + 1..];
            }
            _ if ends || name.starts_with('#') => {
                return Err(format!("write the character itself in an address instead of &{name};"));
            }
            // Without a semicolon it is a plain ampersand before a parameter's name.
            _ => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn numbered(digits: &str) -> Option<char> {
    let number = match digits.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
        None => digits.parse(),
    };
    char::from_u32(number.ok()?)
}

#[cfg(test)]
mod tests;
