//! Who would get a campaign now, and why the others would not: the gate run over everybody, without writing (API-11).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use diesel::prelude::*;
use serde::Serialize;

use crate::clock::Moment;
use crate::db::schema::subscriber;
use crate::db::{Database, DbConnection, Kind};
use crate::domain::campaign::{facts, find};
use crate::domain::consent::gate::{CampaignFacts, Refusal};
use crate::domain::consent::looks::{self, Stretch};
use crate::error::{Error, Result};
use crate::id::PublicId;

/// Who would get a campaign now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Preview {
    /// Everybody the organisation knows.
    pub people: i64,
    /// Those who would get it.
    pub allowed: i64,
    /// Those of them whose opens may be recorded.
    pub opens_measurable: i64,
    /// Those of them whose clicks may be recorded.
    pub clicks_measurable: i64,
    /// The others, by the reason why not.
    #[schema(value_type = BTreeMap<String, i64>)]
    pub refused: BTreeMap<Refusal, i64>,
}

/// So many people are looked at in one go: a server's database does more at once than what sits in this process, where
/// memory stays flat.
fn stretch_length(kind: Kind) -> i64 {
    match kind {
        Kind::Sqlite => 20_000,
        Kind::Postgres => 250_000,
    }
}

/// Readers at once: they are lent from those that answer requests.
const READERS: usize = 2;

/// Counts who would get a campaign now. Nobody is looked at by themselves: people who look the same to the gate are
/// counted by the database and decided once.
///
/// # Errors
/// [`Error::NotFound`] without such a campaign. Of the database.
pub fn preview(db: &Database, campaign: PublicId, now: Moment) -> Result<Preview> {
    let (campaign, last) = db.read_here(|conn| {
        let campaign = find(conn, campaign)?;
        let last: Option<i64> = subscriber::table.select(diesel::dsl::max(subscriber::id)).first(conn)?;
        Ok((facts(conn, &campaign)?.1, last.unwrap_or(0)))
    })?;
    let length = stretch_length(db.kind());
    // Whoever is ready takes the next stretch.
    let next = AtomicI64::new(0);
    let count = || {
        db.read_here(|conn| {
            let mut preview = Preview::default();
            loop {
                let after = next.fetch_add(length, Ordering::Relaxed);
                if after >= last {
                    return Ok(preview);
                }
                preview.add(conn, &campaign, Stretch { after, to: after.saturating_add(length) }, now)?;
            }
        })
    };
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(count)).collect();
        let mut whole = Preview::default();
        for reader in readers {
            let part = reader.join().map_err(|_| Error::internal("a reader of the audience panicked"))?;
            whole.merge(part?);
        }
        Ok(whole)
    })
}

impl Preview {
    fn add(
        &mut self,
        conn: &mut DbConnection,
        campaign: &CampaignFacts,
        stretch: Stretch,
        now: Moment,
    ) -> Result<()> {
        let counts = looks::count(conn, campaign, stretch, now)?;
        let verdicts = looks::judge(conn, campaign, counts.iter().map(|(looks, _)| *looks), now)?;
        for (looks, people) in counts {
            self.people += people;
            match verdicts.get(&looks) {
                Some(Ok(())) => {
                    self.allowed += people;
                    self.opens_measurable += if looks.allows_opens() { people } else { 0 };
                    self.clicks_measurable += if looks.allows_clicks() { people } else { 0 };
                }
                Some(Err(reason)) => *self.refused.entry(*reason).or_default() += people,
                None => return Err(Error::internal("a look was not decided")),
            }
        }
        Ok(())
    }

    fn merge(&mut self, part: Self) {
        self.people += part.people;
        self.allowed += part.allowed;
        self.opens_measurable += part.opens_measurable;
        self.clicks_measurable += part.clicks_measurable;
        for (reason, people) in part.refused {
            *self.refused.entry(reason).or_default() += people;
        }
    }
}
