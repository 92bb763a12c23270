//! Preflight: what providers would hold against a campaign, found before its first letter (P-02, P-06, P-09, P-10,
//! D-04).
//!
//! Everything here is a pure function. [`Facts::questions`] and [`Facts::further_questions`] say what has to be asked
//! of DNS, somebody who may use the network asks it, and [`Facts::findings`] judges. A blocking finding keeps a
//! campaign from starting; what DNS did not answer is only ever a warning.

mod dkim;
mod dmarc;
mod letter;
mod sender;
mod spf;
mod tags;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::db::DbConnection;
use crate::domain::campaign::link::{self, Link};
use crate::domain::campaign::{self as campaigns, Campaign};
use crate::domain::catalog::{Brand, Channel, topic};
use crate::email_address::EmailAddress;
use crate::error::{Problem, Result};
use crate::mail::dns::{Answers, Question};

pub use dkim::{PublishedKey, check_published, records_of, signing_keys, waiting_keys};

word_enum! {
    /// How much a finding weighs.
    #[schema(as = FindingLevel)]
    pub enum Level {
        /// The campaign cannot start.
        Blocking = "blocking",
        /// It can start, and somebody should look.
        Warning = "warning",
    }
}

/// One thing that providers or readers would hold against the campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Finding {
    /// What it is, as a stable word, such as `spf_missing`.
    #[schema(value_type = String)]
    pub code: &'static str,
    /// How much it weighs.
    pub level: Level,
    /// Where the rule behind it comes from, such as `RFC 9989`.
    #[schema(value_type = String)]
    pub rule: &'static str,
    /// What is wrong and what to do.
    pub detail: String,
}

impl Finding {
    fn blocking(code: &'static str, rule: &'static str, detail: impl Into<String>) -> Self {
        Self { code, level: Level::Blocking, rule, detail: detail.into() }
    }

    fn warning(code: &'static str, rule: &'static str, detail: impl Into<String>) -> Self {
        Self { code, level: Level::Warning, rule, detail: detail.into() }
    }
}

/// What the preflight has to know besides DNS.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The brand that speaks.
    pub brand: Brand,
    /// The envelope sender of all mail, if the operator set one.
    pub return_path: Option<EmailAddress>,
    /// Whether the relay signs (M-07).
    pub relay_signs: bool,
    /// The keys that sign the brand's marketing mail.
    pub keys: Vec<PublishedKey>,
    /// The keys that wait until somebody says that their records are published.
    pub waiting: Vec<PublishedKey>,
    /// The keys that sign its service mail.
    pub service_keys: Vec<PublishedKey>,
    /// Whether every relay is on this machine.
    pub are_local: bool,
    /// The names of the relays there are.
    pub relays: Vec<String>,
    /// The letter; none where a brand alone is looked at.
    pub letter: Option<Letter>,
}

/// What is known of the letter.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The campaign.
    pub campaign: Campaign,
    /// Its links.
    pub links: Vec<Link>,
    /// Whether its topic is offered by email.
    pub offered: bool,
}

impl Letter {
    /// Loads what is needed of a campaign.
    ///
    /// # Errors
    /// Of the database.
    pub fn load(conn: &mut DbConnection, campaign: Campaign) -> Result<Self> {
        let links = link::of_campaign(conn, campaign.id)?;
        let topic = topic::get(conn, campaign.topic_id)?;
        let offered = campaign.channel == Channel::Email && topic.offers_email;
        Ok(Self { campaign, links, offered })
    }
}

impl Facts {
    /// The domain that other servers look up SPF for: of the envelope sender (B-01, RFC 7208, section 2.4).
    fn envelope_domain(&self) -> &str {
        match (&self.brand.incoming_domain, &self.return_path) {
            (Some(domain), _) => domain,
            (None, Some(address)) => address.domain(),
            (None, None) => self.sender_domain(),
        }
    }

    fn sender_domain(&self) -> &str {
        self.brand.marketing_from.domain()
    }

    /// Everything that DNS has to be asked for these facts.
    pub fn questions(&self) -> BTreeSet<Question> {
        let mut questions = BTreeSet::new();
        sender::questions(self, &mut questions);
        spf::questions(self, &mut questions);
        dkim::questions(self, &mut questions);
        dmarc::questions(self, &mut questions);
        if let Some(service) = self.of_service() {
            questions.extend(service.questions());
        }
        questions
    }

