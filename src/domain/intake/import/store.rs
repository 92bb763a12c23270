//! Writes a batch of rows: a few statements for all of them, whatever the number.
//!
//! An import grants only what nobody has ended since: a withdrawal, a stop or a refusal that is later than the
//! consent in the file stays, and so does every suppression.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::upsert::excluded;

use super::known::{Known, Wish};
use super::read::Row;
use super::{ImportReport, Plan};
use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::{ledger, opt_in, permission, subscriber};
use crate::domain::audience::subscriber::{Profile, Subscriber, fill_profile};
use crate::domain::catalog::Channel;
use crate::domain::consent::ledger::{Decision, Method, Shown, ShownBox, keep as keep_evidence};
use crate::domain::consent::opt_in::{Basis, State};
use crate::domain::consent::permission::{Kind, State as PermissionState};
use crate::domain::consent::suppression;
use crate::email_address::EmailAddress;
use crate::error::{Error, Result};
use crate::id::PublicId;
use crate::token::Keys;

/// Rows of one statement: SQLite takes 32,766 values in one.
const ROWS_AT_ONCE: usize = 2000;

/// So many different sets of boxes are remembered.
const EVIDENCE_REMEMBERED: usize = 10_000;

/// A ledger entry as it is found again: its number, the person, and what it is about.
type Written = (i64, i64, Option<i64>, Option<Channel>, Option<Kind>);

/// Keeps rows.
pub(super) struct Store<'a> {
    keys: &'a Keys,
    plan: &'a Plan,
    /// The evidence of each set of boxes met so far.
    evidence: HashMap<Vec<String>, i64>,
}

/// One ledger entry to write, and what it becomes.
struct Change {
    person: i64,
    evidence: i64,
    matter: Matter,
    at: Moment,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Matter {
    OptIn(i64, Channel, State),
    Permission(Kind, bool),
}

impl<'a> Store<'a> {
    pub(super) fn new(keys: &'a Keys, plan: &'a Plan) -> Self {
        Self { keys, plan, evidence: HashMap::new() }
    }

    /// Keeps a batch. An address that comes twice is kept in the order of the file.
    pub(super) fn keep(
        &mut self,
        conn: &mut DbConnection,
        batch: Vec<Row>,
        report: &mut ImportReport,
    ) -> Result<()> {
        let mut rest = batch;
        while !rest.is_empty() {
            let mut seen = HashSet::new();
            let (first, again): (Vec<Row>, Vec<Row>) =
                rest.into_iter().partition(|row| seen.insert(row.email.clone()));
            self.keep_distinct(conn, first, report)?;
            rest = again;
        }
        Ok(())
    }

    fn keep_distinct(
        &mut self,
        conn: &mut DbConnection,
        rows: Vec<Row>,
        report: &mut ImportReport,
    ) -> Result<()> {
        let rows = self.without_suppressed(conn, rows, report)?;
        let new = self.create_people(conn, &rows)?;
        // Nothing can be known of those who are new.
        let others: Vec<&EmailAddress> =
            rows.iter().map(|row| &row.email).filter(|email| !new.contains_key(email)).collect();
        let known = Known::load(conn, self.plan, &others)?;
        report.created += new.len() as u64;
        let mut changes = Vec::new();
        for row in &rows {
            if let Some(person) = new.get(&row.email) {
                self.changes_of(conn, row, *person, &known, &mut changes, report)?;
                continue;
            }
            let Some(person) = known.people.get(&row.email) else {
                return Err(Error::internal("a person vanished during an import"));
            };
            if known.takes_back_a_permission(row, person.id) {
                report.refuse(row.line, "The person allows tracking now; only they can take that back");
                continue;
            }
            let before = changes.len();
            self.changes_of(conn, row, person.id, &known, &mut changes, report)?;
            let learned = fill(conn, person, &row.profile)? || changes.len() > before;
            report.updated += u64::from(learned);
        }
        for some in changes.chunks(ROWS_AT_ONCE) {
            self.write(conn, some)?;
        }
        let opt_ins = changes.iter().filter(|change| matches!(change.matter, Matter::OptIn(..))).count();
        report.opt_ins += opt_ins as u64;
        Ok(())
    }

    /// Leaves out the rows whose address must not be used, by this brand or by any; no import undoes that.
    fn without_suppressed(
        &self,
        conn: &mut DbConnection,
        rows: Vec<Row>,
        report: &mut ImportReport,
    ) -> Result<Vec<Row>> {
        let hash = |row: &Row| self.keys.address_hash(Channel::Email.as_str(), row.email.as_str());
        let hashes: Vec<Vec<u8>> = rows.iter().map(hash).collect();
        let brand = self.plan.brand.id;
        let found = suppression::of_addresses(conn, hashes.clone(), Channel::Email, brand)?;
        if found.is_empty() {
            return Ok(rows);
        }
        let found: HashSet<Vec<u8>> = found.into_iter().map(|(hash, _)| hash).collect();
        let (out, rows): (Vec<_>, Vec<_>) =
            rows.into_iter().zip(hashes).partition(|(_, hash)| found.contains(hash));
        report.suppressed += out.len() as u64;
        Ok(rows.into_iter().map(|(row, _)| row).collect())
    }

