//! The preflight as the doors run it: facts from the database, answers from DNS, and the judgement over both.

use std::time::{Duration, Instant};

use crate::app::App;
use crate::db::DbConnection;
use crate::domain::campaign::preflight::{self, Facts, Finding, Letter};
use crate::domain::campaign::state;
use crate::domain::catalog::{Brand, brand};
use crate::error::{Error, Result};
use crate::mail::dns::Answers;

/// How far records are followed that refer to others; receivers follow ten (RFC 7208, section 4.6.4).
const STEPS_MAX: usize = 10;

/// For how long another step is begun. Where DNS answers, all steps together take less than a second.
const FURTHER_WITHIN: Duration = Duration::from_secs(3);

/// What a preflight found.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Everything that is wrong, what blocks first.
    pub findings: Vec<Finding>,
    /// Whether DNS was asked.
    pub asks_dns: bool,
    facts: Facts,
}

impl Checked {
    /// Lets what follows go on, unless something blocks it.
    ///
    /// # Errors
    /// [`Error::Blocked`] with every blocking finding.
    pub fn permit(&self) -> Result<()> {
        let blocking = preflight::blocking(&self.findings);
        if blocking.is_empty() { Ok(()) } else { Err(Error::Blocked(blocking)) }
    }

    /// Sees, in the transaction that goes on, that the campaign and its brand are still what was checked.
    ///
    /// # Errors
    /// [`Error::Conflict`] if one of them was changed in the meantime.
    pub fn still_holds(&self, conn: &mut DbConnection) -> Result<()> {
        let Some(letter) = &self.facts.letter else { return Ok(()) };
        let campaign = state::hold(conn, letter.campaign.id)?;
        let brand = brand::get(conn, campaign.brand_id)?;
        let same = brand.id == self.facts.brand.id
            && brand.changed_at == self.facts.brand.changed_at
            && campaign.changed_at == letter.campaign.changed_at;
        if same {
            Ok(())
        } else {
            Err(Error::conflict("It was changed while it was being checked; try again"))
        }
    }

    /// Writes what was found to the log: brands and domains, nobody's address.
    pub fn log(&self) {
        let brand = &self.facts.brand.slug;
        let campaign = self.facts.letter.as_ref().map(|letter| letter.campaign.public_id.to_string());
        for Finding { code, level, detail, .. } in &self.findings {
            tracing::warn!(%brand, campaign, code, %level, detail, "preflight");
        }
    }
}

impl App {
    /// Looks at everything that providers would hold against a campaign. It takes a few seconds at most.
    ///
    /// # Errors
    /// Of the database; what DNS does not answer is a finding.
    pub async fn preflight(&self, campaign: i64) -> Result<Checked> {
        let app = self.clone();
        let facts = self
            .db
            .read(move |conn| {
                let letter = preflight::letter_of(conn, campaign)?;
                let brand = brand::get(conn, letter.campaign.brand_id)?;
                app.preflight_facts(conn, brand, Some(letter))
            })
            .await?;
        self.judge(facts).await
    }

    /// The same of a brand alone.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such brand.
    pub async fn preflight_of_brand(&self, slug: String) -> Result<Checked> {
        let app = self.clone();
        let facts = self
            .db
            .read(move |conn| {
                let brand = brand::find(conn, &slug)?;
                app.preflight_facts(conn, brand, None)
            })
            .await?;
        self.judge(facts).await
    }

    fn preflight_facts(
        &self,
        conn: &mut DbConnection,
        brand: Brand,
        letter: Option<Letter>,
    ) -> Result<Facts> {
        Ok(Facts {
            keys: preflight::signing_keys(conn, brand.marketing_from.domain())?,
            waiting: preflight::waiting_keys(conn, brand.marketing_from.domain())?,
            return_path: self.options.return_path.clone(),
            relay_signs: self.options.relay_signs,
            relays: self.relays.all().iter().map(|relay| relay.name.clone()).collect(),
            are_local: self.relays.are_local(),
            service_keys: preflight::signing_keys(conn, brand.service_from.domain())?,
            brand,
            letter,
        })
    }

    async fn judge(&self, facts: Facts) -> Result<Checked> {
        let answers = self.ask(&facts).await;
        let findings = facts.findings(answers.as_ref());
        Ok(Checked { findings, asks_dns: answers.is_some(), facts })
    }

    /// Asks DNS, and what its answers refer to, as long as there is time; what nobody got to ask is not checked.
    async fn ask(&self, facts: &Facts) -> Option<Answers> {
        let begun = Instant::now();
        let mut answers = self.dns.ask(facts.questions()).await?;
        for _ in 0..STEPS_MAX {
            let further = facts.further_questions(&answers);
            if further.is_empty() || begun.elapsed() >= FURTHER_WITHIN {
                break;
            }
            answers.extend(self.dns.ask(further).await?);
        }
        Some(answers)
    }
}
