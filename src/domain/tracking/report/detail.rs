//! What takes longer and is read only when it is asked for: by recipient domain, by subject, and beside earlier
//! campaigns. Each is one pass over a campaign's deliveries.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use serde::Serialize;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::campaign;
use crate::domain::campaign::{self as campaigns, Campaign};
use crate::domain::tracking::marks::{self, Gone, Part};
use crate::domain::tracking::report::guard::{FEWEST, Nobody, part_of, parts_of};
use crate::domain::tracking::report::{Cell, Measured, Rate, rate, report};
use crate::error::{Error, Result};
use crate::id::PublicId;

/// The most domains that are shown by their names.
const DOMAINS_MAX: i64 = 20;

/// How many earlier campaigns a report is set beside.
const PREVIOUS_MAX: i64 = 5;

/// Which details to read besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Include {
    /// By recipient domain.
    pub domains: bool,
    /// By subject.
    pub topics: bool,
    /// Beside earlier campaigns of the same topic.
    pub previous: bool,
}

impl Include {
    /// All of them.
    pub const ALL: Self = Self { domains: true, topics: true, previous: true };

    /// Reads a list such as `domains,previous`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for any other word.
    pub fn parse(list: &str) -> Result<Self> {
        let mut include = Self::default();
        for word in list.split(',').filter(|word| !word.is_empty()) {
            match word {
                "domains" => include.domains = true,
                "topics" => include.topics = true,
                "previous" => include.previous = true,
                _ => {
                    return Err(Error::invalid(
                        "include",
                        "Give any of domains, topics and previous, with commas",
                    ));
                }
            }
        }
        Ok(include)
    }
}

/// What became of the letters of some people.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = ReportBreakdown)]
pub struct Breakdown {
    /// The domain, or the subject's slug; null for everybody else.
    pub key: Option<String>,
    /// What it is called.
    pub name: String,
    /// Letters that were sent; those of which that is uncertain are left out.
    pub sent: Cell,
    /// Letters that came back.
    pub bounced: Cell,
    /// People of whom opens may be measured.
    pub opens_measurable: Cell,
    /// Those of them who plausibly opened it, and allow it still, or did as long as it was kept.
    pub opened: Cell,
    /// Their rate with its interval.
    pub opens_rate: Option<Rate>,
    /// People of whom clicks may be measured.
    pub clicks_measurable: Cell,
    /// Those of them who plausibly clicked, and allow it still, or did as long as it was kept.
    pub clicked: Cell,
    /// Their rate with its interval.
    pub clicks_rate: Option<Rate>,
}

/// An earlier campaign of the same topic.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = PreviousCampaign)]
pub struct Previous {
    /// Its identity.
    pub id: PublicId,
    /// What the marketers call it.
    pub name: String,
    /// When its first letter left.
    pub began_at: Option<Moment>,
    /// Letters that were delivered, as far as known.
    pub delivered: Cell,
    /// Letters that came back.
    pub bounced: Cell,
    /// Letters that were reported as abuse.
    pub complaints: Cell,
    /// People who ended something by it.
    pub unsubscribed: Cell,
    /// Its opens.
    pub opens: PreviousMeasured,
    /// Its clicks.
    pub clicks: PreviousMeasured,
}

/// Opens or clicks of an earlier campaign.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct PreviousMeasured {
    /// Letters with permission to measure this.
    pub measurable: Cell,
    /// People who plausibly did it.
    pub people: Cell,
    /// Their rate with its interval.
    pub rate: Option<Rate>,
}

impl From<Measured> for PreviousMeasured {
    fn from(measured: Measured) -> Self {
        Self { measurable: measured.measurable, people: measured.people, rate: measured.rate }
    }
}

/// Sums over letters that were sent.
#[derive(Debug, Clone, Default, QueryableByName)]
struct Sums {
    #[diesel(sql_type = Nullable<Text>)]
    key: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = BigInt)]
    letters: i64,
    #[diesel(sql_type = BigInt)]
    bounced: i64,
    #[diesel(sql_type = BigInt)]
    may_open: i64,
    #[diesel(sql_type = BigInt)]
    opened: i64,
    #[diesel(sql_type = BigInt)]
    may_click: i64,
    #[diesel(sql_type = BigInt)]
    clicked: i64,
}

