//! MJML: looked through before it is rendered, since the renderer takes tags that do not fit together and leaves out what
//! stands where nothing can, without a word; and given the language and the title that every letter has.

use std::collections::HashMap;

use mrml::mj_head::MjHeadChild;
use mrml::mjml::Mjml;
use mrml::prelude::render::RenderOptions;

use crate::error::Problem;
use crate::i18n::Lang;
use crate::mail::compose::{UNCLOSED, VOID};
use crate::mail::markup::{self, Piece};

/// Elements that hold nothing but other MJML elements; words of their own would be lost.
const FRAMES: [&str; 8] =
    ["mjml", "mj-head", "mj-body", "mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-hero"];

/// What a letter says; each stands in a column or a hero.
const CONTENT: [&str; 10] = [
    "mj-accordion",
    "mj-button",
    "mj-carousel",
    "mj-divider",
    "mj-image",
    "mj-navbar",
    "mj-social",
    "mj-spacer",
    "mj-table",
    "mj-text",
];

/// The title of a letter whose author gave none.
const TITLE: &str = "{{ brand.name }}";

/// HTML of MJML whose template tags are shielded, with a language, a direction and a title where it has none.
///
/// # Errors
/// What the parser does not understand.
pub(super) fn render(text: &str, lang: Lang) -> Result<String, String> {
    let mut mjml = mrml::parse(text).map_err(|error| error.to_string())?.element;
    complete(&mut mjml, lang);
    let options = RenderOptions { fonts: HashMap::new(), disable_comments: true, ..Default::default() };
    mjml.render(&options).map_err(|error| error.to_string())
}

fn complete(mjml: &mut Mjml, lang: Lang) {
    mjml.attributes.lang.get_or_insert_with(|| lang.tag().to_owned());
    mjml.attributes.dir.get_or_insert_with(|| lang.direction().to_owned());
    let head = mjml.children.head.get_or_insert_default();
    if head.title().is_none_or(|title| title.content().trim().is_empty()) {
        head.children.push(MjHeadChild::MjTitle(TITLE.into()));
    }
}

/// Whether its tags fit together, everything stands where it is shown, and there is anything at all.
///
/// # Errors
/// The first thing that is wrong, with its tag and line.
pub(super) fn check(source: &str) -> Result<(), Problem> {
    let mut walk = Walk { open: Vec::new(), in_body: false, has_content: false };
    let text = without_template_tags(source)?;
    let (mut at, mut line) = (0, 1);
    let wrong = |line: usize, detail: String| Problem::new("html", format!("Line {line}: {detail}"));
    while at < text.len() {
        let rest = &text[at..];
        let piece = match rest.find('<') {
            Some(0) => markup_at(rest),
            Some(next) => &rest[..next],
            None => rest,
        };
        match tag_of(piece) {
            Some(tag) => walk.take(&tag, line).map_err(|detail| wrong(line, detail))?,
            None if piece.starts_with("<!") || piece.starts_with("<?") => {}
            None => {
                let before = piece.len() - piece.trim_start().len();
                let line = line + breaks(&piece[..before]);
                walk.words(piece).map_err(|detail| wrong(line, detail))?;
            }
        }
        line += breaks(piece);
        at += piece.len();
    }
    if let Some((name, line)) = walk.open.iter().rev().find(|(name, _)| !UNCLOSED.contains(&name.as_str())) {
        return Err(wrong(*line, format!("<{name}> is not ended")));
    }
    if !walk.has_content {
        return Err(Problem::new(
            "html",
            "Nothing stands in <mj-body>; put at least one <mj-text> into a column",
        ));
    }
    Ok(())
}

/// A merge field counts as a word, and what only steers as nothing; lines stay where they are.
fn without_template_tags(source: &str) -> Result<String, Problem> {
    let mut text = String::with_capacity(source.len());
    for (_, piece) in markup::pieces(source)? {
        match piece {
            Piece::Text(piece) => text.push_str(piece),
            Piece::Tag(tag) => {
                if tag.starts_with("{{") {
                    text.push('x');
                }
                text.extend(tag.chars().filter(|letter| *letter == '\n'));
            }
        }
    }
    Ok(text)
}

fn breaks(text: &str) -> usize {
    text.bytes().filter(|octet| *octet == b'\n').count()
}

/// The comment or tag at the beginning of a text, or its `<` alone.
fn markup_at(text: &str) -> &str {
    let until = |end: &str| text.find(end).map_or(text, |at| &text[..at + end.len()]);
    if text.starts_with("<!--") {
        return until("-->");
    }
    if text.starts_with("<![CDATA[") {
        return until("]]>");
    }
    if !text[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
        return &text[..1];
    }
    let mut quote = None;
    for (at, letter) in text.char_indices() {
        match quote {
            Some(mark) if letter == mark => quote = None,
            Some(_) => {}
            None if letter == '>' => return &text[..=at],
            None if matches!(letter, '"' | '\'') => quote = Some(letter),
            None => {}
        }
    }
    text
}

struct Tag {
    name: String,
    ends: bool,
    is_empty: bool,
}

