//! The authors' templates: merge fields, `if` and `for`, a few filters, and nothing that can run away.
//!
//! A template is checked and compiled once and then rendered for each person. Time is limited by fuel,
//! size by a writer that stops, and memory by the language itself: nothing in it can join, repeat or store
//! values, so that no value grows. Unknown fields and missing fallbacks are found when it is parsed.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};

use crate::error::{Error, Problem, Result};
use crate::mail::quoted;
use crate::mail::template::scan::{Scan, Used};

mod encoded;
mod merge;
mod scan;

pub use encoded::Encoded;
pub use merge::{Merge, Values};

/// The longest source, in octets, in whatever way it is written; a finished letter is at most 100 KB.
pub const SOURCE_OCTETS_MAX: usize = 256 * 1024;
/// The longest rendered text, in octets.
pub const OUTPUT_OCTETS_MAX: usize = 1024 * 1024;
/// Steps that one rendering may take; a letter takes a few hundred.
const FUEL: u64 = 100_000;
/// How many different fields that may be missing one template may name.
pub const OPTIONAL_FIELDS_MAX: usize = 50;
/// Steps that all renderings of the check may take together: it runs while somebody waits for it.
const REHEARSAL_FUEL: u64 = 200_000;
/// How many unknown fields are named at once.
const UNKNOWN_NAMED: usize = 20;
/// How deep expressions and blocks may nest.
const RECURSION: usize = 50;

/// What a template writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// HTML: values are escaped.
    Html,
    /// Plain text: values stand as they are.
    Plain,
}

/// How what it writes is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    /// As it is.
    Plain,
    /// In quoted-printable, each value a piece of its own.
    QuotedPrintable,
}

/// The fields that a template may name, as `first_name`, `brand.name`, or `attributes.*` for any name.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    /// Fields that have a value for everybody.
    pub always: &'a [&'a str],
    /// Fields that may be missing and so need a fallback.
    pub optional: &'a [&'a str],
}

/// A checked and compiled template; cheap to clone.
#[derive(Clone)]
pub struct Template {
    environment: Arc<Environment<'static>>,
    name: Arc<str>,
    /// With LF for each line break.
    source: Arc<str>,
    kind: Kind,
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({})", self.name)
    }
}

impl Template {
    /// Checks and compiles a source. `name` is the field that the problems name.
    ///
    /// A field that may be missing and is printed needs a fallback, `{{ first_name|default("reader") }}`, or
    /// an `{% if first_name %}` around it. `default` also stands in for an empty value.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its line.
    pub fn parse(name: &str, source: &str, kind: Kind, fields: Fields<'_>) -> Result<Self, Vec<Problem>> {
        let problem = |detail: String| Problem::new(name, detail);
        if source.len() > SOURCE_OCTETS_MAX {
            return Err(vec![problem(format!("At most {} kB", SOURCE_OCTETS_MAX / 1024))]);
        }
        if source.contains('\0') {
            return Err(vec![problem(String::from("NUL characters cannot be mailed"))]);
        }
        let source = with_lf(source);
        let scan = Scan::of(&source).map_err(|problems| {
            problems.into_iter().map(|found| problem(found.detail)).collect::<Vec<_>>()
        })?;
        let unknown: Vec<_> = scan.used.iter().filter(|used| !fields.knows(&used.path)).collect();
        if !unknown.is_empty() {
            let known = fields.listed();
            let say = |used: &&Used| {
                problem(format!("Line {}: there is no field {}; there are {known}", used.line, used.path))
            };
            return Err(unknown.iter().take(UNKNOWN_NAMED).map(say).collect());
        }
        let mut environment = environment(kind, Coding::Plain);
        environment
            .add_template_owned(String::from("t"), source.clone().into_owned())
            .map_err(|error| vec![problem(syntax(&error))])?;
        let template =
            Self { environment: Arc::new(environment), name: name.into(), source: source.into(), kind };
        template.rehearse(&scan, fields)?;
        Ok(template)
    }