impl Sums {
    /// Adds those whose marks are gone, as far as their letters are still among these: people change what they agree to,
    /// and where they read.
    fn add(&mut self, gone: Option<Gone>) {
        let Gone { opened, clicked } = gone.unwrap_or_default();
        self.opened = (self.opened + opened).clamp(0, self.may_open);
        self.clicked = (self.clicked + clicked).clamp(0, self.may_click);
    }
}

/// The sums of [`Sums`] over rows of `delivery d`.
const SUMS: &str = "count(*) AS letters, count(d.bounce) AS bounced, \
                    count(CASE WHEN d.tracks_opens THEN 1 END) AS may_open, count(d.opened_at) AS opened, \
                    count(CASE WHEN d.tracks_clicks THEN 1 END) AS may_click, count(d.clicked_at) AS clicked";

/// By recipient domain: those with the most letters, and all others together, whoever was erased since among them.
pub(super) fn domains(conn: &mut DbConnection, campaign: i64, bounced: Cell) -> Result<Vec<Breakdown>> {
    let domain = marks::domain_of_person(conn);
    let sums = ["letters", "bounced", "may_open", "opened", "may_click", "clicked"]
        .map(|sum| format!("CAST(COALESCE(sum({sum}), 0) AS BIGINT) AS {sum}"))
        .join(", ");
    let mut rows: Vec<Sums> = diesel::sql_query(format!(
        "WITH by_domain AS MATERIALIZED (SELECT {domain} AS key, {domain} AS name, {SUMS} FROM delivery d \
         JOIN subscriber s ON s.id = d.subscriber_id WHERE d.campaign_id = $1 AND d.state = 'sent' GROUP BY 1) \
         SELECT * FROM (SELECT * FROM by_domain WHERE key IS NOT NULL AND letters >= $2 \
         ORDER BY letters DESC, key LIMIT $3) AS named \
         UNION ALL SELECT NULL, NULL, {sums} FROM by_domain"
    ))
    .bind::<BigInt, _>(campaign)
    .bind::<BigInt, _>(FEWEST)
    .bind::<BigInt, _>(DOMAINS_MAX)
    .load(conn)?;
    let mut others =
        rows.iter().position(|row| row.key.is_none()).map(|at| rows.remove(at)).unwrap_or_default();
    let gone = marks::load_gone(conn, campaign, Part::Domain)?;
    for mark in gone.values() {
        others.opened += mark.opened;
        others.clicked += mark.clicked;
    }
    for row in &mut rows {
        row.add(gone.get(row.key.as_deref().unwrap_or_default()).copied());
        others.letters -= row.letters;
        others.bounced -= row.bounced;
        others.may_open -= row.may_open;
        others.opened -= row.opened;
        others.may_click -= row.may_click;
        others.clicked -= row.clicked;
    }
    others.add(None);
    rows.sort_by(|a, b| b.letters.cmp(&a.letters).then_with(|| a.key.cmp(&b.key)));
    if others.letters > 0 {
        others.name = Some("All other domains".to_owned());
        rows.push(others);
    }
    Ok(shown_beside_each_other(rows, bounced))
}

/// Rows that share their people among themselves, so that what is hidden in one could be computed from the others.
fn shown_beside_each_other(rows: Vec<Sums>, bounced: Cell) -> Vec<Breakdown> {
    let column = |sum: Cell, nobody: Nobody, of: &dyn Fn(&Sums) -> (i64, Option<i64>)| {
        parts_of(sum, &rows.iter().map(of).collect::<Vec<_>>(), nobody)
    };
    let all = |of: &dyn Fn(&Sums) -> i64| Cell::of(rows.iter().map(of).sum());
    let known = |cells: Vec<Cell>, wholes: &[Cell]| -> Vec<Cell> {
        cells.into_iter().zip(wholes).map(|(cell, whole)| cell.within(*whole)).collect()
    };
    let sent = column(all(&|row| row.letters), Nobody::Shown, &|row| (row.letters, None));
    let bounced = column(bounced, Nobody::Shown, &|row| (row.bounced, Some(row.letters)));
    let may_open = column(all(&|row| row.may_open), Nobody::Shown, &|row| (row.may_open, Some(row.letters)));
    let opened = column(all(&|row| row.opened), Nobody::Small, &|row| (row.opened, Some(row.may_open)));
    let may_click =
        column(all(&|row| row.may_click), Nobody::Shown, &|row| (row.may_click, Some(row.letters)));
    let clicked = column(all(&|row| row.clicked), Nobody::Small, &|row| (row.clicked, Some(row.may_click)));
    let (bounced, may_open, may_click) =
        (known(bounced, &sent), known(may_open, &sent), known(may_click, &sent));
    let (opened, clicked) = (known(opened, &may_open), known(clicked, &may_click));
    let cells = sent
        .into_iter()
        .zip(bounced)
        .zip(may_open.into_iter().zip(opened))
        .zip(may_click.into_iter().zip(clicked));
    rows.into_iter()
        .zip(cells)
        .map(|(row, (((sent, bounced), opens), clicks))| Breakdown::new(row, sent, bounced, opens, clicks))
        .collect()
}