    /// What has to be asked beside that now that these answers are known: what records refer to. Empty once all is
    /// known.
    pub fn further_questions(&self, answers: &Answers) -> BTreeSet<Question> {
        let mut questions = BTreeSet::new();
        spf::further_questions(self, answers, &mut questions);
        if let Some(service) = self.of_service() {
            spf::further_questions(&service, answers, &mut questions);
        }
        questions
    }

    /// The same facts with the sender of service mail in the place of the other; none where nothing differs, and none
    /// of them. It returns to the operator's return path or to the sender.
    fn of_service(&self) -> Option<Self> {
        let mut service = self.clone();
        service.brand.marketing_from = self.brand.service_from.clone();
        service.brand.incoming_domain = None;
        service.brand.reply_to = None;
        service.keys.clone_from(&self.service_keys);
        service.waiting.clear();
        service.letter = None;
        let differs = service.sender_domain() != self.sender_domain()
            || service.envelope_domain() != self.envelope_domain();
        // Once it is both senders, it has no other.
        (differs && self.brand.marketing_from != self.brand.service_from).then_some(service)
    }

    /// What is wrong with the sender of service mail. Only ever a warning: the campaign itself arrives without.
    fn service_findings(&self, answers: &Answers, known: &[Finding]) -> Vec<Finding> {
        let Some(service) = self.of_service() else { return Vec::new() };
        let mut findings = Vec::new();
        dkim::check(&service, &mut findings);
        sender::check_dns(&service, answers, &mut findings);
        spf::check(&service, answers, &mut findings);
        dkim::check_dns(&service, answers, &mut findings);
        dmarc::check(&service, answers, &mut findings);
        findings.retain(|finding| known.iter().all(|other| other.detail != finding.detail));
        for finding in &mut findings {
            finding.level = Level::Warning;
            let from = service.sender_domain();
            finding.detail = format!("Service mail from {from} (service_from): {}", finding.detail);
        }
        findings
    }

    /// Everything that is wrong, what blocks first. Without `answers` the checks that need DNS are left out.
    pub fn findings(&self, answers: Option<&Answers>) -> Vec<Finding> {
        let mut findings = Vec::new();
        sender::check(self, &mut findings);
        dkim::check(self, &mut findings);
        if let Some(answers) = answers {
            sender::check_dns(self, answers, &mut findings);
            spf::check(self, answers, &mut findings);
            dkim::check_dns(self, answers, &mut findings);
            dmarc::check(self, answers, &mut findings);
            let service = self.service_findings(answers, &findings);
            findings.extend(service);
            unanswered(answers, &mut findings);
        }
        if let Some(letter) = &self.letter {
            letter::check(&self.brand, letter, &mut findings);
        }
        findings.sort_by_key(|finding| finding.level);
        findings
    }
}

/// The texts at a name that was asked for; `None` if nobody answered.
fn texts<'a>(answers: &'a Answers, name: &str) -> Option<&'a [String]> {
    answers.get(&Question::Txt(name.to_owned()))?.as_deref().ok()
}

fn unanswered(answers: &Answers, findings: &mut Vec<Finding>) {
    let names: BTreeSet<&str> = answers
        .iter()
        .filter(|(_, records)| records.is_err())
        .map(|(question, _)| match question {
            Question::Txt(name) | Question::Mx(name) | Question::Address(name) => name.as_str(),
        })
        .collect();
    if !names.is_empty() {
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        let detail = format!(
            "DNS gave no answer about {names}, so what depends on it was not checked. Look again in a moment; if it \
             stays, look at the name servers of this machine and of the domain"
        );
        findings.push(Finding::warning("dns_unanswered", "RFC 1035", detail));
    }
}

/// The blocking ones among findings, each as the problem that an answer names.
pub fn blocking(findings: &[Finding]) -> Vec<Problem> {
    findings
        .iter()
        .filter(|finding| finding.level == Level::Blocking)
        .map(|finding| Problem::new(finding.code, finding.detail.clone()))
        .collect()
}

/// Loads what the preflight has to know of a campaign.
///
/// # Errors
/// [`NotFound`](crate::error::Error::NotFound).
pub fn letter_of(conn: &mut DbConnection, campaign: i64) -> Result<Letter> {
    let campaign = campaigns::get(conn, campaign)?;
    Letter::load(conn, campaign)
}

#[cfg(test)]
mod tests;