    /// Renders for one person, with LF for each line break. What fields live in, as `brand` and `attributes`, must
    /// be there, be it empty.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the template, if a missing field without a fallback is printed or a limit
    /// is reached; no value is repeated.
    pub fn render(&self, values: &Merge) -> Result<String> {
        self.render_value(values).map(|(text, _)| text).map_err(|detail| Error::invalid(&*self.name, detail))
    }

    /// Renders what stands on one line, as in a header.
    ///
    /// # Errors
    /// As [`render`](Self::render), and if the outcome holds a line break or another control character: it
    /// would begin a header of its own (M-14).
    pub fn render_line(&self, values: &Merge) -> Result<String> {
        let line = self.render(values)?;
        if line.chars().any(|letter| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')) {
            return Err(Error::invalid(
                &*self.name,
                "Line breaks and control characters are not allowed here",
            ));
        }
        Ok(line)
    }

    /// The text, and the steps it took.
    fn render_value(&self, values: &Merge) -> Result<(String, u64), String> {
        let mut out = Vec::new();
        let steps = self.render_to(values, OUTPUT_OCTETS_MAX, &mut out)?;
        let text = String::from_utf8(out).map_err(|_| String::from("The outcome is not text"))?;
        Ok((text, steps))
    }

    /// Writes at most `limit` octets to the end of `out`. Returns the steps it took.
    fn render_to(&self, values: &Merge, limit: usize, out: &mut Vec<u8>) -> Result<u64, String> {
        let template = self.environment.get_template("t").map_err(|error| syntax(&error))?;
        let out = Capped { left: limit, out };
        let captured = template.render_captured_to(values.0.clone(), out).map_err(|error| failure(&error))?;
        Ok(captured.state().fuel_levels().map_or(FUEL, |(taken, _)| taken))
    }

    /// Renders with all fields, without any optional one, and without each of them in turn; so the number of fields
    /// and of steps is limited.
    fn rehearse(&self, scan: &Scan, fields: Fields<'_>) -> Result<(), Vec<Problem>> {
        let optional: BTreeSet<&str> =
            scan.used.iter().map(|used| used.path.as_str()).filter(|path| !fields.is_always(path)).collect();
        let mut problems = Vec::new();
        let refuse = |detail: String| Err(vec![Problem::new(&*self.name, detail)]);
        if optional.len() > OPTIONAL_FIELDS_MAX {
            return refuse(format!("At most {OPTIONAL_FIELDS_MAX} different fields that can be missing"));
        }
        match self.render_value(&scan.sample(|_| true)) {
            Ok((_, steps)) if steps * (optional.len() as u64 + 2) > REHEARSAL_FUEL => {
                return refuse(String::from(
                    "This takes too many steps for so many fields; name fewer of them",
                ));
            }
            Ok(_) => {}
            Err(detail) => return refuse(detail),
        }
        for path in &optional {
            if problems.is_empty() && self.render_value(&scan.sample(|other| other != *path)).is_err() {
                let line = scan.line_of(path);
                problems.push(Problem::new(
                    &*self.name,
                    format!("Line {line}: {path} can be missing; write {{{{ {path}|default(\"…\") }}}}"),
                ));
            }
        }
        if problems.is_empty()
            && let Err(detail) = self.render_value(&scan.sample(|path| !optional.contains(path)))
        {
            problems.push(Problem::new(&*self.name, detail));
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

impl Fields<'_> {
    fn knows(&self, path: &str) -> bool {
        self.is_always(path) || self.optional.iter().any(|field| names(field, path))
    }

    fn is_always(&self, path: &str) -> bool {
        self.always.iter().any(|field| names(field, path))
    }

    fn listed(&self) -> String {
        self.always.iter().chain(self.optional).copied().collect::<Vec<_>>().join(", ")
    }
}

fn names(field: &str, path: &str) -> bool {
    match field.strip_suffix(".*") {
        Some(parent) => path
            .strip_prefix(parent)
            .and_then(|rest| rest.strip_prefix('.'))
            .is_some_and(|name| !name.is_empty() && !name.contains('.')),
        None => field == path,
    }
}

fn environment(kind: Kind, coding: Coding) -> Environment<'static> {
    let mut environment = Environment::empty();
    let escape = match kind {
        Kind::Html => AutoEscape::Html,
        Kind::Plain => AutoEscape::None,
    };
    environment.set_auto_escape_callback(move |_| escape.clone());
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(RECURSION);
    environment.set_formatter(move |out, _, value| {
        if value.is_none() || value.is_undefined() {
            return Err(ErrorKind::UndefinedError.into());
        }
        let text = value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed);
        let text = with_lf(&text);
        let text = if kind == Kind::Html { escaped(&text) } else { text };
        let written = match coding {
            Coding::Plain => out.write_str(&text),
            Coding::QuotedPrintable => {
                let mut piece = String::with_capacity(text.len() * 5 / 4 + 8);
                quoted::push(&mut piece, &text);
                out.write_str(&piece)
            }
        };
        written.map_err(minijinja::Error::from)
    });
    environment.add_filter("default", |value: Value, fallback: Value| {
        let missing = value.is_undefined()
            || value.is_none()
            || value.as_str().is_some_and(|text| text.trim().is_empty());
        if missing { fallback } else { value }
    });
    environment.add_filter("upper", |text: String| text.to_uppercase());
    environment.add_filter("lower", |text: String| text.to_lowercase());
    environment.add_filter("trim", |text: String| text.trim().to_owned());
    environment.add_filter("capitalize", |text: String| capitalized(&text));
    environment
}

