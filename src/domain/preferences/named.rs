//! What a receipt names, as it was called when the act was done: brands move and topics are renamed, and a receipt says the
//! same for ever.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::db::DbConnection;
use crate::domain::catalog::{Brand, Topic, brand, topic};
use crate::domain::consent::ledger;
use crate::domain::preferences::act::Standing;
use crate::domain::preferences::receipt::privacy_notice;
use crate::error::Result;
use crate::token::PreferencesLink;

/// The brand and the topics of an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The brand's word.
    pub slug: String,
    /// Its legal name.
    pub legal_name: String,
    /// Its registered address.
    pub registered_address: String,
    /// Where one can write to it.
    pub contact: String,
    /// The privacy notice in force: its version, where it is, and its hash where it is kept here.
    pub notice: BTreeMap<String, String>,
    /// The topics that the act is about or that were granted after it.
    pub topics: Vec<NamedTopic>,
}

/// A topic of an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedTopic {
    /// Its row.
    pub id: i64,
    /// Its word.
    pub slug: String,
    /// What people read.
    pub name: String,
    /// Communication or subject.
    pub kind: topic::Kind,
}

impl Named {
    /// Everything as it is called now.
    pub(super) fn now(brand: &Brand, notice: BTreeMap<String, String>, topics: &[Topic]) -> Self {
        let topics = topics.iter().map(|topic| NamedTopic {
            id: topic.id,
            slug: topic.slug.to_string(),
            name: topic.name.clone(),
            kind: topic.kind,
        });
        Self {
            slug: brand.slug.to_string(),
            legal_name: brand.legal_name.clone(),
            registered_address: brand.registered_address.clone(),
            contact: brand.contact_email.as_str().to_owned(),
            notice,
            topics: topics.collect(),
        }
    }

    /// The names of what an act left granted and of what its entries in the ledger are about.
    pub(super) fn of(
        conn: &mut DbConnection,
        link: PreferencesLink,
        after: &Standing,
        entries: (i64, i64),
    ) -> Result<Self> {
        let said = ledger::of_range(conn, link.subscriber, link.brand, entries)?;
        let version = said.first().map(|entry| entry.policy_version.clone());
        let said: BTreeSet<String> = said.into_iter().filter_map(|entry| entry.topic).collect();
        let mut topics = topic::of_brand(conn, link.brand)?;
        let granted = |topic: &Topic| after.granted().any(|answer| answer.topic == topic.id);
        topics.retain(|topic| granted(topic) || said.contains(topic.slug.as_str()));
        let brand = brand::get(conn, link.brand)?;
        let version = version.unwrap_or_else(|| brand.policy_version.clone());
        let notice = privacy_notice(conn, &brand, version)?;
        Ok(Self::now(&brand, notice, &topics))
    }
}
