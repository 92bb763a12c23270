//! Marks: on each letter, when its person first opened it and first followed a link. They are personal, so they go when
//! they are as old as hits may get. How many went is counted by what reports are broken down by, so that the report of an
//! old campaign keeps its numbers. All other figures of opens and clicks come from counters anyway.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::upsert::excluded;

use crate::clock::Moment;
use crate::db::schema::{campaign, delivery, mark_count, opt_in, subscriber, topic};
use crate::db::{Database, DbConnection, among, in_order};
use crate::domain::catalog::topic::Kind as TopicKind;
use crate::domain::consent;
use crate::domain::consent::opt_in::State as OptInState;
use crate::domain::delivery::State;
use crate::domain::tracking::COUNTERS_PER_STATEMENT;
use crate::domain::tracking::report::guard::FEWEST;
use crate::domain::tracking::settle::is_alone;
use crate::email_address::EmailAddress;
use crate::error::Result;

/// The most marks of each kind that one transaction deletes.
const BATCH: i64 = 1000;

/// The number that means forgetting marks, in this database; it is arbitrary.
const FORGETTING: i64 = 7_242_932;

/// The name of all domains that few letters went to: one with a single reader would name them.
const OTHERS: &str = "";

word_enum! {
    /// What marks that are gone are counted by.
    pub enum Part {
        /// The recipient's domain.
        Domain = "domain",
        /// A subject that the recipient agreed to.
        Topic = "topic",
    }
}

/// How many marks went of people who opened, and of people who clicked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Gone {
    pub(super) opened: i64,
    pub(super) clicked: i64,
}

/// A letter whose mark is too old.
#[derive(Debug, Queryable)]
struct Letter {
    person: i64,
    state: State,
    opened_at: Option<Moment>,
    clicked_at: Option<Moment>,
    email: Option<EmailAddress>,
}

/// Deletes a batch of marks from before `until` and counts them. Returns how many letters had one.
///
/// What there is to do is found by an index; only of a campaign that loses its first mark all letters are read once, on
/// the side.
///
/// # Errors
/// Of the database.
pub fn forget_old(db: &Database, until: Moment) -> Result<usize> {
    let (letters, named) = db.read_here(|conn| {
        let letters = load_oldest(conn, until)?;
        let mut named = BTreeMap::new();
        for campaign in letters.keys() {
            if load_gone(conn, *campaign, Part::Domain)?.is_empty() {
                named.insert(*campaign, load_domains(conn, *campaign)?);
            }
        }
        Ok((letters, named))
    })?;
    if letters.is_empty() {
        return Ok(0);
    }
    db.write_here(|conn| {
        if !is_alone(conn, FORGETTING)? {
            return Ok(0);
        }
        // Whoever withdraws meanwhile comes before this or after it.
        consent::hold(conn, &in_order(letters.values().flatten().copied()))?;
        for (campaign, domains) in named {
            let none = domains.into_iter().chain([OTHERS.to_owned()]).map(|name| (name, Gone::default()));
            add(conn, campaign, Part::Domain, none.collect())?;
        }
        for (campaign, people) in &letters {
            forget(conn, *campaign, people, until)?;
        }
        Ok(letters.values().map(HashSet::len).sum())
    })
}

/// What is counted of a campaign's marks that went, by the name of each part.
///
/// # Errors
/// Of the database.
pub(super) fn load_gone(conn: &mut DbConnection, campaign: i64, part: Part) -> Result<HashMap<String, Gone>> {
    let rows: Vec<(String, i64, i64)> = mark_count::table
        .filter(mark_count::campaign_id.eq(campaign).and(mark_count::part.eq(part)))
        .select((mark_count::name, mark_count::opened, mark_count::clicked))
        .load(conn)?;
    Ok(rows.into_iter().map(|(name, opened, clicked)| (name, Gone { opened, clicked })).collect())
}

/// The people of each campaign with the oldest marks, all of them too old.
fn load_oldest(conn: &mut DbConnection, until: Moment) -> Result<BTreeMap<i64, HashSet<i64>>> {
    let columns = (delivery::campaign_id, delivery::subscriber_id);
    let opened = delivery::table.filter(delivery::opened_at.lt(until)).order(delivery::opened_at);
    let clicked = delivery::table.filter(delivery::clicked_at.lt(until)).order(delivery::clicked_at);
    let mut found: Vec<(i64, i64)> = opened.limit(BATCH).select(columns).load(conn)?;
    found.extend(clicked.limit(BATCH).select(columns).load::<(i64, i64)>(conn)?);
    let mut letters: BTreeMap<i64, HashSet<i64>> = BTreeMap::new();
    for (campaign, person) in found {
        letters.entry(campaign).or_default().insert(person);
    }
    Ok(letters)
}

