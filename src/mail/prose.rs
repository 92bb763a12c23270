//! Markdown as a part of a page of ours: headings, paragraphs, lists, tables and links, and nothing that loads or runs.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use crate::error::Problem;
use crate::mail::compose::{check_depth, check_length};

/// HTML of a Markdown text, to stand below a page's heading: its own headings begin a level lower. Markup in it is
/// shown as it is written, a picture is only its description, and a link leads to the web, to an address or within the
/// text.
///
/// # Errors
/// If it is too long or too deep.
pub fn to_html(source: &str) -> Result<String, Problem> {
    check_length(source)?;
    let events = Parser::new_ext(source, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).map(tame);
    let mut out = String::with_capacity(source.len() * 2);
    html::push_html(&mut out, events);
    check_depth(&out)?;
    Ok(out)
}

fn tame(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::Image { .. }) => Event::Start(Tag::Emphasis),
        Event::End(TagEnd::Image) => Event::End(TagEnd::Emphasis),
        Event::Start(Tag::Heading { level, .. }) => Event::Start(Tag::Heading {
            level: lower(level),
            id: None,
            classes: Vec::new(),
            attrs: Vec::new(),
        }),
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(lower(level))),
        Event::Start(Tag::Link { link_type, dest_url, id, .. }) => {
            let dest_url = if leads_somewhere(&dest_url) { dest_url } else { CowStr::Borrowed("#") };
            Event::Start(Tag::Link { link_type, dest_url, title: CowStr::Borrowed(""), id })
        }
        other => other,
    }
}

fn leads_somewhere(url: &str) -> bool {
    let begins = |start: &str| url.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
    ["https://", "http://", "mailto:", "tel:", "#"].into_iter().any(begins)
}

fn lower(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H2,
        HeadingLevel::H2 => HeadingLevel::H3,
        HeadingLevel::H3 => HeadingLevel::H4,
        HeadingLevel::H4 => HeadingLevel::H5,
        HeadingLevel::H5 | HeadingLevel::H6 => HeadingLevel::H6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_stands_below_the_heading_of_the_page() {
        let html = to_html("# What we keep\n\nYour *address*.\n\n- one\n\n[Us](mailto:a@b.example)").unwrap();
        assert!(html.starts_with("<h2>What we keep</h2>\n<p>Your <em>address</em>.</p>"), "{html}");
        assert!(
            html.contains("<li>one</li>") && html.contains("<a href=\"mailto:a@b.example\">Us</a>"),
            "{html}"
        );
    }

    #[test]
    fn nothing_in_it_runs_or_loads() {
        let html = to_html(
            "<script>alert(1)</script>\n\nA <b onclick=x>word</b> ![A bus](https://pictures.example/a.png)\n\n\
             [x](javascript:alert(1)) [y](data:text/html,1) [z](//evil.example) <javascript:alert(1)>",
        )
        .unwrap();
        for element in ["<script", "<b ", "<img", "javascript:alert(1)\"", "data:text", "href=\"//"] {
            assert!(!html.contains(element), "{element}: {html}");
        }
        assert!(html.contains("&lt;script&gt;") && html.contains("<em>A bus</em>"), "{html}");
        assert!(to_html(&"> ".repeat(20_000)).is_err() && to_html(&"a".repeat(300_000)).is_err());
    }
}