impl Breakdown {
    fn new(row: Sums, sent: Cell, bounced: Cell, opens: (Cell, Cell), clicks: (Cell, Cell)) -> Self {
        Self {
            key: row.key,
            name: row.name.unwrap_or_default(),
            sent,
            bounced,
            opens_measurable: opens.0,
            opened: opens.1,
            opens_rate: rate(opens.1, opens.0),
            clicks_measurable: clicks.0,
            clicked: clicks.1,
            clicks_rate: rate(clicks.1, clicks.0),
        }
    }
}

/// By subject that the recipients agree to now; whoever agrees to two is counted in both.
pub(super) fn topics(conn: &mut DbConnection, id: i64) -> Result<Vec<Breakdown>> {
    let campaign = campaigns::get(conn, id)?;
    let mut rows: Vec<Sums> = diesel::sql_query(format!(
        "SELECT t.slug AS key, t.name AS name, {SUMS} FROM delivery d \
         JOIN opt_in o ON o.subscriber_id = d.subscriber_id JOIN topic t ON t.id = o.topic_id \
         WHERE d.campaign_id = $1 AND d.state = 'sent' AND o.channel = $2 AND o.state = 'granted' \
         AND t.brand_id = $3 AND t.kind = 'subject' GROUP BY t.id, t.slug, t.name, t.position ORDER BY t.position, t.id"
    ))
    .bind::<BigInt, _>(id)
    .bind::<Text, _>(campaign.channel)
    .bind::<BigInt, _>(campaign.brand_id)
    .load(conn)?;
    let gone = marks::load_gone(conn, id, Part::Topic)?;
    for row in &mut rows {
        row.add(gone.get(row.key.as_deref().unwrap_or_default()).copied());
    }
    let shown = rows.into_iter().map(|row| {
        let sent = Cell::of(row.letters);
        let of_sent = |part| part_of(part, row.letters, sent, Nobody::Shown);
        let (bounced, may_open, may_click) =
            (of_sent(row.bounced), of_sent(row.may_open), of_sent(row.may_click));
        let opened = part_of(row.opened, row.may_open, may_open, Nobody::Small);
        let clicked = part_of(row.clicked, row.may_click, may_click, Nobody::Small);
        Breakdown::new(row, sent, bounced, (may_open, opened), (may_click, clicked))
    });
    Ok(shown.collect())
}

/// The last campaigns of the same topic that were planned before this one, newest first, each as its own report shows
/// it.
pub(super) fn previous(conn: &mut DbConnection, id: i64, now: Moment) -> Result<Vec<Previous>> {
    let this = campaigns::get(conn, id)?;
    let Some(planned_at) = this.planned_at else { return Ok(Vec::new()) };
    let earlier: Vec<Campaign> = campaign::table
        .filter(campaign::topic_id.eq(this.topic_id).and(campaign::planned_at.lt(planned_at)))
        .order((campaign::planned_at.desc(), campaign::id.desc()))
        .limit(PREVIOUS_MAX)
        .select(Campaign::as_select())
        .load(conn)?;
    let earlier = earlier.into_iter().map(|campaign| {
        let report = report(conn, campaign.id, Include::default(), now)?;
        Ok(Previous {
            id: campaign.public_id,
            name: campaign.name,
            began_at: report.began_at,
            delivered: report.delivered,
            bounced: report.bounced.total,
            complaints: report.complaints,
            unsubscribed: report.unsubscribed,
            opens: report.opens.into(),
            clicks: report.clicks.into(),
        })
    });
    earlier.collect()
}
