//! SPF of the envelope sender (RFC 7208, P-02): there is exactly one record, and it says who may not send.
//!
//! Whether the relay is among those who may is for the relay's first answer to tell: its address is not known here.

use std::collections::BTreeSet;

use crate::domain::campaign::preflight::{Facts, Finding, texts};
use crate::mail::dns::{Answers, Question};

pub(super) fn questions(facts: &Facts, questions: &mut BTreeSet<Question>) {
    questions.insert(Question::Txt(facts.envelope_domain().to_owned()));
}

/// The terms of a record, if it is one of SPF (RFC 7208, section 4.5).
fn terms(record: &str) -> Option<Vec<String>> {
    let mut words = record.split(' ').filter(|word| !word.is_empty());
    words.next()?.eq_ignore_ascii_case("v=spf1").then(|| words.map(str::to_ascii_lowercase).collect())
}

/// The mechanisms that there are (RFC 7208, section 5).
const MECHANISMS: [&str; 8] = ["all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"];

/// The name of a mechanism, without its sign and its value; none if the term is a modifier.
fn mechanism(term: &str) -> Option<&str> {
    let name = term.trim_start_matches(['+', '-', '~', '?']);
    let end = name.find([':', '/', '=']).unwrap_or(name.len());
    (!name[end..].starts_with('=')).then_some(&name[..end])
}

fn check_terms(domain: &str, terms: &[String], findings: &mut Vec<Finding>) {
    if terms.iter().all(|term| term == "-all") && !terms.is_empty() {
        let detail = format!(
            "The SPF record of {domain} says that nobody may send in its name (-all alone). Name your relay in it, such \
             as \"v=spf1 include:RELAY -all\""
        );
        findings.push(Finding::blocking("spf_permits_nobody", "P-02", detail));
    }
    let unknown: Vec<&str> = terms
        .iter()
        .filter_map(|term| mechanism(term))
        .filter(|name| !MECHANISMS.contains(name))
        .map(|name| name.get(..30).unwrap_or(name))
        .collect();
    if !unknown.is_empty() {
        let detail = format!(
            "The SPF record of {domain} has words that do not exist, and receivers may pass it over for that: {}. Mend \
             or take out",
            unknown.join(", ")
        );
        findings.push(Finding::warning("spf_unknown_word", "RFC 7208, section 4.6", detail));
    }
}

pub(super) fn check(facts: &Facts, answers: &Answers, findings: &mut Vec<Finding>) {
    let domain = facts.envelope_domain();
    let Some(found) = texts(answers, domain) else { return };
    let records: Vec<Vec<String>> = found.iter().filter_map(|record| terms(record)).collect();
    let terms = match records.as_slice() {
        [] => {
            let detail = format!(
                "The envelope sender's domain {domain} has no SPF record. Add a TXT record that names your relay, \
                 such as \"v=spf1 include:RELAY -all\""
            );
            return findings.push(Finding::blocking("spf_missing", "P-02", detail));
        }
        [terms] => terms,
        several => {
            let detail = format!(
                "The envelope sender's domain {domain} has {} SPF records, which counts as an error and so as none. \
                 Make one of them",
                several.len()
            );
            return findings.push(Finding::blocking("spf_several", "RFC 7208, section 4.5", detail));
        }
    };
    check_terms(domain, terms, findings);
    let all = terms.iter().find(|term| matches!(term.as_str(), "all" | "+all" | "?all" | "~all" | "-all"));
    match all.map(String::as_str) {
        Some("-all" | "~all") => {}
        Some(open) => {
            let detail = format!(
                "The SPF record of {domain} ends with {open}: anybody may send in its name, and providers trust it \
                 less. End it with -all or ~all"
            );
            findings.push(Finding::warning("spf_open", "RFC 7208, section 5.1", detail));
        }
        // A redirect has the end that the other record has.
        None if terms.iter().any(|term| term.starts_with("redirect=")) => {}
        None => {
            let detail = format!(
                "The SPF record of {domain} does not say what holds for everybody else. End it with -all or ~all"
            );
            findings.push(Finding::warning("spf_without_end", "RFC 7208, section 4.7", detail));
        }
    }
}