    /// Records the people who are not known yet, and returns their row numbers.
    fn create_people(&self, conn: &mut DbConnection, rows: &[Row]) -> Result<HashMap<EmailAddress, i64>> {
        let emails: Vec<&EmailAddress> = rows.iter().map(|row| &row.email).collect();
        let known: HashSet<EmailAddress> = subscriber::table
            .filter(subscriber::email.eq_any(emails))
            .select(subscriber::email.assume_not_null())
            .load(conn)?
            .into_iter()
            .collect();
        let new: Vec<&Row> = rows.iter().filter(|row| !known.contains(&row.email)).collect();
        let mut created = HashMap::with_capacity(new.len());
        for some in new.chunks(ROWS_AT_ONCE) {
            let mut values = Vec::with_capacity(some.len());
            for row in some {
                let profile = &row.profile;
                values.push((
                    subscriber::public_id.eq(PublicId::new()),
                    subscriber::email.eq(&row.email),
                    subscriber::email_hash
                        .eq(self.keys.address_hash(Channel::Email.as_str(), row.email.as_str())),
                    subscriber::phone.eq(&profile.phone),
                    subscriber::postal_address.eq(&profile.postal_address),
                    subscriber::first_name.eq(&profile.first_name),
                    subscriber::last_name.eq(&profile.last_name),
                    subscriber::company.eq(&profile.company),
                    subscriber::country.eq(&profile.country),
                    subscriber::locale.eq(&profile.locale),
                    subscriber::attributes.eq(serde_json::to_string(&profile.attributes)?),
                    subscriber::source_id.eq(self.plan.source),
                    subscriber::created_at.eq(self.plan.now),
                ));
            }
            // Whoever signs up at this very moment comes first, and is known a moment later.
            let rows: Vec<(EmailAddress, i64)> =
                on_backend!(conn, |c| diesel::insert_into(subscriber::table)
                    .values(values)
                    .on_conflict_do_nothing()
                    .returning((subscriber::email.assume_not_null(), subscriber::id))
                    .get_results(c))?;
            created.extend(rows);
        }
        Ok(created)
    }

