//! Where the tracked links lead, kept in memory so that a redirect needs no database.
//!
//! A link's destination never changes once a letter carries it, so nothing here is ever out of date. The newest
//! links and those of running campaigns are loaded when the server starts, a campaign's when it starts to send, and any
//! other when it is first followed. Only such an old link needs the database, and only once; without it there is no
//! destination to know.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use diesel::prelude::*;

use crate::db::schema::{campaign, link};
use crate::db::{Database, DbConnection};
use crate::domain::campaign::State;
use crate::domain::campaign::link::Link;
use crate::error::Result;

/// How many links are kept; the oldest make room. With their addresses some 10 MB at most in common use.
const LINKS_KEPT: usize = 50_000;

/// How many of the newest links are loaded when the server starts.
const LINKS_LOADED: i64 = 20_000;

/// A link as it is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The campaign whose letters carry it.
    pub campaign: i64,
    /// Where it leads, octet for octet as the campaign's author wrote it.
    pub url: String,
}

/// The links in memory; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Links {
    // By row number, so that the first is the oldest.
    kept: Arc<RwLock<BTreeMap<i64, Arc<Destination>>>>,
}

impl Links {
    /// The links of campaigns that are on their way, however old they are, and the newest of all others.
    ///
    /// # Errors
    /// Of the database.
    pub fn load(conn: &mut DbConnection) -> Result<Self> {
        let links = Self::default();
        let newest: Vec<Link> =
            link::table.order(link::id.desc()).limit(LINKS_LOADED).select(Link::as_select()).load(conn)?;
        links.warm(&newest);
        let begun = [State::Planning, State::Sending, State::Paused];
        let running: Vec<Link> = link::table
            .inner_join(campaign::table)
            .filter(campaign::state.eq_any(begun))
            .select(Link::as_select())
            .load(conn)?;
        links.warm(&running);
        Ok(links)
    }

    /// Takes in a campaign's links, before its first letter leaves.
    pub fn warm(&self, links: &[Link]) {
        let destination = |link: &Link| Destination { campaign: link.campaign_id, url: link.url.clone() };
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        kept.extend(links.iter().map(|link| (link.id, Arc::new(destination(link)))));
        while kept.len() > LINKS_KEPT {
            kept.pop_first();
        }
    }

    /// Where a link leads, if it is in memory.
    pub fn get(&self, id: i64) -> Option<Arc<Destination>> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Where a link leads, from memory or else from the database; none if there is no such link.
    ///
    /// # Errors
    /// Of the database, for a link that is not in memory.
    pub async fn find(&self, db: &Database, id: i64) -> Result<Option<Arc<Destination>>> {
        if let Some(destination) = self.get(id) {
            return Ok(Some(destination));
        }
        let found: Option<Link> = db
            .read(move |conn| Ok(link::table.find(id).select(Link::as_select()).first(conn).optional()?))
            .await?;
        Ok(found.map(|link| {
            self.warm(std::slice::from_ref(&link));
            Arc::new(Destination { campaign: link.campaign_id, url: link.url })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_memory_is_full_the_oldest_links_make_room() {
        let links = Links::default();
        let link =
            |id: i64| Link { id, campaign_id: 1, position: 0, url: format!("https://example.com/{id}") };
        links.warm(&(1..=LINKS_KEPT as i64 + 1).map(link).collect::<Vec<_>>());
        assert_eq!(links.get(1), None);
        assert_eq!(links.get(2).unwrap().url, "https://example.com/2");
        assert!(links.get(LINKS_KEPT as i64 + 1).is_some());
    }
}
