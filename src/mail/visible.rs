//! Whether a reader of a finished letter can see a link: it is there, with its text, and nothing around it hides it.
//!
//! It knows what hides for certain (the element itself or one around it) and what may (a rule of a style sheet); a
//! mail program with a mind of its own is not foreseen.

use std::cell::RefCell;
use std::rc::Rc;

use lol_html::html_content::{Element, EndTag, TextChunk};
use lol_html::{MemorySettings, Settings, element, end_tag, rewrite_str, text};

/// Room for the parser: a finished letter has at most 1 MB.
const MEMORY_OCTETS_MAX: usize = 8 * 1024 * 1024;

/// What a reader sees of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// There is no such link, or not with this text.
    Missing,
    /// It is there, inside something that is not shown.
    Hidden,
    /// It is there.
    Shown,
}

/// A link that is looked for: where it leads, and its text.
pub type Wanted<'a> = (&'a str, &'a str);

#[derive(Debug, Default)]
struct Reading {
    hiding: usize,
    link: Option<(String, String)>,
    found: Vec<(String, String, bool)>,
}

/// Looks for links in finished HTML, each by its address and its exact text.
pub fn links<const N: usize>(html: &str, wanted: [Wanted<'_>; N]) -> [Seen; N] {
    let reading = Rc::new(RefCell::new(Reading::default()));
    let (on_text, on_link) = (Rc::clone(&reading), Rc::clone(&reading));
    let on_element = Rc::clone(&reading);
    let read = rewrite_str(
        html,
        settings()
            .append_element_content_handler(element!("*", |element| {
                hide(&on_element, element);
                Ok(())
            }))
            .append_element_content_handler(element!("a[href]", |element| {
                let href = element.get_attribute("href").unwrap_or_default().replace("&amp;", "&");
                on_link.borrow_mut().link = Some((href, String::new()));
                let reading = Rc::clone(&on_link);
                element.on_end_tag(end_tag!(move |_: &mut EndTag<'_>| {
                    let mut reading = reading.borrow_mut();
                    let hidden = reading.hiding > 0;
                    if let Some((href, text)) = reading.link.take() {
                        reading.found.push((href, text, hidden));
                    }
                    Ok(())
                }))
            }))
            .append_element_content_handler(text!("a", |chunk| {
                if let Some((_, text)) = &mut on_text.borrow_mut().link {
                    text.push_str(chunk.as_str());
                }
                Ok(())
            })),
    );
    if read.is_err() {
        return [Seen::Missing; N];
    }
    let reading = reading.borrow();
    wanted.map(|(address, words)| {
        let same = |(href, text, _): &&(String, String, bool)| href.trim() == address && text.trim() == words;
        let seen = |(_, _, hidden): &(String, String, bool)| if *hidden { Seen::Hidden } else { Seen::Shown };
        reading.found.iter().filter(same).map(seen).max().unwrap_or(Seen::Missing)
    })
}

/// Counts what hides its content, until its end; what never ends hides the rest.
fn hide(reading: &Rc<RefCell<Reading>>, element: &mut Element<'_, '_>) {
    let style = element.get_attribute("style").unwrap_or_default();
    let hides = element.has_attribute("hidden") || declares_hiding(&style);
    // A paragraph ends by itself where the next block begins.
    if !hides || !element.can_have_content() || element.tag_name() == "p" {
        return;
    }
    reading.borrow_mut().hiding += 1;
    let reading = Rc::clone(reading);
    // It fails only for elements without an end, and those have no content.
    let _ = element.on_end_tag(end_tag!(move |_: &mut EndTag<'_>| {
        reading.borrow_mut().hiding -= 1;
        Ok(())
    }));
}

