//! A letter as a page of its own: with a title that says which, a bar above it, and the places its pictures come from.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use lol_html::html_content::ContentType;
use lol_html::{RewriteStrSettings, element, rewrite_str, text};
use url::Url;

use crate::error::{Error, Result};

/// No page names more places for pictures; what comes from others is not shown. A letter has one or two.
const ORIGINS_MAX: usize = 20;

/// Attributes that a browser loads pictures by.
const LOADING: [&str; 5] = ["src", "srcset", "background", "poster", "style"];

/// Puts `bar` before all that the letter shows, and gives the document this title.
///
/// # Errors
/// [`Error::Internal`] if the HTML cannot be read, which saving the letter has ruled out.
pub fn as_page(html: &str, title: &str, bar: &str) -> Result<String> {
    let placed = Cell::new(false);
    let page = rewrite_str(
        html,
        RewriteStrSettings::new()
            .append_element_content_handler(element!("head > title", |element| {
                element.set_inner_content(title, ContentType::Text);
                Ok(())
            }))
            .append_element_content_handler(element!("body", |element| {
                if !placed.replace(true) {
                    element.prepend(bar, ContentType::Html);
                }
                Ok(())
            })),
    )
    .map_err(Error::internal)?;
    // A document needs no body tag of its own; what stands first is shown first.
    Ok(if placed.get() { page } else { format!("{page}{bar}") })
}

/// The origins that a letter's pictures come from, such as `https://pictures.example`, in order and without those of
/// `own`.
///
/// # Errors
/// As [`as_page`].
pub fn picture_origins(html: &str, own: &str) -> Result<Vec<String>> {
    let found = RefCell::new(BTreeSet::new());
    let look = |text: &str| found.borrow_mut().extend(origins(text));
    let style = RefCell::new(String::new());
    rewrite_str(
        html,
        RewriteStrSettings::new()
            .append_element_content_handler(element!("*", |element| {
                for attribute in element.attributes() {
                    if LOADING.contains(&attribute.name().as_str()) {
                        look(&attribute.value());
                    }
                }
                Ok(())
            }))
            .append_element_content_handler(text!("style", |chunk| {
                style.borrow_mut().push_str(chunk.as_str());
                if chunk.last_in_text_node() {
                    look(&style.take());
                }
                Ok(())
            })),
    )
    .map_err(Error::internal)?;
    let own = Url::parse(own).ok().map(|url| url.origin().ascii_serialization());
    Ok(found
        .into_inner()
        .into_iter()
        .filter(|origin| Some(origin) != own.as_ref())
        .take(ORIGINS_MAX)
        .collect())
}

/// The origins of all web addresses in a text.
fn origins(text: &str) -> Vec<String> {
    let lower = text.to_ascii_lowercase();
    let starts = lower.match_indices("http").filter(|(at, _)| {
        let rest = &lower[*at..];
        rest.starts_with("http://") || rest.starts_with("https://")
    });
    let address = |at: usize| {
        let rest = &lower[at..];
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ')' | '<' | '>' | ',' | ';');
        &rest[..rest.find(ends).unwrap_or(rest.len())]
    };
    starts
        .filter_map(|(at, _)| Url::parse(address(at)).ok())
        .filter(|url| url.host().is_some())
        .map(|url| url.origin().ascii_serialization())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_stands_first_and_the_title_names_the_letter() {
        let html = "<html><head><title>Old</title></head><body class=\"a\"><p>Hello</p></body></html>";
        let page = as_page(html, "A < B", "<div>bar</div>").unwrap();
        let wanted = "<html><head><title>A &lt; B</title></head><body class=\"a\"><div>bar</div><p>Hello</p></body></html>";
        assert_eq!(page, wanted);
        assert_eq!(as_page("<p>Hello</p>", "", "<hr>").unwrap(), "<p>Hello</p><hr>");
    }

    #[test]
    fn the_places_of_all_pictures_are_known_and_those_of_links_are_not() {
        let html = "<style>td { background: url('https://styles.example/a.png') }</style>\
            <a href=\"https://link.example/\"><img src=\"HTTPS://Pictures.Example:8443/x?a=1\"></a>\
            <img srcset=\"https://set.example/1.png 1x, https://set.example/2.png 2x\">\
            <td style=\"background:url(http://cells.example/b.png)\" background=\"https://own.example/c.png\">\
            <img src=\"data:image/gif;base64,AA\"><img src=\"cid:1\"><img src=\"https://b\u{fc}cher.example/\">";
        let found = picture_origins(html, "https://own.example").unwrap();
        let wanted = [
            "http://cells.example",
            "https://pictures.example:8443",
            "https://set.example",
            "https://styles.example",
            "https://xn--bcher-kva.example",
        ];
        assert_eq!(found, wanted);
        assert!(picture_origins("<p>https://text.example/</p>", "").unwrap().is_empty());
    }

    #[test]
    fn nothing_in_an_address_gets_out_of_the_list_of_places() {
        for address in
            ["https://a.example;script-src *", "https://a.example' 'unsafe-eval", "https:// *", "https://a b"]
        {
            for origin in origins(address) {
                assert!(origin.bytes().all(|c| c.is_ascii_graphic() && !b";,'*".contains(&c)), "{origin}");
            }
        }
    }
}
