//! Evidence: what a person saw when they agreed, told by the program that asked them.

use serde::Deserialize;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::catalog::Brand;
use crate::domain::consent::ledger::{self, Shown, ShownBox};
use crate::error::{Error, Problem, Result};
use crate::line::is_line;

/// No box has more words beside it, in characters.
const BOX_WORDS_MAX: usize = 2000;

/// What a person saw when they decided.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// When they agreed, which is not when it is sent; required unless all of it ends something. The ledger says it, and
    /// what the person ended at that moment or later is not granted by it.
    #[serde(default)]
    given_at: Option<Moment>,
    /// Where they decided, with its version: a form, a call script, a paper slip.
    form: String,
    /// The wording they agreed to, exactly.
    wording: String,
    /// Each box that was on the screen, and whether it was ticked before they touched it.
    #[serde(default)]
    boxes: Vec<ShownBox>,
    /// The version of the privacy policy that they could read; the brand's present one if left out.
    #[serde(default)]
    policy_version: Option<String>,
    /// The language of what they saw, a tag of BCP 47.
    #[serde(default)]
    language: Option<String>,
}

/// When somebody agreed, and to which words.
pub(super) struct Given<'a> {
    pub(super) at: Moment,
    pub(super) wording: &'a str,
}

impl Evidence {
    fn check(&self) -> Result<()> {
        let mut problems = Vec::new();
        let mut rule = |fits: bool, field: &str, detail: &str| {
            if !fits {
                problems.push(Problem::new(field, detail));
            }
        };
        let line = |text: &str, most: usize| !text.trim().is_empty() && is_line(text, most);
        rule(line(&self.form, 100), "evidence.form", "Name the form in one line of 1 to 100 characters");
        let wording =
            !self.wording.trim().is_empty() && self.wording.chars().count() <= ledger::WORDING_CHARS_MAX;
        rule(wording, "evidence.wording", "Give the wording exactly, in 1 to 10000 characters");
        let boxes = self.boxes.len() <= 200 && self.boxes.iter().all(|shown| line(&shown.name, 200));
        rule(boxes, "evidence.boxes", "At most 200 boxes, each named in one line of 1 to 200 characters");
        let told = |words: &String| !words.trim().is_empty() && words.chars().count() <= BOX_WORDS_MAX;
        let words = self.boxes.iter().all(|shown| shown.words.as_ref().is_none_or(told));
        rule(
            words,
            "evidence.boxes",
            "Give the words beside a box in 1 to 2000 characters, or leave them out",
        );
        let version = self.policy_version.as_deref().is_none_or(|version| line(version, 100));
        rule(version, "evidence.policy_version", "Enter one line of 1 to 100 characters");
        let language = self.language.as_deref().is_none_or(|tag| line(tag, 35));
        rule(language, "evidence.language", "Enter a tag of BCP 47, such as cy");
        if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
    }
}

fn missing() -> Error {
    Error::invalid("evidence", "To agree needs evidence: what the person saw when they did")
}

/// When the person agreed, to which words, none of these boxes ticked beforehand (L-01).
///
/// # Errors
/// [`Error::Invalid`] without evidence, if it does not say when or names a moment to come, or if one of the boxes was ticked
/// before they touched it.
pub(super) fn given<'a>(evidence: Option<&'a Evidence>, boxes: &[&str], now: Moment) -> Result<Given<'a>> {
    let evidence = evidence.ok_or_else(missing)?;
    let at = evidence.given_at.ok_or_else(|| {
        Error::invalid("evidence.given_at", "Say when the person agreed, such as 2026-03-01T09:30:00Z")
    })?;
    if at > now {
        return Err(Error::invalid(
            "evidence.given_at",
            "Nobody can have agreed at a moment that is still to come",
        ));
    }
    for (index, shown) in evidence.boxes.iter().enumerate() {
        if shown.ticked && boxes.iter().any(|own| shown.name.trim().eq_ignore_ascii_case(own)) {
            let detail = "A box that was ticked beforehand is no consent; ask the person with an empty one";
            return Err(Error::invalid(format!("evidence.boxes.{index}.ticked"), detail));
        }
    }
    Ok(Given { at, wording: &evidence.wording })
}

/// Keeps the evidence of a decision about a brand and returns its row number. Agreeing needs evidence; an ending
/// without one is kept as having been told by a program.
///
/// # Errors
/// [`Error::Invalid`] if evidence is missing or breaks a rule.
pub(super) fn keep(
    conn: &mut DbConnection,
    evidence: Option<&Evidence>,
    brand: &Brand,
    agrees: bool,
) -> Result<i64> {
    let shown = match evidence {
        Some(evidence) => {
            evidence.check()?;
            Shown {
                form: evidence.form.trim().to_owned(),
                wording: evidence.wording.clone(),
                boxes: evidence.boxes.clone(),
                policy_version: evidence.policy_version.clone().unwrap_or(brand.policy_version.clone()),
                language: evidence.language.clone(),
            }
        }
        None if agrees => return Err(missing()),
        None => Shown::told(&brand.policy_version),
    };
    ledger::keep(conn, &shown)
}