    /// What a row changes for its person.
    fn changes_of(
        &mut self,
        conn: &mut DbConnection,
        row: &Row,
        person: i64,
        known: &Known,
        changes: &mut Vec<Change>,
        report: &mut ImportReport,
    ) -> Result<()> {
        let at = if row.pending { self.plan.now } else { row.consented_at };
        let mut wanted = Vec::new();
        for (topic, channel) in &row.choices {
            // What is only asked for now has no consent behind it that could be newer than an end.
            let agreed_at = if row.pending { Moment::from_micros(i64::MIN) } else { at };
            match known.wish(person, *topic, *channel, row.pending, agreed_at) {
                Wish::Change(state) => wanted.push((Matter::OptIn(*topic, *channel, state), at)),
                Wish::Nothing => {}
                Wish::StaysWithdrawn => report.kept_withdrawn += 1,
            }
        }
        for (kind, allowed) in &row.permissions {
            let present = known.permissions.get(&(person, *kind));
            let news = match present {
                None => true,
                Some(p) => *allowed && p.state == PermissionState::Refused && p.changed_at < row.consented_at,
            };
            if news {
                wanted.push((Matter::Permission(*kind, *allowed), row.consented_at));
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let evidence = self.evidence_of(conn, row)?;
        changes.extend(wanted.into_iter().map(|(matter, at)| Change { person, evidence, matter, at }));
        Ok(())
    }

    fn evidence_of(&mut self, conn: &mut DbConnection, row: &Row) -> Result<i64> {
        let mut names = row.boxes.clone();
        names.extend(row.permissions.iter().map(|(kind, _)| format!("permission:{kind}")));
        if let Some(id) = self.evidence.get(&names) {
            return Ok(*id);
        }
        let boxes = names.iter().map(|name| ShownBox { name: name.clone(), ticked: false }).collect();
        let id = keep_evidence(
            conn,
            &Shown {
                form: "import".to_owned(),
                wording: self.plan.wording.clone(),
                boxes,
                policy_version: self.plan.policy_version.clone(),
                language: None,
            },
        )?;
        if self.evidence.len() >= EVIDENCE_REMEMBERED {
            self.evidence.clear();
        }
        self.evidence.insert(names, id);
        Ok(id)
    }

    /// Writes the ledger entries and what they say, which knows them by their numbers.
    fn write(&self, conn: &mut DbConnection, changes: &[Change]) -> Result<()> {
        let brand = self.plan.brand.id;
        let entries: Vec<_> = changes.iter().map(|change| self.entry(change)).collect();
        let written: Vec<Written> = on_backend!(conn, |c| diesel::insert_into(ledger::table)
            .values(entries)
            .returning((
                ledger::id,
                ledger::subscriber_id,
                ledger::topic_id,
                ledger::channel,
                ledger::permission,
            ))
            .get_results(c))?;
        let numbers: HashMap<_, i64> = written
            .into_iter()
            .map(|(id, who, topic, channel, kind)| ((who, topic, channel, kind), id))
            .collect();
        let number =
            |key| numbers.get(&key).copied().ok_or_else(|| Error::internal("a ledger entry vanished"));
        let (mut opt_ins, mut permissions) = (Vec::new(), Vec::new());
        for change in changes {
            match change.matter {
                Matter::OptIn(topic, channel, state) => opt_ins.push((
                    opt_in::subscriber_id.eq(change.person),
                    opt_in::topic_id.eq(topic),
                    opt_in::channel.eq(channel),
                    opt_in::brand_id.eq(brand),
                    opt_in::state.eq(state),
                    opt_in::basis.eq(self.basis(state)),
                    opt_in::changed_at.eq(change.at),
                    opt_in::expires_at.eq(None::<Moment>),
                    opt_in::ledger_id.eq(number((change.person, Some(topic), Some(channel), None))?),
                    opt_in::source_id.eq(self.plan.source),
                    opt_in::obtained_at.eq(self.plan.now),
                )),
                Matter::Permission(kind, allowed) => permissions.push((
                    permission::subscriber_id.eq(change.person),
                    permission::brand_id.eq(brand),
                    permission::kind.eq(kind),
                    permission::state.eq(if allowed {
                        PermissionState::Granted
                    } else {
                        PermissionState::Refused
                    }),
                    permission::changed_at.eq(change.at),
                    permission::ledger_id.eq(number((change.person, None, None, Some(kind)))?),
                )),
            }
        }
        if !opt_ins.is_empty() {
            on_backend!(conn, |c| diesel::insert_into(opt_in::table)
                .values(opt_ins)
                .on_conflict((opt_in::subscriber_id, opt_in::topic_id, opt_in::channel))
                .do_update()
                .set((
                    opt_in::state.eq(excluded(opt_in::state)),
                    opt_in::basis.eq(excluded(opt_in::basis)),
                    opt_in::changed_at.eq(excluded(opt_in::changed_at)),
                    opt_in::expires_at.eq(excluded(opt_in::expires_at)),
                    opt_in::ledger_id.eq(excluded(opt_in::ledger_id)),
                    opt_in::source_id.eq(excluded(opt_in::source_id)),
                    opt_in::obtained_at.eq(excluded(opt_in::obtained_at)),
                ))
                .execute(c))?;
        }
        if !permissions.is_empty() {
            on_backend!(conn, |c| diesel::insert_into(permission::table)
                .values(permissions)
                .on_conflict((permission::subscriber_id, permission::brand_id, permission::kind))
                .do_update()
                .set((
                    permission::state.eq(excluded(permission::state)),
                    permission::changed_at.eq(excluded(permission::changed_at)),
                    permission::ledger_id.eq(excluded(permission::ledger_id)),
                ))
                .execute(c))?;
        }
        Ok(())
    }

    fn basis(&self, state: State) -> Basis {
        if state == State::Granted { self.plan.basis } else { Basis::Consent }
    }

    fn entry(&self, change: &Change) -> Entry<'_> {
        let (topic, channel, permission, decision, basis) = match change.matter {
            Matter::OptIn(topic, channel, state) => {
                let granted = state == State::Granted;
                let decision = if granted { Decision::Granted } else { Decision::Requested };
                (Some(topic), Some(channel), None, decision, Some(self.basis(state)))
            }
            Matter::Permission(kind, true) => (None, None, Some(kind), Decision::Granted, None),
            Matter::Permission(kind, false) => (None, None, Some(kind), Decision::Refused, None),
        };
        Entry {
            subscriber_id: change.person,
            brand_id: self.plan.brand.id,
            evidence_id: change.evidence,
            topic_id: topic,
            channel,
            permission,
            decision,
            basis,
            method: Method::Import,
            actor: &self.plan.actor,
            at: change.at,
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = ledger, treat_none_as_default_value = false)]
struct Entry<'a> {
    subscriber_id: i64,
    brand_id: i64,
    evidence_id: i64,
    topic_id: Option<i64>,
    channel: Option<Channel>,
    permission: Option<Kind>,
    decision: Decision,
    basis: Option<Basis>,
    method: Method,
    actor: &'a str,
    at: Moment,
}

/// Fills the fields of a known person that are still empty, and says whether there were any.
fn fill(conn: &mut DbConnection, person: &Subscriber, new: &Profile) -> Result<bool> {
    let had = person.attributes();
    let fields = [
        (&person.phone, &new.phone),
        (&person.postal_address, &new.postal_address),
        (&person.first_name, &new.first_name),
        (&person.last_name, &new.last_name),
        (&person.company, &new.company),
        (&person.country, &new.country),
        (&person.locale, &new.locale),
    ];
    let news = fields.iter().any(|(old, new)| old.is_none() && new.is_some())
        || new.attributes.keys().any(|name| !had.contains_key(name));
    if news {
        fill_profile(conn, person, new)?;
    }
    Ok(news)
}
