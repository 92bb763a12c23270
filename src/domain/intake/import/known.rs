//! What is known of the people of a batch before its rows are written, and what an import may change of it.

use std::collections::HashMap;

use diesel::prelude::*;

use super::Plan;
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
    /// What each person ever ended, and when: a topic, a whole channel or everything.
    ended: HashMap<i64, Vec<Ended>>,
    refresh_consents_before: Option<Moment>,
    now: Moment,
}

/// One end in the ledger; what it does not name, it is about all of.
struct Ended {
    topic: Option<i64>,
    channel: Option<Channel>,
    at: Moment,
}

/// What becomes of one topic of a row.
pub(super) enum Wish {
    Change(State),
    Nothing,
    StaysWithdrawn,
}

impl Known {
    /// Loads what is known of these people, and holds them until the end of the transaction.
    pub(super) fn load(conn: &mut DbConnection, plan: &Plan, emails: &[&EmailAddress]) -> Result<Self> {
        let brand = plan.brand.id;
        if emails.is_empty() {
            return Ok(Self::nobody(plan));
        }
        if let DbConnection::Postgres(c) = conn {
            // In one order everywhere, so that two holders never wait for each other.
            let held = subscriber::table.filter(subscriber::email.eq_any(emails.to_vec()));
            held.order(subscriber::id).select(subscriber::id).for_update().load::<i64>(c)?;
        }
        let people: Vec<Subscriber> = subscriber::table
            .filter(subscriber::email.eq_any(emails.to_vec()))
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
        let entries: Vec<(i64, Option<i64>, Option<Channel>, Moment)> = ledger::table
            .filter(ledger::subscriber_id.eq_any(ids).and(ledger::brand_id.eq(brand)))
            .filter(ledger::decision.eq(Decision::Withdrawn).and(ledger::permission.is_null()))
            .select((ledger::subscriber_id, ledger::topic_id, ledger::channel, ledger::at))
            .load(conn)?;
        let mut ended: HashMap<i64, Vec<_>> = HashMap::new();
        for (person, topic, channel, at) in entries {
            ended.entry(person).or_default().push(Ended { topic, channel, at });
        }
        Ok(Self {
            people: people.into_iter().filter_map(|person| Some((person.email.clone()?, person))).collect(),
            opt_ins: opt_ins.into_iter().map(|o| ((o.subscriber_id, o.topic_id, o.channel), o)).collect(),
            permissions: permissions.into_iter().map(|p| ((p.subscriber_id, p.kind), p)).collect(),
            ended,
            ..Self::nobody(plan)
        })
    }

    fn nobody(plan: &Plan) -> Self {
        Self {
            people: HashMap::new(),
            opt_ins: HashMap::new(),
            permissions: HashMap::new(),
            ended: HashMap::new(),
            refresh_consents_before: plan.brand.refresh_consents_before,
            now: plan.now,
        }
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
        let ended_since = self.ended.get(&person).is_some_and(|ends| {
            ends.iter().any(|end| {
                end.topic.is_none_or(|of| of == topic)
                    && end.channel.is_none_or(|of| of == channel)
                    && end.at >= agreed_at
            })
        });
        let present = self.opt_ins.get(&(person, topic, channel));
        match present.map(|opt_in| (opt_in.state, opt_in)) {
            Some((State::Granted, opt_in)) => {
                let holds = opt_in.holds(self.refresh_consents_before, self.now);
                if holds || pending || agreed_at <= opt_in.changed_at {
                    Wish::Nothing
                } else {
                    Wish::Change(State::Granted)
                }
            }
            Some((State::Pending, _)) if pending => Wish::Nothing,
            // Whatever is asked for since, on a form that anybody can fill in, does not undo an end.
            _ if ended_since => Wish::StaysWithdrawn,
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
