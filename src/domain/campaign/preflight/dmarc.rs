//! DMARC (RFC 9989, P-02): the policy that holds for the sender is found as receivers find it, by walking up the DNS
//! tree, and DKIM or SPF is aligned with it.

use std::collections::BTreeSet;

use crate::domain::campaign::preflight::tags::Tags;
use crate::domain::campaign::preflight::{Facts, Finding, texts};
use crate::mail::dns::{Answers, Question};

/// At most so many names are asked for one domain (RFC 9989, section 4.10).
const STEPS_MAX: usize = 8;

/// The domains of a walk up the tree, from the domain itself to the last label.
fn walk(domain: &str) -> Vec<String> {
    let labels: Vec<&str> = domain.split('.').collect();
    let mut lengths = vec![labels.len()];
    lengths.extend((1..labels.len().min(STEPS_MAX)).rev());
    lengths.into_iter().map(|length| labels[labels.len() - length..].join(".")).collect()
}

fn domains(facts: &Facts) -> Vec<&str> {
    let mut domains = vec![facts.sender_domain(), facts.envelope_domain()];
    domains.extend(facts.keys.iter().map(|key| key.domain.as_str()));
    domains
}

pub(super) fn questions(facts: &Facts, questions: &mut BTreeSet<Question>) {
    let steps = domains(facts).into_iter().flat_map(walk);
    questions.extend(steps.map(|domain| Question::Txt(format!("_dmarc.{domain}"))));
}

/// The records that a walk meets, until one ends it. `None` if nobody answered on the way.
fn met(answers: &Answers, domain: &str) -> Option<Vec<(String, Tags)>> {
    let mut met = Vec::new();
    for step in walk(domain) {
        let records: Vec<Tags> = texts(answers, &format!("_dmarc.{step}"))?
            .iter()
            .map(|record| Tags::of(record))
            .filter(|tags| tags.begin_with("v", "DMARC1"))
            .collect();
        // Several at one name count as none.
        if let [tags] = records.as_slice() {
            let ends = tags.word("psd").is_some_and(|psd| matches!(psd.as_str(), "y" | "n"));
            met.push((step, tags.clone()));
            if ends {
                break;
            }
        }
    }
    Some(met)
}

/// The organisational domain (RFC 9989, section 4.10.2).
fn organisation(domain: &str, met: &[(String, Tags)]) -> String {
    for (step, tags) in met {
        match tags.word("psd").as_deref() {
            Some("n") => return step.clone(),
            Some("y") if step != domain => {
                let below = domain.strip_suffix(step.as_str()).unwrap_or_default().trim_end_matches('.');
                let label = below.rsplit('.').next().unwrap_or_default();
                return format!("{label}.{step}");
            }
            _ => {}
        }
    }
    met.last().map_or_else(|| domain.to_owned(), |(step, _)| step.clone())
}

pub(super) fn check(facts: &Facts, answers: &Answers, findings: &mut Vec<Finding>) {
    let from = facts.sender_domain();
    let Some(records) = met(answers, from) else { return };
    let home = organisation(from, &records);
    // The domain's own record, else that of its organisation, else of whatever is above it.
    let own = records.iter().find(|(step, _)| step == from);
    let found = own.or_else(|| records.iter().find(|(step, _)| *step == home)).or(records.last());
    let Some((place, tags)) = found else {
        let detail = format!(
            "There is no DMARC record for {from}. Add a TXT record at _dmarc.{from}, such as \"v=DMARC1; p=none\"; \
             if there is one, see that it is the only one and begins with v=DMARC1"
        );
        return findings.push(Finding::blocking("dmarc_missing", "sender rules of Google and Yahoo", detail));
    };
    check_tags(place, tags, findings);
    check_alignment(facts, answers, tags, &home, findings);
}

