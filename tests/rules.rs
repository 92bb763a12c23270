//! Holds the codes of rules that the code names, as in `(M-07)`, and `docs/rules.md` together: each leads somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What looks like a rule's code and is none.
const OTHERS: [&str; 1] = ["CRC-32"];

/// One to three capitals, a dash and two digits.
fn is_code(word: &str) -> bool {
    let Some((letters, digits)) = word.split_once('-') else { return false };
    (1..=3).contains(&letters.len())
        && letters.bytes().all(|b| b.is_ascii_uppercase())
        && digits.len() == 2
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !OTHERS.contains(&word)
}

/// The codes in a text, each with the number of its first line.
fn codes(text: &str) -> BTreeMap<&str, usize> {
    let mut codes = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
        for word in words.filter(|word| is_code(word)) {
            codes.entry(word).or_insert(number + 1);
        }
    }
    codes
}

/// Where each code in the files below a folder stands first.
fn collect(folder: &Path, found: &mut BTreeMap<String, String>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, found);
        } else if let Ok(text) = fs::read_to_string(&path) {
            for (code, line) in codes(&text) {
                found.entry(code.to_owned()).or_insert_with(|| format!("{}:{line}", path.display()));
            }
        }
    }
}

#[test]
fn every_rule_that_the_code_names_is_explained_and_every_explained_rule_is_named() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = BTreeMap::new();
    for folder in ["src", "tests", "static"] {
        collect(&root.join(folder), &mut named);
    }
    let document = fs::read_to_string(root.join("docs/rules.md")).unwrap();
    let mut explained = BTreeSet::new();
    let mut faults = Vec::new();
    let mut group = "";
    for line in document.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            group = heading.split(':').next().unwrap_or_default();
        }
        let Some((code, words)) = line.strip_prefix("- **").and_then(|rest| rest.split_once("** ")) else {
            continue;
        };
        if !is_code(code) || code.split('-').next() != Some(group) {
            faults.push(format!("docs/rules.md: {code} does not belong under {group:?}"));
        }
        if !words.ends_with(".*") {
            faults.push(format!("docs/rules.md: {code} does not end with *its source.*"));
        }
        if !explained.insert(code.to_owned()) {
            faults.push(format!("docs/rules.md: {code} is there twice"));
        }
        if !named.contains_key(code) {
            faults.push(format!("docs/rules.md: {code} is named nowhere; take it out"));
        }
    }
    for (code, place) in named.iter().filter(|(code, _)| !explained.contains(*code)) {
        faults.push(format!("{place}: {code} is not in docs/rules.md"));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    assert!(explained.len() > 50, "the lines of docs/rules.md were not read");
}
