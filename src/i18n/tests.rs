//! Holds the message files against each other and against every place that says a message.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fluent_bundle::FluentResource;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};

use super::*;

/// The messages of a language: what each takes, and what markup it has.
fn messages(files: &[&str]) -> BTreeMap<String, (BTreeSet<String>, Vec<String>)> {
    let mut all = BTreeMap::new();
    for file in files {
        let resource = FluentResource::try_new((*file).to_owned()).expect("a file without a fault");
        for entry in resource.entries() {
            let Entry::Message(message) = entry else { continue };
            let pattern = message.value.as_ref().expect("a message with words");
            let mut taken = BTreeSet::new();
            take(pattern, &mut taken);
            let id = message.id.name.to_owned();
            let whole = words(pattern);
            let known = all.insert(id.clone(), (taken, tags(&whole)));
            assert!(known.is_none(), "{id} is there twice");
        }
    }
    all
}

fn take(pattern: &Pattern<&str>, taken: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else { continue };
        match expression {
            Expression::Inline(inline) => take_inline(inline, taken),
            Expression::Select { selector, variants } => {
                take_inline(selector, taken);
                variants.iter().for_each(|variant| take(&variant.value, taken));
            }
        }
    }
}

fn take_inline(inline: &InlineExpression<&str>, taken: &mut BTreeSet<String>) {
    match inline {
        InlineExpression::VariableReference { id } => {
            taken.insert(id.name.to_owned());
        }
        other => panic!("only values are put into messages, not {other:?}"),
    }
}

/// The text of a pattern, with the first of several variants.
fn words(pattern: &Pattern<&str>) -> String {
    let element = |element: &PatternElement<&str>| match element {
        PatternElement::TextElement { value } => (*value).to_owned(),
        PatternElement::Placeable { expression: Expression::Select { variants, .. } } => {
            variants.first().map(|variant| words(&variant.value)).unwrap_or_default()
        }
        PatternElement::Placeable { .. } => "$".to_owned(),
    };
    pattern.elements.iter().map(element).collect()
}

/// The tags in a text, each with its attributes.
#[test]
fn choices_of_languages_are_said_as_a_sentence_says_them() {
    assert_eq!(Lang::choices(), "en-GB, cy, de and fr");
}

fn tags(text: &str) -> Vec<String> {
    text.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default().to_owned()).collect()
}

/// One place that says a message.
#[derive(Debug)]
struct Call {
    place: String,
    id: String,
    with: BTreeSet<String>,
    is_markup: bool,
}

fn calls() -> Vec<Call> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut calls = Vec::new();
    for folder in ["src", "static/pages", "static/mail"] {
        visit(&root.join(folder), &mut calls);
    }
    calls
}

fn visit(folder: &Path, calls: &mut Vec<Call>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("src/i18n") {
            continue;
        }
        if path.is_dir() {
            visit(&path, calls);
        } else if let Ok(text) = fs::read_to_string(&path) {
            for opening in [".say(\"", ".html(\"", "Message::new(\""] {
                for (at, _) in text.match_indices(opening) {
                    let rest = &text[at + opening.len()..];
                    let (id, rest) = rest.split_once('"').unwrap();
                    let rest = rest.trim_start().strip_prefix(')').unwrap();
                    calls.push(Call {
                        place: path.display().to_string(),
                        id: id.to_owned(),
                        with: named(rest),
                        is_markup: opening == ".html(\"",
                    });
                }
            }
        }
    }
}

/// The names in a chain of `.with("name", value)`.
fn named(mut rest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    while let Some(after) = rest.trim_start().strip_prefix(".with(\"") {
        let (name, value) = after.split_once('"').unwrap();
        names.insert(name.to_owned());
        let mut depth = 1;
        let end = value.find(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth == 0
        });
        rest = &value[end.unwrap() + 1..];
    }
    names
}

#[test]
fn every_message_is_there_in_every_language_with_the_same_values_and_markup() {
    let english = messages(&FILES[0].1);
    for (lang, files) in FILES {
        let own = messages(&files);
        for (id, (taken, tags)) in &english {
            let (own_taken, own_tags) = own.get(id).unwrap_or_else(|| panic!("{id} is missing in {lang:?}"));
            assert_eq!(own_taken, taken, "{id} in {lang:?}");
            assert_eq!(own_tags, tags, "{id} in {lang:?}");
        }
        for id in own.keys() {
            assert!(english.contains_key(id), "{id} is in {lang:?} only");
        }
    }
}

