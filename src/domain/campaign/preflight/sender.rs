//! Who writes: two senders that differ (P-06), domains that exist and take answers, pages over https, a known relay.

use std::collections::BTreeSet;

use crate::domain::campaign::preflight::{Facts, Finding};
use crate::email_address::EmailAddress;
use crate::mail::dns::{Answers, Question};

/// What a domain says about mail to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mailboxes {
    /// It takes mail, or an address of its own would.
    Some,
    /// It says that it takes none (RFC 7505).
    None,
    /// It has neither mail exchanger nor address.
    Missing,
    /// Nobody answered.
    Unknown,
}

fn mailboxes(answers: &Answers, domain: &str) -> Mailboxes {
    let exchanges = answers.get(&Question::Mx(domain.to_owned()));
    let addresses = answers.get(&Question::Address(domain.to_owned()));
    match (exchanges, addresses) {
        (Some(Ok(hosts)), _) if hosts.iter().any(|host| !host.is_empty()) => Mailboxes::Some,
        (Some(Ok(hosts)), _) if !hosts.is_empty() => Mailboxes::None,
        (_, Some(Ok(addresses))) if !addresses.is_empty() => Mailboxes::Some,
        (Some(Ok(_)), Some(Ok(_))) => Mailboxes::Missing,
        _ => Mailboxes::Unknown,
    }
}

pub(super) fn questions(facts: &Facts, questions: &mut BTreeSet<Question>) {
    let reply_to = facts.brand.reply_to.as_ref().map(EmailAddress::domain);
    let domains = [Some(facts.sender_domain()), Some(facts.envelope_domain()), reply_to];
    for domain in domains.into_iter().flatten() {
        questions.insert(Question::Mx(domain.to_owned()));
        questions.insert(Question::Address(domain.to_owned()));
    }
}

/// An address without what stands behind a plus: most providers deliver both to the same mailbox.
fn without_plus(address: &EmailAddress) -> (&str, &str) {
    let (local, domain) = address.as_str().rsplit_once('@').unwrap_or((address.as_str(), ""));
    (local.split('+').next().unwrap_or_default(), domain)
}

pub(super) fn check(facts: &Facts, findings: &mut Vec<Finding>) {
    let brand = &facts.brand;
    // Addresses are in lower case since they were read.
    if without_plus(&brand.marketing_from) == without_plus(&brand.service_from) {
        let detail = "Marketing and service mail have the same sender. Give the brand's service_from another name \
                      before the @: providers judge senders by their address, and who blocks one must still get the \
                      other";
        findings.push(Finding::blocking(
            "same_sender",
            "sender rules of Google, subscription messages",
            detail,
        ));
    }
    if !brand.base_url.starts_with("https://") {
        let detail = "The brand's pages are not on https, and mail programs offer one-click unsubscribing only there. \
                      Letters can be looked at on this machine alone: set base_url to an https address before they go \
                      further";
        let finding = if facts.are_local { Finding::warning } else { Finding::blocking };
        findings.push(finding("pages_without_https", "RFC 8058, section 3", detail.to_owned()));
    }
    if let Some(relay) = brand.relay.as_ref().filter(|relay| !facts.relays.contains(relay)) {
        let known = match facts.relays.as_slice() {
            [] => String::from("none of them has a name"),
            names => format!("there are {}", names.join(", ")),
        };
        let detail = format!(
            "The brand's mail goes through the relay {relay}, which is not in the server's settings ({known}). Add it \
             there, or choose another for the brand"
        );
        findings.push(Finding::blocking("relay_unknown", "sender rules of Google and Yahoo", detail));
    }
}

pub(super) fn check_dns(facts: &Facts, answers: &Answers, findings: &mut Vec<Finding>) {
    let from = facts.sender_domain();
    match mailboxes(answers, from) {
        Mailboxes::Missing => {
            let detail = format!(
                "The sender's domain {from} has no MX record and no address, and receivers refuse mail from domains \
                 that do not exist. Add an MX record for it, or choose another marketing_from"
            );
            findings.push(Finding::blocking("from_domain_missing", "RFC 5321, section 5", detail));
        }
        Mailboxes::None => findings.push(takes_none("from_takes_no_mail", "marketing_from", from)),
        Mailboxes::Some | Mailboxes::Unknown => {}
    }
    let reply_to = facts.brand.reply_to.as_ref().map(EmailAddress::domain);
    let envelope = facts.envelope_domain();
    let others = [
        (reply_to, "reply_to_takes_no_mail", "reply_to", "answers"),
        (Some(envelope), "bounces_cannot_arrive", "the envelope sender", "bounces"),
    ];
    for (domain, code, what, lost) in others {
        let Some(domain) = domain.filter(|domain| *domain != from) else { continue };
        match mailboxes(answers, domain) {
            Mailboxes::Missing => {
                let detail = format!(
                    "The domain {domain} of {what} has no MX record and no address, so {lost} cannot arrive. Add an \
                     MX record for it"
                );
                // Receivers check that a sender they could answer exists; answers that go nowhere are only a loss.
                let finding = if what == "reply_to" { Finding::warning } else { Finding::blocking };
                findings.push(finding(code, "RFC 5321, section 5", detail));
            }
            Mailboxes::None => findings.push(takes_none(code, what, domain)),
            Mailboxes::Some | Mailboxes::Unknown => {}
        }
    }
}

fn takes_none(code: &'static str, what: &str, domain: &str) -> Finding {
    let detail = format!(
        "The domain {domain} of {what} says with a null MX that it takes no mail: answers and bounces cannot arrive, \
         and receivers may refuse what comes from there. Add an MX record, or choose another address"
    );
    Finding::warning(code, "RFC 7505", detail)
}
