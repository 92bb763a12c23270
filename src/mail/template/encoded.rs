//! A template in quoted-printable: what it says literally is encoded once, and only values for each person.

use std::sync::Arc;

use crate::error::{Error, Problem, Result};
use crate::mail::markup::{Piece, pieces};
use crate::mail::quoted;
use crate::mail::template::merge::Merge;
use crate::mail::template::{Coding, OUTPUT_OCTETS_MAX, Template, environment, syntax};

/// A template whose outcome is quoted-printable; cheap to clone.
///
/// Decoded it says what the template it was made of says, octet by octet, with CRLF for each line break.
#[derive(Debug, Clone)]
pub struct Encoded(Template);

impl Encoded {
    /// Encodes a template that was checked.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it cannot be compiled.
    pub fn of(template: &Template) -> Result<Self> {
        let source =
            encoded(&template.source).map_err(|problem| Error::invalid(&*template.name, problem.detail))?;
        let mut environment = environment(template.kind, Coding::QuotedPrintable);
        environment
            .add_template_owned(String::from("t"), source.clone())
            .map_err(|error| Error::invalid(&*template.name, syntax(&error)))?;
        Ok(Self(Template { environment: Arc::new(environment), source: source.into(), ..template.clone() }))
    }

    /// How many octets its literal parts have: a letter has a little more.
    pub fn literal_octets(&self) -> usize {
        self.0.source.len()
    }

    /// Writes one person's text to the end of `out`; it begins and ends at the beginning of a line. Returns how
    /// many octets the text has before encoding, or any number not above `count_above` if it has not more.
    ///
    /// # Errors
    /// As [`Template::render`].
    pub fn render(&self, values: &Merge, count_above: usize, out: &mut Vec<u8>) -> Result<usize> {
        let begin = out.len();
        self.0
            .render_to(values, 4 * OUTPUT_OCTETS_MAX, out)
            .map_err(|detail| Error::invalid(&*self.0.name, detail))?;
        let written = out.get(begin..).unwrap_or_default();
        // Encoding makes nothing shorter than its text, so that most letters need no count.
        if written.len() <= count_above {
            return Ok(written.len());
        }
        let octets = quoted::decoded_octets(written);
        if octets > OUTPUT_OCTETS_MAX {
            let detail = format!("The outcome is longer than {} kB", OUTPUT_OCTETS_MAX / 1024);
            return Err(Error::invalid(&*self.0.name, detail));
        }
        Ok(octets)
    }
}

/// The source with its literal parts encoded. White space that a `-` takes away, comments, and the line break at the
/// end are left out here, because the engine would take away line breaks of the encoding instead.
fn encoded(source: &str) -> Result<String, Problem> {
    let source = source.strip_suffix('\n').unwrap_or(source);
    let pieces = pieces(source)?;
    let mut out = String::with_capacity(source.len() * 5 / 4);
    let mut trims = false;
    for (at, (_, piece)) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) => {
                let text = if trims { text.trim_start() } else { text };
                let before = pieces.get(at + 1).is_some_and(|(_, next)| takes_before(next));
                quoted::push(&mut out, if before { text.trim_end() } else { text });
                trims = false;
            }
            Piece::Tag(tag) => {
                let (open, inner, close) = parts(tag);
                let kept = inner.strip_prefix(['-', '+']).unwrap_or(inner);
                trims = kept.ends_with('-');
                if open != "{#" {
                    out.push_str(open);
                    out.push(' ');
                    out.push_str(kept.strip_suffix(['-', '+']).unwrap_or(kept));
                    out.push(' ');
                    out.push_str(close);
                }
            }
        }
    }
    // The engine drops one line break at the end: this one, and none of the encoding.
    out.push('\n');
    Ok(out)
}

fn takes_before(piece: &Piece<'_>) -> bool {
    matches!(piece, Piece::Tag(tag) if parts(tag).1.starts_with('-'))
}

/// The two signs that open a tag, what is in it, and the two that close it.
fn parts(tag: &str) -> (&str, &str, &str) {
    let (open, rest) = tag.split_at_checked(2).unwrap_or((tag, ""));
    let (inner, close) = rest.split_at_checked(rest.len().saturating_sub(2)).unwrap_or((rest, ""));
    (open, inner, close)
}