/// The first rule of the style sheets that may hide links without a class of their own, as its author wrote it.
pub fn hiding_rule(html: &str) -> Option<String> {
    let sheets = RefCell::new(String::new());
    rewrite_str(
        html,
        settings().append_element_content_handler(text!("style", |chunk: &mut TextChunk<'_>| {
            sheets.borrow_mut().push_str(chunk.as_str());
            Ok(())
        })),
    )
    .ok()?;
    let sheet = without_comments(&sheets.into_inner());
    let mut rest = sheet.as_str();
    while let Some(at) = rest.find('{') {
        let (before, inner) = (&rest[..at], &rest[at + 1..]);
        let end = inner.find(['{', '}']).unwrap_or(inner.len());
        let selector = before.rsplit(['}', ';', '{']).next().unwrap_or_default().trim();
        // An opening brace comes first where rules stand within a rule, as in @media.
        let is_rule = !inner[end..].starts_with('{');
        if is_rule && declares_hiding(&inner[..end]) && selector.split(',').any(reaches_plain_elements) {
            return Some(selector.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        rest = inner;
    }
    None
}

/// Whether declarations take their element out of sight.
fn declares_hiding(declarations: &str) -> bool {
    declarations.split(';').any(|declaration| {
        let Some((name, value)) = declaration.split_once(':') else { return false };
        let value = value.trim().to_ascii_lowercase();
        let value = value.trim_end_matches("!important").trim_end();
        match name.trim().to_ascii_lowercase().as_str() {
            "display" => value == "none",
            "visibility" => matches!(value, "hidden" | "collapse"),
            "opacity" | "font-size" => {
                value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%').parse() == Ok(0.0)
            }
            _ => false,
        }
    })
}

/// Whether a selector matches elements that carry no class and no id, such as those at a letter's end.
fn reaches_plain_elements(selector: &str) -> bool {
    let last = selector.split([' ', '>', '+', '~', '\t', '\n', '\r']).rfind(|part| !part.is_empty());
    let Some(last) = last else { return false };
    let name = last.split('[').next().unwrap_or_default();
    matches!(name, "*" | "a" | "p" | "div" | "body" | "html")
        || (name.is_empty() && last.starts_with("[href"))
}

fn without_comments(sheet: &str) -> String {
    let mut out = String::with_capacity(sheet.len());
    let mut rest = sheet;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

fn settings<'h, 's>() -> Settings<'h, 's> {
    let memory = MemorySettings::new().with_max_allowed_memory_usage(MEMORY_OCTETS_MAX);
    Settings::new().with_memory_settings(memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOOTER: &str =
        "<div style=\"margin:0\"><a href=\"https://b.test/u/x?a=1&amp;b=2\">Unsubscribe</a></div>";

    fn seen(html: &str) -> Seen {
        links(html, [("https://b.test/u/x?a=1&b=2", "Unsubscribe")])[0]
    }

    #[test]
    fn a_link_is_seen_unless_something_around_it_hides_it() {
        for (html, expected) in [
            (format!("<body><p>Hello</p>{FOOTER}</body>"), Seen::Shown),
            (format!("<p hidden>Preheader<br>{FOOTER}"), Seen::Shown),
            (format!("<div style=\"display:none\">Preheader</div>{FOOTER}"), Seen::Shown),
            (format!("<div style=\"font-size:1px;opacity: 0.5\">{FOOTER}</div>"), Seen::Shown),
            (format!("<div style=\"display: none\">Never closed{FOOTER}"), Seen::Hidden),
            (format!("<body style=\"Visibility:HIDDEN\">{FOOTER}</body>"), Seen::Hidden),
            (format!("<div style=\"font-size:0px\">{FOOTER}</div>"), Seen::Hidden),
            (format!("<div style=\"color:red;opacity:0 !important\">{FOOTER}</div>"), Seen::Hidden),
            (format!("<section hidden>{FOOTER}</section>"), Seen::Hidden),
            (format!("<div hidden>{FOOTER}</div>{FOOTER}"), Seen::Shown),
            (format!("<!-- {FOOTER}"), Seen::Missing),
            (FOOTER.replace("Unsubscribe", "Stop"), Seen::Missing),
            (FOOTER.replace("/u/", "/p/"), Seen::Missing),
            (String::new(), Seen::Missing),
        ] {
            assert_eq!(seen(&html), expected, "{html}");
        }
    }

    #[test]
    fn a_rule_that_hides_elements_without_a_class_is_found() {
        for (css, found) in [
            ("a { display: none }", Some("a")),
            ("h1 {color:red} body > div, .x{visibility:hidden}", Some("body > div, .x")),
            ("@media screen { .y{} a[href] { font-size:0 } }", Some("a[href]")),
            ("@import url(x); p{ opacity:0!important }", Some("p")),
            ("/* a{} */ [href^=http] { display:none }", Some("[href^=http]")),
            (".preheader { display:none } #mobile a.more { display : none }", None),
            ("a { color:red } a:hover { opacity: 0.8 } img { display:block }", None),
            ("/* a { display:none } */", None),
            ("a { display:none", Some("a")),
            ("", None),
        ] {
            let html = format!("<html><head><style>{css}</style></head><body></body></html>");
            assert_eq!(hiding_rule(&html).as_deref(), found, "{css}");
        }
    }
}
