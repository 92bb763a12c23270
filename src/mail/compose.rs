//! Other ways to write a letter than plain HTML: Markdown, MJML, and style sheets, which many mail programs ignore and
//! which are therefore written into the elements. Done once, when a draft is saved; nothing is loaded from anywhere.
//!
//! The author's template tags pass through as words that mean nothing to any of the parsers.

use crate::error::Problem;
use crate::i18n::Lang;
use crate::mail::markup::{self, Piece};
use crate::mail::mjml;
use crate::mail::template::SOURCE_OCTETS_MAX;

/// No letter is nested more deeply: the parsers go down as far as their text does.
const DEPTH_MAX: usize = 100;

/// Elements that nothing stands in.
pub(super) const VOID: [&str; 9] = ["area", "br", "col", "hr", "img", "link", "meta", "source", "wbr"];

/// Elements that end where the next one of their kind begins.
pub(super) const UNCLOSED: [&str; 9] = ["p", "li", "td", "th", "tr", "dt", "dd", "option", "mj-all"];

/// Template tags, each swapped for a word of letters and digits.
struct Tags<'a> {
    word: String,
    kept: Vec<&'a str>,
}

impl<'a> Tags<'a> {
    /// Swaps all tags of a source. Where they stand in text they become comments, which may stand anywhere, also
    /// between the rows of a table.
    fn take(source: &'a str, as_comments: bool) -> Result<(Self, String), Problem> {
        let mut word = String::from("mergetag");
        while source.contains(&word) {
            word.push('q');
        }
        let mut tags = Self { word, kept: Vec::new() };
        let mut text = String::with_capacity(source.len());
        for (_, piece) in markup::pieces(source)? {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Tag(tag) => {
                    let name = tags.name(tags.kept.len());
                    let in_text = text.rfind('<').is_none_or(|open| text[open..].contains('>'));
                    if as_comments && in_text {
                        text.push_str(&format!("<!--{name}-->"));
                    } else {
                        text.push_str(&name);
                    }
                    tags.kept.push(tag);
                }
            }
        }
        Ok((tags, text))
    }

    fn name(&self, number: usize) -> String {
        format!("{}{number}x", self.word)
    }

    /// Puts them back, however the parsers wrote the comments.
    fn put_back(&self, text: &str) -> String {
        let mut whole = text.to_owned();
        for (number, tag) in self.kept.iter().enumerate() {
            let name = self.name(number);
            for written in [format!("<!--{name}-->"), format!("&lt;!--{name}--&gt;"), name] {
                whole = whole.replace(&written, tag);
            }
        }
        whole
    }
}

/// HTML of a Markdown text (CommonMark, with tables and strikethrough). A link with the title `button` becomes one.
///
/// # Errors
/// If a template tag does not end, or it is too long or too deep.
pub fn from_markdown(source: &str) -> Result<String, Problem> {
    use pulldown_cmark::{Options, Parser, html};
    check_length(source)?;
    let (tags, text) = Tags::take(source, false)?;
    let mut out = String::with_capacity(text.len() * 2);
    html::push_html(&mut out, Parser::new_ext(&text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH));
    let mut out = out.replace(" title=\"button\"", " class=\"button\"");
    // A tag such as {% if %} on a line of its own is no paragraph.
    for (number, _) in tags.kept.iter().enumerate().filter(|(_, tag)| tag.starts_with("{%")) {
        out = out.replace(&format!("<p>{}</p>", tags.name(number)), &tags.name(number));
    }
    check_depth(&out)?;
    Ok(tags.put_back(&out))
}

/// HTML of an MJML document, in `lang` unless it says another. It includes no file and names no font of elsewhere.
///
/// # Errors
/// If it is no MJML, its tags do not fit together, something stands where it would not be shown, a template tag does not
/// end, or it is too long or too deep.
pub fn from_mjml(source: &str, lang: Lang) -> Result<String, Problem> {
    check_length(source)?;
    let (tags, text) = Tags::take(source, false)?;
    check_depth(&text)?;
    mjml::check(source)?;
    let wrong = |detail: String| Problem::new("html", format!("This is no MJML that can be read: {detail}"));
    let html = mjml::render(&text, lang).map_err(wrong)?;
    // What MJML does not know passes through it as it is.
    if let Some((_, rest)) = html.split_once("<mj") {
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        return Err(wrong(format!("<mj{name}> is unknown, or stands where it cannot")));
    }
    Ok(tags.put_back(&html))
}

/// The same HTML with its style sheets written into the elements; rules for media such as dark screens stay above.
///
/// # Errors
/// If a template tag does not end, or it is too long or too deep.
pub fn inline_styles(source: &str) -> Result<String, Problem> {
    check_length(source)?;
    if !source.to_ascii_lowercase().contains("<style") {
        return Ok(source.to_owned());
    }
    let (tags, text) = Tags::take(source, true)?;
    check_depth(&text)?;
    let inliner = css_inline::CSSInliner::options()
        .load_remote_stylesheets(false)
        .keep_style_tags(false)
        .keep_at_rules(true)
        .build();
    let html = inliner.inline(&text).map_err(|error| {
        Problem::new("html", format!("The styles cannot be written into the elements: {error}"))
    })?;
    Ok(tags.put_back(&html))
}

pub(super) fn check_length(source: &str) -> Result<(), Problem> {
    if source.len() <= SOURCE_OCTETS_MAX {
        return Ok(());
    }
    Err(Problem::new("html", format!("A letter is at most {} KB long", SOURCE_OCTETS_MAX / 1024)))
}

