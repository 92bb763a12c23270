//! The link of a confirmation mail: what it is about, and what pressing its button does.

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::audience::subscriber;
use crate::domain::catalog::{Brand, Topic, brand, topic};
use crate::domain::consent::confirmation::{self, Confirmation, Confirmed};
use crate::domain::consent::opt_in::{self, OptIn, State};
use crate::domain::consent::permission::{self, Kind};
use crate::domain::consent::suppression;
use crate::domain::intake::{item, permission_item};
use crate::error::Result;

/// What a confirmation link stands for now.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The brand.
    pub brand: Brand,
    /// The person.
    pub subscriber: i64,
    /// Where it stands.
    pub state: Standing,
}

/// Where a confirmation stands; the items are words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The button grants these.
    Open(Vec<String>),
    /// It was pressed; these are granted now.
    Confirmed(Vec<String>),
    /// It is too old, or the person stopped it since.
    Expired,
}

/// What the link stands for; changes nothing.
///
/// # Errors
/// [`crate::error::Error::NotFound`] if there is no such confirmation.
pub fn look(conn: &mut DbConnection, id: i64, now: Moment) -> Result<Asked> {
    let asked = confirmation::get(conn, id)?;
    let (person, brand_id) = (asked.subscriber_id, asked.brand_id);
    let brand = brand::get(conn, brand_id)?;
    let erased = subscriber::get(conn, person)?.erased_at.is_some();
    let running = confirmation::running(conn, person, brand_id, now)?;
    let state = if erased {
        Standing::Expired
    } else if asked.confirmed_at.is_some() {
        let answers = opt_in::of_subscriber(conn, person)?;
        let granted = answers.into_iter().filter(|a| a.brand_id == brand_id && a.state == State::Granted);
        let granted: Vec<OptIn> = granted.collect();
        let mut items = topic_items(&topic::of_brand(conn, brand_id)?, &granted);
        for kind in [Kind::Opens, Kind::Clicks] {
            if permission::granted(conn, person, brand_id, kind)? {
                items.push(permission_item(kind).to_owned());
            }
        }
        Standing::Confirmed(items)
    } else if running.iter().any(|row| row.id == id) {
        let pending = confirmation::pending(conn, person, brand_id)?;
        let mut items = topic_items(&topic::of_brand(conn, brand_id)?, &pending);
        items.extend(permission_items(&running));
        // Everything asked for was taken back one by one.
        if items.is_empty() { Standing::Expired } else { Standing::Open(items) }
    } else {
        Standing::Expired
    };
    Ok(Asked { brand, subscriber: person, state })
}

/// Presses the button: grants what is open, and lifts the suppressions that the person's own act can lift.
/// Pressing again changes nothing and says the same.
///
/// # Errors
/// As [`look`].
pub fn press(conn: &mut DbConnection, id: i64, now: Moment) -> Result<Asked> {
    let before = look(conn, id, now)?;
    if !matches!(before.state, Standing::Open(_)) {
        return Ok(before);
    }
    if confirmation::confirm(conn, id, now)? == Confirmed::Granted
        && let Some(email) = subscriber::email_hash(conn, before.subscriber)?
    {
        suppression::lift_by_own_act(conn, &email, before.brand.id, now)?;
    }
    look(conn, id, now)
}

fn topic_items(topics: &[Topic], answers: &[OptIn]) -> Vec<String> {
    let of_topic = |topic: &Topic| {
        let mut mine: Vec<_> = answers.iter().filter(|a| a.topic_id == topic.id).map(|a| a.channel).collect();
        mine.sort_unstable();
        mine.into_iter().map(|channel| item(&topic.name, channel)).collect::<Vec<_>>()
    };
    topics.iter().flat_map(of_topic).collect()
}

fn permission_items(running: &[Confirmation]) -> Vec<String> {
    let mut kinds: Vec<_> = running.iter().flat_map(Confirmation::wants).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.into_iter().map(|kind| permission_item(kind).to_owned()).collect()
}
