//! What a template says, token by token: refuses what could make values grow, and lists the fields named.
//!
//! Allowed are fields, texts, numbers, comparisons, `and or not in if else`, filters, and the tags `if`,
//! `elif`, `else` and `for`. Without arithmetic, lists, assignments and calls no value can be doubled.

use std::collections::HashSet;

use minijinja::value::{Serde, Value};
use serde_json::{Map, json};

use crate::error::Problem;
use crate::mail::markup::{Piece, pieces};
use crate::mail::template::merge::Merge;

/// What was found in a template.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Each field that is named, in the order and on the line of its first naming.
    pub(super) used: Vec<Used>,
}

/// A field named in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Used {
    /// As in `brand.name`.
    pub(super) path: String,
    /// From 1.
    pub(super) line: usize,
    /// Whether it is what a `for` goes through.
    listed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Text(&'a str),
    Number,
    Sign(&'a str),
}

const TAGS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];
const KEYWORDS: [&str; 16] = [
    "if", "elif", "else", "endif", "for", "endfor", "in", "not", "and", "or", "true", "false", "none",
    "True", "False", "None",
];
const SIGNS: [&str; 12] = ["==", "!=", "<=", ">=", "<", ">", ".", "|", "(", ")", "[", "]"];

impl Scan {
    /// Reads a source.
    ///
    /// # Errors
    /// Each thing that is not allowed, with its line.
    pub(super) fn of(source: &str) -> Result<Self, Vec<Problem>> {
        let mut scan = Self::default();
        let mut problems = Vec::new();
        let mut loops = Vec::new();
        for (line, piece) in pieces(source).map_err(|problem| vec![problem])? {
            if let Piece::Tag(tag) = piece
                && !tag.starts_with("{#")
                && let Err(detail) = scan.tag(tag, line, &mut loops)
            {
                problems.push(Problem::new("", format!("Line {line}: {detail}")));
            }
        }
        let mut seen = HashSet::new();
        scan.used.retain(|used| seen.insert(used.path.clone()));
        if problems.is_empty() { Ok(scan) } else { Err(problems) }
    }

    fn tag<'a>(&mut self, tag: &'a str, line: usize, loops: &mut Vec<&'a str>) -> Result<(), String> {
        let inner = tag.get(2..tag.len().saturating_sub(2)).unwrap_or_default();
        let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
        let tokens = tokens(inner.strip_suffix(['-', '+']).unwrap_or(inner))?;
        if !tag.starts_with("{%") {
            return self.expression(&tokens, line, loops);
        }
        match tokens.as_slice() {
            [Token::Word("for"), Token::Word(variable), Token::Word("in"), iterable @ ..] => {
                let before = self.used.len();
                self.expression(iterable, line, loops)?;
                if let Some(used) = self.used.get_mut(before) {
                    used.listed = true;
                }
                loops.push(variable);
                Ok(())
            }
            [Token::Word("endfor")] => {
                loops.pop();
                Ok(())
            }
            [Token::Word("for"), ..] => Err(String::from("write {% for one in many %}")),
            [Token::Word(word), rest @ ..] if TAGS.contains(word) => self.expression(rest, line, loops),
            _ => Err(String::from("the only tags are if, elif, else, endif, for and endfor")),
        }
    }

    fn expression(&mut self, tokens: &[Token<'_>], line: usize, loops: &[&str]) -> Result<(), String> {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let before = at.checked_sub(1).and_then(|before| tokens.get(before));
            match token {
                Token::Word("is") => return Err(String::from("write {% if field %} instead of a test")),
                Token::Word(word) if KEYWORDS.contains(word) || before == Some(&Token::Sign("|")) => at += 1,
                Token::Word(word) => {
                    let (path, length) = path(&tokens[at..]);
                    at += length;
                    if tokens.get(at) == Some(&Token::Sign("(")) {
                        return Err(String::from("there are no functions to call"));
                    }
                    if !(loops.contains(word) || (*word == "loop" && !loops.is_empty())) {
                        self.used.push(Used { path, line, listed: false });
                    }
                }
                Token::Sign("[") => return Err(String::from("lists cannot be written here")),
                Token::Sign("(") if before == Some(&Token::Sign(")")) => {
                    return Err(String::from("there are no functions to call"));
                }
                _ => at += 1,
            }
        }
        Ok(())
    }

    /// The line on which a field is named first.
    pub(super) fn line_of(&self, path: &str) -> usize {
        self.used.iter().find(|used| used.path == path).map_or(1, |used| used.line)
    }

    /// Made-up values for the fields that are to be present.
    pub(super) fn sample(&self, present: impl Fn(&str) -> bool) -> Merge {
        let mut root = Map::new();
        for used in self.used.iter().filter(|used| used.path.contains('.')) {
            // An object stays when its field is missing: `brand` is there, `brand.motto` may not be.
            let parent = used.path.split('.').next().unwrap_or_default();
            root.entry(parent).or_insert_with(|| json!({}));
        }
        for used in self.used.iter().filter(|used| present(&used.path)) {
            let value = if used.listed { json!(["x"]) } else { json!("x") };
            let mut object = &mut root;
            let mut names = used.path.split('.').peekable();
            while let Some(name) = names.next() {
                if names.peek().is_none() {
                    object.entry(name).or_insert_with(|| value.clone());
                    break;
                }
                match object.entry(name).or_insert_with(|| json!({})).as_object_mut() {
                    Some(inner) => object = inner,
                    None => break,
                }
            }
        }
        Merge(Value::from(Serde(root)))
    }
}

/// The dotted name at the beginning, and how many tokens it takes. `a["b"]` is `a.b`.
fn path(tokens: &[Token<'_>]) -> (String, usize) {
    let (mut path, mut at) = (String::new(), 0);
    if let Some(Token::Word(first)) = tokens.first() {
        path.push_str(first);
        at = 1;
    }
    loop {
        at += match &tokens[at..] {
            [Token::Sign("."), Token::Word(name), ..] => {
                path.push('.');
                path.push_str(name);
                2
            }
            [Token::Sign("["), Token::Text(name), Token::Sign("]"), ..] => {
                path.push('.');
                path.push_str(name);
                3
            }
            _ => return (path, at),
        };
    }
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first.is_alphabetic() || first == '_' {
            let length = run(rest, |letter| letter.is_alphanumeric() || letter == '_');
            (Token::Word(&rest[..length]), length)
        } else if first.is_ascii_digit() {
            (Token::Number, run(rest, |letter| letter.is_ascii_digit()))
        } else if matches!(first, '"' | '\'') {
            let inner = quoted(&rest[1..], first).ok_or("a text does not end")?;
            (Token::Text(inner), inner.len() + 2)
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            (Token::Sign(sign), sign.len())
        } else {
            return Err(format!("{first} is not allowed within a template tag"));
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|letter| !belongs(letter)).unwrap_or(text.len())
}

fn quoted(text: &str, mark: char) -> Option<&str> {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            letter if letter == mark => return Some(&text[..at]),
            _ => {}
        }
    }
    None
}
