//! What is known of the people of a batch before its rows are written, and what an import may change of it.

use std::collections::HashMap;

use diesel::prelude::*;

use super::read::Row;
use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::{ledger, opt_in, permission, subscriber};
use crate::domain::audience::subscriber::Subscriber;
use crate::domain::catalog::Channel;
use crate::domain::consent::ledger::Decision;
use crate::domain::consent::opt_in::{OptIn, State};
use crate::domain::consent::permission::{Kind, Permission, State as PermissionState};
use crate::email_address::EmailAddress;
use crate::error::Result;

/// What is known of the people of a batch.
pub(super) struct Known {
    pub(super) people: HashMap<EmailAddress, Subscriber>,
    opt_ins: HashMap<(i64, i64, Channel), OptIn>,
    pub(super) permissions: HashMap<(i64, Kind), Permission>,
    /// The last stop of a whole channel, or of all of them, by each person.
    stops: HashMap<i64, Vec<(Option<Channel>, Moment)>>,
}

/// What becomes of one topic of a row.
pub(super) enum Wish {
    Change(State),
    Nothing,
    StaysWithdrawn,
}

impl Known {
    /// Loads what is known of these people, and holds them until the end of the transaction.
    pub(super) fn load(conn: &mut DbConnection, brand: i64, rows: &[Row]) -> Result<Self> {
        let emails: Vec<&EmailAddress> = rows.iter().map(|row| &row.email).collect();
        if let DbConnection::Postgres(c) = conn {
            // In one order everywhere, so that two holders never wait for each other.
            let held = subscriber::table.filter(subscriber::email.eq_any(emails.clone()));
            held.order(subscriber::id).select(subscriber::id).for_update().load::<i64>(c)?;
        }
        let people: Vec<Subscriber> = subscriber::table
            .filter(subscriber::email.eq_any(emails))
            .select(Subscriber::as_select())
            .load(conn)?;
        let ids: Vec<i64> = people.iter().map(|person| person.id).collect();
        let opt_ins: Vec<OptIn> = opt_in::table
            .filter(opt_in::subscriber_id.eq_any(ids.clone()).and(opt_in::brand_id.eq(brand)))
            .select(OptIn::as_select())
            .load(conn)?;
        let permissions: Vec<Permission> = permission::table
            .filter(permission::subscriber_id.eq_any(ids.clone()).and(permission::brand_id.eq(brand)))
            .select(Permission::as_select())
            .load(conn)?;
        let entries: Vec<(i64, Option<Channel>, Moment)> = ledger::table
            .filter(ledger::subscriber_id.eq_any(ids).and(ledger::brand_id.eq(brand)))
            .filter(ledger::decision.eq(Decision::Withdrawn))
            .filter(ledger::topic_id.is_null().and(ledger::permission.is_null()))
            .select((ledger::subscriber_id, ledger::channel, ledger::at))
            .load(conn)?;
        let mut stops: HashMap<i64, Vec<_>> = HashMap::new();
        for (person, channel, at) in entries {
            stops.entry(person).or_default().push((channel, at));
        }
        Ok(Self {
            people: people.into_iter().filter_map(|person| Some((person.email.clone()?, person))).collect(),
            opt_ins: opt_ins.into_iter().map(|o| ((o.subscriber_id, o.topic_id, o.channel), o)).collect(),
            permissions: permissions.into_iter().map(|p| ((p.subscriber_id, p.kind), p)).collect(),
            stops,
        })
    }

    /// What becomes of a topic that a row names, agreed to at that moment or only asked for.
    pub(super) fn wish(
        &self,
        person: i64,
        topic: i64,
        channel: Channel,
        pending: bool,
        agreed_at: Moment,
    ) -> Wish {
        let stopped = self.stops.get(&person).is_some_and(|stops| {
            stops.iter().any(|(of, at)| of.is_none_or(|of| of == channel) && *at >= agreed_at)
        });
        let present = self.opt_ins.get(&(person, topic, channel));
        match present.map(|opt_in| (opt_in.state, opt_in.changed_at)) {
            Some((State::Granted, _)) => Wish::Nothing,
            Some((State::Withdrawn, at)) if at >= agreed_at => Wish::StaysWithdrawn,
            _ if stopped => Wish::StaysWithdrawn,
            Some((State::Pending, _)) if pending => Wish::Nothing,
            _ if pending => Wish::Change(State::Pending),
            _ => Wish::Change(State::Granted),
        }
    }

    /// Whether a row says no to what the person allows now. Taking it back also removes what was recorded, which is
    /// not an import's business.
    pub(super) fn takes_back_a_permission(&self, row: &Row, person: i64) -> bool {
        row.permissions.iter().any(|(kind, allowed)| {
            let granted = |p: &Permission| p.state == PermissionState::Granted;
            !allowed && self.permissions.get(&(person, *kind)).is_some_and(granted)
        })
    }
}