/// `ANA maria` as `Ana maria`.
fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters.flat_map(char::to_lowercase)).collect(),
        None => String::new(),
    }
}

/// The five characters that mean something in HTML, and no others: links stay readable.
fn escaped(text: &str) -> Cow<'_, str> {
    let special = |letter: char| matches!(letter, '&' | '<' | '>' | '"' | '\'');
    let Some(first) = text.find(special) else { return Cow::Borrowed(text) };
    let (plain, rest) = text.split_at(first);
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(plain);
    for letter in rest.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    Cow::Owned(out)
}

/// Every line break as LF, whether it was CR, LF or CRLF: so none is cut in two where a value meets a text.
fn with_lf(text: &str) -> Cow<'_, str> {
    match text.contains('\r') {
        true => Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")),
        false => Cow::Borrowed(text),
    }
}

fn syntax(error: &minijinja::Error) -> String {
    let line = error.line().unwrap_or(1);
    format!("Line {line}: {}", error.detail().unwrap_or("this is not understood"))
}

/// What to say of a rendering that failed. The engine's own words may repeat a value.
fn failure(error: &minijinja::Error) -> String {
    let line = error.line().unwrap_or(1);
    let what = match error.kind() {
        ErrorKind::UndefinedError => "a value is missing here and has no fallback",
        ErrorKind::OutOfFuel => "this takes too many steps",
        ErrorKind::WriteFailure => {
            return format!("The outcome is longer than {} kB", OUTPUT_OCTETS_MAX / 1024);
        }
        ErrorKind::UnknownFilter => {
            "there is no such filter; there are default, upper, lower, trim and capitalize"
        }
        ErrorKind::UnknownFunction | ErrorKind::UnknownMethod => "there are no functions to call",
        ErrorKind::UnknownTest => "there is no such test",
        _ => "this cannot be carried out with the values that it gets",
    };
    format!("Line {line}: {what}")
}

/// A buffer that takes only so many octets more.
struct Capped<'a> {
    left: usize,
    out: &'a mut Vec<u8>,
}

impl Write for Capped<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(octets.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        self.out.extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