/// The domain of a row of `subscriber s`, in the SQL of this database.
pub(super) fn domain_of_person(conn: &DbConnection) -> &'static str {
    match conn {
        DbConnection::Sqlite(_) => "substr(s.email, instr(s.email, '@') + 1)",
        DbConnection::Postgres(_) => "substr(s.email, strpos(s.email, '@') + 1)",
    }
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The domains that enough letters of a campaign went to to be named.
fn load_domains(conn: &mut DbConnection, campaign: i64) -> Result<Vec<String>> {
    let domain = domain_of_person(conn);
    let names: Vec<Name> = diesel::sql_query(format!(
        "SELECT {domain} AS name FROM delivery d \
         JOIN subscriber s ON s.id = d.subscriber_id \
         WHERE d.campaign_id = $1 AND d.state = 'sent' AND s.email IS NOT NULL GROUP BY 1 HAVING count(*) >= $2"
    ))
    .bind::<BigInt, _>(campaign)
    .bind::<BigInt, _>(FEWEST)
    .load(conn)?;
    Ok(names.into_iter().map(|Name { name }| name).collect())
}

/// Counts and deletes the marks of these people's letters of one campaign, as far as they are too old.
fn forget(conn: &mut DbConnection, id: i64, people: &HashSet<i64>, until: Moment) -> Result<()> {
    let people: Vec<i64> = people.iter().copied().collect();
    let of_them = || {
        delivery::table.filter(delivery::campaign_id.eq(id)).filter(among(delivery::subscriber_id, &people))
    };
    let letters: Vec<Letter> = of_them()
        .inner_join(subscriber::table)
        .select((
            delivery::subscriber_id,
            delivery::state,
            delivery::opened_at,
            delivery::clicked_at,
            subscriber::email,
        ))
        .load(conn)?;
    // Reports break down what was sent, and leave out what is uncertain.
    let gone: HashMap<i64, (Gone, Option<&str>)> = letters
        .iter()
        .filter(|letter| letter.state == State::Sent)
        .map(|letter| (letter.person, (letter.gone(until), letter.domain())))
        .collect();
    let named = load_gone(conn, id, Part::Domain)?;
    let mut domains: BTreeMap<String, Gone> = BTreeMap::new();
    for (one, domain) in gone.values() {
        let name = domain.filter(|domain| named.contains_key(*domain)).unwrap_or(OTHERS);
        domains.entry(name.to_owned()).or_default().add(*one);
    }
    let mut topics: BTreeMap<String, Gone> = BTreeMap::new();
    for (person, slug) in load_topics(conn, id, &people)? {
        if let Some((one, _)) = gone.get(&person) {
            topics.entry(slug).or_default().add(*one);
        }
    }
    add(conn, id, Part::Domain, domains)?;
    add(conn, id, Part::Topic, topics)?;
    let none = None::<Moment>;
    let opened = diesel::update(of_them().filter(delivery::opened_at.lt(until)));
    opened.set(delivery::opened_at.eq(none)).execute(conn)?;
    let clicked = diesel::update(of_them().filter(delivery::clicked_at.lt(until)));
    clicked.set(delivery::clicked_at.eq(none)).execute(conn)?;
    Ok(())
}

/// The subjects of a campaign's brand that these people agree to.
fn load_topics(conn: &mut DbConnection, id: i64, people: &[i64]) -> Result<Vec<(i64, String)>> {
    let (brand, channel): (i64, String) =
        campaign::table.find(id).select((campaign::brand_id, campaign::channel)).first(conn)?;
    Ok(opt_in::table
        .inner_join(topic::table)
        .filter(among(opt_in::subscriber_id, people))
        .filter(opt_in::channel.eq(channel).and(opt_in::state.eq(OptInState::Granted)))
        .filter(topic::brand_id.eq(brand).and(topic::kind.eq(TopicKind::Subject)))
        .select((opt_in::subscriber_id, topic::slug))
        .load(conn)?)
}

fn add(conn: &mut DbConnection, campaign: i64, part: Part, counts: BTreeMap<String, Gone>) -> Result<()> {
    let rows: Vec<_> = counts
        .into_iter()
        .map(|(name, gone)| {
            (
                mark_count::campaign_id.eq(campaign),
                mark_count::part.eq(part),
                mark_count::name.eq(name),
                mark_count::opened.eq(gone.opened),
                mark_count::clicked.eq(gone.clicked),
            )
        })
        .collect();
    for chunk in rows.chunks(COUNTERS_PER_STATEMENT) {
        on_backend!(conn, |c| diesel::insert_into(mark_count::table)
            .values(chunk)
            .on_conflict((mark_count::campaign_id, mark_count::part, mark_count::name))
            .do_update()
            .set((
                mark_count::opened.eq(mark_count::opened + excluded(mark_count::opened)),
                mark_count::clicked.eq(mark_count::clicked + excluded(mark_count::clicked)),
            ))
            .execute(c))?;
    }
    Ok(())
}

impl Letter {
    fn gone(&self, until: Moment) -> Gone {
        let is_old = |mark: Option<Moment>| i64::from(mark.is_some_and(|at| at < until));
        Gone { opened: is_old(self.opened_at), clicked: is_old(self.clicked_at) }
    }

    fn domain(&self) -> Option<&str> {
        self.email.as_ref().map(EmailAddress::domain)
    }
}

impl Gone {
    fn add(&mut self, other: Self) {
        self.opened += other.opened;
        self.clicked += other.clicked;
    }
}
