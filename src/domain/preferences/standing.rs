//! How a person's answers about a brand stand: before an act and after it.

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::audience::subscriber;
use crate::domain::catalog::{Channel, brand};
use crate::domain::consent::brand_choice::{self, AtMost, BrandChoice};
use crate::domain::consent::objection;
use crate::domain::consent::opt_in::{self, Basis, State};
use crate::domain::consent::permission::{self, Kind as PermissionKind, State as PermissionState};
use crate::domain::consent::suppression::{self, Reason};
use crate::error::{Error, Result};
use crate::token::PreferencesLink;

/// One answer that is running: what never was asked, was ended or has lapsed is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The topic.
    pub topic: i64,
    /// How it comes.
    pub channel: Channel,
    /// Granted or pending.
    pub state: State,
    /// The lawful basis.
    pub basis: Basis,
    /// Until when it holds.
    pub until: Option<Moment>,
    /// The source that it came with.
    pub source: Option<i64>,
    /// When it came in from that source.
    #[serde(default)]
    pub obtained_at: Option<Moment>,
}

/// A person's own wish that stands against all marketing email of the brand, and that they can lift themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Against {
    /// For this brand only; otherwise for all.
    pub brand: Option<i64>,
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub since: Moment,
}

/// How a person's answers about a brand stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The topics.
    pub running: Vec<Running>,
    /// The tracking permissions that were answered.
    pub permissions: Vec<(PermissionKind, PermissionState)>,
    /// Until when nothing is sent, if that is still to come.
    pub paused_until: Option<Moment>,
    /// How often at most.
    pub at_most: AtMost,
    /// The language they read.
    pub locale: Option<String>,
    /// What stands against its email.
    #[serde(default)]
    pub against: Vec<Against>,
}

impl Standing {
    /// Whether this is granted.
    pub fn grants(&self, topic: i64, channel: Channel) -> bool {
        self.granted().any(|answer| answer.topic == topic && answer.channel == channel)
    }

    /// What is granted.
    pub fn granted(&self) -> impl Iterator<Item = &Running> {
        self.running.iter().filter(|answer| answer.state == State::Granted)
    }

    /// The answer about a kind of tracking; none if never asked.
    pub fn permission(&self, kind: PermissionKind) -> Option<PermissionState> {
        self.permissions.iter().find(|(of, _)| *of == kind).map(|(_, state)| *state)
    }

    /// Whether a kind of tracking is allowed.
    pub fn allows(&self, kind: PermissionKind) -> bool {
        self.permission(kind) == Some(PermissionState::Granted)
    }

    /// The choice about the brand.
    pub fn choice(&self) -> BrandChoice {
        BrandChoice { paused_until: self.paused_until, at_most: self.at_most }
    }
}

/// How a person's answers about a brand stand now.
pub(super) fn standing(conn: &mut DbConnection, link: PreferencesLink, now: Moment) -> Result<Standing> {
    let person = subscriber::get(conn, link.subscriber)?;
    if person.erased_at.is_some() {
        return Err(Error::NotFound("subscriber"));
    }
    let refresh_before = brand::get(conn, link.brand)?.refresh_consents_before;
    let objects = objection::stands(conn, link.subscriber, link.brand)?;
    let running = opt_in::of_subscriber(conn, link.subscriber)?.into_iter().filter(|answer| {
        let granted = answer.state == State::Granted;
        let lapsed = granted && (!answer.holds(refresh_before, now) || objection::covers(objects, answer));
        answer.brand_id == link.brand && answer.state != State::Withdrawn && !lapsed
    });
    let mut running: Vec<Running> = running
        .map(|answer| Running {
            topic: answer.topic_id,
            channel: answer.channel,
            state: answer.state,
            basis: answer.basis,
            until: answer.expires_at,
            source: answer.source_id,
            obtained_at: answer.obtained_at,
        })
        .collect();
    running.sort_by_key(|answer| (answer.topic, answer.channel));
    let permissions = permission::of_subscriber(conn, link.subscriber)?;
    let of_brand = permissions.iter().filter(|permission| permission.brand_id == link.brand);
    let mut permissions: Vec<_> = of_brand.map(|permission| (permission.kind, permission.state)).collect();
    permissions.sort_by_key(|(kind, _)| *kind);
    let choice = brand_choice::find(conn, link.subscriber, link.brand)?;
    Ok(Standing {
        running,
        permissions,
        paused_until: choice.pause(now),
        at_most: choice.at_most,
        locale: person.locale,
        against: against(conn, link)?,
    })
}

fn against(conn: &mut DbConnection, link: PreferencesLink) -> Result<Vec<Against>> {
    let Some(address) = subscriber::email_hash(conn, link.subscriber)? else { return Ok(Vec::new()) };
    let standing = suppression::standing(conn, &address, link.brand)?.into_iter();
    let own = standing.filter(|found| matches!(found.reason, Reason::Objection | Reason::Erasure));
    let against =
        own.map(|found| Against { brand: found.brand_id, reason: found.reason, since: found.created_at });
    Ok(against.collect())
}