#[test]
fn every_message_that_is_said_is_there_and_gets_the_values_it_takes() {
    let english = messages(&FILES[0].1);
    let calls = calls();
    assert!(calls.len() > 150, "found only {} places that say something", calls.len());
    for call in &calls {
        let (taken, tags) =
            english.get(&call.id).unwrap_or_else(|| panic!("{}: {call:?}: no such message", call.place));
        assert_eq!(&call.with, taken, "{}: {call:?}", call.place);
        assert_eq!(call.is_markup, !tags.is_empty(), "{call:?}: markup is said with `html`, text with `say`");
    }
    let said: BTreeSet<&str> = calls.iter().map(|call| call.id.as_str()).chain(["day"]).collect();
    let unused: Vec<_> = english.keys().filter(|id| !said.contains(id.as_str())).collect();
    assert!(unused.is_empty(), "nobody says {unused:?}");
}

#[test]
fn no_two_languages_say_a_sentence_alike() {
    // What was forgotten to be translated is still English.
    let english = messages_as_text(0);
    for index in 1..FILES.len() {
        for (id, words) in messages_as_text(index) {
            let is_sentence = words.split_whitespace().count() > 3;
            assert!(!is_sentence || english[&id] != words, "{id} is not translated: {words}");
        }
    }
}

fn messages_as_text(index: usize) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for file in FILES[index].1 {
        let resource = FluentResource::try_new(file.to_owned()).unwrap();
        for entry in resource.entries() {
            if let Entry::Message(message) = entry {
                all.insert(message.id.name.to_owned(), words(message.value.as_ref().unwrap()));
            }
        }
    }
    all
}

#[test]
fn a_tag_is_known_by_its_language_whatever_its_region() {
    for (tag, lang) in [
        ("en", Some(Lang::English)),
        ("en-US", Some(Lang::English)),
        ("cy", Some(Lang::Welsh)),
        ("CY-GB", Some(Lang::Welsh)),
        ("de_AT", Some(Lang::German)),
        ("fr-CA", Some(Lang::French)),
        ("pl", None),
        ("", None),
        ("deutsch", None),
    ] {
        assert_eq!(Lang::read(tag), lang, "{tag}");
    }
}

#[test]
fn numbers_dates_and_plurals_follow_the_language() {
    let moment = Moment::parse("2026-08-01T10:00:00Z").unwrap();
    let days = |lang: Lang, days: u32| lang.say("expired-lead").with("days", days).to_string();
    assert_eq!(Lang::English.day(moment), "1 August 2026");
    assert_eq!(Lang::Welsh.day(moment), "1 Awst 2026");
    assert_eq!(Lang::German.day(moment), "1. August 2026");
    assert_eq!(Lang::French.day(moment), "1er août 2026");
    assert!(days(Lang::English, 1).contains("1 day,") && days(Lang::English, 1200).contains("1,200 days,"));
    assert!(days(Lang::Welsh, 2).contains("2 ddiwrnod") && days(Lang::Welsh, 3).contains("3 diwrnod"));
    assert!(days(Lang::German, 1).contains("1 Tag,") && days(Lang::German, 1200).contains("1.200 Tage"));
    assert!(
        days(Lang::French, 0).contains("0 jour,") && days(Lang::French, 1200).contains("1\u{202f}200 jours")
    );
}

#[test]
fn what_is_put_into_markup_is_escaped_and_its_own_tags_stay() {
    let hostile = "\"><script>alert(1)</script>";
    let markup = Lang::English.html("unsubscribe-finer").with("url", hostile).to_string();
    assert!(
        markup.starts_with("Rather keep some of it? <a href=\"") && !markup.contains("<script"),
        "{markup}"
    );
    let text = Lang::English.say("preferences-heading").with("brand", "Tea & Toast { $brand }").to_string();
    assert_eq!(text, "Your choices at Tea & Toast { $brand }", "a value is no message");
}