fn tag_of(piece: &str) -> Option<Tag> {
    let inner = piece.strip_prefix('<')?;
    let (ends, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
    if !inner.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let name: String = inner.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    Some(Tag { name: name.to_ascii_lowercase(), ends, is_empty: inner.ends_with("/>") })
}

struct Walk {
    /// The elements that are not ended yet, each with the line on which it begins.
    open: Vec<(String, usize)>,
    in_body: bool,
    has_content: bool,
}

impl Walk {
    fn take(&mut self, tag: &Tag, line: usize) -> Result<(), String> {
        if tag.ends {
            return self.end(&tag.name);
        }
        self.stand(&tag.name)?;
        if !tag.is_empty && !VOID.contains(&tag.name.as_str()) {
            self.in_body |= tag.name == "mj-body";
            self.open.push((tag.name.clone(), line));
        }
        Ok(())
    }

    fn end(&mut self, name: &str) -> Result<(), String> {
        while let Some((open, line)) = self.open.last() {
            if open == name {
                self.in_body &= name != "mj-body";
                self.open.pop();
                return Ok(());
            }
            if !UNCLOSED.contains(&open.as_str()) {
                return Err(format!("</{name}> stands where <{open}> of line {line} is to be ended"));
            }
            self.open.pop();
        }
        Err(format!("</{name}> ends nothing"))
    }

    /// Whether an element can stand here.
    fn stand(&mut self, name: &str) -> Result<(), String> {
        let within = self.open.last().map_or("", |(name, _)| name.as_str());
        let is_content = CONTENT.contains(&name);
        if self.in_body && is_content && !matches!(within, "mj-column" | "mj-hero") {
            return Err(format!(
                "<{name}> stands in <{within}>, where it is not shown; put it into an <mj-column>"
            ));
        }
        if FRAMES.contains(&within) && within != "mj-head" && !name.starts_with("mj") {
            return Err(format!(
                "<{name}> stands in <{within}>, where it is not shown; put it into an <mj-text>"
            ));
        }
        self.has_content |= self.in_body && (is_content || name == "mj-raw");
        Ok(())
    }

    /// Whether words can stand here.
    fn words(&self, piece: &str) -> Result<(), String> {
        match self.open.last() {
            Some((within, _)) if FRAMES.contains(&within.as_str()) && !piece.trim().is_empty() => Err(
                format!("Words stand in <{within}>, where they are not shown; put them into an <mj-text>"),
            ),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "<mjml>\n<mj-body>\n<mj-section><mj-column>\n";
    const END: &str = "</mj-column></mj-section></mj-body></mjml>";

    fn found(source: &str) -> String {
        check(source).unwrap_err().detail
    }

    #[test]
    fn what_fits_together_passes() {
        for inner in [
            "<mj-text>a<br>b<p>c<p>d <ul><li>e<li>f</ul> 1 < 2 <!-- </mj-text> --></mj-text>",
            "<mj-button href=\"https://a.test/?x=1>2\">{{ first_name|default(\"<b>\") }}</mj-button>",
            "{% if company %}\n<mj-image src=\"https://a.test/i.png\" alt=\"i\" />\n{% endif %}",
            "<mj-table><tr><td>a</td></tr></mj-table><mj-text/>",
            "<mj-raw><p>x</p></mj-raw>",
        ] {
            assert_eq!(
                check(&format!("{HEAD}{inner}{END}")).map_err(|problem| problem.detail),
                Ok(()),
                "{inner}"
            );
        }
        let head = "<mjml lang=\"cy\"><mj-head><mj-title>x</mj-title><mj-attributes><mj-text color=\"red\" />\
            <mj-all padding=\"0\" /></mj-attributes><mj-style>p > a { color: red }</mj-style></mj-head>\
            <mj-body><mj-hero><mj-text>x</mj-text></mj-hero></mj-body></mjml>";
        assert!(check(head).is_ok());
    }

    #[test]
    fn tags_that_do_not_fit_together_are_told_with_their_line() {
        for (inner, line, tag) in [
            (
                "<mj-button href=\"https://a.test/\">a</mj-text>",
                "Line 4",
                "</mj-text> stands where <mj-button> of line 4",
            ),
            (
                "<mj-text>{{ first_name|default(\"a\n\") }}<b><i>a</b></i>\n</mj-text>",
                "Line 5",
                "</b> stands where <i>",
            ),
            ("<mj-text>a", "Line 4", "</mj-column> stands where <mj-text>"),
            ("</mj-text>", "Line 4", "</mj-text> stands where <mj-column> of line 3"),
        ] {
            let detail = found(&format!("{HEAD}{inner}{END}"));
            assert!(detail.starts_with(line) && detail.contains(tag), "{detail}");
        }
        assert!(found("<mjml><mj-body><mj-raw>x</mj-raw></mj-body>").ends_with("<mjml> is not ended"));
        assert!(found("</mjml>").contains("ends nothing"));
    }

    #[test]
    fn what_would_not_be_shown_is_told() {
        for (source, tag) in [
            ("<mjml><mj-body></mj-body></mjml>", "Nothing stands in <mj-body>"),
            (
                "<mjml><mj-body><mj-section><mj-column></mj-column></mj-section></mj-body></mjml>",
                "Nothing stands",
            ),
            ("<mjml><mj-body><mj-text>a</mj-text></mj-body></mjml>", "<mj-text> stands in <mj-body>"),
            (
                "<mjml><mj-body><mj-section><mj-button>a</mj-button></mj-section></mj-body></mjml>",
                "<mj-section>",
            ),
            ("<mjml><mj-body>Hello</mj-body></mjml>", "Words stand in <mj-body>"),
            (
                "<mjml><mj-body><mj-section>{{ company }}</mj-section></mj-body></mjml>",
                "Words stand in <mj-section>",
            ),
            (
                "<mjml><mj-body><mj-section><mj-column><p>a</p></mj-column></mj-section></mj-body></mjml>",
                "<p> stands in",
            ),
        ] {
            assert!(found(source).contains(tag), "{source}: {}", found(source));
        }
    }
}