pub(super) fn check_depth(markup: &str) -> Result<(), Problem> {
    let (mut depth, mut deepest) = (0_usize, 0);
    for piece in markup.split('<').skip(1) {
        let name =
            piece.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next();
        let name = name.unwrap_or_default().to_ascii_lowercase();
        if name.is_empty() || VOID.contains(&name.as_str()) || UNCLOSED.contains(&name.as_str()) {
            continue;
        }
        if piece.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if !piece.split('>').next().is_some_and(|tag| tag.ends_with('/')) {
            depth += 1;
            deepest = deepest.max(depth);
        }
    }
    if deepest <= DEPTH_MAX {
        return Ok(());
    }
    Err(Problem::new("html", format!("Elements may stand at most {DEPTH_MAX} deep in each other")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_html_and_keeps_the_template_tags() {
        let source = "# Hello {{ first_name|default(\"reader\") }}\n\n{% if company %}\n\nFor *{{ company }}*.\n\n\
            {% endif %}\n\n[Register](https://example.com/a?b=1&c=2 \"button\") or \
            [stop]({{ unsubscribe_url }}).\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";
        let html = from_markdown(source).unwrap();
        assert!(html.contains("<h1>Hello {{ first_name|default(\"reader\") }}</h1>"), "{html}");
        assert!(html.contains("{% if company %}\n<p>For <em>{{ company }}</em>.</p>\n{% endif %}"), "{html}");
        assert!(
            html.contains("<a href=\"https://example.com/a?b=1&amp;c=2\" class=\"button\">Register</a>"),
            "{html}"
        );
        assert!(
            html.contains("<a href=\"{{ unsubscribe_url }}\">stop</a>") && html.contains("<td>1</td>"),
            "{html}"
        );
    }

    #[test]
    fn mjml_becomes_html_without_anything_from_elsewhere() {
        let source = "<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ first_name|default(\"you\") }}</mj-text>\
            <mj-button href=\"https://example.com/\">Read on</mj-button></mj-column></mj-section></mj-body></mjml>";
        let html = from_mjml(source, Lang::English).unwrap();
        assert!(
            html.contains("Hello {{ first_name|default(\"you\") }}") && html.contains("https://example.com/")
        );
        assert!(
            !html.contains("fonts.googleapis") && !html.contains("<link") && !html.contains("<script"),
            "{html}"
        );
        for wrong in ["", "Hello", "<mjml>", "<mjml><mj-body><mj-nothing/></mj-body></mjml>", "{{ open"] {
            assert!(from_mjml(wrong, Lang::English).is_err(), "{wrong}");
        }
        let include = "<mjml><mj-body><mj-include path=\"/etc/passwd\" /></mj-body></mjml>";
        assert!(from_mjml(include, Lang::English).is_err());
    }

    #[test]
    fn styles_go_into_the_elements_and_rules_for_media_stay() {
        let source = "<html><head><title>A {{ brand.name }}</title><style>p { color: #123456 } \
            @media (prefers-color-scheme: dark) { p { color: #fedcba !important } }</style></head><body>\
            <table>{% if company %}<tr><td><p>{{ first_name|default(\"you & <b>\") }}</p></td></tr>{% endif %}</table>\
            <a href=\"{{ preferences_url }}\">x</a></body></html>";
        let html = inline_styles(source).unwrap();
        assert!(
            html.contains("<p style=\"color: #123456;\">") || html.contains("<p style=\"color: #123456\">"),
            "{html}"
        );
        assert!(html.contains("@media (prefers-color-scheme: dark)") && html.contains("#fedcba"), "{html}");
        assert!(
            html.contains("<table>{% if company %}<tbody><tr>") || html.contains("{% if company %}<tr>"),
            "{html}"
        );
        assert!(
            html.contains("{{ first_name|default(\"you & <b>\") }}")
                && html.contains("<title>A {{ brand.name }}</title>"),
            "{html}"
        );
        assert!(html.contains("href=\"{{ preferences_url }}\"") && !html.contains("mergetag"), "{html}");
        assert_eq!(
            inline_styles("<p>Plain</p>").unwrap(),
            "<p>Plain</p>",
            "what has no style sheet stays as written"
        );
    }

    #[test]
    fn nothing_is_loaded_for_a_style() {
        // A listener that nobody may call; the address would answer.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let source = format!(
            "<html><head><link rel=\"stylesheet\" href=\"http://127.0.0.1:{port}/a.css\">\
             <link rel=\"stylesheet\" href=\"file:///etc/passwd\">\
             <style>@import url(http://127.0.0.1:{port}/b.css); p {{ color: red }}</style></head><body><p>x</p></body></html>"
        );
        let html = inline_styles(&source).unwrap();
        assert!(!html.contains("root:"), "{html}");
        assert!(listener.accept().is_err(), "somebody called");
    }

    #[test]
    fn hostile_letters_are_refused_and_not_followed_down() {
        let deep = |open: &str, close: &str| format!("{}x{}", open.repeat(20_000), close.repeat(20_000));
        let styled = format!("<style>p{{}}</style>{}", deep("<b>", "</b>"));
        assert!(inline_styles(&styled).is_err());
        assert!(
            from_mjml(
                &format!("<mjml><mj-body>{}</mj-body></mjml>", deep("<mj-raw>", "</mj-raw>")),
                Lang::English
            )
            .is_err()
        );
        assert!(from_markdown(&deep("> ", "")).is_err());
        assert!(from_markdown(&"*_".repeat(100_000)).is_ok_and(|html| html.len() < 10 * SOURCE_OCTETS_MAX));
        assert!(from_markdown(&"a".repeat(SOURCE_OCTETS_MAX + 1)).is_err());
        let long = "<p>a<br>".repeat(5_000);
        assert!(inline_styles(&format!("<style>p{{}}</style>{long}")).is_ok());
    }
}
