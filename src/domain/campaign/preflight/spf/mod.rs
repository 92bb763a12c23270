//! SPF of the envelope sender (RFC 7208, P-02): there is exactly one record, it says who may not send, and the records
//! that it refers to are there and not too many.
//!
//! Whether the relay is among those who may is for the relay's first answer to tell: its address is not known here.

mod record;

use std::collections::BTreeSet;

use crate::domain::campaign::preflight::{Facts, Finding, texts};
use crate::mail::dns::{Answers, Question};

use record::Record;

/// How many questions a receiver may ask for one mail (RFC 7208, section 4.6.4).
const LOOKUPS_MAX: usize = 10;

pub(super) fn questions(facts: &Facts, questions: &mut BTreeSet<Question>) {
    questions.insert(Question::Txt(facts.envelope_domain().to_owned()));
}

/// The records that those which are known refer to, and that nobody has asked for yet.
pub(super) fn further_questions(facts: &Facts, answers: &Answers, questions: &mut BTreeSet<Question>) {
    let mut tree = Tree::default();
    tree.walk(facts.envelope_domain(), answers);
    questions.extend(tree.unasked.into_iter().map(Question::Txt));
}

/// The record at a name, and how many there are.
fn record_at(domain: &str, answers: &Answers) -> Option<(Option<Record>, usize)> {
    let mut records: Vec<Record> =
        texts(answers, domain)?.iter().filter_map(|text| Record::parse(text)).collect();
    let count = records.len();
    Some((records.pop().filter(|_| count == 1), count))
}

/// A record with all that it refers to.
#[derive(Debug, Default)]
struct Tree {
    /// How many questions a receiver asks who comes to its end.
    lookups: usize,
    /// Domains that nobody has asked for yet.
    unasked: BTreeSet<String>,
    /// Domains that are referred to and have no record, or several, which counts as an error.
    broken: BTreeSet<String>,
    /// Domains that are referred to and let everybody send.
    open: BTreeSet<String>,
}

impl Tree {
    /// Reads on from a domain. It ends where a receiver would give up, so records that refer to each other end too.
    fn walk(&mut self, domain: &str, answers: &Answers) {
        let Some((Some(record), _)) = record_at(domain, answers) else { return };
        self.lookups += record.lookups();
        for next in record.includes().chain(record.redirect()) {
            if self.lookups > LOOKUPS_MAX {
                return;
            }
            if !answers.contains_key(&Question::Txt(next.to_owned())) {
                self.unasked.insert(next.to_owned());
                continue;
            }
            match record_at(next, answers) {
                Some((Some(found), _)) if found.permits_everybody() => {
                    self.open.insert(next.to_owned());
                }
                Some((None, _)) => {
                    self.broken.insert(next.to_owned());
                }
                _ => {}
            }
            self.walk(next, answers);
        }
    }
}

fn check_terms(domain: &str, record: &Record, findings: &mut Vec<Finding>) {
    if record.permits_nobody() {
        let detail = format!(
            "The SPF record of {domain} says that nobody may send in its name (-all alone). Name your relay in it, such \
             as \"v=spf1 include:RELAY -all\""
        );
        findings.push(Finding::blocking("spf_permits_nobody", "sender rules of Google and Yahoo", detail));
    }
    let unknown: Vec<&str> = record.unknown().map(|name| name.get(..30).unwrap_or(name)).collect();
    if !unknown.is_empty() {
        let detail = format!(
            "The SPF record of {domain} has words that do not exist, and receivers may pass it over for that: {}. Mend \
             or take out",
            unknown.join(", ")
        );
        findings.push(Finding::warning("spf_unknown_word", "RFC 7208, section 4.6", detail));
    }
}

/// What it refers to. Only warnings: a receiver stops reading where a term fits the relay.
fn check_tree(domain: &str, answers: &Answers, findings: &mut Vec<Finding>) {
    let mut tree = Tree::default();
    tree.walk(domain, answers);
    if tree.lookups > LOOKUPS_MAX {
        let detail = format!(
            "The SPF record of {domain} costs receivers more than {LOOKUPS_MAX} questions to DNS, counting the records \
             that it includes; they give up at the eleventh, and it counts as an error. Take out includes that no relay of \
             yours needs"
        );
        findings.push(Finding::warning("spf_too_many_lookups", "RFC 7208, section 4.6.4", detail));
    }
    for broken in &tree.broken {
        let detail = format!(
            "The SPF record of {domain} refers to {broken}, which has no SPF record or several, and counts as an error for \
             everybody who is not named before. Mend the name or take it out"
        );
        findings.push(Finding::warning("spf_include_broken", "RFC 7208, section 5.2", detail));
    }
    for open in &tree.open {
        let detail = format!(
            "The SPF record of {domain} refers to {open}, which lets anybody send in its name, and providers trust it \
             less. Take it out or ask its owner"
        );
        findings.push(Finding::warning("spf_open", "RFC 7208, section 5.1", detail));
    }
}

/// The end that holds for a record: its own, or that of the record to which it redirects. None where that is not known.
fn end_of(record: &Record, answers: &Answers, steps: usize) -> Option<Option<String>> {
    if record.end().is_some() || !record.redirects() {
        return Some(record.end().map(str::to_owned));
    }
    match record.redirect().and_then(|next| record_at(next, answers)) {
        Some((Some(next), _)) if steps < LOOKUPS_MAX => end_of(&next, answers, steps + 1),
        _ => None,
    }
}

pub(super) fn check(facts: &Facts, answers: &Answers, findings: &mut Vec<Finding>) {
    let domain = facts.envelope_domain();
    let record = match record_at(domain, answers) {
        None => return,
        Some((Some(record), _)) => record,
        Some((None, 0)) => {
            let detail = format!(
                "The envelope sender's domain {domain} has no SPF record. Add a TXT record that names your relay, \
                 such as \"v=spf1 include:RELAY -all\""
            );
            return findings.push(Finding::blocking(
                "spf_missing",
                "sender rules of Google and Yahoo",
                detail,
            ));
        }
        Some((None, several)) => {
            let detail = format!(
                "The envelope sender's domain {domain} has {several} SPF records, which counts as an error and so as \
                 none. Make one of them"
            );
            return findings.push(Finding::blocking("spf_several", "RFC 7208, section 4.5", detail));
        }
    };
    check_terms(domain, &record, findings);
    check_tree(domain, answers, findings);
    match end_of(&record, answers, 0) {
        Some(Some(end)) if end == "-all" || end == "~all" => {}
        // Somebody else's end that lets everybody send was found with what the record refers to.
        Some(Some(end)) if record.end().is_none() && end != "?all" => {}
        Some(Some(open)) => {
            let detail = format!(
                "The SPF record of {domain} ends with {open}: anybody may send in its name, and providers trust it \
                 less. End it with -all or ~all"
            );
            findings.push(Finding::warning("spf_open", "RFC 7208, section 5.1", detail));
        }
        Some(None) => {
            let detail = format!(
                "The SPF record of {domain} does not say what holds for everybody else. End it with -all or ~all"
            );
            findings.push(Finding::warning("spf_without_end", "RFC 7208, section 4.7", detail));
        }
        None => {}
    }
}
