//! Writes a batch of rows: a few statements for all of them, whatever the number.
//!
//! An import grants only what nobody has ended since: a withdrawal, a stop or a refusal that is later than the
//! consent in the file stays, and so does every suppression; and what was agreed to at an address that its person has left
//! is nobody's any more.

use std::collections::{HashMap, HashSet};

use super::known::{Known, Wish};
use super::read::Row;
use super::rows::{self, EntryRow, OptInRow, PermissionRow, PersonRow};
use super::{ImportReport, Plan};
use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::audience::former_address;
use crate::domain::audience::subscriber::{Profile, Subscriber, fill_profile};
use crate::domain::catalog::Channel;
use crate::domain::consent::ledger::{Decision, Method, Shown, keep as keep_evidence};
use crate::domain::consent::opt_in::{Basis, State};
use crate::domain::consent::permission::{Kind, State as PermissionState};
use crate::domain::consent::suppression;
use crate::email_address::EmailAddress;
use crate::error::{Error, Result};
use crate::id::PublicId;

/// Keeps rows.
pub(super) struct Store<'a> {
    plan: &'a Plan,
    /// The evidence behind every row, once one has needed it.
    evidence: Option<i64>,
}

/// One ledger entry to write, and what it becomes.
struct Change {
    person: i64,
    is_new: bool,
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
    pub(super) fn new(plan: &'a Plan) -> Self {
        Self { plan, evidence: None }
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
        let rows = without_former(conn, rows, report)?;
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
            if person.restricted_at.is_some() {
                report.restricted += 1;
                continue;
            }
            if known.takes_back_a_permission(row, person.id) {
                report.refuse(row.line, "The person allows tracking now; only they can take that back");
                continue;
            }
            let before = changes.len();
            self.changes_of(conn, row, person.id, &known, &mut changes, report)?;
            let learned = fill(conn, person, &row.profile)? || changes.len() > before;
            report.updated += u64::from(learned);
        }
        self.write(conn, &changes)?;
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
        let hashes: Vec<Vec<u8>> = rows.iter().map(|row| row.email_hash.clone()).collect();
        let brand = self.plan.brand.id;
        let found = suppression::of_addresses(conn, hashes, Channel::Email, brand)?;
        if found.is_empty() {
            return Ok(rows);
        }
        let found: HashSet<Vec<u8>> = found.into_iter().map(|(hash, _)| hash).collect();
        let (out, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| found.contains(&row.email_hash));
        report.suppressed += out.len() as u64;
        Ok(rows)
    }

    /// Records the people who are not known yet, and returns their row numbers.
    fn create_people(&self, conn: &mut DbConnection, rows: &[Row]) -> Result<HashMap<EmailAddress, i64>> {
        let emails: Vec<&EmailAddress> = rows.iter().map(|row| &row.email).collect();
        let known = rows::known(conn, &emails)?;
        let new: Vec<&Row> = rows.iter().filter(|row| !known.contains(row.email.as_str())).collect();
        let numbers = rows::numbers(conn, "subscriber", new.len())?;
        let people = new.into_iter().zip(numbers).map(|(row, id)| self.person(row, id));
        rows::create_people(conn, &people.collect::<Result<Vec<_>>>()?)
    }

    fn person<'r>(&self, row: &'r Row, id: i64) -> Result<PersonRow<'r>> {
        let profile = &row.profile;
        Ok(PersonRow {
            id,
            public_id: PublicId::new(),
            email: &row.email,
            email_hash: &row.email_hash,
            phone: profile.phone.as_deref(),
            postal_address: profile.postal_address.as_deref(),
            first_name: profile.first_name.as_deref(),
            last_name: profile.last_name.as_deref(),
            company: profile.company.as_deref(),
            country: profile.country.as_deref(),
            locale: profile.locale.as_deref(),
            attributes: serde_json::to_string(&profile.attributes)?,
            source_id: self.plan.source,
            created_at: self.plan.now,
        })
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
        let evidence = self.evidence(conn)?;
        let is_new = !known.people.contains_key(&row.email);
        changes.extend(wanted.into_iter().map(|(matter, at)| Change {
            person,
            is_new,
            evidence,
            matter,
            at,
        }));
        Ok(())
    }

    /// What the people of the file saw, as far as anybody said: the wording. Which boxes there were nobody said.
    fn evidence(&mut self, conn: &mut DbConnection) -> Result<i64> {
        if let Some(id) = self.evidence {
            return Ok(id);
        }
        let shown = Shown {
            form: "import".to_owned(),
            wording: self.plan.wording.clone(),
            boxes: Vec::new(),
            policy_version: self.plan.policy_version.clone(),
            language: None,
        };
        let id = keep_evidence(conn, &shown)?;
        self.evidence = Some(id);
        Ok(id)
    }

    /// Writes the ledger entries and what they say, which knows them by their numbers.
    fn write(&self, conn: &mut DbConnection, changes: &[Change]) -> Result<()> {
        let numbers = rows::numbers(conn, "ledger", changes.len())?;
        let mut entries = Vec::with_capacity(changes.len());
        let (mut opt_ins, mut permissions) = (Answers::default(), Answers::default());
        for (change, number) in changes.iter().zip(numbers) {
            entries.push(self.entry(change, number));
            match change.matter {
                Matter::OptIn(topic, channel, state) => opt_ins.of(change).push(OptInRow {
                    subscriber_id: change.person,
                    topic_id: topic,
                    channel,
                    brand_id: self.plan.brand.id,
                    state,
                    basis: self.basis(state),
                    changed_at: change.at,
                    expires_at: None,
                    ledger_id: number,
                    source_id: self.plan.source,
                    obtained_at: self.plan.now,
                }),
                Matter::Permission(kind, allowed) => permissions.of(change).push(PermissionRow {
                    subscriber_id: change.person,
                    brand_id: self.plan.brand.id,
                    kind,
                    state: if allowed { PermissionState::Granted } else { PermissionState::Refused },
                    changed_at: change.at,
                    ledger_id: number,
                }),
            }
        }
        rows::write_entries(conn, &entries)?;
        rows::write_opt_ins(conn, &opt_ins.new, &opt_ins.others)?;
        rows::write_permissions(conn, &permissions.new, &permissions.others)
    }

    fn basis(&self, state: State) -> Basis {
        if state == State::Granted { self.plan.basis } else { Basis::Consent }
    }

    fn entry(&self, change: &Change, id: i64) -> EntryRow<'_> {
        let (topic, channel, permission, decision, basis) = match change.matter {
            Matter::OptIn(topic, channel, state) => {
                let granted = state == State::Granted;
                let decision = if granted { Decision::Granted } else { Decision::Requested };
                (Some(topic), Some(channel), None, decision, Some(self.basis(state)))
            }
            Matter::Permission(kind, true) => (None, None, Some(kind), Decision::Granted, None),
            Matter::Permission(kind, false) => (None, None, Some(kind), Decision::Refused, None),
        };
        EntryRow {
            id,
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

/// Answers of people who are new, and of others.
struct Answers<T> {
    new: Vec<T>,
    others: Vec<T>,
}

impl<T> Default for Answers<T> {
    fn default() -> Self {
        Self { new: Vec::new(), others: Vec::new() }
    }
}

impl<T> Answers<T> {
    fn of(&mut self, change: &Change) -> &mut Vec<T> {
        if change.is_new { &mut self.new } else { &mut self.others }
    }
}

/// Leaves out the rows of addresses that their person has left, unless somebody agreed there later: the file is about
/// the one who had it, and whoever has it now has agreed to nothing by that.
fn without_former(conn: &mut DbConnection, rows: Vec<Row>, report: &mut ImportReport) -> Result<Vec<Row>> {
    let left = former_address::among(conn, rows.iter().map(|row| row.email_hash.clone()).collect())?;
    if left.is_empty() {
        return Ok(rows);
    }
    let is_former = |row: &Row| {
        left.get(&row.email_hash).is_some_and(|left_at| row.agreed_at.is_none_or(|at| at <= *left_at))
    };
    let (out, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_former);
    report.former += out.len() as u64;
    Ok(rows)
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