fn check_tags(place: &str, tags: &Tags, findings: &mut Vec<Finding>) {
    match tags.word("p").as_deref() {
        Some("none" | "quarantine" | "reject") => {}
        policy => {
            let wrong = if policy.is_some() { "a policy (p=) that does not exist" } else { "no policy (p=)" };
            let detail = format!(
                "The DMARC record at _dmarc.{place} has {wrong} and is read as p=none. Write p=none, p=quarantine or \
                 p=reject"
            );
            findings.push(Finding::warning("dmarc_without_policy", "RFC 9989, section 4.7", detail));
        }
    }
    let removed: Vec<&str> =
        ["pct", "rf", "ri"].into_iter().filter(|name| tags.get(name).is_some()).collect();
    if !removed.is_empty() {
        let detail = format!(
            "The DMARC record at _dmarc.{place} has tags that no longer mean anything: {}. Take them out",
            removed.join(", ")
        );
        findings.push(Finding::warning("dmarc_removed_tags", "RFC 9989, appendix C", detail));
    }
}

fn check_alignment(facts: &Facts, answers: &Answers, tags: &Tags, home: &str, findings: &mut Vec<Finding>) {
    let from = facts.sender_domain();
    let aligned = |domain: &str, mode: &str| -> Option<bool> {
        if domain == from {
            return Some(true);
        }
        if tags.get(mode).is_some_and(|mode| mode.eq_ignore_ascii_case("s")) {
            return Some(false);
        }
        met(answers, domain).map(|met| organisation(domain, &met) == home)
    };
    let envelope = facts.envelope_domain();
    let mut ways: Vec<Option<bool>> = facts.keys.iter().map(|key| aligned(&key.domain, "adkim")).collect();
    ways.push(aligned(envelope, "aspf"));
    if ways.iter().any(|way| *way != Some(false)) {
        return;
    }
    if facts.relay_signs {
        let detail = format!(
            "The envelope sender's domain {envelope} is not aligned with {from}, so DMARC passes only if your relay \
             signs with d={from}. See that it does"
        );
        findings.push(Finding::warning("dmarc_rests_on_relay", "RFC 9989", detail));
    } else {
        let detail = format!(
            "DMARC would fail: neither the envelope sender's domain {envelope} nor a DKIM key is aligned with {from}. \
             Sign with a key of {from}, or let the envelope sender be in the same domain"
        );
        findings.push(Finding::blocking("dmarc_unaligned", "RFC 9989", detail));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_has_at_most_eight_steps_and_ends_with_the_last_label() {
        assert_eq!(walk("news.brand.test"), ["news.brand.test", "brand.test", "test"]);
        let long = walk("a.b.c.d.e.f.g.h.i.test");
        assert_eq!(long.len(), STEPS_MAX);
        assert_eq!((long[0].as_str(), long[1].as_str()), ("a.b.c.d.e.f.g.h.i.test", "d.e.f.g.h.i.test"));
        assert_eq!(walk("a.b.c.d.e.f.g.test").len(), 8);
        assert_eq!(walk("a.b.c.d.e.f.g.test")[1], "b.c.d.e.f.g.test");
    }

    #[test]
    fn the_organisation_is_found_as_the_standard_says() {
        let met = |records: &[(&str, &str)]| -> Vec<(String, Tags)> {
            records.iter().map(|(step, record)| ((*step).to_owned(), Tags::of(record))).collect()
        };
        for (records, expected) in [
            (vec![], "news.brand.co.test"),
            (vec![("news.brand.co.test", "v=DMARC1;p=none")], "news.brand.co.test"),
            (vec![("news.brand.co.test", "v=DMARC1"), ("brand.co.test", "v=DMARC1")], "brand.co.test"),
            (vec![("news.brand.co.test", "v=DMARC1;psd=n")], "news.brand.co.test"),
            (vec![("co.test", "v=DMARC1;psd=y")], "brand.co.test"),
            (vec![("brand.co.test", "v=DMARC1"), ("co.test", "v=DMARC1;psd=y")], "brand.co.test"),
        ] {
            assert_eq!(organisation("news.brand.co.test", &met(&records)), expected, "{records:?}");
        }
        assert_eq!(organisation("co.test", &met(&[("co.test", "v=DMARC1;psd=y")])), "co.test");
    }
}
